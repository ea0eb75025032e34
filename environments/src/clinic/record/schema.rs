//! The record of one admission.
//!
//! Raw values stay text plus an optional number, with their unit; sections that are not known
//! here stay as they are in `extra`.
//!
//! # Source
//! DynamiCare card, section 2.3.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A record file: one admission.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    /// Schema of the file, `rounds.record/1`.
    pub schema: String,
    /// Number of the subject; records of one subject never fall into two splits.
    pub subject_id: u64,
    /// Number of the admission, unique in its set.
    pub hadm_id: u64,
    /// The record.
    #[serde(rename = "Patient")]
    pub patient: PatientRecord,
}

/// The sections of a record.
///
/// In a file, every section of `text` and of `series` stands at the top level of `Patient`
/// beside the named ones. A section without a field of its own is read as a series when it is
/// an object of lists of `[time, value, …]` with at least one measurement, else as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PatientRecord {
    /// Who the patient is.
    pub demographics: Demographics,
    /// When and how the patient came.
    pub admission: AdmissionInfo,
    /// Sections of text or nested objects, by name (`Chief Complaint`, `Family History`,
    /// `Physical Exam`, …) and sections that this schema does not know.
    pub text: Map<String, Value>,
    /// Procedures of the stay.
    pub procedures: Vec<ProcedureEntry>,
    /// Prescriptions of the stay.
    pub prescriptions: Vec<PrescriptionEntry>,
    /// Dated reports: each `[date, text, …]`.
    pub ecg: Vec<Vec<String>>,
    /// Dated reports: each `[date, text, …]`.
    pub echo: Vec<Vec<String>>,
    /// Dated reports: each `[date, text, …]`.
    pub radiology: Vec<Vec<String>>,
    /// Measurements by section, then by label, in time order
    /// (`Chemistry` → `Sodium` → measurements).
    pub series: BTreeMap<String, BTreeMap<String, Vec<Measurement>>>,
    /// Ground truth: never shown to an agent.
    pub diagnoses: Vec<DiagnosisEntry>,
}

/// Who the patient is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Demographics {
    /// Age in completed years at admission; `None` when masked (over 89) or not recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<u32>,
    /// The age is over 89 and masked by the source.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub age_over_89: bool,
    /// `M` or `F` as the source has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// Language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Religion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub religion: Option<String>,
    /// Marital status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marital_status: Option<String>,
    /// Insurance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insurance: Option<String>,
    /// Ethnicity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ethnicity: Option<String>,
}

/// When and how the patient came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdmissionInfo {
    /// `YYYY-MM-DD HH:MM:SS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission_time: Option<String>,
    /// Where the patient came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission_location: Option<String>,
    /// EMERGENCY, URGENT or ELECTIVE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission_type: Option<String>,
    /// Preliminary diagnosis; often names the disease, so it is hidden unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission_diagnosis: Option<String>,
}

/// One measurement of a series; in a file the array `[time, value, unit, flag]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measurement {
    /// `YYYY-MM-DD HH:MM:SS`.
    pub time: String,
    /// The value as recorded.
    pub value: String,
    /// The value as a number, where there is one.
    pub number: Option<f64>,
    /// Unit.
    pub unit: Option<String>,
    /// The source's flag (`abnormal`, `delta`).
    pub flag: Option<String>,
}

/// One diagnosis of the ground truth.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiagnosisEntry {
    /// Priority; 1 is the primary diagnosis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq_num: Option<u32>,
    /// ICD-9-CM code as recorded, without dot; empty where the name of the source has none.
    pub icd9_code: String,
    /// Short title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_title: Option<String>,
    /// Long title, or the name in the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_title: Option<String>,
    /// Code of the source, where it uses another system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_code: Option<SourceCode>,
    /// How `icd9_code` was found from the name; `None` where the source has the code itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<CodeMapping>,
}

/// A code of another system than ICD-9-CM.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceCode {
    /// Address of the system, for example `http://snomed.info/sct`.
    pub system: String,
    /// The code.
    pub code: String,
}

/// How a name was mapped to a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeSource {
    /// The name is a title.
    Title,
    /// The name is a synonym.
    Synonym,
    /// The title with the greatest share of common words.
    Words,
    /// No code was found.
    Unmapped,
}

/// The way from a name to a code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CodeMapping {
    /// How the code was found.
    pub by: CodeSource,
    /// The form of the name that was found, where it is not the whole name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Share of common words, 0 to 1, for [`CodeSource::Words`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

/// One procedure of the stay.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcedureEntry {
    /// Priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq_num: Option<u32>,
    /// ICD-9-CM procedure code, without dot.
    pub icd9_code: String,
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// One prescription of the stay.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PrescriptionEntry {
    /// Start, `YYYY-MM-DD HH:MM:SS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// End.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// MAIN, BASE or ADDITIVE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drug_type: Option<String>,
    /// Name of the drug.
    pub drug: String,
    /// Dose as recorded (may be a range).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dose: Option<String>,
    /// Unit of the dose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
}
