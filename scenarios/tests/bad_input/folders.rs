//! Folders of runs: in use, of something else, damaged.

use std::fs;

use crate::{Place, copy_folder, shipped};

/// Every file of a folder with its bytes.
fn held(place: &Place, folder: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(place.path(folder))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn a_folder_in_use_is_left_as_it_is() {
    let place = Place::new();
    place.works("run ward.toml --out run --quiet");
    let before = held(&place, "run");
    let used = "run: the folder exists and is not empty";
    place.fails(2, "run ward.toml --out run", &[used, "--resume"]);
    place.fails(2, "bench ward.toml --out run", &[used, "--resume"]);
    for (arguments, part) in [
        ("run ward.toml --seed 8", "another seed: expected 8, got 7"),
        (
            "run ward.toml --episodes 4",
            "another number of episodes: expected 4, got 3",
        ),
        (
            "run ward.toml --set limits.rounds=5",
            "another setting: expected `",
        ),
        (
            "run ward.toml --set name=other",
            "another scenario: expected other, got ward",
        ),
        (
            "bench ward.toml",
            "run: holds no bench of these arms: expected a folder arms",
        ),
    ] {
        place.fails(2, &format!("{arguments} --resume run"), &[part]);
    }
    assert_eq!(held(&place, "run"), before);
    place.works("run ward.toml --resume run --quiet");
    fs::create_dir(place.path("empty")).unwrap();
    place.works("run ward.toml --resume empty --quiet");
    place.works("run ward.toml --resume new/folder --quiet");
}

#[test]
fn a_folder_of_something_else_is_not_resumed() {
    let place = Place::new();
    copy_folder(&shipped("records"), &place.path("records"));
    place.write("notes/a.txt", "mine");
    for (arguments, parts) in [
        (
            "run ward.toml --resume records",
            ["records: holds no run", "of something else"],
        ),
        (
            "run ward.toml --resume notes",
            ["notes: holds no run", "manifest.json"],
        ),
        (
            "bench ward.toml --resume notes",
            ["notes: holds no bench", "folder arms"],
        ),
        (
            "run ward.toml --resume ward.toml",
            ["ward.toml: expected a folder", "got a file"],
        ),
        (
            "run ward.toml --out ward.toml",
            ["ward.toml: expected a folder", "got a file"],
        ),
        (
            "bench ward.toml --out ward.toml",
            ["ward.toml: expected a folder", "got a file"],
        ),
    ] {
        place.fails(2, arguments, &parts);
    }
    let below = "ward.toml/run: the folder cannot be made";
    place.fails(
        1,
        "run ward.toml --out ward.toml/run",
        &[below, "because: "],
    );
    assert_eq!(held(&place, "notes").len(), 1);
}

#[test]
fn a_bench_is_resumed_with_its_own_arms_only() {
    let place = Place::new();
    place.works("bench ward.toml --vary limits.rounds=1,2 --out bench --quiet");
    place.works("bench ward.toml --vary limits.rounds=1,2 --resume bench --quiet");
    let other = "bench ward.toml --vary limits.rounds=1,3 --resume bench";
    place.fails(
        2,
        other,
        &["bench: holds no bench of these arms", "01-limits_rounds_2"],
    );
    place.fails(2, "run ward.toml --resume bench", &["bench: holds no run"]);
    place.fails(
        2,
        "show bench 0 --arm limits.rounds=4",
        &["did you mean \"limits.rounds="],
    );
}

#[test]
fn a_name_does_not_lead_out_of_the_folder_of_runs() {
    let place = Place::new();
    place.works("run ward.toml --set name=../../away --quiet");
    let runs = fs::read_dir(place.path("runs")).unwrap().count();
    assert_eq!(runs, 2, "the run and latest.txt");
}

#[test]
fn what_is_not_there_cannot_be_shown() {
    let place = Place::new();
    place.fails(
        2,
        "show latest",
        &["there is no latest run in this working directory"],
    );
    place.works("run ward.toml --out run --quiet");
    for arguments in ["show run 3", "show run 3 --json", "show latest 4294967295"] {
        place.fails(2, arguments, &["there is no episode", "the run has 0 to 2"]);
    }
    place.fails(
        2,
        "show run 0 --arm x",
        &["there is no arm \"x\", expected one of default"],
    );
    place.fails(
        2,
        "show rnu",
        &["rnu: expected the folder of a run", "did you mean run?"],
    );
    place.fails(
        2,
        "show ward.toml",
        &["ward.toml: expected the folder of a run"],
    );
    fs::remove_dir_all(place.path("run")).unwrap();
    place.fails(
        2,
        "show latest",
        &["the latest run", "is not there any more"],
    );
    place.write("notes/a.txt", "mine");
    for command in ["show", "score", "view"] {
        place.fails(
            2,
            &format!("{command} notes"),
            &["notes: holds no finished run"],
        );
    }
}

#[test]
fn a_damaged_log_is_not_scored() {
    let place = Place::new();
    place.works("run ward.toml --out run --quiet");
    let log = fs::read_to_string(place.path("run/events.jsonl")).unwrap();
    let summary = fs::read(place.path("run/summary.json")).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    let joined = |lines: &[&str]| lines.join("\n") + "\n";
    let end = lines
        .iter()
        .position(|line| line.contains("\"ended\""))
        .unwrap();
    let mut torn = lines.clone();
    torn[2] = &lines[2][..20];
    for (bytes, part) in [
        (joined(&torn), "line 3: this is no event: EOF while parsing"),
        (joined(&lines[1..]), "line 1: this is no log of a run"),
        (
            joined(&lines[..end]),
            "episode 0 has no end: the log was cut",
        ),
        (joined(&lines[..=end]), "expected 3 episodes, got 1"),
        (
            log.clone() + "{\"e\":9}\n",
            "this is no event: missing field",
        ),
        (String::new(), "line 1: this is no log of a run"),
    ] {
        place.write("run/events.jsonl", bytes);
        place.fails(2, "score run", &["run/events.jsonl", part]);
    }
    let mut bytes = log.clone().into_bytes();
    bytes.extend(b"\xff\n");
    place.write("run/events.jsonl", bytes);
    let expected = format!(
        "run/events.jsonl, line {}: this is no event",
        lines.len() + 1
    );
    place.fails(2, "score run", &[&expected]);
    assert_eq!(fs::read(place.path("run/summary.json")).unwrap(), summary);

    place.write("run/events.jsonl", log);
    place.write("run/manifest.json", "{\n\"schema\": \n");
    place.fails(
        2,
        "score run",
        &["run/manifest.json, line 3: EOF while parsing"],
    );
    fs::remove_file(place.path("run/manifest.json")).unwrap();
    place.fails(
        2,
        "score run",
        &["run: holds no run: expected a file manifest.json"],
    );
}
