//! Episodes of an expert that acts at chance more or less often.

use std::fmt::Write;
use std::sync::Arc;

use rounds_environments::control::ControlEnvironment;
use rounds_environments::control::data::{Header, Trajectories};
use rounds_environments::streams::RunSeed;
use serde::{Deserialize, Serialize};

use super::collect::{collect_into, empty};
use super::controller::Controller;
use super::error::{CollectError, check};
use super::mixed::Mixed;

/// Most episodes of a data set.
const MOST_EPISODES: u32 = 10_000_000;

/// Episodes that were played alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Share of actions drawn evenly, 0 to 1.
    pub random: f64,
    /// Number of episodes.
    pub episodes: u32,
}

/// An expert, and how it is disturbed and told of.
#[derive(Debug, Clone)]
pub struct Mixture {
    /// The expert.
    pub expert: Arc<dyn Controller>,
    /// Deviation of the noise that is added to its own actions, in the environment's units.
    pub noise: f64,
    /// Seed of the run.
    pub seed: RunSeed,
    /// What is known of the data; the collector is the name of the expert, to which the parts are added.
    pub header: Header,
}

impl Mixture {
    /// Plays all parts, one after the other; the first episode is number `first` of the run.
    ///
    /// # Errors
    /// [`CollectError::Setting`] for shares or noise out of bounds and for no or too many episodes, and all errors of
    /// [`collect`](super::collect()).
    pub fn collect(
        &self,
        environment: &mut dyn ControlEnvironment,
        parts: &[Part],
        first: u32,
    ) -> Result<Trajectories, CollectError> {
        let all = parts.iter().map(|part| u64::from(part.episodes)).sum();
        check_episodes(all)?;
        let last = u64::from(first) + all;
        let expected = "so few that their numbers have 32 bits";
        check("first", last <= u64::from(u32::MAX), expected, first)?;
        let mut header = self.header.clone();
        for (at, part) in parts.iter().enumerate() {
            let before = if at == 0 { ": " } else { ", " };
            let Part { random, episodes } = part;
            let told = format_args!("{before}{episodes} episodes with {random} random");
            // Writing to a string does not fail.
            let _ = header.collector.write_fmt(told);
        }
        let mut data = empty(environment.space(), self.seed, header)?;
        let actions = environment.space().actions.clone();
        let mut first = first;
        for part in parts.iter().filter(|part| part.episodes > 0) {
            let expert = self.expert.clone();
            let mixed = Mixed::new(expert, actions.clone(), part.random, self.noise)?;
            let episodes = first..first + part.episodes;
            first = episodes.end;
            collect_into(&mut data, environment, &mixed, episodes, self.seed)?;
        }
        Ok(data)
    }
}

/// Refuses no episode, and more than a data set may hold.
pub(super) fn check_episodes(got: u64) -> Result<(), CollectError> {
    let holds = (1..=u64::from(MOST_EPISODES)).contains(&got);
    check("episodes", holds, format!("1 to {MOST_EPISODES}"), got)
}
