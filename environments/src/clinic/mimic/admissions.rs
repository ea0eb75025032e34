//! PATIENTS and ADMISSIONS.

use std::collections::{BTreeMap, BTreeSet};

use super::error::ImportError;
use super::source::Source;
use crate::clinic::record::{AdmissionInfo, Demographics, Timestamp, Totals};

/// Completed years from which an age is masked.
const MASKED_YEARS: u64 = 150;

/// A row of PATIENTS.
pub(super) struct PatientRow {
    gender: Option<String>,
    born: Option<Timestamp>,
}

/// A row of ADMISSIONS with what the filters and the record need.
pub(super) struct AdmissionRow {
    /// Number of the subject.
    pub(super) subject_id: u64,
    /// Type NEWBORN.
    pub(super) newborn: bool,
    /// Ended in death.
    pub(super) died: bool,
    /// Has chart events.
    pub(super) has_chartevents: bool,
    /// Section of the record.
    pub(super) demographics: Demographics,
    /// Section of the record.
    pub(super) info: AdmissionInfo,
}

/// Reads PATIENTS.
pub(super) fn read_patients(
    source: &mut Source<'_>,
    totals: &mut Totals,
) -> Result<BTreeMap<u64, PatientRow>, ImportError> {
    let mut table = source.required("PATIENTS")?;
    let subject = table.column("SUBJECT_ID")?;
    let gender = table.column("GENDER")?;
    let dob = table.column("DOB")?;
    let mut patients = BTreeMap::new();
    while source.advance(&mut table)? {
        let row = PatientRow {
            gender: table.text(gender),
            born: table.time(dob)?,
        };
        patients.insert(table.required_id(subject)?, row);
    }
    totals.patients = source.close(table);
    Ok(patients)
}

/// Reads ADMISSIONS: counts all rows and keeps those whose number `wanted` holds.
pub(super) fn read_admissions(
    source: &mut Source<'_>,
    patients: &BTreeMap<u64, PatientRow>,
    wanted: &BTreeSet<u64>,
    totals: &mut Totals,
) -> Result<BTreeMap<u64, AdmissionRow>, ImportError> {
    let mut table = source.required("ADMISSIONS")?;
    let subject = table.column("SUBJECT_ID")?;
    let hadm = table.column("HADM_ID")?;
    let admit = table.column("ADMITTIME")?;
    let kind = table.column("ADMISSION_TYPE")?;
    let location = table.column("ADMISSION_LOCATION")?;
    let insurance = table.column("INSURANCE")?;
    let language = table.column("LANGUAGE")?;
    let religion = table.column("RELIGION")?;
    let marital = table.column("MARITAL_STATUS")?;
    let ethnicity = table.column("ETHNICITY")?;
    let diagnosis = table.column("DIAGNOSIS")?;
    let expired = table.column("HOSPITAL_EXPIRE_FLAG")?;
    let charted = table.column("HAS_CHARTEVENTS_DATA")?;

    let mut kept = BTreeMap::new();
    let mut per_subject: BTreeMap<u64, u64> = BTreeMap::new();
    while source.advance(&mut table)? {
        let subject_id = table.required_id(subject)?;
        let hadm_id = table.required_id(hadm)?;
        let admitted = table.required_time(admit)?;
        let Some(patient) = patients.get(&subject_id) else {
            return Err(table.wrong(subject, "a SUBJECT_ID that stands in PATIENTS"));
        };
        let years = patient.born.map(|born| born.years_until(admitted));
        let masked = years.is_some_and(|years| years >= MASKED_YEARS);
        let admission_type = table.text(kind);
        let died = table.id(expired)? == Some(1);

        *per_subject.entry(subject_id).or_default() += 1;
        let type_name = admission_type.clone().unwrap_or_default();
        *totals.admission_types.entry(type_name).or_default() += 1;
        totals.died_in_hospital += u64::from(died);
        totals.admissions_age_masked += u64::from(masked);

        if !wanted.contains(&hadm_id) {
            continue;
        }
        let row = AdmissionRow {
            subject_id,
            newborn: admission_type.as_deref() == Some("NEWBORN"),
            died,
            has_chartevents: table.id(charted)? != Some(0),
            demographics: Demographics {
                age: years
                    .filter(|_| !masked)
                    .and_then(|years| u32::try_from(years).ok()),
                age_over_89: masked,
                gender: patient.gender.clone(),
                language: table.text(language),
                religion: table.text(religion),
                marital_status: table.text(marital),
                insurance: table.text(insurance),
                ethnicity: table.text(ethnicity),
            },
            info: AdmissionInfo {
                admission_time: Some(admitted.to_string()),
                admission_location: table.text(location),
                admission_type,
                admission_diagnosis: table.text(diagnosis),
            },
        };
        if kept.insert(hadm_id, row).is_some() {
            return Err(table.wrong(hadm, "a HADM_ID that stands in no earlier line"));
        }
    }
    totals.admissions = source.close(table);
    totals.subjects_with_more_than_one_admission =
        per_subject.values().filter(|count| **count > 1).count() as u64;
    Ok(kept)
}
