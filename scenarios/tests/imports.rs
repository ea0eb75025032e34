//! Case files of other benchmarks and systems, by the real binary: imported, checked and played,
//! with every case accounted for.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what cannot be, and says what it skips"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn shared(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ROUNDS_SHARED_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

fn rounds(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}\n{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Imports `path`, checks the folder and gives its manifest.
fn import(folder: &Path, kind: &str, path: &Path, more: &[&str]) -> Value {
    let mut arguments = vec![
        "data",
        "import",
        kind,
        path.to_str().unwrap(),
        "--out",
        "records",
    ];
    arguments.extend(more);
    let told = rounds(folder, &arguments);
    assert!(told.contains("without code"), "{told}");
    let checked = rounds(folder, &["data", "check", "records"]);
    assert!(checked.contains("0 error(s)"), "{checked}");
    let manifest = fs::read(folder.join("records/manifest.json")).unwrap();
    serde_json::from_slice(&manifest).unwrap()
}

/// Runs a team, or a consultation, over patients and gives the summary and the log.
fn play(folder: &Path, patients: &str, protocol: &str, out: &str) -> (Value, Vec<u8>) {
    let scenario = format!(
        "schema = \"rounds.scenario/1\"\nname = \"cases\"\nseed = 5\n\
         [environment]\nkind = \"clinic\"\npatients = {patients}\n\
         [agents.team]\nprotocol = \"{protocol}\"\npolicy = \"doctor\"\n\
         [policies.doctor]\nkind = \"knowledge\"\n"
    );
    fs::write(folder.join("cases.toml"), scenario).unwrap();
    let summary = rounds(folder, &["run", "cases.toml", "--json", "--out", out]);
    let events = fs::read(folder.join(out).join("events.jsonl")).unwrap();
    (serde_json::from_str(&summary).unwrap(), events)
}

/// Asserts that the cases of a source are all played, by either protocol, and that reading the
/// source directly gives the bytes that the imported records give.
fn assert_played(folder: &Path, kind: &str, path: &Path, cases: u64) {
    let direct = format!("{{ {kind} = {path:?} }}");
    for protocol in ["dynamicare", "agentclinic"] {
        let name = |source: &str| format!("{protocol}-{source}");
        let imported = "{ records = \"records\" }";
        let (summary, events) = play(folder, imported, protocol, &name("imported"));
        let episodes = &summary["episodes"];
        let count = |key: &str| episodes[key].as_u64().unwrap();
        assert_eq!(count("asked"), cases, "{protocol}");
        assert_eq!(count("done") + count("failed") + count("aborted"), cases);
        assert_eq!(count("done"), cases, "{protocol}");
        let (_, same) = play(folder, &direct, protocol, &name("direct"));
        assert!(events == same, "{kind}, {protocol}");
    }
}

#[test]
fn agentclinic_cases_are_imported_and_played() {
    for (name, cases) in [
        ("agentclinic/agentclinic_medqa.jsonl", 70),
        ("agentclinic/agentclinic_medqa_extended.jsonl", 146),
    ] {
        let Some(path) = shared(name) else { return };
        let folder = tempfile::tempdir().unwrap();
        let manifest = import(folder.path(), "agentclinic", &path, &[]);
        let counts = &manifest["cases"];
        assert_eq!(manifest["records"], cases);
        assert_eq!(counts["read"], cases);
        assert_eq!(manifest["restricted"], false);
        assert!(manifest["licence"].as_str().unwrap().contains("MIT"));
        let names = &counts["names"];
        let share = names["unmapped_share"].as_f64().unwrap();
        assert_eq!(share, names["unmapped"].as_f64().unwrap() / cases as f64);
        assert!(share < 0.5, "{names}");
        assert_played(folder.path(), "agentclinic", &path, cases);
    }
}

#[test]
fn the_leaves_of_every_real_case_are_in_its_record() {
    fn leaves(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::Object(parts) => parts.values().for_each(|part| leaves(part, out)),
            Value::Array(parts) => parts.iter().for_each(|part| leaves(part, out)),
            Value::Null => {}
            Value::String(text) => out.push(text.clone()),
            other => out.push(other.to_string()),
        }
    }
    let Some(path) = shared("agentclinic/agentclinic_medqa_extended.jsonl") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    import(folder.path(), "agentclinic", &path, &[]);
    let mut seen = 0;
    for (number, line) in (1..).zip(fs::read_to_string(&path).unwrap().lines()) {
        let case: Value = serde_json::from_str(line).unwrap();
        let file = folder.path().join(format!("records/{number}.json"));
        let record: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let (mut source, mut kept) = (Vec::new(), Vec::new());
        leaves(&case, &mut source);
        leaves(&record, &mut kept);
        let kept: BTreeSet<String> = kept
            .into_iter()
            .map(|leaf| leaf.trim().to_owned())
            .collect();
        seen += source.len();
        for leaf in source {
            assert!(kept.contains(leaf.trim()), "case {number}: {leaf:?}");
        }
    }
    assert!(seen > 3000, "{seen}");
}

#[test]
fn titles_of_a_dictionary_map_more_names() {
    let (Some(cases), Some(titles)) = (
        shared("agentclinic/agentclinic_medqa_extended.jsonl"),
        shared("mimic-iii-demo/D_ICD_DIAGNOSES.csv.gz"),
    ) else {
        return;
    };
    let unmapped = |more: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let manifest = import(folder.path(), "agentclinic", &cases, more);
        manifest["cases"]["names"]["unmapped"].as_u64().unwrap()
    };
    let without = unmapped(&[]);
    assert!(unmapped(&["--titles", titles.to_str().unwrap()]) < without);
}

#[test]
fn fhir_bundles_are_imported_and_played() {
    let Some(path) = shared("synthea") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let manifest = import(folder.path(), "fhir", &path, &[]);
    let counts = &manifest["cases"];
    assert_eq!(
        (&manifest["records"], &counts["read"]),
        (&7.into(), &7.into())
    );
    assert_eq!(manifest["restricted"], false);
    assert!(manifest["licence"].as_str().unwrap().contains("Apache"));
    assert_eq!(counts["without_truth"].as_array().unwrap().len(), 2);
    assert!(counts["ignored"]["Claim (not clinical)"].as_u64().unwrap() > 0);
    for entry in fs::read_dir(folder.path().join("records")).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("manifest.json") {
            continue;
        }
        let record: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let patient = &record["Patient"];
        let name = patient["Name"].as_str().unwrap();
        assert!(!name.contains(|c: char| c.is_ascii_digit()), "{name}");
        let visit = patient["Admission_info"]["admission_time"]
            .as_str()
            .unwrap();
        for history in patient["Past Encounters"].as_array().into_iter().flatten() {
            let day = history.as_str().unwrap().rsplit('(').next().unwrap();
            assert!(&day[..10] < visit, "{history} is not before {visit}");
        }
    }
    assert_played(folder.path(), "fhir", &path, 7);
}
