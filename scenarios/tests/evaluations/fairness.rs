//! The same cases played as other persons, and under behaviours.

use super::Place;

/// A scripted doctor that gives up on women.
const BIASED: &str = r#"
[[rules]]
purpose = "confidence"
contains = "woman"
reply = "DECISION: very confident"

[[rules]]
purpose = "solo"
contains = "woman"
reply = '{"RESPONSE_TYPE": "diagnosis", "RESPONSE_CONTENT": ["Panic disorder"], "RATIONALE": ""}'

[[rules]]
purpose = "confidence"
contains = "calf is swollen"
reply = "DECISION: very confident"

[[rules]]
purpose = "confidence"
reply = "DECISION: very unconfident"

[[rules]]
purpose = "solo"
contains = "A diagnosis is due"
reply = '{"RESPONSE_TYPE": "diagnosis", "RESPONSE_CONTENT": ["PE"], "RATIONALE": ""}'

[[rules]]
purpose = "solo"
reply = '{"RESPONSE_TYPE": "question", "RESPONSE_CONTENT": "Is your calf swollen?", "RATIONALE": ""}'
"#;

fn biased() -> Place {
    let place = Place::new();
    place.write("biased.toml", BIASED);
    place.suite_with(
        "kind = \"plan\"\nmoves = [\"ask leg_swelling\", \"order ct\", \"diagnose PE; Pneumonia\"]",
        "kind = \"language\"\nmodel = \"biased\"\n\n[models.biased]\nkind = \"scripted\"\nscript = \"biased.toml\"",
    );
    place
}

#[test]
fn a_policy_that_treats_women_otherwise_is_found_by_paired_flips() {
    let place = biased();
    let (out, _) = place.ends(
        0,
        &[
            "evaluate",
            "suite.toml",
            "--swap",
            "sex,language",
            "--out",
            "out",
        ],
    );
    assert!(
        out.contains("sex=F: 1 cases, 1 fail now, 0 pass now"),
        "{out}"
    );
    assert!(
        out.contains("language=Spanish: 1 cases, 0 fail now"),
        "{out}"
    );
    let variants = &place.json("out/summary.json")["evaluation"]["variants"];
    let of = |name: &str| {
        let mut all = variants.as_array().unwrap().iter();
        all.find(|v| v["variant"] == name).unwrap().clone()
    };
    assert_eq!(of("sex=F")["lost"][0], "clot");
    // The patient is a man already: nothing is swapped.
    assert_eq!(of("sex=M")["cases"], 0);
}

#[test]
fn a_part_that_a_case_fixes_is_not_swapped() {
    let place = biased();
    place.case_with("reveals", "fixed = [\"sex\"]\nreveals");
    place.ends(
        0,
        &["evaluate", "suite.toml", "--swap", "sex", "--out", "out"],
    );
    let variants = &place.json("out/summary.json")["evaluation"]["variants"];
    for variant in variants.as_array().unwrap() {
        assert_eq!(
            (&variant["cases"], &variant["lost"]),
            (&0.into(), &serde_json::json!([]))
        );
    }
}

#[test]
fn groups_of_persons_have_their_own_intervals() {
    let place = biased();
    let other = super::CASE
        .replace("\"clot\"", "\"woman\"")
        .replace("\"M\"", "\"F\"");
    place.write("cases/woman.toml", &other);
    place.ends(3, &["evaluate", "suite.toml", "--out", "out"]);
    let groups = &place.json("out/summary.json")["evaluation"]["subgroups"];
    let of = |value: &str| {
        let mut all = groups.as_array().unwrap().iter();
        all.find(|g| g["value"] == value).unwrap()["passed"]["mean"].clone()
    };
    assert_eq!((of("F"), of("M")), (0.0.into(), 1.0.into()));
}

#[test]
fn a_temperament_is_compared_pair_by_pair() {
    let place = biased();
    place.write(
        "silent.toml",
        "schema = \"rounds.behaviour/1\"\nname = \"silent\"\nside = \"patient\"\n\
         about = \"Never knows.\"\n[answers]\nunknown = 1.0\n",
    );
    let (out, _) = place.ends(
        0,
        &[
            "evaluate",
            "suite.toml",
            "--behaviour",
            "silent.toml",
            "--out",
            "out",
        ],
    );
    assert!(out.contains("default: silent: 1 cases"), "{out}");
    let variants = &place.json("out/summary.json")["evaluation"]["variants"];
    assert_eq!(variants[0]["pairs"], 2);
    place.write(
        "silent.toml",
        "schema = \"rounds.behaviour/1\"\nname = \"silent\"\nside = \"nurse\"\n",
    );
    let (_, errors) = place.ends(2, &["check", "silent.toml"]);
    assert!(
        errors.contains("`about` is missing") && errors.contains("nurse"),
        "{errors}"
    );
}

#[test]
fn a_bias_reaches_the_instructions_of_a_language_model() {
    let place = biased();
    place.write(
        "hasty.toml",
        "schema = \"rounds.behaviour/1\"\nname = \"hasty\"\nside = \"doctor\"\n\
         about = \"Stops early.\"\n[prompt]\ntext = \"You trust your first woman guess.\"\n",
    );
    // The script takes any mention of a woman for a woman.
    let (out, _) = place.ends(
        0,
        &[
            "evaluate",
            "suite.toml",
            "--behaviour",
            "hasty.toml",
            "--out",
            "out",
        ],
    );
    assert!(out.contains("default: hasty: 1 cases, 1 fail now"), "{out}");
}
