//! What is said of somebody's own set function.

use std::fs;

use super::{place, refuses, says, shipped};

#[test]
fn the_shipped_objective_has_its_constants_and_guarantees() {
    let out = says(shipped(), &["check", "objective.toml"]);
    for part in [
        "weakly DR-submodular",
        "alpha = 0.6667, gamma = 0.8, beta = 1.2",
        "not submodular: an element adds 0.300000 more to the larger set",
        "(agent:action)",
        // 1 - exp(-2/3).
        "ma-spl   at least 0.4866",
        "ma-mpl   at least 0.4866",
        "no fault found",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let alone = says(shipped(), &["check", "objectives/lookouts.json"]);
    assert!(alone.contains("gamma = 0.8"), "{alone}");
}

#[test]
fn a_submodular_function_has_every_guarantee() {
    let folder = place();
    // Two agents with one action each, whose items overlap.
    let table = r#"{"actions": [1, 1], "values": [0, 1, 1, 1.5]}"#;
    fs::write(folder.path().join("overlap.json"), table).unwrap();
    let out = says(folder.path(), &["check", "overlap.json"]);
    assert!(!out.contains("not submodular"), "{out}");
    // The curvature is 1/2: 1/(1+c), (1-e^-c)/c and 1-c/e.
    for part in [
        "osg      at least 0.6667",
        "ma-osma  at least 0.7869",
        "ma-spl   at least 0.8161",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn what_is_not_monotone_has_none() {
    let folder = place();
    let table = r#"{"actions": [1, 1], "values": [0, 1, 1, 0.5]}"#;
    fs::write(folder.path().join("harm.json"), table).unwrap();
    let out = says(folder.path(), &["check", "harm.json"]);
    for part in [
        "not monotone: an element adds -0.5",
        "set {0:0}, element 1:0",
        "no method has a guarantee",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn a_promise_that_the_values_break_is_refused_with_the_sets() {
    let folder = place();
    for (class, values, part) in [
        (
            "monotone",
            "[0, 1, 1, 0.5]",
            "expected values that are monotone, got not monotone: element 1 adds -0.5 at the set [0]",
        ),
        (
            "submodular",
            "[0, 1, 1, 3]",
            "expected values that are submodular, got weakly DR-submodular: element 1 adds more",
        ),
        (
            "weakly-dr",
            "[0, 0, 0, 1]",
            "expected values that are weakly DR-submodular, got monotone",
        ),
    ] {
        let table = format!(r#"{{"actions": [1, 1], "class": "{class}", "values": {values}}}"#);
        fs::write(folder.path().join("own.json"), table).unwrap();
        let error = refuses(folder.path(), &["check", "own.json"]);
        assert!(
            error.contains(part) && error.contains("own.json"),
            "{class}: {error}"
        );
    }
}

#[test]
fn a_file_that_is_no_set_function_is_refused_at_its_place() {
    let folder = place();
    for (table, part) in [
        (
            "{\"actions\": [1, 1],\n\"values\": [0, 1, null, 2]}",
            "line 2",
        ),
        (
            r#"{"actions": [1, 1], "values": [0, 1, 1]}"#,
            "values: expected 4 entries, got 3",
        ),
        (
            r#"{"actions": [1, 0], "values": [0, 1]}"#,
            "agent 1: expected at least one action",
        ),
        (
            r#"{"actions": [1], "values": [2, 3]}"#,
            "that of the empty set: expected 0",
        ),
        (
            r#"{"actions": [1], "values": [0, 1], "clas": "monotone"}"#,
            "clas",
        ),
    ] {
        fs::write(folder.path().join("own.json"), table).unwrap();
        let error = refuses(folder.path(), &["check", "own.json"]);
        assert!(error.contains(part), "{table}: {error}");
    }
}
