//! Patient records: the MIMIC-Patient schema as typed structs, reading, splitting and checking.

mod check;
mod check_files;
mod manifest;
mod schema;
mod sections;
mod set;
mod split;
mod timestamp;

pub use check::{Finding, Severity, check_record};
pub use check_files::check_path;
pub use manifest::{CohortCounts, Manifest, SourceFile, Totals};
pub use schema::{
    AdmissionInfo, Demographics, DiagnosisEntry, Measurement, PatientRecord, PrescriptionEntry,
    ProcedureEntry, Record,
};
pub use sections::is_named_section;
pub use set::{MANIFEST_FILE, RECORD_SCHEMA, RecordError, RecordSet};
pub use split::{Part, shared_subjects};
pub use timestamp::Timestamp;
