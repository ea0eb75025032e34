//! Settings and files that cannot be: an error that names the place.

use std::fs;

use super::{place, refuses};

#[test]
fn settings_that_cannot_be_are_named_with_what_is_allowed() {
    let folder = place();
    for (set, part) in [
        ("policies.agents.kind=ma-spk", "did you mean `ma-spl`?"),
        ("agents.team.policy=agent", "did you mean `agents`?"),
        ("environment.kind=traking", "did you mean `tracking`?"),
        ("policies.agents.eta0=0", "expected a number above 0"),
        ("policies.agents.eta0=-1", "expected a number above 0"),
        ("policies.agents.eta0=nan", "expected a number above 0"),
        (
            "policies.agents.rho=-0.5",
            "`policies.agents.rho` is out of range",
        ),
        (
            "policies.agents.alpha=1.5",
            "expected a number above 0 and at most 1",
        ),
        (
            "policies.agents.gamma=0.5",
            "`policies.agents.beta` is missing",
        ),
        (
            "policies.agents.levels=4",
            "unknown key `policies.agents.levels`",
        ),
        (
            "policies.agents={kind=\"ma-mpl\", levels=0}",
            "expected an integer from 1 to 10000",
        ),
        (
            "policies.agents={kind=\"ma-osma\", curvature=0}",
            "expected a number above 0 and at most 1",
        ),
        (
            "policies.agents={kind=\"ma-spl\", rho=0.5, alpha=0.5}",
            "given twice",
        ),
        (
            "environment.agents=0",
            "`environment.agents` is out of range",
        ),
        (
            "environment.headings=0",
            "`environment.headings` is out of range",
        ),
        ("environment.speeds=[]", "at least one speed"),
        ("environment.mix=[0, 0, 0]", "that are not all 0"),
        ("environment.mix=[1, -1, 0]", "three shares"),
        (
            "environment.mean_degree=3",
            "of no use to a graph that is complete",
        ),
        (
            "environment.graph=edges",
            "`environment.graph_file` is missing",
        ),
        ("environment.configurations=[]", "expected at least one"),
        ("environment.dt=0", "expected a number above 0"),
        ("limits.rounds=0", "`limits.rounds` is out of range"),
        (
            "repeats=3",
            "`repeats` means nothing for this kind of environment",
        ),
        (
            "environment.patients={knowledge=\"builtin\"}",
            "unknown key `environment.patients`",
        ),
    ] {
        let error = refuses(folder.path(), &["check", "small.toml", "--set", set]);
        assert!(error.contains(part), "{set}: {error}");
        assert!(!error.contains("Run"), "{set}: {error}");
    }
}

#[test]
fn graphs_that_cannot_be_are_refused_with_their_line() {
    let folder = place();
    for (graph, lines, part) in [
        (
            "edges",
            "0 1\n2 3\n",
            "setting graph: the graph is disconnected: no path leads from agent 0 to agent 2",
        ),
        ("edges", "0 1\n1 9\n", "graph.txt:2"),
        ("edges", "0 1\n1 one\n", "graph.txt:2"),
        (
            "weights",
            "1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 0.5\n",
            "not doubly stochastic: row 3 sums to 0.5, expected 1",
        ),
        (
            "weights",
            "0.5 0.5 0 0\n0.5 0.5 0 0\n0 0 0.5 0.5\n0 0 0.5 0.5\n",
            "disconnected",
        ),
        (
            "weights",
            "1 0 0\n0 1 0\n0 0 1\n",
            "graph.txt:1: expected 4 numbers",
        ),
    ] {
        fs::write(folder.path().join("graph.txt"), lines).unwrap();
        let kind = format!("environment.graph={graph}");
        let set = ["--set", &kind, "--set", "environment.graph_file=graph.txt"];
        let check = [&["check", "small.toml"], &set[..]].concat();
        let error = refuses(folder.path(), &check);
        assert!(error.contains(part), "{graph} {lines:?}: {error}");
        // Whoever means it may.
        if error.contains("disconnected") {
            let allowed = [
                &check[..],
                &["--set", "environment.allow_disconnected=true"],
            ]
            .concat();
            super::says(folder.path(), &allowed);
        }
    }
}

#[test]
fn methods_that_cannot_be_for_the_world_are_refused_before_a_round() {
    let folder = place();
    let set = "policies.agents={kind=\"optimum\"}";
    let error = refuses(
        folder.path(),
        &[
            "run",
            "small.toml",
            "--set",
            set,
            "--set",
            "environment.agents=30",
            "--quiet",
        ],
    );
    assert!(error.contains("expected at most 1e6"), "{error}");
    assert!(!folder.path().join("runs").exists(), "nothing was begun");
}

#[test]
fn a_suite_of_another_kind_is_refused_at_the_kind() {
    let folder = place();
    let suite = r#"schema = "rounds.suite/1"
name = "mine"
cases = ["a.toml"]

[environment]
kind = "tracking"
"#;
    fs::write(folder.path().join("suite.toml"), suite).unwrap();
    let error = refuses(folder.path(), &["check", "suite.toml"]);
    assert!(
        error.contains("cases are visits of a clinic, got \"tracking\""),
        "{error}"
    );
    assert!(error.contains("suite.toml:6"), "{error}");
}

#[test]
fn what_is_for_visits_alone_says_so() {
    let folder = place();
    let error = refuses(folder.path(), &["play", "small.toml"]);
    assert!(
        error.contains("only visits of a clinic can be played"),
        "{error}"
    );
    let error = refuses(folder.path(), &["evaluate", "small.toml"]);
    assert!(error.contains("not a suite"), "{error}");
}
