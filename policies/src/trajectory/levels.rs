//! Data sets of several qualities from a scripted expert.

use std::fmt;
use std::sync::Arc;

use rounds_environments::control::ControlEnvironment;
use rounds_environments::control::data::{Header, Reference, Trajectories};
use rounds_environments::streams::RunSeed;
use serde::{Deserialize, Serialize};

use super::controller::Controller;
use super::error::{CollectError, check, check_within};
use super::mixture::{Mixture, Part, check_episodes};

/// Quality of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// All actions at chance.
    Random,
    /// The expert, at chance in so many steps that it is [`Medium`].
    Medium,
    /// Everything that was seen until medium.
    MediumReplay,
    /// The expert.
    Expert,
    /// One half medium, one half expert.
    MediumExpert,
}

impl Level {
    /// All levels.
    pub const ALL: [Self; 5] = [
        Self::Random,
        Self::Medium,
        Self::MediumReplay,
        Self::Expert,
        Self::MediumExpert,
    ];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Random => "random",
            Self::Medium => "medium",
            Self::MediumReplay => "medium-replay",
            Self::Expert => "expert",
            Self::MediumExpert => "medium-expert",
        })
    }
}

/// What counts as medium.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Medium {
    /// This share of actions at chance, 0 to 1.
    Random(f64),
    /// The share of actions at chance whose mean return has this normalised score, above 0 and below 100. It is
    /// found by halving six times, each time playing the episodes of the set random with another share.
    Score(f64),
}

/// How the sets are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LevelsConfig {
    /// Episodes of each set.
    pub episodes: u32,
    /// Deviation of the noise that is added to the expert's own actions, in the environment's units.
    pub noise: f64,
    /// What counts as medium; a third of the way from chance to expert.
    pub medium: Medium,
    /// Stages of medium-replay; in each the share of actions at chance is less than before.
    pub replay_stages: u32,
}

impl Default for LevelsConfig {
    fn default() -> Self {
        Self {
            episodes: 200,
            noise: 0.0,
            medium: Medium::Score(100.0 / 3.0),
            replay_stages: 10,
        }
    }
}

impl LevelsConfig {
    /// Checks the values.
    ///
    /// # Errors
    /// [`CollectError::Setting`] naming the value.
    pub fn validate(&self) -> Result<(), CollectError> {
        check_episodes(u64::from(self.episodes))?;
        let halves = self.episodes >= 2;
        check("episodes", halves, "at least 2", self.episodes)?;
        check_within("noise", self.noise, 0.0, 1e9)?;
        match self.medium {
            Medium::Random(share) => check_within("medium.random", share, 0.0, 1.0)?,
            Medium::Score(score) => {
                let holds = score > 0.0 && score < 100.0;
                check("medium.score", holds, "above 0 and below 100", score)?;
            }
        }
        let stages = self.replay_stages;
        let holds = (2..=self.episodes).contains(&stages);
        let expected = format!("2 to the number of episodes, {}", self.episodes);
        check("replay_stages", holds, expected, stages)
    }
}

/// Makes the sets of all levels of an environment whose expert is scripted.
///
/// No episode is in two sets. Medium-replay is, as for a learner, everything until medium: stages of equal size
/// in which the share of actions at chance falls evenly from 1 to that of medium. That reading is our own,
/// since a scripted expert does not learn. Every header holds the same reference: the mean returns of the
/// sets random and expert.
///
/// # Source
/// Trajectory card, section 8.
#[derive(Debug, Clone)]
pub struct Levels {
    config: LevelsConfig,
    mixture: Mixture,
    medium: f64,
    reference: Reference,
}

/// Halvings in the search of medium.
const HALVINGS: u32 = 6;

impl Levels {
    /// Plays what is needed to know the references and what medium is. The collector of `header` names the
    /// expert.
    ///
    /// # Errors
    /// [`CollectError`] for settings that cannot be, an expert that does not fit or is not better than
    /// chance, and an environment that fails.
    pub fn new(
        environment: &mut dyn ControlEnvironment,
        expert: Arc<dyn Controller>,
        config: LevelsConfig,
        seed: RunSeed,
        header: Header,
    ) -> Result<Self, CollectError> {
        config.validate()?;
        let mut levels = Self {
            mixture: Mixture {
                expert,
                noise: config.noise,
                seed,
                header,
            },
            medium: 1.0,
            reference: Reference { min: 0.0, max: 1.0 },
            config,
        };
        let chance = levels.make(environment, Level::Random)?.returns();
        let expert = levels.make(environment, Level::Expert)?.returns();
        levels.reference = Reference::of_returns(&chance, &expert)?;
        levels.mixture.header.reference = Some(levels.reference);
        levels.medium = match levels.config.medium {
            Medium::Random(share) => share,
            Medium::Score(score) => levels.search(environment, score)?,
        };
        Ok(levels)
    }

    /// The share of actions at chance that has a score.
    fn search(
        &self,
        environment: &mut dyn ControlEnvironment,
        score: f64,
    ) -> Result<f64, CollectError> {
        let (mut better, mut worse) = (0.0, 1.0);
        for _ in 0..HALVINGS {
            let random = 0.5 * (better + worse);
            let episodes = self.config.episodes;
            let part = [Part { random, episodes }];
            // The episodes of chance again, so that both differ by the share alone.
            let first = self.first(Level::Random as usize);
            let returns = self.mixture.collect(environment, &part, first)?.returns();
            let mean = returns.iter().sum::<f64>() / returns.len() as f64;
            match self.reference.score(mean) > score {
                true => better = random,
                false => worse = random,
            }
        }
        Ok(0.5 * (better + worse))
    }

    /// The share of actions at chance that counts as medium.
    pub fn medium(&self) -> f64 {
        self.medium
    }

    /// The mean returns of chance and of the expert.
    pub fn reference(&self) -> Reference {
        self.reference
    }

    /// What a level is made of.
    pub fn parts(&self, level: Level) -> Vec<Part> {
        let all = self.config.episodes;
        let medium = |episodes| Part {
            random: self.medium,
            episodes,
        };
        let expert = |episodes| Part {
            random: 0.0,
            episodes,
        };
        match level {
            Level::Random => vec![Part {
                random: 1.0,
                episodes: all,
            }],
            Level::Medium => vec![medium(all)],
            Level::Expert => vec![expert(all)],
            Level::MediumExpert => vec![medium(all - all / 2), expert(all / 2)],
            Level::MediumReplay => {
                let stages = self.config.replay_stages;
                let stage = |number: u32| {
                    let way = f64::from(number) / f64::from(stages - 1);
                    Part {
                        random: 1.0 + (self.medium - 1.0) * way,
                        episodes: all / stages + u32::from(number < all % stages),
                    }
                };
                (0..stages).map(stage).collect()
            }
        }
    }

    /// Number of the first episode of the set of this index.
    fn first(&self, set: usize) -> u32 {
        set as u32 * self.config.episodes
    }

    /// Plays the set of a level.
    ///
    /// # Errors
    /// [`CollectError`] as [`collect`](super::collect()) has them.
    pub fn make(
        &self,
        environment: &mut dyn ControlEnvironment,
        level: Level,
    ) -> Result<Trajectories, CollectError> {
        let first = self.first(level as usize);
        let parts = self.parts(level);
        let mut data = self.mixture.collect(environment, &parts, first)?;
        data.describe(|header| header.collector.insert_str(0, &format!("{level}, ")));
        Ok(data)
    }
}
