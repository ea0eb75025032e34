//! What must not leave, and what cannot be exported.

use std::fs;

use serde_json::Value;

use crate::Place;

#[test]
fn of_restricted_records_no_text_leaves_unasked() {
    let place = Place::new();
    place.works("run spoken.toml --quiet --out run");
    place.edit("run", |manifest| manifest["restricted"] = true.into());
    let said = place.works("export run --to inspect --out closed.json");
    assert!(said.contains("--include-record-text"), "{said}");
    let text = fs::read_to_string(place.path("closed.json")).unwrap();
    // Names of cases, complaints, answers, diagnoses, prompts, replies, errors.
    for word in [
        "kb:",
        "treptococcal",
        "I have come",
        "joints",
        "Gout",
        "RESPONSE_TYPE",
        "torn",
    ] {
        assert!(!text.contains(word), "{word}");
    }
    let closed = place.log("closed.json");
    assert_eq!(closed["samples"][1]["id"], "case 2");
    assert_eq!(closed["eval"]["metadata"]["record_text"], false);
    assert_eq!(closed["samples"][2]["limit"]["type"], "cost");
    let said = place.works("export run --to inspect --include-record-text --out open.json");
    assert!(said.contains("holds text of them"), "{said}");
    let open = place.log("open.json");
    assert_eq!(open["samples"][1]["id"], "kb:1");
    assert_eq!(open["results"], closed["results"]);
    let values = |log: &Value| -> Vec<Value> {
        let samples = log["samples"].as_array().unwrap().iter();
        samples
            .map(|s| s["scores"]["questions"]["value"].clone())
            .collect()
    };
    assert_eq!(values(&open), values(&closed));
}

#[test]
fn what_cannot_be_exported_is_named_and_nothing_is_lost() {
    let place = Place::new();
    place.works("run spoken.toml --quiet --out run");
    place.works("bench spoken.toml --vary limits.rounds=2,3 --quiet --out bench");
    fs::write(place.path("kept.eval"), "mine").unwrap();
    fs::create_dir(place.path("empty")).unwrap();

    place.refused("export run", &["--to <PROGRAM>"]);
    place.refused(
        "export run --to wandb",
        &["invalid value", "possible values: inspect"],
    );
    place.refused(
        "export nowhere --to inspect",
        &["expected the folder of a run"],
    );
    place.refused(
        "export empty --to inspect",
        &["expected a file events.jsonl"],
    );
    place.refused(
        "export run --to inspect --out kept.eval",
        &["kept.eval: the file exists"],
    );
    place.refused(
        "export run --to inspect --out log.csv",
        &[".eval or .json, or a folder"],
    );
    place.refused(
        "export bench --to inspect --out one.eval",
        &["name one with --arm", "limits.rounds=2"],
    );
    place.refused(
        "export bench --to inspect --arm limits.rounds=4",
        &["there is no arm", "limits.rounds=3"],
    );
    assert_eq!(fs::read(place.path("kept.eval")).unwrap(), b"mine");
    assert!(place.files("empty").is_empty());

    // An arm alone has no summary of its own.
    let arm = place.files("bench/arms").into_iter().next().unwrap();
    place.refused(
        &format!("export bench/arms/{arm} --to inspect"),
        &["expected a file summary.json", "rounds score"],
    );
    // A run that was interrupted is told to go on.
    let run = place.path("run");
    fs::rename(run.join("events.jsonl"), run.join("events.partial.jsonl")).unwrap();
    place.refused("export run --to inspect", &["was interrupted", "--resume"]);
    fs::rename(run.join("events.partial.jsonl"), run.join("events.jsonl")).unwrap();
    // A damaged call is named by its line, and no half of a log stays.
    let calls = fs::read_to_string(run.join("calls.jsonl")).unwrap();
    fs::write(run.join("calls.jsonl"), format!("{calls}no call\n")).unwrap();
    let line = format!("line {}", calls.lines().count() + 1);
    place.refused("export run --to inspect", &["calls.jsonl", &line]);
    assert!(place.files("run/inspect").is_empty());
}
