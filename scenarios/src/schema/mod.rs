//! Scenario files: layers of TOML merged into one, read into plain structs, and every mistake
//! shown at the place where it was written.
//!
//! The layers, later ones winning: the files of an `extends` chain, `--set key=value` with
//! `--seed` and `--episodes`, then an arm's `set` table or a combination of `--vary`.
//! Tables are merged key by key, everything else is replaced. Alternatives are replaced as a
//! whole: a `kind` of a policy or model, `records` or `knowledge` of the patients.

mod clinic;
mod diagnostics;
mod document;
mod layers;
mod load;
mod paths;
mod policy;
mod reader;
mod scenario;
mod source;
mod team;
mod timeline;
mod values;
mod vary;

mod write;

pub use clinic::{
    ClinicSpec, Fidelity, Matching, NoiseSpec, Part, PatientsSpec, Tests, Visible, VisitRule,
};
pub use diagnostics::{Problem, ProblemKind, SchemaError};
pub use load::{Arm, Overrides, ScenarioSet};
pub(crate) use paths::{PathKind, nearest_path};
pub use policy::{KnowledgeSpec, LearnedSpec, ModelSpec, PolicySpec, Questions};
pub use scenario::{DEFAULT_EPISODES, Limits, SCHEMA, Scenario};
pub use team::{MissingTest, Protocol, TeamKind, TeamSpec};
pub use timeline::TimelineEntry;

#[cfg(test)]
mod tests;
