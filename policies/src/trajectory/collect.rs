//! Whole episodes as a data set.

use std::collections::BTreeMap;
use std::ops::Range;

use rounds_environments::control::data::{End, Episode, Header, Trajectories};
use rounds_environments::control::{ControlEnvironment, Space};
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

use super::controller::Controller;
use super::error::{CollectError, check};

/// Plays whole episodes and keeps them in the order of their numbers.
///
/// As many are played side by side as the environment has entities. Episode `e` is that of agent 0 in
/// episode `e` of a run with this seed. Actions are kept in the environment's own units. The header gets the name of the
/// environment and the seed.
///
/// # Determinism
/// The same bits for any number of entities, and for any other episodes that are played.
///
/// # Errors
/// [`CollectError`] for no episode, a controller that does not fit or does what cannot be done, and an environment that fails.
pub fn collect(
    environment: &mut dyn ControlEnvironment,
    controller: &dyn Controller,
    episodes: Range<u32>,
    seed: RunSeed,
    header: Header,
) -> Result<Trajectories, CollectError> {
    let mut data = empty(environment.space(), seed, header)?;
    collect_into(&mut data, environment, controller, episodes, seed)?;
    Ok(data)
}

/// A data set of an environment and a run, without episodes.
pub(super) fn empty(
    space: &Space,
    seed: RunSeed,
    header: Header,
) -> Result<Trajectories, CollectError> {
    let map = header.action_map.is_none();
    let got = "a map in the header";
    check("action_map", map, "actions of the environment", got)?;
    let header = Header {
        environment: space.name.to_owned(),
        seeds: vec![seed.0],
        ..header
    };
    let sizes = (space.observation_size(), space.action_size());
    Ok(Trajectories::new(header, sizes.0, sizes.1)?)
}

/// Plays as [`collect`] does and adds the episodes to a data set, whose header stays as it is.
///
/// # Errors
/// As those of [`collect`]; the data set then holds the episodes before.
pub fn collect_into(
    data: &mut Trajectories,
    environment: &mut dyn ControlEnvironment,
    controller: &dyn Controller,
    episodes: Range<u32>,
    seed: RunSeed,
) -> Result<(), CollectError> {
    controller.fits(environment.space())?;
    let got = format!("{} to {}", episodes.start, episodes.end);
    check("episodes", !episodes.is_empty(), "at least one", got)?;
    Course {
        data,
        environment,
        seed,
        waiting: episodes.clone(),
        due: episodes.start,
        finished: BTreeMap::new(),
    }
    .play(controller)
}

/// The episodes of a run that are played one after another in the places of an environment.
struct Course<'a> {
    data: &'a mut Trajectories,
    environment: &'a mut dyn ControlEnvironment,
    seed: RunSeed,
    /// Episodes that were not started.
    waiting: Range<u32>,
    /// The episode to be kept next.
    due: u32,
    /// Episodes that are over and wait for those before them.
    finished: BTreeMap<u32, Recording>,
}

/// An episode as it is played.
#[derive(Debug, Default)]
struct Recording {
    episode: u32,
    observations: Vec<f64>,
    actions: Vec<f64>,
    rewards: Vec<f64>,
    last: Vec<f64>,
    terminated: bool,
}

impl Course<'_> {
    fn key(&self, episode: u32, step: u32, purpose: Purpose) -> StreamKey {
        let agent = AgentId(0);
        StreamKey::agent(self.seed, EpisodeIx(episode), agent, RoundIx(step), purpose)
    }

    /// Starts the next episode in a place, or leaves it.
    fn occupy(&mut self, entity: usize) -> Option<Recording> {
        let Some(episode) = self.waiting.next() else {
            self.environment.retire(entity);
            return None;
        };
        let key = self.key(episode, 0, Purpose::Truth);
        self.environment.start(entity, key);
        Some(Recording {
            episode,
            ..Recording::default()
        })
    }

    fn play(mut self, controller: &dyn Controller) -> Result<(), CollectError> {
        let entities = self.environment.entities();
        let space = self.environment.space();
        let (seen, done) = (space.observation_size(), space.action_size());
        let mut places: Vec<_> = (0..entities).map(|entity| self.occupy(entity)).collect();
        // Only rows that are played reach the controller.
        let mut rows = Vec::with_capacity(entities);
        let (mut observations, mut keys) = (Vec::new(), Vec::new());
        let (mut actions, mut all) = (Vec::new(), vec![0.0; entities * done]);
        loop {
            rows.clear();
            rows.extend((0..entities).filter(|entity| places[*entity].is_some()));
            if rows.is_empty() {
                return Ok(());
            }
            observations.clear();
            keys.clear();
            for &entity in &rows {
                let Some(place) = &mut places[entity] else {
                    continue;
                };
                let row = &self.environment.observations()[entity * seen..][..seen];
                observations.extend_from_slice(row);
                place.observations.extend(row.iter().map(|n| f64::from(*n)));
                let step = self.environment.steps(entity) + 1;
                keys.push(self.key(place.episode, step, Purpose::Policy));
            }
            actions.clear();
            actions.resize(rows.len() * done, 0.0);
            controller.act(&observations, &keys, &mut actions);
            for (&entity, action) in rows.iter().zip(actions.chunks_exact(done)) {
                all[entity * done..][..done].copy_from_slice(action);
                if let Some(place) = &mut places[entity] {
                    place.actions.extend_from_slice(action);
                }
            }
            if let Err(error) = self.environment.advance(&all) {
                return Err(named(error, &places));
            }
            for &entity in &rows {
                if let Some(mut place) = places[entity].take() {
                    places[entity] = match self.record(entity, &mut place) {
                        false => Some(place),
                        true => {
                            self.keep(place)?;
                            self.occupy(entity)
                        }
                    };
                }
            }
        }
    }

    /// Records what a step did; whether the episode is over.
    fn record(&self, entity: usize, place: &mut Recording) -> bool {
        let stepped = self.environment.stepped();
        place.rewards.push(stepped.rewards[entity]);
        place.terminated = stepped.terminated[entity];
        let over = self.environment.is_over(entity);
        if over {
            let seen = self.environment.space().observation_size();
            let row = &self.environment.observations()[entity * seen..][..seen];
            place.last.extend(row.iter().map(|n| f64::from(*n)));
        }
        over
    }

    /// Adds what is finished to the data set, in order.
    fn keep(&mut self, done: Recording) -> Result<(), CollectError> {
        self.finished.insert(done.episode, done);
        while let Some(done) = self.finished.remove(&self.due) {
            self.data.push(Episode {
                observations: &done.observations,
                actions: &done.actions,
                rewards: &done.rewards,
                end: if done.terminated {
                    End::Terminal
                } else {
                    End::Timeout
                },
                last: Some(&done.last),
            })?;
            self.due += 1;
        }
        Ok(())
    }
}

/// The error of an environment, with the episode in place of the entity that it names.
fn named(error: EnvironmentError, places: &[Option<Recording>]) -> CollectError {
    match error {
        EnvironmentError::InvalidAction { agent, why } => {
            let place = places.get(agent.index()).and_then(Option::as_ref);
            CollectError::Action {
                episode: EpisodeIx(place.map_or(0, |place| place.episode)),
                step: place.map_or(0, |place| place.rewards.len() as u32 + 1),
                why,
            }
        }
        other => CollectError::Environment(other),
    }
}
