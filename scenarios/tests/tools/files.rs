//! `rounds new`: what it writes can be checked and run, and no text of a restricted record is in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::{ends, fits, json_of, shipped};

const FAULTLESS: &str = "no fault found";

fn records() -> Vec<PathBuf> {
    let folders = ["records", "records-training"];
    let entries = folders
        .iter()
        .flat_map(|folder| fs::read_dir(shipped().join(folder)).unwrap());
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    files.retain(|path| path.file_stem().is_some_and(|stem| stem != "manifest"));
    files.sort();
    files
}

#[test]
fn a_new_scenario_runs() {
    let place = tempfile::tempdir().unwrap();
    let (out, _) = ends(0, place.path(), &["new", "my-ward"]);
    assert!(
        out.contains("wrote my-ward.toml") && out.contains("not for clinical use"),
        "{out}"
    );
    fits(&place.path().join("my-ward.toml"));
    assert!(
        ends(0, place.path(), &["check", "my-ward.toml"])
            .0
            .contains(FAULTLESS)
    );
    let run = [
        "bench",
        "my-ward.toml",
        "--episodes",
        "4",
        "--quiet",
        "--out",
        "out",
    ];
    let (out, _) = ends(0, place.path(), &run);
    assert!(out.contains("generalist"), "{out}");
}

#[test]
fn a_new_scenario_of_coordination_runs() {
    let place = tempfile::tempdir().unwrap();
    let (out, _) = ends(0, place.path(), &["new", "mine", "--kind", "coordination"]);
    assert!(out.contains("wrote mine.toml"), "{out}");
    fits(&place.path().join("mine.toml"));
    let (out, _) = ends(0, place.path(), &["check", "mine.toml"]);
    assert!(out.contains(FAULTLESS), "{out}");
    let run = [
        "bench",
        "mine.toml",
        "--episodes",
        "4",
        "--quiet",
        "--out",
        "out",
    ];
    let (out, _) = ends(0, place.path(), &run);
    assert!(out.contains("learns") && out.contains("utility"), "{out}");
}

#[test]
fn a_new_suite_passes_its_own_threshold() {
    let place = tempfile::tempdir().unwrap();
    ends(0, place.path(), &["new", "first", "--kind", "suite"]);
    fits(&place.path().join("first/suite.toml"));
    fits(&place.path().join("first/cases/first-1.toml"));
    assert!(
        ends(0, place.path(), &["check", "first/suite.toml"])
            .0
            .contains(FAULTLESS)
    );
    ends(
        0,
        place.path(),
        &["evaluate", "first/suite.toml", "--quiet", "--out", "out"],
    );
    ends(
        0,
        place.path(),
        &[
            "new",
            "lone",
            "--kind",
            "case",
            "--out",
            "first/cases/lone.toml",
        ],
    );
    assert!(
        ends(0, place.path(), &["check", "first/cases/lone.toml"])
            .0
            .contains(FAULTLESS)
    );
}

#[test]
fn every_shipped_record_makes_a_case() {
    let place = tempfile::tempdir().unwrap();
    let records = records();
    assert!(records.len() >= 12, "{records:?}");
    for record in records {
        let stem = record.file_stem().unwrap().to_str().unwrap();
        ends(
            0,
            place.path(),
            &["new", "case", "--from", record.to_str().unwrap()],
        );
        let name = format!("case-{stem}.toml");
        assert!(
            ends(0, place.path(), &["check", &name])
                .0
                .contains(FAULTLESS)
        );
        fits(&place.path().join(&name));
        let case = json_of(&fs::read_to_string(place.path().join(&name)).unwrap());
        let record: Value = serde_json::from_str(&fs::read_to_string(&record).unwrap()).unwrap();
        let first = &record["Patient"]["Diagnoses"][0];
        assert_eq!(case["truth"]["diagnosis"], first["long_title"], "{name}");
        let code = case["truth"]["icd9"][0].as_str().unwrap().replace('.', "");
        assert_eq!(code, first["icd9_code"].as_str().unwrap(), "{name}");
        assert_eq!(
            case["title"], record["Patient"]["Chief Complaint"],
            "{name}"
        );
        assert!(case["topics"].as_object().unwrap().len() >= 10, "{name}");
        let checks = case["checks"].as_array().unwrap();
        assert!(checks.len() >= 8, "{name}");
        let axes: BTreeSet<&str> = checks.iter().map(|c| c["axis"].as_str().unwrap()).collect();
        let expected = ["accuracy", "history", "order", "safety", "stewardship"];
        assert_eq!(axes.into_iter().collect::<Vec<_>>(), expected, "{name}");
    }
}

#[test]
fn a_case_of_a_record_is_played_and_can_be_put_in_words() {
    let place = tempfile::tempdir().unwrap();
    let record = shipped().join("records/900104.json");
    let record = record.to_str().unwrap();
    ends(
        0,
        place.path(),
        &["new", "heart", "--kind", "suite", "--from", record],
    );
    let (out, _) = ends(
        0,
        place.path(),
        &["evaluate", "heart/suite.toml", "--quiet", "--out", "out"],
    );
    assert!(out.contains("3 episodes: 3 done"), "{out}");
    ends(
        0,
        place.path(),
        &["new", "my-case", "--kind", "case", "--from", record],
    );
    let text = fs::read_to_string(place.path().join("my-case.toml")).unwrap();
    let (_, after) = text.split_once("## Or a patient in words").unwrap();
    let (block, _) = after.split_once("\n\n").unwrap();
    let lines = block
        .lines()
        .filter(|line| line.starts_with("# ") || *line == "#");
    let words: String = lines
        .map(|line| format!("{}\n", line[1..].trim_start()))
        .collect();
    assert!(words.contains("[patient.facts]") && words.contains("history_of_present_illness"));
    let kept = text.lines().filter(|line| !line.starts_with("record = "));
    let kept: String = kept.map(|line| format!("{line}\n")).collect();
    let spoken = kept.replace("[patient]\n", &format!("[patient]\n{words}"));
    fs::write(place.path().join("spoken.toml"), spoken).unwrap();
    assert!(
        ends(0, place.path(), &["check", "spoken.toml"])
            .0
            .contains(FAULTLESS)
    );
}

/// Texts of a record that could tell something, at least twelve bytes long.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() >= 12 => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
        Value::Object(map) => map.values().for_each(|inner| texts(inner, out)),
        _ => {}
    }
}

#[test]
fn nothing_of_a_restricted_record_is_copied() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("records");
    fs::create_dir(&folder).unwrap();
    let text = fs::read_to_string(shipped().join("records/900101.json")).unwrap();
    fs::write(folder.join("900101.json"), &text).unwrap();
    // Without a manifest a set is restricted, as with one that says so.
    for manifest in [
        None,
        Some(r#"{"restricted": true, "licence": "Credentialed use, no copies"}"#),
    ] {
        if let Some(manifest) = manifest {
            fs::write(folder.join("manifest.json"), manifest).unwrap();
        }
        let name = format!("r{}", manifest.is_some());
        let arguments = [
            "new",
            &name,
            "--kind",
            "suite",
            "--from",
            "records/900101.json",
        ];
        let (out, _) = ends(0, place.path(), &arguments);
        assert!(out.contains("The record is restricted"), "{out}");
        let case = place
            .path()
            .join(&name)
            .join(format!("cases/{name}-1.toml"));
        let written = fs::read_to_string(&case).unwrap();
        assert!(written.contains("The record is restricted"), "{written}");
        let mut parts = Vec::new();
        texts(&serde_json::from_str(&text).unwrap(), &mut parts);
        parts.extend(["4280", "428.0", "Troponin", "WIDOWED", "Heart failure"].map(str::to_owned));
        for part in parts.iter().filter(|part| *part != "rounds.record/1") {
            assert!(!written.contains(part.as_str()), "{part}");
        }
        fits(&case);
        let suite = format!("{name}/suite.toml");
        assert!(
            ends(0, place.path(), &["check", &suite])
                .0
                .contains(FAULTLESS)
        );
        let run = [
            "evaluate",
            &suite,
            "--quiet",
            "--out",
            &format!("out-{name}"),
        ];
        ends(0, place.path(), &run);
    }
}

#[test]
fn nothing_is_overwritten_and_names_are_checked() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("mine.toml"), "mine").unwrap();
    let (_, errors) = ends(2, place.path(), &["new", "mine"]);
    assert!(errors.contains("mine.toml: is there already"), "{errors}");
    assert_eq!(
        fs::read_to_string(place.path().join("mine.toml")).unwrap(),
        "mine"
    );
    // Neither file of a suite is written when one of them is there.
    fs::create_dir_all(place.path().join("s/cases")).unwrap();
    fs::write(place.path().join("s/cases/s-1.toml"), "mine").unwrap();
    ends(2, place.path(), &["new", "s", "--kind", "suite"]);
    assert!(!place.path().join("s/suite.toml").exists());
    for name in ["a/b", "", ".x", "a b"] {
        let (_, errors) = ends(2, place.path(), &["new", name]);
        assert!(errors.contains("is no usable name"), "{errors}");
    }
    let (_, errors) = ends(2, place.path(), &["new", "a", "--out", "a.txt"]);
    assert!(errors.contains("ends with .toml"), "{errors}");
    let records = shipped().join("records");
    let near = records.join("90010l.json");
    for (from, part) in [
        (near.to_str().unwrap(), "did you mean"),
        (records.to_str().unwrap(), "got a folder"),
        ("mine.toml", "mine.toml: line 1"),
    ] {
        let (_, errors) = ends(2, place.path(), &["new", "case", "--from", from]);
        assert!(errors.contains(part), "{errors}");
    }
    let arguments = ["new", "a", "--kind", "scenario", "--from", "mine.toml"];
    let (_, errors) = ends(2, place.path(), &arguments);
    assert!(errors.contains("--kind case"), "{errors}");
}
