//! The ward, played by a model that is trained first.

use std::fs;

use serde_json::Value;

use crate::{Place, WARD};

fn local_ward() -> String {
    let spoken = WARD.replace(
        "kind = \"knowledge\"",
        "kind = \"language\"\nmodel = \"tiny\"\nmax_tokens = 60",
    );
    format!(
        "{spoken}\n[models.tiny]\nkind = \"candle\"\npath = \"tiny\"\ntrain = \"training.toml\"\n"
    )
}

fn lines(place: &Place, name: &str) -> Vec<Value> {
    let text = place.read(name);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_model_is_trained_when_it_is_missing_and_then_decides_everything() {
    let place = Place::new();
    place.write("local.toml", local_ward());
    let told = place.output(&["run", "local.toml", "--out", "one"]);
    let said = String::from_utf8_lossy(&told.stderr);
    assert!(said.contains("is trained first"), "{said}");
    let calls = lines(&place, "one/calls.jsonl");
    assert!(calls.len() > 5);
    assert!(calls.iter().all(|call| call["model"] == "tiny"));
    assert!(
        calls
            .iter()
            .all(|call| call["prompt_tokens"].as_u64() > Some(10))
    );
    let summary: Value = serde_json::from_str(&place.read("one/summary.json")).unwrap();
    assert_eq!(summary["episodes"]["asked"], 3);
    assert_eq!(summary["calls"]["cost_usd"], 0.0);
    let manifest: Value = serde_json::from_str(&place.read("one/manifest.json")).unwrap();
    assert!(manifest["data"]["models"]["tiny"]["sha256"].is_string());

    // The same again, in other company and from the recording: the same bytes.
    let again = place.output(&[
        "run",
        "local.toml",
        "--quiet",
        "--jobs",
        "2",
        "--out",
        "two",
    ]);
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(!said.contains("is trained first"), "{said}");
    place.output(&[
        "run",
        "local.toml",
        "--quiet",
        "--set",
        "models.tiny.sequences=1",
        "--set",
        "models.tiny.step_tokens=7",
        "--out",
        "three",
    ]);
    let events = place.read("one/events.jsonl");
    assert_eq!(place.read("two/events.jsonl"), events);
    assert_eq!(place.read("three/events.jsonl"), events);
    fs::rename(place.path("tiny"), place.path("gone")).unwrap();
    place.output(&[
        "run",
        "local.toml",
        "--quiet",
        "--replay",
        "one/calls.jsonl",
        "--out",
        "four",
    ]);
    assert_eq!(place.read("four/events.jsonl"), events);
}

#[test]
fn a_model_that_is_not_there_is_told_with_the_nearest_name() {
    let place = Place::new();
    crate::golden_model(&place, "model");
    let ward = local_ward()
        .replace("train = \"training.toml\"\n", "")
        .replace("path = \"tiny\"", "path = \"modell\"");
    place.write("local.toml", ward);
    let told = place.fails(2, &["run", "local.toml", "--out", "run"]);
    assert!(
        told.contains("did you mean `model`") || told.contains("did you mean `./model`"),
        "{told}"
    );
    let told = place.fails(
        2,
        &["run", "ward.toml", "--model", "nowhere", "--out", "run"],
    );
    assert!(told.contains("no folder or .gguf file"), "{told}");
    assert!(!place.path("run").exists());
}

#[test]
fn a_device_is_named_in_the_scenario_and_refused_where_it_is_not() {
    let place = Place::new();
    crate::golden_model(&place, "model");
    let ward = local_ward()
        .replace("train = \"training.toml\"\n", "")
        .replace("path = \"tiny\"", "path = \"model\"");
    place.write("local.toml", ward);
    let refused =
        |setting: &str| place.fails(2, &["run", "local.toml", "--out", "run", "--set", setting]);
    for (setting, told) in [
        ("models.tiny.device=\"gpu\"", "expected cpu, cuda or cuda:N"),
        (
            "models.tiny.device=\"cuda:+1\"",
            "expected cpu, cuda or cuda:N",
        ),
        ("models.tiny.dtype=\"bf17\"", "bf16"),
    ] {
        let said = refused(setting);
        assert!(said.contains(told), "{setting}: {said}");
    }
    assert!(!place.path("run").exists());
    if !cfg!(feature = "cuda") {
        let said = refused("models.tiny.device=\"cuda:1\"");
        assert!(
            said.contains("rounds-cuda") && said.contains("cuda:1"),
            "{said}"
        );
    }
}
