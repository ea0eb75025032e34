//! Records.

use std::fs;

use serde_json::{Value, json};

use crate::{Place, copy_folder, shipped, summary};

/// A scenario that plays the records of a folder `records` beside it.
fn ward_of_records() -> Place {
    let place = Place::new();
    place.ward_with(
        "ward.toml",
        "{ knowledge = \"builtin\" }",
        "{ records = \"records\" }",
    );
    let text = fs::read_to_string(place.path("ward.toml")).unwrap();
    place.write("ward.toml", text.replace("episodes = 3\n", ""));
    copy_folder(&shipped("records"), &place.path("records"));
    place
}

fn change(place: &Place, file: &str, change: impl FnOnce(&mut Value)) {
    let bytes = fs::read(place.path(file)).unwrap();
    let mut record: Value = serde_json::from_slice(&bytes).unwrap();
    change(&mut record);
    place.write(file, record.to_string());
}

/// Asserts that a run and both checks refuse the records, all with `parts`.
#[track_caller]
fn refused(place: &Place, parts: &[&str]) {
    place.refused("ward.toml", parts);
    let output = place.rounds("data check records");
    let told = crate::text(&output.stdout) + &crate::text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    for part in parts {
        assert!(told.contains(part), "no {part:?} in\n{told}");
    }
}

#[test]
fn a_folder_without_records_is_refused() {
    let place = ward_of_records();
    fs::remove_dir_all(place.path("records")).unwrap();
    place.write("records/README.md", "nothing here");
    refused(&place, &["records holds no record"]);
    place.fails(2, "data check elsewhere", &["cannot read elsewhere"]);
}

#[test]
fn a_broken_record_is_named_with_its_place() {
    let place = ward_of_records();
    let file = "records/900107.json";
    let whole = fs::read(place.path(file)).unwrap();
    let lines = whole[..300].iter().filter(|b| **b == b'\n').count() + 1;
    place.write(file, &whole[..300]);
    refused(
        &place,
        &[
            &format!("{file}: line {lines}, column "),
            "EOF while parsing",
        ],
    );
    place.write(file, "{\"hadm_id\": \"x\"}");
    refused(
        &place,
        &[&format!(
            "{file}: line 1, column 15: invalid type: string \"x\""
        )],
    );
    place.write(file, "{\"hadm_id\": 9, \"Diagnoses\": []}");
    refused(&place, &[file, "unknown field `Diagnoses`", "`Patient`"]);
    place.write(file, "{\"schema\": \"rounds.record/7\"}");
    refused(&place, &[file, "`rounds.record/7`", "`rounds.record/1`"]);
    place.write(file, b"\n\xff");
    refused(&place, &[file, "line 2 is not UTF-8 text"]);
    fs::copy(place.path("records/900104.json"), place.path(file)).unwrap();
    refused(&place, &["900104", file]);
}

#[test]
fn a_broken_manifest_of_records_is_refused() {
    let place = ward_of_records();
    place.write("records/manifest.json", "{\n");
    refused(&place, &["records/manifest.json: line 2, column 0: EOF"]);
}

#[test]
fn a_time_that_is_none_is_refused_and_not_taken_for_unknown() {
    let place = ward_of_records();
    change(&place, "records/900104.json", |record| {
        record["Patient"]["Admission_info"]["admission_time"] = json!("2149-13-01 10:00:00");
    });
    let expected = "records/900104.json: Admission_info.admission_time: `2149-13-01 10:00:00` is not a date, expected YYYY-MM-DD";
    refused(&place, &[expected]);
}

#[test]
fn a_record_without_diagnoses_is_visited_and_not_scored() {
    let place = ward_of_records();
    change(&place, "records/900101.json", |record| {
        record["Patient"]["Diagnoses"] = json!([]);
    });
    let told = place.works("data check records");
    assert!(
        told.contains("warning: records/900101.json: Diagnoses: no diagnosis"),
        "{told}"
    );
    place.works("run ward.toml --out all --quiet");
    let all = summary(&place.path("all"));
    assert_eq!(all["episodes"]["done"], 12);
    assert_eq!(all["arms"][0]["metrics"]["hit@1"]["n"], 11);
    let list = place.works("show all");
    assert!(
        list.lines()
            .any(|line| line.contains("900101") && line.contains("unscored")),
        "{list}"
    );

    fs::create_dir(place.path("one")).unwrap();
    fs::rename(
        place.path("records/900101.json"),
        place.path("one/900101.json"),
    )
    .unwrap();
    place.works("run ward.toml --set environment.patients.records=one --out alone");
    let alone = summary(&place.path("alone"));
    assert_eq!(
        alone["episodes"],
        json!({"asked": 1, "done": 1, "failed": 0, "aborted": 0})
    );
    let hit = &alone["arms"][0]["metrics"]["hit@1"];
    assert!(hit["mean"].is_null() && hit["why"].is_string(), "{hit}");
}

#[test]
fn a_run_is_not_resumed_on_another_set_of_records() {
    let place = ward_of_records();
    place.works("run ward.toml --out run --quiet --episodes 4");
    fs::remove_file(place.path("records/900101.json")).unwrap();
    place.fails(
        2,
        "run ward.toml --resume run --episodes 4",
        &["run: holds a run with another set of data"],
    );
}

#[test]
fn a_subject_is_not_learned_from_and_tested() {
    let place = ward_of_records();
    let set = "--set policies.specialist.learned.records=records --set policies.specialist.learned.part=all";
    place.fails(
        2,
        &format!("run ward.toml {set}"),
        &["is both among the records to learn from and among the patients"],
    );
}
