//! What the log holds of an episode.

use rounds_environments::coordination::Picture;

use super::group::Coordination;
use super::plugin::Setting;
use crate::engine::EventLog;

/// Positions are logged to this part of a unit.
const PARTS: f64 = 1000.0;

/// Rounded positions, in buffers that are used again.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Positions {
    agents: Vec<[f64; 2]>,
    targets: Vec<[f64; 2]>,
}

impl Positions {
    /// Buffers as large as the picture.
    pub(super) fn new(picture: Option<Picture<'_>>) -> Self {
        let mut positions = Self::default();
        if let Some(picture) = picture {
            positions.take(picture);
        }
        positions
    }

    fn take(&mut self, picture: Picture<'_>) {
        let round = |x: f64| (x * PARTS).round() / PARTS;
        let copy = |from: &[[f64; 2]], to: &mut Vec<[f64; 2]>| {
            to.clear();
            to.extend(from.iter().map(|&[x, y]| [round(x), round(y)]));
        };
        copy(picture.agents, &mut self.agents);
        copy(picture.targets, &mut self.targets);
    }
}

/// The first event: what the episode is of.
pub(super) fn begin(log: &mut EventLog, configuration: &str, setting: &Setting<'_>, asked: bool) {
    let Some(mut event) = log.event(0, 0.0, "world", "", "began") else {
        return;
    };
    let agents = setting.ground.agents();
    event
        .add("configuration", configuration)
        .add("agents", &agents)
        .add("elements", &setting.ground.len())
        .add("horizon", &setting.horizon)
        .add("class", setting.class.name())
        .add("edges", &setting.graph.edges())
        .add("diameter", &setting.graph.diameter())
        .add("tau", &setting.graph.tau());
    if let Some(alpha) = setting.class.alpha() {
        event.add("alpha", &alpha);
    }
    if asked {
        event.add("asked", &true);
    }
}

/// What was done in a round and what it was worth.
pub(super) fn round_event(log: &mut EventLog, at_min: f64, group: &mut Coordination) {
    let round = group.round.0;
    let Some(mut event) = log.event(round, at_min, "agent", "", "acted") else {
        return;
    };
    event
        .add("actions", &group.actions)
        .add("utility", &group.played.utility);
    if let Some(best) = group.played.best {
        event.add("best", &best).add("moved", &group.played.moved);
    }
    if let Some(curvature) = group.played.curvature {
        event.add("curvature", &curvature);
    }
    for (name, value) in group.world.measures().iter().zip(&group.measured) {
        event.add(name, value);
    }
    drop(event);
    if group.is_pictured()
        && let Some(picture) = group.world.picture()
        && let Some(mut event) = log.event(round, at_min, "world", "", "moved")
    {
        group.positions.take(picture);
        event
            .add("agents", &group.positions.agents)
            .add("targets", &group.positions.targets);
    }
}

/// The last event: what was sent.
pub(super) fn finish(log: &mut EventLog, at_min: f64, group: &Coordination) {
    let rounds = u64::from(group.round.0);
    if let Some(mut event) = log.event(group.round.0, at_min, "world", "", "finished") {
        event
            .add("messages", &(group.traffic.messages * rounds))
            .add("floats", &(group.traffic.floats * rounds));
    }
}
