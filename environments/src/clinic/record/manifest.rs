//! What a set of records is made from: written beside the records by the importer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cases::CaseCounts;

/// The manifest of a set of records.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// Schema of the file, `rounds.manifest/1`.
    pub schema: String,
    /// Program and version that wrote the set.
    pub program: String,
    /// Kind of the source, for example `mimic-iii`.
    pub source: String,
    /// The records may not be shared; true unless the source is known to be open.
    #[serde(default = "yes")]
    pub restricted: bool,
    /// Terms of the source, for people.
    pub licence: String,
    /// A warning for people who use the set.
    pub notice: String,
    /// Number of records.
    pub records: usize,
    /// Options of the import.
    pub parameters: Value,
    /// Counts over whole tables, of a source of tables.
    #[serde(skip_serializing_if = "is_default")]
    pub totals: Totals,
    /// Counts after each filter of the cohort, of a source of tables.
    #[serde(skip_serializing_if = "is_default")]
    pub cohort: CohortCounts,
    /// Counts of cases, of a source of case files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cases: Option<CaseCounts>,
    /// Source files by name.
    pub files: BTreeMap<String, SourceFile>,
    /// Optional tables that were not there.
    pub missing_tables: Vec<String>,
    /// What was left out or looks odd, for people.
    pub warnings: Vec<String>,
}

fn yes() -> bool {
    true
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One file that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// SHA-256 of the file as it lies on disk, in hexadecimal digits.
    pub sha256: String,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Rows without the header.
    pub rows: u64,
}

/// Counts over whole tables, whatever the cohort.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Rows of PATIENTS.
    pub patients: u64,
    /// Rows of ADMISSIONS.
    pub admissions: u64,
    /// Rows of DIAGNOSES_ICD.
    pub diagnoses: u64,
    /// Diagnosis rows whose code has no title in the dictionary.
    pub diagnoses_without_title: u64,
    /// Diagnosis rows without a code.
    pub diagnoses_empty_code: u64,
    /// Rows of PROCEDURES_ICD.
    pub procedures: u64,
    /// Procedure rows whose code has no title in the dictionary.
    pub procedures_without_title: u64,
    /// Rows of PRESCRIPTIONS.
    pub prescriptions: u64,
    /// Rows of LABEVENTS.
    pub lab_rows: u64,
    /// Laboratory rows of no admission.
    pub lab_rows_without_hadm: u64,
    /// Laboratory rows by flag; the empty name stands for none.
    pub lab_flag: BTreeMap<String, u64>,
    /// Rows of MICROBIOLOGYEVENTS.
    pub microbiology_rows: u64,
    /// Rows of CHARTEVENTS.
    pub chart_rows: u64,
    /// Rows of NOTEEVENTS.
    pub note_rows: u64,
    /// Admissions by type.
    pub admission_types: BTreeMap<String, u64>,
    /// Admissions that ended in death.
    pub died_in_hospital: u64,
    /// Admissions of patients whose age is masked (over 89).
    pub admissions_age_masked: u64,
    /// Subjects with more than one admission.
    pub subjects_with_more_than_one_admission: u64,
}

/// Counts after each filter of the cohort, in the order of the filters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CohortCounts {
    /// Most diagnoses of a subject and of an admission, inclusive.
    pub max_diagnoses_inclusive: u32,
    /// Diagnosis rows of subjects within the limit.
    pub diagnosis_rows_after_subject_filter: u64,
    /// Of these, rows of admissions within the limit.
    pub diagnosis_rows_after_admission_filter: u64,
    /// Admissions of these rows.
    pub admissions: u64,
    /// Of these, not newborn.
    pub not_newborn: u64,
    /// Of these, survived.
    pub survived: u64,
    /// Of these, with chart events.
    pub has_chartevents: u64,
    /// Of these, with exactly one discharge summary in their subject; `None` when the rule was
    /// not applied.
    pub single_note: Option<u64>,
    /// Size of the sample drawn; `None` when none was drawn.
    pub sampled: Option<u64>,
    /// Admissions of the cohort, in rising order.
    pub hadm_ids: Vec<u64>,
}
