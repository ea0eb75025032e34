//! Checks for an environment and a policy of one's own: whether they keep the promises that runs
//! rest on.
//!
//! One call runs all of them and gives a table and typed findings:
//!
//! ```
//! use rounds::prelude::*;
//!
//! # #[derive(Clone)] struct Coin(StreamKey);
//! # impl Environment for Coin {
//! #     type Observation = f64;
//! #     type Action = bool;
//! #     fn agents(&self) -> usize { 1 }
//! #     fn observe(&self, _: AgentId) -> f64 { 0.5 }
//! #     fn step(&mut self, guess: &[bool]) -> Result<StepOutcome, EnvironmentError> {
//! #         let heads: bool = self.0.open().random();
//! #         let rewards = vec![f64::from(u8::from(guess[0] == heads))];
//! #         Ok(StepOutcome { rewards, terminated: true, minutes: 1.0 })
//! #     }
//! #     fn action_value(&self, guess: &bool) -> Value { json!(guess) }
//! # }
//! # struct Coins;
//! # impl EnvironmentFactory for Coins {
//! #     type Environment = Coin;
//! #     fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Coin, EnvironmentError> {
//! #         Ok(Coin(StreamKey::episode(seed, episode, Purpose::Dynamics)))
//! #     }
//! # }
//! let game = Stepped { episodes: 20, ..Stepped::named("coin") };
//! let checked = testkit::stepped(&game, Coins, Fixed(true))
//!     .observations(|seen| vec![*seen], 0.0..=1.0)
//!     .rewards(0.0..=1.0)
//!     .check();
//! assert!(checked.passed(), "{checked}");
//! ```
//!
//! The same objects serve all runs of a check, so that state which an environment or a policy keeps
//! outside its episodes is found.

mod checked;
mod clinic;
mod experiment;
mod finding;
mod log;
mod planted;
mod runs;
mod stepped;

pub use checked::{CheckResult, Checked};
pub use clinic::{ClinicKit, clinic};
pub use experiment::{Ways, check_experiment};
pub use finding::{Check, Fault, Finding};
pub use stepped::{SteppedKit, stepped};
