//! How targets move.

use std::f64::consts::TAU;

use rand::RngExt;

use super::config::TrackingConfig;
use crate::coordination::motion::{distance, point_in_disc};
use crate::ids::{AgentId, RoundIx};
use crate::streams::{Purpose, Stream, StreamKey};

/// The kinds of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetKind {
    /// Draws heading and speed in every round.
    Random,
    /// Wanders until an agent comes near, then flees for a while in a straight line.
    Adversarial,
    /// Draws heading and speed only a few times in an episode.
    Polyline,
}

/// One target; where it is stands beside it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    kind: TargetKind,
    velocity: [f64; 2],
    /// Rounds for which it still flees.
    fleeing: u32,
    /// Straight pieces of its line.
    pieces: u32,
}

/// The stream of a target in a round, which nothing else moves.
fn stream(base: StreamKey, target: usize, round: RoundIx) -> Stream {
    let key = StreamKey {
        agent: Some(AgentId(target as u32)),
        round,
        purpose: Purpose::Dynamics,
        ..base
    };
    key.open()
}

impl Target {
    /// A target and where it starts.
    pub(super) fn start(
        base: StreamKey,
        target: usize,
        kind: TargetKind,
        config: &TrackingConfig,
    ) -> (Self, [f64; 2]) {
        let mut stream = stream(base, target, RoundIx(0));
        let position = point_in_disc(config.start_radius, &mut stream);
        let pieces = config.pieces[stream.random_range(0..config.pieces.len())];
        let target = Self {
            kind,
            velocity: [0.0; 2],
            fleeing: 0,
            pieces,
        };
        (target, position)
    }

    /// Moves the target at `position` for `round`, from 1.
    pub(super) fn step(
        &mut self,
        base: StreamKey,
        target: usize,
        round: RoundIx,
        position: &mut [f64; 2],
        agents: &[[f64; 2]],
        config: &TrackingConfig,
    ) {
        if self.fleeing > 0 {
            self.fleeing -= 1;
        } else {
            self.turn(base, target, round, *position, agents, config);
        }
        let dt = config.motion.dt_s;
        position[0] += self.velocity[0] * dt;
        position[1] += self.velocity[1] * dt;
    }

    /// Chooses a velocity.
    fn turn(
        &mut self,
        base: StreamKey,
        target: usize,
        round: RoundIx,
        position: [f64; 2],
        agents: &[[f64; 2]],
        config: &TrackingConfig,
    ) {
        let t = round.0.saturating_sub(1);
        if self.kind == TargetKind::Polyline && !redraws_at(t, self.pieces, config.horizon) {
            return;
        }
        if self.kind == TargetKind::Adversarial {
            let near = |agent: &[f64; 2]| distance(*agent, position) < config.flee_distance;
            if agents.iter().any(near)
                && let Some([x, y]) = escape_direction(position, agents)
            {
                self.velocity = [x * config.flee_speed, y * config.flee_speed];
                self.fleeing = config.flee_rounds() - 1;
                return;
            }
        }
        let mut stream = stream(base, target, round);
        let (sin, cos) = libm::sincos(stream.random_range(0.0..TAU));
        let [least, most] = config.target_speeds;
        let speed = stream.random_range(least..=most);
        self.velocity = [speed * cos, speed * sin];
    }
}

/// Where a target at `position` flees: `u = normalise(sum_i (o - p_i) / |o - p_i|)`.
///
/// `None` where the sum is zero, as for a target halfway between two agents; it then wanders (an inferred
/// choice). An agent at the very place of the target drives it nowhere.
pub fn escape_direction(position: [f64; 2], agents: &[[f64; 2]]) -> Option<[f64; 2]> {
    let mut sum = [0.0; 2];
    for agent in agents {
        let d = distance(position, *agent);
        if d > 0.0 {
            sum[0] += (position[0] - agent[0]) / d;
            sum[1] += (position[1] - agent[1]) / d;
        }
    }
    let length = distance(sum, [0.0; 2]);
    (length > 1e-9).then(|| [sum[0] / length, sum[1] / length])
}

/// Whether a target with `pieces` straight pieces in `horizon` rounds turns in round `t`, from 0: the
/// first round of each piece, where `t * pieces / horizon` passes a whole number.
pub fn redraws_at(t: u32, pieces: u32, horizon: u32) -> bool {
    let piece = |t: u32| u64::from(t) * u64::from(pieces) / u64::from(horizon.max(1));
    t == 0 || piece(t) != piece(t - 1)
}
