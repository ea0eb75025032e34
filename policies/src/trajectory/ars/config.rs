//! Settings of the search.

use serde::{Deserialize, Serialize};

use crate::trajectory::error::{CollectError, check, check_within};

/// Most rollouts of a search; the episodes beyond are those of evaluations.
const MOST_ROLLOUTS: u64 = 1 << 30;

/// Settings of the search; the defaults are those for Hopper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArsConfig {
    /// Directions of an iteration, `N`; each costs two rollouts.
    pub directions: u32,
    /// Directions that count, `b`; at most `directions`.
    pub top: u32,
    /// Step size, `alpha`.
    pub step: f64,
    /// How far rollouts go along a direction, `nu`.
    pub noise: f64,
    /// Taken from the reward of each step for the update alone: what an environment pays for going on, else
    /// standing still would be worth learning. 1 for Hopper and Walker2d; 0 where going on is all that is paid, since
    /// nothing would be left to learn from.
    pub shift: f64,
    /// It ends with the iteration in which rollouts have made so many steps of the environment.
    pub steps: u64,
    /// Iterations from one evaluation to the next.
    pub evaluate_every: u32,
    /// Episodes of an evaluation, the same ones each time.
    pub evaluation_episodes: u32,
    /// Whether the rollouts are kept.
    pub keep_rollouts: bool,
}

impl Default for ArsConfig {
    fn default() -> Self {
        Self {
            directions: 8,
            top: 4,
            step: 0.01,
            noise: 0.025,
            shift: 1.0,
            steps: 200_000,
            evaluate_every: 10,
            evaluation_episodes: 10,
            keep_rollouts: true,
        }
    }
}

impl ArsConfig {
    /// Checks the values.
    ///
    /// # Errors
    /// [`CollectError::Setting`] naming the value.
    pub fn validate(&self) -> Result<(), CollectError> {
        let directions = self.directions;
        let holds = (1..=10_000).contains(&directions);
        check("directions", holds, "1 to 10000", directions)?;
        let holds = (1..=directions).contains(&self.top);
        let expected = format!("1 to the number of directions, {directions}");
        check("top", holds, expected, self.top)?;
        for (key, got) in [("step", self.step), ("noise", self.noise)] {
            let holds = got > 0.0 && got <= 1e6;
            check(key, holds, "above 0 and at most 1000000", got)?;
        }
        check_within("shift", self.shift, -1e6, 1e6)?;
        // Every rollout makes a step, so there are at most as many.
        let most = MOST_ROLLOUTS - 2 * u64::from(directions);
        let holds = (1..=most).contains(&self.steps);
        check("steps", holds, format!("1 to {most}"), self.steps)?;
        let every = self.evaluate_every;
        check("evaluate_every", every > 0, "at least 1", every)?;
        let episodes = self.evaluation_episodes;
        let holds = (1..=1_000_000).contains(&episodes);
        check("evaluation_episodes", holds, "1 to 1000000", episodes)
    }

    /// The first episode of an evaluation: no rollout has its number.
    pub(super) fn first_evaluation() -> u32 {
        MOST_ROLLOUTS as u32
    }
}
