//! Models that are scripted or replayed, and visits at their limits.

use std::fs;

use serde_json::Value;

use crate::{Place, WARD, summary};

/// Sixteen names, of which two are there twice, once in capitals.
const LIST: &str =
    r#"["Flu","FLU","Gout","Asthma","Gout","A","B","C","D","E","F","G","H","I","J","K"]"#;

/// A ward whose team of `team` says what `script.toml` says.
pub(super) fn spoken(team: &str) -> Place {
    let place = Place::new();
    let spoken = WARD.replace(
        "kind = \"knowledge\"",
        "kind = \"language\"\nmodel = \"clinician\"",
    );
    let model = "[models.clinician]\nkind = \"scripted\"\nscript = \"script.toml\"\n";
    place.write("ward.toml", format!("{spoken}{model}"));
    let content = format!("\"RESPONSE_CONTENT\":{LIST},\"CONFIDENCE\":5,\"RATIONALE\":\"r\"");
    let rules = [
        (
            "triage",
            format!("{{\"RATIONALE\":\"r\",\"SUGGEST_SPECIALISTS\":{team}}}"),
        ),
        ("confidence", "DECISION: very confident".to_owned()),
        (
            "solo",
            format!("{{\"RESPONSE_TYPE\":\"diagnosis\",{content}}}"),
        ),
        (
            "propose",
            format!("{{\"RESPONSE_TYPE\":\"diagnosis\",{content}}}"),
        ),
        ("vote", "AGREE".to_owned()),
    ];
    let script: String = rules
        .iter()
        .map(|(purpose, reply)| format!("[[rules]]\npurpose = \"{purpose}\"\nreply = '{reply}'\n"))
        .collect();
    place.write("script.toml", script);
    place
}

const ONE: &str = "[\"Cardiology\"]";
pub(super) const TWO: &str = "[\"Cardiology\",\"Rheumatology\"]";

/// The events of one kind in a run.
fn events(place: &Place, run: &str, kind: &str) -> Vec<Value> {
    fs::read_to_string(place.path(run).join("events.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|event: &Value| event["kind"] == kind)
        .collect()
}

#[test]
fn a_spoken_list_is_rid_of_repeats_and_cut_to_ten() {
    for team in [ONE, TWO] {
        let place = spoken(team);
        place.works("run ward.toml --out run --quiet");
        assert_eq!(summary(&place.path("run"))["episodes"]["done"], 3);
        let diagnosed = events(&place, "run", "diagnosed");
        assert_eq!(diagnosed.len(), 3);
        for event in diagnosed {
            let list = event["list"].as_array().unwrap();
            let names: Vec<&str> = list.iter().map(|d| d["name"].as_str().unwrap()).collect();
            assert_eq!(
                names,
                ["Flu", "Gout", "Asthma", "A", "B", "C", "D", "E", "F", "G"]
            );
        }
    }
}

#[test]
fn a_team_of_one_agrees_with_itself() {
    let place = spoken(ONE);
    for arguments in ["", "--set agents.team.agree_threshold=1"] {
        place.works(&format!("run ward.toml --out run --quiet {arguments}"));
        assert_eq!(events(&place, "run", "diagnosed").len(), 3);
        assert!(events(&place, "run", "asked").is_empty());
        fs::remove_dir_all(place.path("run")).unwrap();
    }
    place.write("ward.toml", WARD);
    place.works("run ward.toml --set agents.team.max_members=1 --out run --quiet");
    assert_eq!(events(&place, "run", "diagnosed").len(), 3);
    assert_eq!(summary(&place.path("run"))["episodes"]["done"], 3);
}

#[test]
fn without_rounds_the_answer_comes_from_the_introduction() {
    for place in [spoken(ONE), spoken(TWO), Place::new()] {
        place.works("run ward.toml --set limits.rounds=0 --out run --quiet");
        assert!(events(&place, "run", "asked").is_empty());
        assert_eq!(events(&place, "run", "diagnosed").len(), 3);
        let summary = summary(&place.path("run"));
        assert_eq!(summary["episodes"]["done"], 3);
        assert_eq!(summary["arms"][0]["metrics"]["forced"]["mean"], 1.0);
    }
}

#[test]
fn a_script_that_cannot_be_used_is_named() {
    let place = spoken(ONE);
    fs::rename(place.path("script.toml"), place.path("scripts.toml")).unwrap();
    place.refused(
        "ward.toml",
        &[
            "`models.clinician.script`",
            "ward.toml:18:10",
            "did you mean `scripts.toml`?",
        ],
    );
    for (script, parts) in [
        ("rules = 3", ["script.toml", "line 1"]),
        (
            "[[rules]]\npurpos = \"vote\"\nreply = \"x\"",
            ["line 2", "unknown field `purpos`"],
        ),
        (
            "[[rules]]\npurpose = \"vote\"",
            ["script.toml: rule 1", "expected exactly one of reply"],
        ),
    ] {
        place.write("script.toml", script);
        place.refused("ward.toml", &parts);
    }
}

#[test]
fn a_model_that_is_not_declared_is_named() {
    let place = spoken(ONE);
    place.fails(
        2,
        "run ward.toml --set policies.specialist.model=clinican",
        &["no table `[models.clinican]`", "did you mean `clinician`?"],
    );
}

#[test]
fn a_script_without_a_rule_fails_its_episodes_with_a_reason() {
    let place = spoken(ONE);
    place.write(
        "script.toml",
        "[[rules]]\npurpose = \"vote\"\nreply = \"AGREE\"\n",
    );
    let told = place.works("run ward.toml --out run --quiet");
    assert!(told.contains("0 done, 3 failed"), "{told}");
    assert!(
        told.contains("Why episodes failed: rounds show run"),
        "{told}"
    );
    let list = place.works("show run");
    assert!(
        list.contains("no rule of the script fits the request"),
        "{list}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_warning_that_cannot_be_written_ends_nothing() {
    let place = spoken(ONE);
    place.works("run ward.toml --out run --quiet");
    let mut calls = fs::read(place.path("run/calls.jsonl")).unwrap();
    calls.extend(b"{\"torn");
    place.write("calls.jsonl", calls);
    let status = place
        .command("run ward.toml --replay calls.jsonl --out replayed --quiet")
        .stdout(std::process::Stdio::null())
        .stderr(fs::File::create("/dev/full").unwrap())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_recording_that_cannot_be_used_is_refused_before_anything_is_written() {
    let place = spoken(ONE);
    place.works("run ward.toml --out run --quiet");
    let calls = fs::read_to_string(place.path("run/calls.jsonl")).unwrap();
    let mut lines: Vec<&str> = calls.lines().collect();
    assert!(lines.len() > 2);
    lines[1] = "{";
    place.write("torn.jsonl", lines.join("\n") + "\n");
    place.write("empty.jsonl", "");
    for scenario in ["ward.toml", "plain.toml"] {
        place.write("plain.toml", WARD);
        for (file, part) in [
            ("none.jsonl", "cannot read the recording none.jsonl"),
            (
                "torn.jsonl",
                "torn.jsonl: line 2 of the recording is damaged",
            ),
            (
                "empty.jsonl",
                "empty.jsonl: expected at least one call, got none",
            ),
            (
                "script.toml",
                "script.toml: line 1 of the recording is damaged",
            ),
        ] {
            let arguments = format!("run {scenario} --out replayed --replay {file}");
            place.fails(2, &arguments, &[part]);
            assert!(!place.path("replayed").exists());
        }
    }
    place.works("run ward.toml --out replayed --replay run/calls.jsonl --quiet");
    let log = |run: &str| fs::read(place.path(run).join("events.jsonl")).unwrap();
    assert_eq!(log("run"), log("replayed"));
    place.works("score replayed");
}
