//! Many bodies, moved together.

use rayon::prelude::*;

use super::config::MujocoConfig;
use super::simulation::Simulation;
use crate::control::outcomes::Outcomes;
use crate::control::settings::check_count;
use crate::control::vectorised::{ControlEnvironment, Space, Stepped};
use crate::environment::EnvironmentError;
use crate::ids::{AgentId, EpisodeIx, RoundIx};
use crate::streams::{Purpose, RunSeed, StreamKey};

/// An episode of a body.
#[derive(Debug)]
struct Place {
    simulation: Simulation,
    steps: u32,
    total: f64,
    unstable: bool,
}

/// Bodies of one kind, each with a simulation of its own; a step moves them on all cores.
///
/// Where numbers go out of range, the library begins anew without a word. Such an episode ends as terminated, that step
/// earns nothing, what is seen stays what was seen before, and [`is_unstable`](Self::is_unstable) tells.
#[derive(Debug)]
pub struct Mujoco {
    space: Space,
    places: Vec<Place>,
    observations: Vec<f32>,
    outcomes: Outcomes,
}

impl Mujoco {
    /// As many `entities`, each at the start of the agent of its number in `episode`.
    ///
    /// # Errors
    /// Those of [`Simulation::new`], and [`EnvironmentError::Setting`] when there is no entity.
    pub fn new(
        config: &MujocoConfig,
        entities: usize,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Self, EnvironmentError> {
        let model = Simulation::new(config)?;
        Self::of(&model, config.step_limit, entities, seed, episode)
    }

    /// The same of the model of a simulation.
    pub(super) fn of(
        model: &Simulation,
        step_limit: u32,
        entities: usize,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Self, EnvironmentError> {
        check_count("entities", entities)?;
        let definition = model.definition();
        let space = Space {
            name: definition.name,
            observed: definition.observed,
            actions: model.actions().clone(),
            step_limit,
            minutes: 1.0,
        };
        let simulations = (0..entities).map(|_| model.another());
        let simulations: Vec<Simulation> = simulations.collect::<Result<_, _>>()?;
        let place = |simulation| Place {
            simulation,
            steps: 0,
            total: 0.0,
            unstable: false,
        };
        let mut made = Self {
            observations: vec![0.0; space.observation_size() * entities],
            outcomes: Outcomes::new(entities),
            places: simulations.into_iter().map(place).collect(),
            space,
        };
        for entity in 0..entities {
            let agent = AgentId(entity as u32);
            let key = StreamKey::agent(seed, episode, agent, RoundIx(0), Purpose::Truth);
            made.start(entity, key);
        }
        Ok(made)
    }

    /// The simulation of an entity.
    ///
    /// # Panics
    /// When there is no such entity.
    pub fn simulation(&self, entity: usize) -> &Simulation {
        &self.places[entity].simulation
    }

    /// Sum of the rewards of an entity since its start.
    ///
    /// # Panics
    /// When there is no such entity.
    pub fn total_reward(&self, entity: usize) -> f64 {
        self.places[entity].total
    }

    /// Whether the episode of an entity ended since its simulation failed.
    ///
    /// # Panics
    /// When there is no such entity.
    pub fn is_unstable(&self, entity: usize) -> bool {
        self.places[entity].unstable
    }

    /// Puts an entity into a state, as if it had never moved; its steps and flags stay as they are.
    ///
    /// # Errors
    /// [`EnvironmentError::Failed`] when there are not as many numbers as joints.
    ///
    /// # Panics
    /// When there is no such entity.
    pub fn set_state(
        &mut self,
        entity: usize,
        places: &[f64],
        speeds: &[f64],
    ) -> Result<(), EnvironmentError> {
        self.places[entity].simulation.set_state(places, speeds)?;
        self.look(entity);
        Ok(())
    }

    fn look(&mut self, entity: usize) {
        let size = self.space.observation_size();
        let row = &mut self.observations[entity * size..][..size];
        see(&self.places[entity].simulation, row);
    }
}

fn see(simulation: &Simulation, row: &mut [f32]) {
    for (out, number) in row.iter_mut().zip(simulation.seen()) {
        *out = number as f32;
    }
}

impl ControlEnvironment for Mujoco {
    fn space(&self) -> &Space {
        &self.space
    }

    fn entities(&self) -> usize {
        self.places.len()
    }

    fn start(&mut self, entity: usize, key: StreamKey) {
        let key = StreamKey {
            round: RoundIx(0),
            purpose: Purpose::Truth,
            ..key
        };
        let place = &mut self.places[entity];
        place.simulation.start(key);
        place.steps = 0;
        place.total = 0.0;
        place.unstable = false;
        self.outcomes.start(entity);
        self.look(entity);
    }

    fn retire(&mut self, entity: usize) {
        self.outcomes.truncated[entity] = true;
    }

    fn is_over(&self, entity: usize) -> bool {
        self.outcomes.is_over(entity)
    }

    fn steps(&self, entity: usize) -> u32 {
        self.places[entity].steps
    }

    fn observations(&self) -> &[f32] {
        &self.observations
    }

    fn advance(&mut self, actions: &[f64]) -> Result<Stepped<'_>, EnvironmentError> {
        self.outcomes.check(&self.space, actions)?;
        let (seen, done) = (self.space.observation_size(), self.space.action_size());
        let limit = self.space.step_limit;
        let share = self.places[0].simulation.definition().share;
        let rows = self.observations.par_chunks_exact_mut(seen);
        let Outcomes {
            rewards,
            terminated,
            truncated,
        } = &mut self.outcomes;
        let flags = terminated.par_iter_mut().zip(truncated);
        let places = self.places.par_iter_mut().zip(rewards);
        let all = places.zip(actions.par_chunks_exact(done));
        all.zip(rows).zip(flags).with_min_len(share).for_each(
            |((((place, reward), action), row), (terminated, truncated))| {
                *reward = 0.0;
                if *terminated || *truncated {
                    return;
                }
                let step = place.simulation.step(action);
                place.steps += 1;
                place.total += step.reward;
                place.unstable = step.unstable;
                *reward = step.reward;
                *terminated = step.terminated;
                *truncated = !step.terminated && place.steps >= limit;
                if !step.unstable {
                    see(&place.simulation, row);
                }
            },
        );
        Ok(self.stepped())
    }

    fn stepped(&self) -> Stepped<'_> {
        self.outcomes.stepped()
    }
}
