//! Evaluations compared: which cases flipped, which checks and events, and what cannot be compared.

use super::Place;

/// Two evaluations, of which the second forgets the leg.
fn two() -> Place {
    let place = Place::new();
    place.case_with("points = 3", "points = 30");
    place.ends(0, &["evaluate", "suite.toml", "--out", "a"]);
    let moves = "policies.doctor.moves=[\"order ct\", \"diagnose PE; Pneumonia\"]";
    place.ends(3, &["evaluate", "suite.toml", "--out", "b", "--set", moves]);
    place
}

#[test]
fn a_planted_change_is_named_by_case_check_and_event() {
    let place = two();
    let (out, _) = place.ends(0, &["compare", "a", "b", "--out", "c"]);
    assert!(
        out.contains("passed flipped in 2 episodes of 1 case: 0 gained by B, 2 lost"),
        "{out}"
    );
    assert!(
        out.contains("clot lost, and in 1 more of its episodes"),
        "{out}"
    );
    assert!(out.contains("leg-first: met by #"), "{out}");
    assert!(out.contains("→ not met by #"), "{out}");
    assert!(
        out.contains("A: round 1") && out.contains("rounds show"),
        "{out}"
    );
    let flips = &place.json("c/summary.json")["flips"];
    assert_eq!(
        (&flips[0]["case"], &flips[0]["checks"][0]["check"]),
        (&"clot".into(), &"leg-first".into())
    );
}

#[test]
fn a_regression_fails_where_that_is_asked_for() {
    let place = Place::new();
    place.case_with("points = 3", "points = 30");
    for number in 0..12 {
        let text = place
            .read("cases/clot.toml")
            .replace("\"clot\"", &format!("\"clot-{number}\""));
        place.write(&format!("cases/{number}.toml"), &text);
    }
    place.ends(0, &["evaluate", "suite.toml", "--out", "a"]);
    let moves = "policies.doctor.moves=[\"order ct\", \"diagnose PE; Pneumonia\"]";
    place.ends(3, &["evaluate", "suite.toml", "--out", "b", "--set", moves]);
    let (_, errors) = place.ends(3, &["compare", "a", "b", "--fail-on-regression", "--quiet"]);
    assert!(
        errors.contains("B is worse than A on passed, score"),
        "{errors}"
    );
    place.ends(0, &["compare", "a", "a", "--fail-on-regression", "--quiet"]);
}

#[test]
fn another_suite_or_case_is_not_comparable() {
    let place = two();
    place.case_with("points = 7", "points = 8");
    place.ends(0, &["evaluate", "suite.toml", "--out", "c"]);
    let (_, errors) = place.ends(2, &["compare", "a", "c"]);
    assert!(
        errors.contains("not comparable") && errors.contains("clot"),
        "{errors}"
    );
    place.write(
        "ward.toml",
        &std::fs::read_to_string(super::project().join("scenarios/ward.toml")).unwrap(),
    );
    place.ends(
        0,
        &[
            "run",
            "ward.toml",
            "--episodes",
            "3",
            "--quiet",
            "--out",
            "ward",
        ],
    );
    let (_, errors) = place.ends(2, &["compare", "a", "ward"]);
    assert!(errors.contains("not comparable"), "{errors}");
}
