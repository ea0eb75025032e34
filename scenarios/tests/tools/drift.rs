//! Every key, word, default and range of the schemas is that of the reader, and the reader has no
//! other keys.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rounds::environments::clinic::knowledge::Knowledge;
use rounds::schema::{
    Overrides, Problem, ProblemKind, Scenario, SchemaError, SuiteSpec, Variants, load_behaviour,
    load_case, load_self_test,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::walk::{Place, forms, places, smallest};
use super::{KINDS, fits, schema, shipped_files};

/// No key or word is near to this.
const STRANGE: &str = "qqqqqqqqqqqqqqqq";

/// Keys that the reader lists although they have no use there; models are the same in scenarios and suites.
const UNUSED: [&str; 8] = [
    // The environment says how many numbers there are.
    "models.doctor.observation",
    "models.doctor.action",
    // Each repeat has a seed of its own, and trajectory models have no adapters.
    "models.doctor.training.seed",
    "models.doctor.training.lora",
    // The model says how many steps it sees, and how many an episode has.
    "models.doctor.training.data.context",
    "models.doctor.training.data.max_ep_len",
    // A step is a tick, and a stay is as long as it is.
    "environment.stability.step_h",
    "environment.stability.step_limit",
];

/// The same for suites: their patients are their cases, and they play all of their arms.
const UNUSED_IN_SUITES: [&str; 3] = ["environment.patients", "baseline", "interactions"];

/// A folder with the files that the examples of the schemas name.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("records")).unwrap();
    fs::create_dir_all(folder.path().join("cases")).unwrap();
    fs::create_dir_all(folder.path().join("models/my-model")).unwrap();
    for name in [
        "records/1.json",
        "cases/a.toml",
        "calls.jsonl",
        "agentclinic.jsonl",
        "objective.json",
        "data.safetensors",
        "weights.safetensors",
    ] {
        fs::write(folder.path().join(name), "{}").unwrap();
    }
    folder
}

/// What the reader makes of a file, in words that leave out hashes.
fn read(kind: &str, folder: &Path, file: &Value) -> Result<String, Vec<Problem>> {
    let path = folder.join("file.toml");
    fs::write(&path, toml::to_string(file).unwrap()).unwrap();
    let problems = |error: SchemaError| error.problems().to_vec();
    let none = Overrides::default();
    match kind {
        "scenario" => Scenario::load(&path, &none).map(|set| format!("{:?}", set.scenario)),
        "suite" => SuiteSpec::load(&path, &none, &Variants::default()).map(|suite| {
            format!(
                "{:?} {:?} {:?} {:?}",
                suite.set.scenario, suite.thresholds, suite.judge, suite.swap
            )
        }),
        "case" => load_case(&path, &Knowledge::builtin()).map(|case| {
            let flags = (
                case.severity,
                case.expected_failure,
                case.limits,
                case.repeats,
                case.pass,
            );
            format!(
                "{flags:?} {:?} {:?} {:?} {:?}",
                case.patient, case.topics, case.truth, case.checks
            )
        }),
        "behaviour" => load_behaviour(&path).map(|behaviour| format!("{behaviour:?}")),
        _ => load_self_test(&path, &["chest-pain-1"], |_| {
            vec!["first-diagnosis".to_owned()]
        })
        .map(|pairs| format!("{pairs:?}")),
    }
    .map_err(problems)
}

fn problems(kind: &str, folder: &Path, file: &Value) -> Vec<Problem> {
    read(kind, folder, file).err().unwrap_or_default()
}

/// The smallest file of a kind in one of its forms.
fn base(kind: &str, root: &Value, form: &Value) -> Value {
    let mut file = smallest(root, form);
    match kind {
        "scenario" | "suite" => {
            file["models"] = json!({
                "doctor": {"kind": "scripted", "replies": ["yes"]},
                "learner": {"kind": "trajectory"},
            });
            // Models of control environments have something to learn from.
            let control = [
                "cart-pole",
                "pendulum",
                "mountain-car",
                "point-maze",
                "point-mass",
                "stabilise",
            ];
            let environment = file["environment"]["kind"].as_str();
            if environment.is_some_and(|kind| control.contains(&kind)) {
                file["data"] = json!({"kind": "file", "path": "data.safetensors"});
            }
        }
        "case" => {
            // A case needs points above 0, whatever is tried on its first check.
            let mut second = file["checks"][0].clone();
            second["id"] = json!("second");
            second["points"] = json!(1);
            file["checks"] = json!([file["checks"][0], second]);
            file["truth"] = json!({"diagnosis": "Influenza"});
        }
        _ => {}
    }
    file
}

/// The names that a problem's help lists.
fn listed(problem: &Problem, what: &str) -> Vec<String> {
    let help = problem.help.clone().unwrap_or_default();
    let names = help.strip_prefix(what).map(str::to_owned);
    let names = names.unwrap_or_else(|| panic!("{}: {help:?}", problem.message));
    names
        .trim_start_matches(": ")
        .split(", ")
        .map(str::to_owned)
        .collect()
}

fn each_place(mut look: impl FnMut(&str, &Value, &Path, &Place)) {
    let folder = folder();
    for (kind, _) in KINDS {
        let root = schema(kind);
        for form in forms(&root) {
            let file = base(kind, &root, &form);
            if let Err(problems) = read(kind, folder.path(), &file) {
                panic!("{kind}: {file} {problems:#?}");
            }
            for place in places(&root, &form, &file) {
                look(kind, &root, folder.path(), &place);
            }
        }
    }
}

#[test]
fn the_keys_are_those_of_the_reader() {
    let mut missing = Vec::new();
    each_place(|kind, _, folder, place| {
        let name = place.name(STRANGE);
        let found = problems(kind, folder, &place.with(STRANGE, json!(7)));
        let message = format!("unknown key `{name}`");
        let found = found.iter().find(|problem| problem.message == message);
        let found = found.unwrap_or_else(|| panic!("{kind}: the reader takes {name}"));
        let valid = listed(found, "valid keys");
        for key in &valid {
            let name = place.name(key);
            let unused = UNUSED.contains(&name.as_str())
                || kind == "suite" && UNUSED_IN_SUITES.contains(&name.as_str());
            if !place.all_keys.contains(key) && !unused {
                missing.push(format!("{kind}: {name} is not in the schema"));
            }
        }
        for (key, _) in place.keys.iter().filter(|(key, _)| !valid.contains(key)) {
            // What is read before the rest is not listed, and yet known.
            let name = format!("`{}`", place.name(key));
            let found = problems(kind, folder, &place.with(key, json!(true)));
            let known =
                |p: &Problem| p.kind != ProblemKind::UnknownKey && p.message.contains(&name);
            if !found.iter().any(known) {
                missing.push(format!("{kind}: {name} is not read: {found:?}"));
            }
        }
    });
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn the_words_are_those_of_the_reader() {
    // The forms of a file share some keys, and each knows words of its own.
    let mut seen: BTreeMap<String, [BTreeSet<String>; 2]> = BTreeMap::new();
    each_place(|kind, root, folder, place| {
        for (key, rule) in &place.keys {
            let rule = super::validate::resolved(root, rule);
            let items = rule.get("items").and_then(|items| items.get("enum"));
            let (words, value) = match (rule.get("enum").and_then(Value::as_array), items) {
                (Some(words), _) => (words.clone(), json!(STRANGE)),
                (_, Some(words)) => (words.as_array().unwrap().clone(), json!([STRANGE])),
                _ if key == "kind" => (place.kinds.clone(), json!(STRANGE)),
                _ => continue,
            };
            let name = format!("unknown value of `{}`", place.name(key));
            let found = problems(kind, folder, &place.with(key, value));
            let found = found.iter().find(|problem| problem.message == name);
            let found = found.unwrap_or_else(|| panic!("{kind}: no {name}"));
            let words = words.iter().map(|word| word.as_str().unwrap().to_owned());
            let [ours, valid] = seen
                .entry(format!("{kind}: {}", place.name(key)))
                .or_default();
            ours.extend(words);
            valid.extend(listed(found, "valid values"));
        }
    });
    // A suite is of a clinic, whatever other kinds there are.
    let kinds = seen.remove("suite: environment.kind").unwrap();
    assert_eq!(kinds[0], BTreeSet::from(["clinic".to_owned()]));
    for (place, [words, valid]) in &seen {
        assert_eq!(words, valid, "{place}");
    }
    assert!(seen.len() >= 20, "{}", seen.len());
}

/// Whether nothing is wrong but that the team is of no policy, or of one that gives doses where nobody takes them.
fn unsent(problems: &[Problem]) -> bool {
    let of_team = |p: &Problem| {
        p.message.starts_with("`agents.team.policy` names") || p.message.contains("gives doses")
    };
    !problems.is_empty() && problems.iter().all(of_team)
}

#[test]
fn the_defaults_are_those_of_the_reader() {
    let mut seen = 0;
    each_place(|kind, root, folder, place| {
        let without = read(kind, folder, &place.file);
        for (key, rule) in &place.keys {
            let rule = super::validate::resolved(root, rule);
            let Some(default) = rule.get("default") else {
                continue;
            };
            let with = read(kind, folder, &place.with(key, default.clone()));
            match (&without, with) {
                (Ok(without), Ok(with)) => {
                    assert_eq!(*without, with, "{kind}: {}", place.name(key));
                    seen += 1;
                }
                // It belongs to another source of patients than the smallest file has.
                (_, Err(found)) if found.iter().all(|p| p.kind == ProblemKind::Conflict) => {}
                // Who gives doses is nobody who can be sent to beds, as the smallest file has it.
                (Err(before), Err(after)) if [before, &after].iter().all(|p| unsent(p)) => {}
                (before, after) => panic!("{kind}: {}: {before:?} {after:?}", place.name(key)),
            }
        }
    });
    assert!(seen >= 50, "{seen}");
}

#[test]
fn the_ranges_are_those_of_the_reader() {
    let mut seen = 0;
    each_place(|kind, root, folder, place| {
        for (key, rule) in &place.keys {
            let rule = super::validate::resolved(root, rule);
            let step = match rule.get("type").and_then(Value::as_str) {
                Some("integer") => 1.0,
                Some("number") => 0.001,
                _ => continue,
            };
            let number = |value: f64| match step == 1.0 {
                true => json!(value as i64),
                false => json!(value),
            };
            let refused = |value: f64| {
                let found = problems(kind, folder, &place.with(key, number(value)));
                let message = format!("`{}` is out of range", place.name(key));
                found.iter().any(|problem| problem.message == message)
            };
            let bound = |word: &str| rule.get(word).and_then(Value::as_f64);
            let name = place.name(key);
            if let Some(least) = bound("minimum") {
                assert!(!refused(least) && refused(least - step), "{kind}: {name}");
            } else {
                let least = bound("exclusiveMinimum").unwrap_or_else(|| panic!("{kind}: {name}"));
                assert!(refused(least) && !refused(least + step), "{kind}: {name}");
            }
            if let Some(most) = bound("maximum") {
                assert!(!refused(most) && refused(most + step), "{kind}: {name}");
            }
            seen += 1;
        }
    });
    assert!(seen >= 40, "{seen}");
}

#[test]
fn every_shipped_file_fits_its_schema() {
    let files = shipped_files();
    assert!(files.len() >= 6, "{files:?}");
    files.iter().for_each(|file| fits(file));
}

#[test]
fn a_wrong_file_does_not_fit() {
    let root = schema("scenario");
    let file = base("scenario", &root, &forms(&root)[0]);
    assert!(super::validate::faults(&root, &file).is_empty());
    for (pointer, value) in [
        ("/environment/kind", json!("clinc")),
        ("/agents/team/policy", json!(1)),
        ("/policies/doctor/kind", json!("plan")),
        ("/name", json!("")),
    ] {
        let mut wrong = file.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert!(
            !super::validate::faults(&root, &wrong).is_empty(),
            "{pointer}"
        );
    }
}
