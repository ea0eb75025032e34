//! Agents see no truth, and learn on days that no test has.

use std::collections::{BTreeMap, BTreeSet};

use rounds::run::Episode;
use serde_json::Value;

use super::{BENCH, arm, episodes, place, says, text};

fn ids(value: &Value) -> Vec<u64> {
    let list = value.as_array().unwrap().iter();
    list.map(|id| id.as_u64().unwrap()).collect()
}

/// Keys of the lines of the side of the doctors, by kind.
fn keys(day: &Episode) -> BTreeSet<(String, String)> {
    let lines = day.events.iter().filter(|event| event.side == "doctor");
    lines
        .flat_map(|event| {
            let keys = event.fields.keys();
            keys.map(|key| (event.kind.clone(), key.clone()))
        })
        .collect()
}

#[test]
fn what_agents_see_names_no_truth() {
    let mut seen = BTreeSet::new();
    for name in ["rota + protocol", "ma-spl + dt"] {
        for day in episodes(&arm(&BENCH.folder, name)) {
            seen.extend(keys(&day));
        }
    }
    let kinds = |kind: &str| -> Vec<&str> {
        let of = seen.iter().filter(|(known, _)| known == kind);
        of.map(|(_, key)| key.as_str()).collect()
    };
    assert_eq!(kinds("dosed"), ["doses", "patients", "saw"]);
    assert_eq!(kinds("triaged"), ["acuity", "complaint", "patient"]);
    assert_eq!(
        kinds("diagnosed"),
        ["answer", "bed", "forced", "p", "patient"]
    );
    for (kind, key) in &seen {
        let hidden = [
            "truth",
            "codes",
            "index",
            "rewards",
            "unstable",
            "collapsed",
        ];
        assert!(!hidden.contains(&key.as_str()), "{kind}: {key}");
    }
}

#[test]
fn a_wrong_diagnosis_looks_like_a_right_one() {
    let [mut right, mut wrong, mut before] = [0; 3];
    for name in ["rota + protocol", "ma-spl + dt"] {
        for day in episodes(&arm(&BENCH.folder, name)) {
            let mut truth: BTreeMap<u64, Vec<String>> = BTreeMap::new();
            // In which tick, and whether it is right.
            let mut diagnosed: BTreeMap<u64, (u32, bool)> = BTreeMap::new();
            for event in &day.events {
                let patient = event.number("patient").map(|patient| patient as u64);
                match (event.kind.as_str(), patient) {
                    ("arrived", Some(patient)) => {
                        let names = event.fields["truth"].as_array().unwrap().iter();
                        let names = names.map(|name| name.as_str().unwrap().to_owned());
                        truth.insert(patient, names.collect());
                    }
                    ("diagnosed", Some(patient)) => {
                        let answer = event.text("answer").unwrap();
                        let is_right = truth[&patient].iter().any(|name| name == answer);
                        diagnosed.insert(patient, (event.round, is_right));
                    }
                    ("dosed", None) => {
                        let saw = event.fields["saw"].as_array().unwrap();
                        for (patient, saw) in ids(&event.fields["patients"]).iter().zip(saw) {
                            assert_eq!(saw.as_array().unwrap().len(), 7);
                            // The sixth number says whether there was a diagnosis when the tick began.
                            let told = saw[5].as_f64().unwrap();
                            let known = diagnosed.get(patient);
                            match known.filter(|(tick, _)| *tick < event.round) {
                                Some((_, is_right)) => {
                                    assert_eq!(told, 1.0, "patient {patient}, right: {is_right}");
                                    right += usize::from(*is_right);
                                    wrong += usize::from(!*is_right);
                                }
                                None => {
                                    assert_eq!(told, 0.0, "patient {patient}");
                                    before += 1;
                                }
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(
        right > 20 && wrong > 20 && before > 100,
        "{right} right, {wrong} wrong, {before} before"
    );
}

/// What was given in a run.
fn doses(run: &std::path::Path) -> Vec<String> {
    let days = episodes(run).into_iter();
    let events = days.flat_map(|day| day.events);
    let dosed = events.filter(|event| event.kind == "dosed");
    dosed.map(|event| format!("{:?}", event.fields)).collect()
}

/// When patients come.
fn arrivals(run: &std::path::Path) -> BTreeSet<String> {
    let days = episodes(run).into_iter();
    let events = days.flat_map(|day| day.events);
    let came = events.filter(|event| event.kind == "arrived");
    came.map(|event| format!("{:?}", event.minute)).collect()
}

#[test]
fn models_learn_on_days_that_no_test_has() {
    // The seed of the days before the test, where none is written.
    let before = 11 + (1_u64 << 61);
    let (folder, file) = place("");
    let run = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let command = [
            "run",
            text(&file),
            "--arm",
            "rota + bc",
            "--quiet",
            "--out",
            text(&out),
        ];
        let few = ["--episodes", "4", "--set", "agents.beds.trainings=1"];
        says(&[&command[..], &few, more].concat());
        out
    };
    let default = doses(&run("default", &[]));
    assert!(default.len() > 20);
    let named = format!("data.seed={before}");
    assert!(doses(&run("named", &["--set", &named])) == default);
    assert!(doses(&run("test", &["--set", "data.seed=11"])) != default);
    // Those days are of other patients.
    let seed = before.to_string();
    let [test, earlier] = [("of", "11"), ("earlier", &*seed)].map(|(name, seed)| {
        let protocol = "agents.beds.policy=protocol";
        arrivals(&run(name, &["--seed", seed, "--set", protocol]))
    });
    assert!(test.len() > 50 && earlier.len() > 50);
    assert!(test.is_disjoint(&earlier));
}
