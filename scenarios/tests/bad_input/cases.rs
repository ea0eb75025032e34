//! Case files: AgentClinic and FHIR.

use serde_json::json;

use crate::Place;

const CASE: &str =
    r#"{"OSCE_Examination": {"Objective_for_Doctor": "See him.", "Correct_Diagnosis": "Gout"}}"#;

/// A scenario that plays `cases` directly.
fn ward_of(place: &Place, patients: &str) {
    place.ward_with("ward.toml", "{ knowledge = \"builtin\" }", patients);
}

/// Asserts that an import, a run and a check refuse a file, all with `parts`.
#[track_caller]
fn refused(place: &Place, kind: &str, parts: &[&str]) {
    place.fails(2, &format!("data import {kind} cases --out records"), parts);
    assert!(!place.path("records").exists());
    ward_of(place, &format!("{{ {kind} = \"cases\" }}"));
    place.refused("ward.toml", parts);
}

#[test]
fn a_broken_line_is_named_with_its_number() {
    let place = Place::new();
    place.write(
        "cases",
        format!("{CASE}\n{CASE}\n{{\"OSCE_Examination\": \n"),
    );
    refused(
        &place,
        "agentclinic",
        &["cases:3: column ", "EOF while parsing"],
    );
    let told = place.works("data import agentclinic cases --out records --skip-bad");
    assert!(
        told.contains("3 cases in 1 file(s): 2 records, 1 skipped"),
        "{told}"
    );
    assert!(told.contains("skipped: line 3: "), "{told}");
    assert!(told.contains("repeated: 1 (2 as 1)"), "{told}");
}

#[test]
fn a_case_without_its_diagnosis_is_refused() {
    let place = Place::new();
    place.write(
        "cases",
        CASE.replace("Correct_Diagnosis", "Corect_Diagnosis"),
    );
    let parts = [
        "cases:1: OSCE_Examination: expected a key `Correct_Diagnosis`",
        "did you mean `Corect_Diagnosis`?",
    ];
    refused(&place, "agentclinic", &parts);
}

#[test]
fn an_empty_file_and_an_empty_folder_are_refused() {
    let place = Place::new();
    place.write("cases", "");
    refused(
        &place,
        "agentclinic",
        &["the file holds no case, expected one JSON object a line"],
    );
    refused(&place, "fhir", &["cases: line 1, column 0: EOF"]);
    place.write("bundles/README.md", "nothing here");
    place.fails(
        2,
        "data import fhir bundles --out records",
        &["the folder holds no bundle"],
    );
    place.fails(
        2,
        "data import agentclinic bundles --out records",
        &["cannot read bundles", "a folder, expected a file"],
    );
    place.fails(
        2,
        "data import agentclinic nowhere --out records",
        &["cannot read nowhere"],
    );
}

#[test]
fn another_kind_of_file_comes_with_a_hint() {
    let place = Place::new();
    place.write(
        "cases",
        json!({"resourceType": "Bundle", "entry": []}).to_string(),
    );
    refused(
        &place,
        "agentclinic",
        &["cases:1: ", "rounds data import fhir"],
    );
    place.write("cases", format!("{CASE}\n{CASE}\n"));
    refused(
        &place,
        "fhir",
        &[
            "cases: line 2, column 1: ",
            "rounds data import agentclinic",
        ],
    );
    place.write("cases.csv", "a,b\n1,2\n");
    place.fails(
        2,
        "data import agentclinic cases.csv --out records",
        &["got a CSV file", "data import mimic-iii"],
    );
    place.write("cases", [0x1f, 0x8b, 0, 1, 2]);
    place.fails(
        2,
        "data import agentclinic cases --out records",
        &["cannot read cases"],
    );
}

#[test]
fn a_bad_bundle_is_named_with_its_place() {
    let place = Place::new();
    let bundle = json!({"resourceType": "Bundle", "entry": [
        {"resource": {"resourceType": "Patient", "id": "p"}},
        {"resource": {"resourceType": "Encounter", "id": "e", "period": {"start": "soon"}}}
    ]});
    place.write("cases", bundle.to_string());
    let parts = [
        "cases: entry[1].resource.period.start: ",
        "expected a FHIR date or dateTime, got `soon`",
    ];
    refused(&place, "fhir", &parts);
}

#[test]
fn options_and_folders_are_checked() {
    let place = Place::new();
    place.write("cases", CASE);
    place.write("titles.csv", "code,title\n999999,Gout\n");
    let import = "data import agentclinic cases --out records";
    place.fails(
        2,
        &format!("{import} --titles titles.csv"),
        &["titles.csv:2: ", "`999999`"],
    );
    place.fails(
        2,
        &format!("{import} --titles none.csv"),
        &["cannot read none.csv"],
    );
    place.fails(
        2,
        &format!("{import} --max-diagnoses 3"),
        &["--max-diagnoses"],
    );
    place.works(import);
    place.fails(2, import, &["records exists and is not an empty folder"]);
    place.fails(
        2,
        "data import fhir cases --out other --visit firsd",
        &["last-disease", "first-disease"],
    );
    ward_of(&place, "{ agentclinic = \"case\" }");
    place.refused(
        "ward.toml",
        &["`environment.patients.agentclinic`", "did you mean"],
    );
    ward_of(&place, "{ agentclinic = \"cases\", records = \"records\" }");
    place.refused("ward.toml", &["names two sources"]);
    ward_of(&place, "{ fhir = \"cases\", visit = \"fist-disease\" }");
    place.refused("ward.toml", &["did you mean `first-disease`?"]);
    ward_of(&place, "{ knowledge = \"builtin\" }");
    place.works(
        "run ward.toml --quiet --out out --set environment.patients={agentclinic=\"cases\"}",
    );
}
