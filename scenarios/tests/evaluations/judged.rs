//! Judges: votes, what stays open, and bounds.

use super::{CASE, Place};

fn judged(votes: &str, rules: &str) -> Place {
    let place = Place::new();
    let check = format!(
        "\n[[checks]]\nid = \"kind\"\njudge = {{ question = \"Was the doctor kind?\"{votes} }}\n\
         points = 10\naxis = \"communication\"\n"
    );
    place.write("cases/clot.toml", &format!("{CASE}{check}"));
    place.write("judge.toml", rules);
    place.suite_with(
        "[agents.team]",
        "[judge]\nmodel = \"judge\"\n\n[models.judge]\nkind = \"scripted\"\nscript = \"judge.toml\"\n\n[agents.team]",
    );
    place
}

#[test]
fn a_judge_counts_by_its_majority_and_is_asked_about_the_transcript() {
    let rules = "[[rules]]\ncontains = \"My left calf is swollen.\"\nreply = \"Yes.\"\n\n[[rules]]\nreply = \"No.\"\n";
    let place = judged(", votes = 3", rules);
    place.ends(0, &["evaluate", "suite.toml", "--out", "out"]);
    let calls = place.read("out/arms/00-default/judge-calls.jsonl");
    assert_eq!(calls.lines().count(), 6, "two visits, three votes");
    assert!(
        !calls.contains("Pulmonary embolism"),
        "the truth is not shown"
    );
    let metrics = &place.json("out/summary.json")["arms"][0]["metrics"];
    assert_eq!(metrics["score.communication"]["mean"], 1.0);
    assert_eq!(metrics["undetermined"]["mean"], 0.0);
}

#[test]
fn what_a_judge_leaves_open_is_undetermined_and_bounds_the_score() {
    let place = judged("", "[[rules]]\nreply = \"Perhaps.\"\n");
    let (_, errors) = place.ends(3, &["evaluate", "suite.toml", "--out", "out"]);
    assert!(errors.contains("as_expected"), "{errors}");
    let line = place.read("out/evaluation.jsonl");
    let line: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&line["passed"], &line["score"]),
        (&serde_json::Value::Null, &1.0.into())
    );
    assert_eq!(line["score_bounds"], serde_json::json!([0.5, 1.0]));
    assert_eq!(line["verdict_coverage"], 0.75);
    // An unreadable reply is asked for once more.
    let calls = place.read("out/arms/00-default/judge-calls.jsonl");
    assert_eq!(calls.lines().count(), 4);
    let (before, again) = (
        place.read("out/evaluation.jsonl"),
        place.ends(0, &["score", "out"]),
    );
    assert!(place.read("out/evaluation.jsonl") == before, "{again:?}");
}

#[test]
fn without_a_judge_an_optional_check_is_left_out() {
    let place = judged("", "");
    let check = "\n[[checks]]\nid = \"kind\"\njudge = { question = \"Kind?\" }\npoints = 10\noptional = true\n";
    place.write("cases/clot.toml", &format!("{CASE}{check}"));
    place.write("suite.toml", super::SUITE);
    place.ends(0, &["evaluate", "suite.toml", "--out", "out"]);
    let metrics = &place.json("out/summary.json")["arms"][0]["metrics"];
    assert_eq!(
        (&metrics["score"]["mean"], &metrics["undetermined"]["mean"]),
        (&1.0.into(), &0.0.into())
    );
}
