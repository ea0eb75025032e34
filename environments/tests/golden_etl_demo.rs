//! Reference facts of the open MIMIC-III demo, and of the record schema.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

mod vectors;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rounds_environments::clinic::icd9;
use rounds_environments::clinic::mimic::{ImportOptions, ImportReport, import};
use rounds_environments::clinic::record::{PatientRecord, Record, RecordSet, check_record};
use serde_json::{Value, json};

const LABORATORY: [&str; 3] = ["Blood Gas", "Chemistry", "Hematology"];

fn demo() -> Option<PathBuf> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let data = std::env::var_os("ROUNDS_SHARED_DATA").map_or_else(|| own.into(), PathBuf::from);
    let demo = data.join("mimic-iii-demo");
    if demo.is_dir() {
        return Some(demo);
    }
    println!("skipped: {} is not there", demo.display());
    None
}

fn run(demo: &Path, out: &Path, options: &ImportOptions) -> ImportReport {
    import(demo, out, options, &mut |_| {}).unwrap()
}

fn check_totals(expected: &Value, report: &ImportReport) {
    let found = serde_json::to_value(&report.manifest.totals).unwrap();
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&found[key], value, "{key}");
    }
}

fn profile(record: &Record, masked_years: &Value) -> Value {
    let patient = &record.patient;
    let age = &patient.demographics;
    let diagnoses: Vec<Value> = patient
        .diagnoses
        .iter()
        .map(|entry| {
            let dotted = icd9::dotted_diagnosis(&entry.icd9_code);
            json!([entry.seq_num, entry.icd9_code, dotted, entry.long_title])
        })
        .collect();
    let drugs: BTreeSet<&str> = patient
        .prescriptions
        .iter()
        .map(|p| p.drug.as_str())
        .collect();
    let mut by_category = BTreeMap::new();
    let (mut labs, mut abnormal, mut without_number) = (0, 0, 0);
    for (section, labels) in &patient.series {
        if !LABORATORY.contains(&section.as_str()) {
            continue;
        }
        let entries: Vec<_> = labels.values().flatten().collect();
        by_category.insert(section, entries.len());
        labs += entries.len();
        abnormal += entries
            .iter()
            .filter(|e| e.flag.as_deref() == Some("abnormal"))
            .count();
        without_number += entries.iter().filter(|e| e.number.is_none()).count();
    }
    // A masked age is not in the record, so the expected number of years is taken over.
    let years = age
        .age
        .map_or_else(|| masked_years.clone(), |age| json!(age));
    json!({
        "hadm_id": record.hadm_id,
        "subject_id": record.subject_id,
        "gender": age.gender,
        "age_years": years,
        "age_masked": age.age_over_89,
        "admission_type": patient.admission.admission_type,
        "diagnoses": diagnoses,
        "n_procedures": patient.procedures.len(),
        "procedures_without_title": patient.procedures.iter().filter(|p| p.title.is_none()).count(),
        "n_prescriptions": patient.prescriptions.len(),
        "distinct_drugs": drugs.len(),
        "n_labs": labs,
        "labs_by_category": by_category,
        "labs_abnormal": abnormal,
        "labs_without_number": without_number,
    })
}

#[test]
fn golden_etl_demo() {
    let (Some(vectors), Some(demo)) = (vectors::read("etl_demo.json"), demo()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();

    let cohorts = vectors["cohorts"].as_array().unwrap();
    for cohort in cohorts {
        let limit = cohort["max_diagnoses_inclusive"].as_u64().unwrap();
        let out = folder.path().join(format!("limit{limit}"));
        let options = ImportOptions {
            max_diagnoses: u32::try_from(limit).unwrap(),
            ..ImportOptions::default()
        };
        let report = run(&demo, &out, &options);
        check_totals(&vectors["totals"], &report);
        let found = serde_json::to_value(&report.manifest.cohort).unwrap();
        for (key, value) in cohort.as_object().unwrap() {
            assert_eq!(&found[key], value, "limit {limit}: {key}");
        }
        let set = RecordSet::load(&out).unwrap();
        assert!(!set.restricted, "the demo is open");
        assert_eq!(set.manifest, Some(report.manifest));
        let ids: Vec<u64> = set.records.iter().map(|record| record.hadm_id).collect();
        assert_eq!(json!(ids), cohort["hadm_ids"]);
    }

    let all = ImportOptions {
        max_diagnoses: 10_000,
        exclude_newborn: false,
        exclude_died: false,
        require_chartevents: false,
        ..ImportOptions::default()
    };
    let out = folder.path().join("all");
    let report = run(&demo, &out, &all);
    assert_eq!(report.manifest.records, 129);
    let set = RecordSet::load(&out).unwrap();
    let admissions = vectors["admissions"].as_array().unwrap();
    for expected in admissions {
        let record = set
            .records
            .iter()
            .find(|record| expected["hadm_id"] == record.hadm_id)
            .unwrap();
        let found = profile(record, &expected["age_years"]);
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&found[key], value, "{}: {key}", record.hadm_id);
        }
    }
    for record in &set.records {
        let findings = check_record(&out, record);
        assert!(
            findings
                .iter()
                .all(|f| f.severity < rounds_environments::clinic::record::Severity::Error),
            "{findings:?}"
        );
    }
    println!(
        "etl_demo: {} cohorts, {} admissions",
        cohorts.len(),
        admissions.len()
    );
    assert!(!cohorts.is_empty() && !admissions.is_empty());
}

#[test]
fn golden_retrieval_patient_is_a_record() {
    let Some(vectors) = vectors::read("retrieval.json") else {
        return;
    };
    let patient: PatientRecord = serde_json::from_value(vectors["patient"].clone()).unwrap();
    assert_eq!(patient.demographics.age, Some(64));
    assert_eq!(patient.text["Allergies"], "Penicillin");
    assert_eq!(patient.radiology.len(), 2);
    let vitals = &patient.series["Routine Vital Signs"];
    assert_eq!(vitals["Heart Rate"][1].number, Some(101.0));
    assert!(vitals["Empty"].is_empty());
    assert_eq!(serde_json::to_value(&patient).unwrap(), vectors["patient"]);
}
