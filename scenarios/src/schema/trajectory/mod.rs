//! Agents of control environments: the environment, the data that models learn from, models and policies.

mod beds;
mod body;
mod data;
mod environment;
mod family;
mod learner;
mod policy;

pub(super) use beds::BedPolicies;
pub use beds::{BedsSpec, WardDataSpec};
pub use body::BodySpec;
pub use data::{ArsSpec, CollectSpec, DataSource, OfflineSpec};
pub(super) use environment::ControlKind;
pub use environment::ControlSpec;
pub use family::TrajectoryFamily;
pub(super) use family::read_trajectory;
pub(super) use learner::read_learner;
pub use learner::{LearnerSpec, LearnerTraining};
pub(super) use policy::require_data;
pub use policy::{TargetSpec, TrajectoryPolicySpec};
