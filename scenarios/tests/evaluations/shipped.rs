//! The suite that is shipped: it passes, and its checks tell careless policies from careful ones.

use std::process::Command;

use serde_json::Value;

use super::project;

fn evaluate(arguments: &[&str]) -> Value {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("out");
    let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
        .current_dir(project())
        .args([
            "evaluate",
            "scenarios/evaluations/suite.toml",
            "--json",
            "--out",
        ])
        .arg(&folder)
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_shipped_suite_meets_its_thresholds() {
    let summary = evaluate(&[]);
    let evaluation = &summary["evaluation"];
    let cases = evaluation["arms"][0]["cases"].as_array().unwrap();
    assert!(cases.len() >= 16, "{}", cases.len());
    let failed = cases
        .iter()
        .filter(|case| case["status"] == "failed as expected");
    assert!(failed.count() >= 2);
    for threshold in evaluation["thresholds"].as_array().unwrap() {
        assert_eq!(threshold["met"], true, "{threshold}");
    }
    let never = evaluation["arms"][0]["never_events"].as_array().unwrap();
    let any = never.last().unwrap();
    let (of, upper) = (
        any["of"].as_f64().unwrap(),
        any["upper95"].as_f64().unwrap(),
    );
    assert!((upper - (1.0 - 0.05_f64.powf(1.0 / of))).abs() < 1e-9 || any["cases"] != 0);
}

#[test]
fn careless_policies_are_named_and_their_careful_twins_pass() {
    let result = evaluate(&["--self-test"]);
    for pair in result["pairs"].as_array().unwrap() {
        assert_eq!(
            (&pair["named"], &pair["twin_passed"]),
            (&true.into(), &true.into()),
            "{pair}"
        );
    }
    assert!(result["sensitivity"]["k"].as_u64().unwrap() >= 20);
    assert_eq!(result["sensitivity"]["mean"], 1.0);
    assert_eq!(result["specificity"]["mean"], 1.0);
}
