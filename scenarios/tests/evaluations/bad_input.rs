//! What is wrong with a suite or a case is told at its place, and nothing is begun.

use super::Place;

/// Asserts that evaluating and checking end with code 2 and say all `parts`.
#[track_caller]
fn refused(place: &Place, parts: &[&str]) {
    for arguments in [
        &["evaluate", "suite.toml", "--out", "out"][..],
        &["check", "suite.toml"][..],
    ] {
        let (_, errors) = place.ends(2, arguments);
        for part in parts {
            assert!(
                errors.contains(part),
                "{arguments:?}: no {part:?} in\n{errors}"
            );
        }
        assert!(!errors.contains("panicked"), "{errors}");
    }
    assert!(!place.path("out").exists(), "nothing is begun");
}

#[track_caller]
fn refused_case(from: &str, to: &str, parts: &[&str]) {
    let place = Place::new();
    place.case_with(from, to);
    refused(&place, parts);
    let (_, errors) = place.ends(2, &["check", "cases/clot.toml"]);
    assert!(errors.contains(parts[0]), "{errors}");
}

#[test]
fn a_predicate_that_does_not_parse_is_underlined() {
    refused_case(
        "before(asked(leg_swelling), ordered(ct))",
        "before(asked(leg_swelling) ordered(ct))",
        &[
            "this predicate cannot be read",
            "expected `,`, got `ordered`",
            "clot.toml",
        ],
    );
    refused_case(
        "diagnosis(rank<=3)",
        "diagnosed(rank<=3)",
        &["cannot be read", "expected `)`, got `rank`"],
    );
}

#[test]
fn names_that_do_not_exist_have_their_nearest() {
    refused_case(
        "asked(leg_swelling)",
        "asked(leg_sweling)",
        &[
            "unknown topic `leg_sweling`",
            "did you mean `leg_swelling`?",
        ],
    );
    refused_case(
        "ordered(ct)",
        "asked(ct)",
        &["`ct` is a test, which is ordered", "write `ordered(ct)`"],
    );
    refused_case(
        "diagnosis(rank<=3)",
        "specialist(cardiolgy) joined",
        &[
            "unknown speciality `cardiolgy`",
            "did you mean `cardiology`?",
        ],
    );
    refused_case(
        "reveals = [\"shortness_of_breath\"]",
        "reveals = [\"shortness\"]",
        &["the opening reveals `shortness`"],
    );
    refused_case(
        "axis = \"order\"",
        "axes = \"order\"",
        &["unknown key", "did you mean `axis`?"],
    );
}

#[test]
fn two_topics_of_one_name_clash() {
    refused_case(
        "aliases = [\"flight\"]",
        "aliases = [\"Calf\"]",
        &["`Calf` is a name of `leg_swelling` and of `travel`"],
    );
}

#[test]
fn a_check_that_no_visit_or_every_visit_meets_is_refused() {
    refused_case(
        "diagnosis(rank<=3)",
        "rounds > 10",
        &["no visit could meet this check"],
    );
    refused_case(
        "diagnosis(rank<=3)",
        "diagnosis(rank<=3) and referred()",
        &["no visit could meet this check"],
    );
    refused_case(
        "diagnosis(rank<=3)",
        "rounds <= 10",
        &["every visit meets this check"],
    );
}

#[test]
fn codes_points_and_licences_are_checked() {
    refused_case(
        "415.19",
        "4X5.19",
        &["`4X5.19` is no ICD-9-CM diagnosis code"],
    );
    refused_case("licence = \"CC0-1.0\"\n", "", &["`licence` is missing"]);
    refused_case(
        "id = \"dx\"",
        "id = \"leg-first\"",
        &["two checks are called `leg-first`"],
    );
    let place = Place::new();
    let text = super::CASE
        .replace("points = 3", "points = -3")
        .replace("points = 7", "points = 0");
    place.write("cases/clot.toml", &text);
    refused(&place, &["the case has no positive points"]);
}

#[test]
fn a_suite_without_cases_or_with_two_of_one_id_is_refused() {
    let place = Place::new();
    place.suite_with("cases/*.toml", "case/*.toml");
    refused(&place, &["files that match", "of which there are none"]);
    let place = Place::new();
    place.write("cases/again.toml", super::CASE);
    refused(&place, &["the case \"clot\" stands in", "again.toml"]);
}

#[test]
fn thresholds_and_persons_that_do_not_exist_are_refused() {
    let place = Place::new();
    place.suite_with("repeats = 2", "repeats = 2\nthresholds = { scor = 0.5 }");
    refused(
        &place,
        &["there is no metric \"scor\"; did you mean \"score\"?"],
    );
    let place = Place::new();
    place.suite_with(
        "repeats = 2",
        "repeats = 2\nthresholds = { score = \"about 3\" }",
    );
    refused(&place, &["a bound such as"]);
    let place = Place::new();
    let (_, errors) = place.ends(2, &["evaluate", "suite.toml", "--swap", "sx"]);
    assert!(errors.contains("did you mean `sex`?"), "{errors}");
    let (_, errors) = place.ends(2, &["evaluate", "suite.toml", "--explain", "clto"]);
    assert!(errors.contains("did you mean \"clot\"?"), "{errors}");
}

#[test]
fn moves_of_a_plan_are_checked_at_their_place() {
    let place = Place::new();
    place.suite_with("\"diagnose PE; Pneumonia\"", "\"ask travel\"");
    refused(
        &place,
        &[
            "the plan does not end the visit",
            "expected diagnose or refer",
        ],
    );
    let place = Place::new();
    place.suite_with("\"order ct\"", "\"oder ct\"");
    refused(
        &place,
        &["this move cannot be read", "did you mean \"order\"?"],
    );
}

#[test]
fn visits_that_cannot_be_held_are_errors_and_are_accounted_for() {
    let place = Place::new();
    place.suite_with(
        "kind = \"plan\"\nmoves = [\"ask leg_swelling\", \"order ct\", \"diagnose PE; Pneumonia\"]",
        "kind = \"language\"\nmodel = \"m\"\n\n[models.m]\nkind = \"scripted\"\nscript = \"none.toml\"",
    );
    place.write(
        "none.toml",
        "[[rules]]\npurpose = \"nothing\"\nreply = \"\"\n",
    );
    let (out, errors) = place.ends(3, &["evaluate", "suite.toml", "--out", "out"]);
    assert!(errors.contains("as_expected >= 1, got 0.000"), "{errors}");
    assert!(out.contains("2 episodes: 0 done, 2 failed"), "{out}");
    assert!(out.contains("clot: error: model call failed"), "{out}");
    assert!(place.read("out/junit.xml").contains("<error"));
}
