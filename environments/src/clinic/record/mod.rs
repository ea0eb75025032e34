//! Patient records: the MIMIC-Patient schema as typed structs, reading, splitting and checking.

mod cases;
mod check;
mod check_files;
mod manifest;
mod names;
mod output;
mod schema;
mod sections;
mod set;
mod source_text;
mod split;
mod timestamp;

pub use cases::{CaseCounts, Named, Repeated, SetApart};
pub use check::{Finding, Severity, check_record};
pub use check_files::check_path;
pub use manifest::{CohortCounts, Manifest, SourceFile, Totals};
pub use names::{EXAMINATIONS, OBJECTIVE, TESTS};
pub(crate) use output::Output;
pub use output::OutputError;
pub use schema::{
    AdmissionInfo, CodeMapping, CodeSource, Demographics, DiagnosisEntry, Measurement,
    PatientRecord, PrescriptionEntry, ProcedureEntry, Record, SourceCode,
};
pub use sections::is_named_section;
pub use set::{MANIFEST_FILE, RECORD_SCHEMA, RecordError, RecordSet};
pub use source_text::read_source;
pub use split::{Part, shared_subjects};
pub use timestamp::Timestamp;
