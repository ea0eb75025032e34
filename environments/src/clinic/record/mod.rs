//! Patient records: the MIMIC-Patient schema as typed structs.

mod schema;

pub use schema::{
    AdmissionInfo, Demographics, DiagnosisEntry, Measurement, PatientRecord, PrescriptionEntry,
    ProcedureEntry, Record,
};
