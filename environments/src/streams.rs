//! Counter-based random streams.
//!
//! Every draw belongs to a [`StreamKey`]; there is no shared generator. Two streams with
//! different keys are independent, and a stream does not depend on when or where it is used.

use std::f64::consts::PI;

use rand::{RngExt, SeedableRng};
pub use rand_chacha::ChaCha8Rng as Stream;
use serde::{Deserialize, Serialize};

use crate::ids::{AgentId, EpisodeIx, RoundIx};

/// Seed of a run: the root of all of its streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunSeed(pub u64);

/// What a stream is drawn for. Part of the key, so that adding one use moves no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u64)]
#[non_exhaustive]
pub enum Purpose {
    /// The truth of an episode: which patient, which start state.
    Truth = 1,
    /// Noise of observations and answers.
    Noise = 2,
    /// A policy's own choices.
    Policy = 3,
    /// The dynamics of an environment.
    Dynamics = 4,
    /// Sampling from a model.
    Model = 5,
    /// Splits of data sets.
    Split = 6,
    /// Resampling in statistics.
    Bootstrap = 7,
    /// What an agent draws to learn from a round.
    Learning = 8,
    /// What a place is like for a whole run: who of the staff covers what.
    Staff = 9,
    /// The training of a model: the order of its data, its first weights, noise of its plugins.
    Training = 10,
    /// A user's own uses.
    Custom = 1 << 32,
}

/// Key of a stream: (run seed, episode, agent, round, purpose).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamKey {
    /// Seed of the run.
    pub seed: RunSeed,
    /// Episode of the draw.
    pub episode: EpisodeIx,
    /// Agent of the draw; `None` for the environment itself.
    pub agent: Option<AgentId>,
    /// Round of the draw.
    pub round: RoundIx,
    /// What the draw is for.
    pub purpose: Purpose,
}

impl StreamKey {
    /// A stream of the environment of `episode`, outside any round.
    pub fn episode(seed: RunSeed, episode: EpisodeIx, purpose: Purpose) -> Self {
        Self {
            seed,
            episode,
            agent: None,
            round: RoundIx(0),
            purpose,
        }
    }

    /// A stream of `agent` in `round` of `episode`.
    pub fn agent(
        seed: RunSeed,
        episode: EpisodeIx,
        agent: AgentId,
        round: RoundIx,
        purpose: Purpose,
    ) -> Self {
        Self {
            seed,
            episode,
            agent: Some(agent),
            round,
            purpose,
        }
    }

    /// The generator of this key.
    ///
    /// # Determinism
    /// ChaCha8 with the key (seed, episode, agent, round) and the purpose as stream number.
    pub fn open(self) -> Stream {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&self.seed.0.to_le_bytes());
        key[8..12].copy_from_slice(&self.episode.0.to_le_bytes());
        let agent = self.agent.map_or(0, |agent| u64::from(agent.0) + 1);
        key[12..20].copy_from_slice(&agent.to_le_bytes());
        key[20..24].copy_from_slice(&self.round.0.to_le_bytes());
        let mut stream = Stream::from_seed(key);
        stream.set_stream(self.purpose as u64);
        stream
    }
}

/// Two independent draws of the standard normal distribution (Box and Muller).
pub fn normal_pair(stream: &mut Stream) -> [f64; 2] {
    // 1 - u is never 0.
    let radius = (-2.0 * libm::log(1.0 - stream.random::<f64>())).sqrt();
    let (sin, cos) = libm::sincos(2.0 * PI * stream.random::<f64>());
    [radius * cos, radius * sin]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(key: StreamKey) -> u64 {
        key.open().random()
    }

    #[test]
    fn equal_keys_give_equal_draws_and_each_part_of_the_key_counts() {
        let base = StreamKey::agent(
            RunSeed(7),
            EpisodeIx(1),
            AgentId(2),
            RoundIx(3),
            Purpose::Policy,
        );
        assert_eq!(first(base), first(base));
        let others = [
            StreamKey {
                seed: RunSeed(8),
                ..base
            },
            StreamKey {
                episode: EpisodeIx(2),
                ..base
            },
            StreamKey {
                agent: Some(AgentId(3)),
                ..base
            },
            StreamKey {
                agent: None,
                ..base
            },
            StreamKey {
                round: RoundIx(4),
                ..base
            },
            StreamKey {
                purpose: Purpose::Noise,
                ..base
            },
        ];
        for other in others {
            assert_ne!(first(base), first(other), "{other:?}");
        }
    }

    #[test]
    fn no_agent_differs_from_agent_zero() {
        let none = StreamKey::episode(RunSeed(1), EpisodeIx(0), Purpose::Truth);
        assert_ne!(
            first(none),
            first(StreamKey {
                agent: Some(AgentId(0)),
                ..none
            })
        );
    }
}
