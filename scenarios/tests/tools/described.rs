//! `rounds describe`: the text and the facts follow the settings, and are the same bytes each time.

use serde_json::Value;

use super::{ends, shipped};

fn words(arguments: &[&str]) -> String {
    let arguments = [&["describe"], arguments].concat();
    let (out, _) = ends(0, shipped(), &arguments);
    assert_eq!(out, ends(0, shipped(), &arguments).0, "the same bytes");
    assert!(out.contains("not for clinical use"), "{out}");
    out
}

fn facts(arguments: &[&str]) -> Value {
    serde_json::from_str(&words(&[arguments, &["--json"]].concat())).unwrap()
}

#[test]
fn settings_of_the_command_line_are_told() {
    let before = words(&["ward.toml"]);
    for (setting, expected) in [
        (
            "environment.noise.unknown=0.125",
            "\u{201c}unknown\u{201d} with a probability of 12.5 %",
        ),
        ("environment.tests=down", "Tests could not be done"),
        (
            "agents.team.kind=solo-fixed",
            "one specialist, named by a general practitioner",
        ),
        (
            "agents.team.agree_threshold=0.75",
            "at least 75 % of the team",
        ),
        ("agents.team.add_at=0.2", "reached 20 %"),
        ("policies.specialist.stop_at=0.95", "a probability of 95 %"),
        ("policies.specialist.questions=random", "drawn at random"),
        (
            "policies.specialist.refer_below=0.3",
            "below a probability of 30 %",
        ),
        ("limits.minutes=45", "45 simulated minutes"),
        ("seed=99", "the seed 99"),
        ("episodes=17", "17 visits of 17 patients"),
        ("repeats=3", "600 visits of 200 patients (3 of each"),
        ("name=other", "\u{201c}other\u{201d}"),
        (
            "timeline=[{at=30, set={\"environment.tests\"=\"down\"}}]",
            "At minute 30, environment.tests became down",
        ),
    ] {
        assert!(!before.contains(expected), "{expected}");
        let after = words(&["ward.toml", "--set", setting]);
        assert!(after.contains(expected), "{setting}: {after}");
    }
    assert!(
        before.contains("Rounds 0.") && before.contains("87 conditions"),
        "{before}"
    );
    assert!(
        !before.contains("Holm"),
        "one arm is compared with none: {before}"
    );
}

#[test]
fn arms_and_their_tests_are_told() {
    let text = words(&["teams.toml"]);
    for part in [
        "12 arms were compared",
        "Arm \u{201c}static-20\u{201d} set agents.team.kind = static and limits.rounds = 20",
        "Wilson",
        "bootstrap-t",
        "McNemar",
        "Holm",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let repeated = words(&["teams.toml", "--set", "repeats=2"]);
    assert!(
        !repeated.contains("McNemar") && repeated.contains("Holm"),
        "{repeated}"
    );
}

#[test]
fn records_are_told_with_their_hash() {
    let text = words(&["records.toml"]);
    let facts = facts(&["records.toml"]);
    let hash = facts["arms"][0]["data"]["sha256"].as_str().unwrap();
    assert_eq!(hash.len(), 64);
    for part in [
        hash,
        "12 of 12",
        "first 24 hours",
        "without noise",
        "records-training",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(
        facts["settings"]["policies"]["specialist"]["learned"]["records"],
        "records-training"
    );
    let home = shipped().to_str().unwrap();
    assert!(
        !facts.to_string().contains(home) && !text.contains(home),
        "no folder of this machine"
    );
}

#[test]
fn a_consultation_is_told_as_one() {
    let text = words(&["consultation.toml"]);
    for part in [
        "protocol of AgentClinic",
        "up to 20 turns",
        "its readings were normal",
        "compared with the truth by names",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("voted"), "{text}");
}

#[test]
fn clinic_days_are_told_with_their_configurations() {
    let text = words(&["clinic-day.toml"]);
    for part in [
        "one of 14 beds, the most urgent first",
        "Every 10 min 8 specialists chose a bed each",
        "\u{201c}8 an hour, overlap 0.5\u{201d} (8 patients an hour, overlap 0.5)",
        "surrogate policy learning (MA-SPL) with eta0 = 10",
        "6 arms were compared",
        "restricted to 360 min",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let set = ["--set", "environment.staffing=unlimited"];
    let unlimited = words(&[&["clinic-day.toml"][..], &set].concat());
    assert!(unlimited.contains("stood at every bed at all times"));
    let facts = facts(&["clinic-day.toml"]);
    assert_eq!(facts["statistics"]["better"]["wait_minutes"], "lower");
    assert_eq!(facts["settings"]["environment"]["knowledge"], "builtin");
}

#[test]
fn a_suite_is_told_with_its_checks_and_thresholds() {
    let text = words(&["evaluations/suite.toml"]);
    assert!(
        text.contains("as_expected >= 1") && text.contains("evaluation cases"),
        "{text}"
    );
    let facts = facts(&["evaluations/suite.toml", "--set", "repeats=2"]);
    assert_eq!(facts["kind"], "suite");
    assert_eq!(facts["thresholds"]["as_expected"], ">= 1");
    let arm = &facts["arms"][0];
    assert_eq!(
        arm["episodes"].as_u64().unwrap(),
        2 * arm["patients"].as_u64().unwrap()
    );
    assert!(arm["checks"]["accuracy"].as_u64().unwrap() >= 1);
}

#[test]
fn a_mistake_is_told_as_by_check() {
    let arguments = ["describe", "ward.toml", "--set", "agents.team.knd=static"];
    let (_, errors) = ends(2, shipped(), &arguments);
    assert!(errors.contains("did you mean `kind`?"), "{errors}");
}

#[test]
fn a_hospital_is_told_with_its_doses_and_its_interactions() {
    let (text, _) = ends(0, shipped(), &["describe", "hospital.toml"]);
    for part in [
        "(7 patients an hour, 60 % of them deteriorated, overlap 0.2, a full staff at every bed)",
        "(7 patients an hour, 0 % of them deteriorated, overlap 0.2)",
        "an agent gave a dose from 0 to 1 every 10 min",
        "\u{201c}dt\u{201d}, a Decision Transformer trained for 800 steps, asked for the best of 3 scores",
        "\u{201c}hand-tuned\u{201d}, doses by a hand-tuned controller",
        "the logs of 3 days before the test in each configuration with the doses of each of \u{201c}protocol\u{201d}, \
         \u{201c}hand-tuned\u{201d} and \u{201c}fixed\u{201d} and the staff sent by \u{201c}rota\u{201d}",
        "each was trained 4 times",
        "in harm, with effects as ratios: \u{201c}ma-spl + dt\u{201d} against \u{201c}rota + dt\u{201d}",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (json, _) = ends(0, shipped(), &["describe", "hospital.toml", "--json"]);
    let facts: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(facts["settings"]["beds"]["data"]["days"], 3);
    assert_eq!(facts["arms"][2]["resolved"]["doses"], "dt");
    assert_eq!(facts["interactions"][1]["scale"], "ratio");
    // Patients may deteriorate where nobody gives doses.
    let half = "environment.deteriorating=0.5";
    let (text, _) = ends(
        0,
        shipped(),
        &["describe", "clinic-day.toml", "--set", half],
    );
    assert!(
        text.contains("Nobody gave doses.") && !text.contains("an agent gave"),
        "{text}"
    );
    let (text, _) = ends(0, shipped(), &["describe", "clinic-day.toml"]);
    assert!(
        !text.contains("deteriorate") && !text.contains("dose"),
        "{text}"
    );
}

#[test]
fn coordination_is_told_without_a_word_of_clinics() {
    let (text, _) = ends(0, shipped(), &["describe", "tracking.toml"]);
    for part in [
        "10 agents tracked 15 targets",
        "600 rounds",
        "a complete graph (random, adversarial and polyline targets 8:1:1)",
        "mean degree 4",
        "\u{201c}ma-mpl\u{201d}, meta-policy learning (MA-MPL) with eta0 = 300.0",
        "9 arms were compared in the same worlds",
        "Holm",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("clinical"), "{text}");
    for (set, part) in [
        ("environment.score=reciprocal", "1/(d + 0.001)"),
        ("environment.regret=none", "No regret was measured"),
        ("limits.rounds=40", "40 rounds"),
        ("seed=99", "the seed 99"),
    ] {
        assert!(!text.contains(part), "{part}");
        let (after, _) = ends(0, shipped(), &["describe", "tracking.toml", "--set", set]);
        assert!(after.contains(part), "{set}: {after}");
    }
    let (json, _) = ends(0, shipped(), &["describe", "objective.toml", "--json"]);
    let facts: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        facts["settings"]["environment"]["world"]["file"],
        "lookouts.json"
    );
    assert_eq!(facts["arms"].as_array().unwrap().len(), 5);
    assert_eq!(facts["statistics"]["unit"], "episode");
}
