//! The tracking world.

use std::sync::Arc;

use serde_json::{Value, json};

use super::config::{Mix, TrackingConfig};
use super::targets::Target;
use crate::coordination::ground::Ground;
use crate::coordination::motion::{Movers, starts};
use crate::coordination::objective::Objective;
use crate::coordination::objectives::{FacilityLocation, Score};
use crate::coordination::told;
use crate::coordination::world::{CoordinationWorld, Picture};
use crate::environment::EnvironmentError;
use crate::ids::{EpisodeIx, RoundIx};
use crate::streams::{Purpose, RunSeed, StreamKey};

/// Agents follow targets; the team is paid for each target by its nearest agent.
///
/// In a round targets move first, the objective is that of the agents' old places with an action
/// added against the targets' new places, and then the agents move.
///
/// # Determinism
/// Starts, headings and speeds come from a stream for each agent and for each target and round, so all
/// that play one episode meet the same wandering, whatever they do.
///
/// # Source
/// MA-OC card, section 8.1.
#[derive(Debug)]
pub struct TrackingWorld {
    config: Arc<TrackingConfig>,
    base: StreamKey,
    ground: Arc<Ground>,
    movers: Movers,
    targets: Vec<Target>,
    places: Vec<[f64; 2]>,
    objective: FacilityLocation,
    /// Room for the places of an agent after each action.
    x: Vec<f64>,
    y: Vec<f64>,
    measured: [f64; 2],
}

impl TrackingWorld {
    /// The world of an episode. The settings must be valid.
    ///
    /// # Errors
    /// [`EnvironmentError::Failed`] when there are more agents and actions than can be numbered.
    pub fn new(
        config: Arc<TrackingConfig>,
        mix: Mix,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Self, EnvironmentError> {
        let base = StreamKey::episode(seed, episode, Purpose::Dynamics);
        let agents = starts(base, config.agents, config.start_radius);
        Self::build(config, mix, base, agents)
    }

    /// The world of an episode with agents and targets at given places instead of drawn ones, in any
    /// number.
    ///
    /// # Errors
    /// [`EnvironmentError::Failed`] when there is no agent or no target, and as [`TrackingWorld::new`].
    pub fn with_places(
        config: TrackingConfig,
        mix: Mix,
        seed: RunSeed,
        episode: EpisodeIx,
        agents: Vec<[f64; 2]>,
        targets: &[[f64; 2]],
    ) -> Result<Self, EnvironmentError> {
        if targets.is_empty() {
            let why = "expected at least one target, got none".to_owned();
            return Err(EnvironmentError::Failed(why));
        }
        let config = TrackingConfig {
            agents: agents.len(),
            targets: targets.len(),
            ..config
        };
        let base = StreamKey::episode(seed, episode, Purpose::Dynamics);
        let mut world = Self::build(Arc::new(config), mix, base, agents)?;
        world.places.copy_from_slice(targets);
        world.measure();
        Ok(world)
    }

    fn build(
        config: Arc<TrackingConfig>,
        mix: Mix,
        base: StreamKey,
        agents: Vec<[f64; 2]>,
    ) -> Result<Self, EnvironmentError> {
        let kinds = mix.kinds(config.targets).into_iter().enumerate();
        let (targets, places): (Vec<_>, Vec<_>) = kinds
            .map(|(j, kind)| Target::start(base, j, kind, &config))
            .unzip();
        let kappa = config.motion.actions();
        let ground = Ground::new(&vec![kappa; agents.len()])
            .map_err(|error| EnvironmentError::Failed(error.to_string()))?;
        let ground = Arc::new(ground);
        let mut world = Self {
            base,
            objective: FacilityLocation::empty(ground.clone(), places.len()),
            movers: Movers::new(&config.motion, agents),
            targets,
            places,
            ground,
            x: vec![0.0; kappa],
            y: vec![0.0; kappa],
            measured: [0.0; 2],
            config,
        };
        world.measure();
        Ok(world)
    }

    /// Writes the objective of the present places.
    fn score(&mut self) {
        let (movers, places) = (&self.movers, &self.places);
        let (x, y) = (&mut self.x, &mut self.y);
        let score = self.config.score;
        self.objective.refill(|agent, block| {
            movers.after_all(agent, x, y);
            fill(score, x, y, places, block);
        });
    }

    fn measure(&mut self) {
        let nearest = |target: &[f64; 2]| {
            let agents = self.movers.positions.iter();
            let squares = agents.map(|agent| {
                let (x, y) = (agent[0] - target[0], agent[1] - target[1]);
                x * x + y * y
            });
            squares.fold(f64::INFINITY, f64::min).sqrt()
        };
        let (mut sum, mut covered) = (0.0, 0.0);
        for target in &self.places {
            let nearest = nearest(target);
            sum += nearest;
            covered += f64::from(u8::from(nearest <= self.config.covered_radius));
        }
        self.measured = [sum / self.places.len() as f64, covered];
    }
}

/// The score of every action for every target. Without branches, so that it runs in vector registers.
fn fill(score: Score, x: &[f64], y: &[f64], places: &[[f64; 2]], block: &mut [f64]) {
    let offset = score.offset();
    for (row, place) in block.chunks_exact_mut(x.len()).zip(places) {
        for ((value, x), y) in row.iter_mut().zip(x).zip(y) {
            let (dx, dy) = (x - place[0], y - place[1]);
            *value = 1.0 / ((dx * dx + dy * dy).sqrt() + offset);
        }
    }
}

impl CoordinationWorld for TrackingWorld {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn reveal(&mut self, round: RoundIx) -> Result<(), EnvironmentError> {
        let agents = &self.movers.positions;
        let places = self.places.iter_mut();
        for (j, (target, place)) in self.targets.iter_mut().zip(places).enumerate() {
            target.step(self.base, j, round, place, agents, &self.config);
        }
        self.score();
        Ok(())
    }

    fn objective(&self) -> &dyn Objective {
        &self.objective
    }

    fn apply(&mut self, actions: &[Option<u32>]) -> Result<(), EnvironmentError> {
        self.movers.apply(actions)?;
        self.measure();
        Ok(())
    }

    /// `distance`: of a target from its nearest agent, mean over targets; `covered`: number of targets
    /// with an agent near.
    fn measures(&self) -> &'static [&'static str] {
        &["distance", "covered"]
    }

    fn measured(&self, out: &mut [f64]) {
        out.copy_from_slice(&self.measured);
    }

    fn picture(&self) -> Option<Picture<'_>> {
        Some(Picture {
            agents: &self.movers.positions,
            targets: &self.places,
        })
    }

    fn rules(&self) -> &str {
        include_str!("rules.txt")
    }

    /// `place` of the agent, and the nearest of the `targets` where they were when the last round was
    /// revealed; before the first, where they start.
    fn describe_agent(&self, agent: usize) -> Value {
        let Some(&at) = self.movers.positions.get(agent) else {
            return json!({});
        };
        let targets = told::targets(at, self.places.iter().copied(), |_, _| {});
        json!({"place": told::place(at), "targets": targets})
    }

    fn action_name(&self, _: usize, action: u32) -> String {
        self.config.motion.name(action)
    }
}
