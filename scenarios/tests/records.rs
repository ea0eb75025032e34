//! Visits on patient records, by the real binary: every one is accounted for, and the truth
//! reaches no line of the doctor side.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what cannot be, and says what it skips"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rounds::run::{Episode, EpisodeReader, RunDirectory};
use rounds::statistics::Summary;
use serde_json::{Value, json};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rounds(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
        .current_dir(project())
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    output.stdout
}

fn run_on(records: &Path, out: &Path) -> Summary {
    let set = format!("environment.patients.records={}", records.display());
    let out = out.to_str().unwrap();
    let json = rounds(&[
        "run",
        "scenarios/records.toml",
        "--json",
        "--set",
        &set,
        "--out",
        out,
    ]);
    serde_json::from_slice(&json).unwrap()
}

fn doctor_lines(run: &Path) -> Vec<String> {
    let text = fs::read_to_string(run.join(RunDirectory::EVENTS)).unwrap();
    text.lines()
        .filter(|line| line.contains("\"side\":\"doctor\""))
        .map(str::to_owned)
        .collect()
}

/// Copies a folder of records, with every diagnosis replaced by another code.
fn with_another_truth(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        if let Some(patient) = record.get_mut("Patient") {
            patient["Diagnoses"] = json!([{
                "seq_num": 1,
                "icd9_code": "7832",
                "short_title": "Abnormal loss of weight",
                "long_title": "Loss of weight and underweight",
            }]);
        }
        fs::write(to.join(path.file_name().unwrap()), record.to_string()).unwrap();
    }
}

fn assert_truth_is_unseen(records: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let replaced = folder.path().join("replaced");
    with_another_truth(records, &replaced);
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    run_on(records, &one);
    run_on(&replaced, &other);
    let lines = doctor_lines(&one);
    assert!(lines.len() > 100);
    assert!(lines == doctor_lines(&other));
    let events = |run: &Path| fs::read(run.join(RunDirectory::EVENTS)).unwrap();
    assert!(
        events(&one) != events(&other),
        "the truth itself is logged for the world"
    );
}

#[test]
fn another_truth_changes_no_byte_of_the_doctor_side() {
    assert_truth_is_unseen(&project().join("scenarios/records"));
}

#[test]
fn an_imported_database_is_run_with_every_visit_accounted_for() {
    let shared = std::env::var_os("ROUNDS_SHARED_DATA")
        .map_or_else(|| project().join("../shared/data"), PathBuf::from);
    let tables = shared.join("mimic-iii-demo");
    if !tables.exists() {
        println!("skipped: {} is not there", tables.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records");
    rounds(&[
        "data",
        "import",
        "mimic-iii",
        tables.to_str().unwrap(),
        "--out",
        records.to_str().unwrap(),
        "--max-diagnoses",
        "9",
    ]);
    let out = folder.path().join("run");
    let summary = run_on(&records, &out);
    assert_eq!((summary.episodes.asked, summary.episodes.done), (20, 20));
    let read: Vec<Episode> = EpisodeReader::open(&out.join(RunDirectory::EVENTS))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read.len(), 20);
    assert!(
        read.iter()
            .all(|e| e.events.last().unwrap().kind == "ended")
    );
    assert_truth_is_unseen(&records);
}
