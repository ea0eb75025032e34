//! Scenario files: layers of TOML merged into one, read into plain structs, and every mistake
//! shown at the place where it was written.
//!
//! The layers, later ones winning: the files of an `extends` chain, `--set key=value` with
//! `--seed` and `--episodes`, then an arm's `set` table or a combination of `--vary`.
//! Tables are merged key by key, everything else is replaced. Alternatives are replaced as a
//! whole: a `kind` of a policy or model, `records` or `knowledge` of the patients.

mod behaviour;
mod candle;
mod case;
mod clinic;
mod clinic_day;
mod coordination;
mod diagnostics;
mod document;
mod family;
mod graph;
mod interaction;
mod json;
mod kind;
mod language;
mod layers;
mod limits;
mod load;
mod method;
mod model;
mod moves;
mod openai;
mod paths;
mod patients;
mod person;
mod player;
mod policy;
mod process;
mod reader;
mod scenario;
mod self_test;
mod source;
mod speaker;
mod spoken_by;
mod suite;
mod team;
mod timeline;
#[cfg(feature = "local")]
mod training;
mod trajectory;
mod typed;
mod until;
mod values;
mod vary;
mod words;

mod write;

pub use behaviour::{BEHAVIOUR_SCHEMA, BehaviourSpec, DoctorBias, Side, load_behaviour};
pub use candle::{CandleSpec, DeviceSpec, DtypeSpec};
pub use case::{
    AtLeast, CASE_SCHEMA, CaseLimits, CasePatientSpec, CaseSpec, CaseTruth, CheckSpec, Decides,
    JudgeSpec, PassSpec, PatientFile, load_case,
};
pub use clinic::{Answers, ClinicSpec, Fidelity, Matching, NoiseSpec, Tests, Visible};
pub use clinic_day::{ClinicDaySpec, DaySpec};
pub use coordination::{
    ConfigurationSpec, CoordinationSpec, InformationSpec, MotionSpec, RegretSpec, ScoreSpec,
    WorldSpec,
};
pub use diagnostics::{Problem, ProblemKind, SchemaError};
pub use family::{ClinicDayFamily, ClinicFamily, CoordinationFamily, Family};
pub use graph::{GraphSpec, GraphSpecKind};
pub use interaction::InteractionSpec;
pub use kind::{TRAINING_SCHEMA, schema_of};
pub use language::LanguageSpec;
pub use limits::Limits;
pub use load::{Arm, Overrides, ScenarioSet};
pub use method::{CoordinationPolicy, Flooding, MethodKind, MethodSpec};
pub use model::ModelSpec;
pub use openai::{LengthField, OpenAiSpec, ResponseFormat};
pub(crate) use paths::{PathKind, nearest_path};
pub use patients::{Part, PatientsSpec, VisitRule};
pub use player::PlayerSpec;
pub use policy::{KnowledgeSpec, LearnedSpec, PolicySpec, Questions};
pub use process::ProcessSpec;
pub use scenario::{ClinicScenario, DEFAULT_EPISODES, SCHEMA, Scenario};
pub use self_test::{SELF_TEST_SCHEMA, SelfTestPair, load_self_test};
pub use speaker::SpeakerSpec;
pub(crate) use spoken_by::MODEL_POLICY;
pub use spoken_by::ModelChoice;
pub use suite::{SUITE_SCHEMA, SuiteJudge, SuiteSpec, Variants};
pub use team::{MissingTest, Protocol, TeamKind, TeamSpec};
pub use timeline::TimelineEntry;
#[cfg(feature = "local")]
pub use training::{
    DemonstrationsSpec, ModelStart, NewModelSpec, TokensWithin, TrainingDataSpec, TrainingSpec,
};
pub use trajectory::{
    ArsSpec, BedsSpec, BodySpec, CollectSpec, ControlSpec, DataSource, LearnerSpec,
    LearnerTraining, OfflineSpec, TargetSpec, TrajectoryFamily, TrajectoryPolicySpec, WardDataSpec,
};
pub use until::UntilRule;
pub(crate) use words::words;

#[cfg(test)]
mod tests;
