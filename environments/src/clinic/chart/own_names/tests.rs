use serde_json::json;

use super::super::tests::patient_from;
use super::*;

const NOTHING: [&str; 0] = [];

fn record() -> PatientRecord {
    patient_from(&json!({
        "Chief Complaint": "cough",
        "Family History": "none",
        "Physical Examination Findings": {
            "Vital_Signs": {"Temperature": "38.5 C", "Blood_Pressure": "120/80 mmHg"},
            "Chest_Examination": {"Auscultation": "crackles", "Percussion": ["dull", {"Left": "clear"}]},
            "Skin": "no rash"
        },
        "Test Results": {
            "Imaging": {"Chest_X-ray": {"Findings": "shadow"}, "CT_Scan_Thorax_and_Abdomen": "nodes"},
            "Blood_Work": {"WBC": "15", "Hemoglobin": "13"},
            "Sputum_Culture": "pneumococci"
        },
        "Laboratory": {"Ferritin in Serum": [["2019-01-01", "12", "ug/L"]]}
    }))
}

fn paths(question: &str, side: Side) -> Vec<String> {
    let record = record();
    let path = |own: Own<'_>| match own.target.field {
        Some(field) => format!("{}.{field}", own.target.section),
        None => own.target.section,
    };
    find(&record, question, side)
        .into_iter()
        .map(path)
        .collect()
}

#[test]
fn a_test_is_found_by_any_of_its_names() {
    for question in [
        "CXR",
        "chest x-ray",
        "Chest_X-Ray",
        "What did the chest X-ray show?",
    ] {
        assert_eq!(
            paths(question, Side::Chart),
            ["Test Results.Imaging.Chest_X-ray"],
            "{question}"
        );
    }
    for question in ["Laboratory_Studies", "lab results", "blood tests"] {
        assert_eq!(paths(question, Side::Measured), ["Test Results.Blood_Work"]);
    }
    assert_eq!(
        paths("CBC", Side::Measured),
        [
            "Test Results.Blood_Work.WBC",
            "Test Results.Blood_Work.Hemoglobin"
        ]
    );
    assert_eq!(
        paths("ferritin", Side::Measured),
        ["Laboratory.Ferritin in Serum"]
    );
    assert_eq!(
        paths("CT abdomen", Side::Measured),
        ["Test Results.Imaging.CT_Scan_Thorax_and_Abdomen"]
    );
    assert_eq!(paths("MRI of the brain", Side::Measured), NOTHING);
}

#[test]
fn a_symptom_is_no_question_about_an_examination() {
    assert_eq!(paths("Do you have chest pain?", Side::Chart), NOTHING);
    assert_eq!(
        paths("What does the chest examination show?", Side::Chart),
        ["Physical Examination Findings.Chest_Examination"]
    );
    assert_eq!(
        paths("chest", Side::Measured)[0],
        "Physical Examination Findings.Chest_Examination"
    );
    assert_eq!(
        paths("temperature", Side::Chart),
        ["Physical Examination Findings.Vital_Signs.Temperature"]
    );
}

#[test]
fn each_side_knows_its_own_sections() {
    assert_eq!(paths("family history", Side::Told), ["Family History"]);
    assert_eq!(paths("family history", Side::Measured), NOTHING);
    assert_eq!(paths("chest x-ray", Side::Told), NOTHING);
}
