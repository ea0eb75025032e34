//! What an evaluation leaves behind.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{CASE, Place};

/// Tests, failures, errors and skipped tests of a JUnit file, counted by their elements.
fn junit_counts(xml: &str) -> BTreeMap<&'static str, usize> {
    let count = |element: &str| xml.matches(&format!("<{element} ")).count();
    BTreeMap::from([
        ("tests", count("testcase")),
        ("failures", count("failure")),
        ("errors", count("error")),
        ("skipped", count("skipped")),
    ])
}

/// The same by `summary.json`.
fn summary_counts(summary: &Value) -> BTreeMap<&'static str, usize> {
    let arms = summary["evaluation"]["arms"].as_array().unwrap();
    ["tests", "failures", "errors", "skipped"]
        .into_iter()
        .map(|key| {
            let counts = arms.iter().map(|arm| arm[key].as_u64().unwrap() as usize);
            (key, counts.sum())
        })
        .collect()
}

#[test]
fn junit_and_summary_count_the_same() {
    let place = Place::new();
    place.write(
        "cases/b.toml",
        &CASE
            .replace("\"clot\"", "\"b\"")
            .replace("points = 7", "points = -7"),
    );
    let known = CASE
        .replace("\"clot\"", "\"c\"")
        .replace("points = 3", "points = 300");
    let known = known.replace("asked(leg_swelling)", "asked(travel)");
    place.write(
        "cases/c.toml",
        &known.replace("licence", "expect = \"fail\"\nlicence"),
    );
    place.ends(3, &["evaluate", "suite.toml", "--out", "out"]);
    let (xml, summary) = (place.read("out/junit.xml"), place.json("out/summary.json"));
    assert_eq!(junit_counts(&xml), summary_counts(&summary));
    assert_eq!(summary_counts(&summary)["failures"], 1);
    assert_eq!(summary_counts(&summary)["skipped"], 1);
    let lines = place.read("out/evaluation.jsonl");
    assert_eq!(lines.lines().count(), 6);
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["schema"], "rounds.evaluation/1");
    assert_eq!(first["case_hash"].as_str().unwrap().len(), 64);
    assert!(
        place
            .read("out/evaluation.md")
            .contains("| b | **failed** | 0 of 2 |")
    );
    let page = place.read("out/report.html");
    assert!(page.contains("why it did not pass") && page.contains("not for clinical use"));
}

#[test]
fn a_stored_evaluation_is_scored_again_by_the_cases_it_was_played_with() {
    let place = Place::new();
    place.ends(0, &["evaluate", "suite.toml", "--out", "out"]);
    let names = ["evaluation.jsonl", "junit.xml", "evaluation.md"];
    let before: Vec<String> = names
        .iter()
        .map(|n| place.read(&format!("out/{n}")))
        .collect();
    let mut summary = place.json("out/summary.json");
    // The files of the suite have changed, the evaluation has not.
    place.case_with("points = 7", "points = 700");
    let (printed, _) = place.ends(0, &["score", "out", "--json"]);
    for (name, before) in names.iter().zip(&before) {
        assert!(place.read(&format!("out/{name}")) == *before, "{name}");
    }
    let mut again: Value = serde_json::from_str(&printed).unwrap();
    for summary in [&mut summary, &mut again] {
        summary["timing"] = Value::Null;
    }
    assert_eq!(summary, again);
}

#[test]
fn results_do_not_depend_on_jobs_and_resume() {
    let place = Place::new();
    place.suite_with(
        "repeats = 2",
        "repeats = 40\n[environment]\nnoise = { unknown = 0.3 }\n",
    );
    place.ends(
        0,
        &["evaluate", "suite.toml", "--out", "one", "--jobs", "1"],
    );
    place.ends(
        0,
        &["evaluate", "suite.toml", "--out", "two", "--jobs", "2"],
    );
    assert!(place.read("one/evaluation.jsonl") == place.read("two/evaluation.jsonl"));
    let before = place.read("one/summary.json");
    place.ends(0, &["evaluate", "suite.toml", "--resume", "one"]);
    assert!(
        place.read("one/summary.json") == before,
        "a finished evaluation is left alone"
    );
}

#[test]
fn explain_names_the_events_that_decided() {
    let place = Place::new();
    place.suite_with(
        "\"ask leg_swelling\", \"order ct\"",
        "\"order ct\", \"ask leg_swelling\"",
    );
    let (out, _) = place.ends(
        0,
        &[
            "evaluate",
            "suite.toml",
            "--out",
            "out",
            "--explain",
            "clot",
        ],
    );
    let ordered = out.find("asked: ct").unwrap();
    let asked = out
        .rfind("asked: Are your legs or ankles swollen?")
        .unwrap();
    assert!(
        out.contains("✗ leg-first: not met (+3 points, order)"),
        "{out}"
    );
    assert!(ordered < asked, "{out}");
    assert!(out.contains("the same in episodes 1"), "{out}");
}

#[test]
fn json_cases_are_read_by_the_same_schema() {
    let place = Place::new();
    let table: toml::Table = CASE.parse().unwrap();
    std::fs::remove_file(place.path("cases/clot.toml")).unwrap();
    place.write(
        "cases/clot.json",
        &serde_json::to_string_pretty(&table).unwrap(),
    );
    place.suite_with("cases/*.toml", "cases/*.json");
    place.ends(0, &["evaluate", "suite.toml", "--out", "out"]);
    let summary = place.json("out/summary.json");
    assert_eq!(summary["arms"][0]["metrics"]["score"]["mean"], 1.0);
    place.write(
        "cases/clot.json",
        "{\n  \"schema\": \"rounds.case/1\",\n  \"id\": null\n}",
    );
    let (_, errors) = place.ends(2, &["check", "suite.toml"]);
    assert!(
        errors.contains("`null` says nothing") && errors.contains("clot.json:3"),
        "{errors}"
    );
}

#[test]
fn limits_of_a_case_cut_its_visits() {
    let place = Place::new();
    place.case_with("[truth]", "[limits]\nrounds = 1\n\n[truth]");
    place.ends(0, &["evaluate", "suite.toml", "--out", "rounds"]);
    let summary = place.json("rounds/summary.json");
    assert_eq!(summary["arms"][0]["metrics"]["rounds"]["mean"], 1.0);
    place.case_with("[truth]", "[limits]\ncost = 100\n\n[truth]");
    let (out, _) = place.ends(3, &["evaluate", "suite.toml", "--out", "cost"]);
    assert!(out.contains("0 done, 0 failed, 2 aborted"), "{out}");
}
