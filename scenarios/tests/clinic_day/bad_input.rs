//! What cannot be is refused with its place.

use std::fs;

use super::rounds;
use super::words::words;

const DAY: &str = r#"schema = "rounds.scenario/1"
name = "day"
episodes = 1

[environment]
kind = "clinic-day"
patients = { knowledge = "builtin" }
beds = 14
staff = 8

[[environment.configurations]]
name = "quiet"
arrivals_per_hour = 3

[[environment.configurations]]
name = "busy"
arrivals_per_hour = 7

[agents.team]
policy = "spl"

[policies.spl]
kind = "ma-spl"
"#;

fn refused(from: &str, to: &str, parts: &[&str]) {
    assert!(DAY.contains(from), "{from}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    fs::write(&file, DAY.replacen(from, to, 1)).unwrap();
    let out = folder.path().join("out").display().to_string();
    let file = file.display().to_string();
    let (code, _, errors) = rounds(&["run", &file, "--out", &out]);
    assert_eq!(code, Some(2), "{to}: {errors}");
    // Lines are broken at the width of the terminal.
    let told = words(&errors);
    for part in parts {
        assert!(told.contains(&words(part)), "{to}, {part}: {errors}");
    }
    assert!(!folder.path().join("out").exists());
}

#[test]
fn a_day_without_beds_or_staff_is_refused_by_place() {
    refused(
        "beds = 14",
        "beds = 0",
        &[
            "`environment.beds` is out of range",
            "bad.toml:8:8",
            "from 1 to 4096",
        ],
    );
    refused(
        "staff = 8",
        "staff = 0",
        &[
            "`environment.staff` is out of range",
            "bad.toml:9:9",
            "from 1 to 4096",
        ],
    );
    refused(
        "arrivals_per_hour = 7",
        "beds = 0",
        &["`environment.configurations[1].beds`", "bad.toml:17:8"],
    );
}

#[test]
fn wrong_settings_are_shown_where_they_stand() {
    let last = "staff = 8";
    let with = |line: &str| format!("{last}\n{line}");
    let cases: [(&str, &[&str]); 18] = [
        (
            "overlap = 1.5",
            &["`environment.overlap`", "bad.toml:10:11", "from 0 to 1"],
        ),
        (
            "overlaps = 0.5",
            &["bad.toml:10:1", "did you mean `overlap`?"],
        ),
        (
            "staffing = \"many\"",
            &["`environment.staffing`", "valid values: shared, unlimited"],
        ),
        ("queue = \"triag\"", &["did you mean `triage`?"]),
        (
            "warm_up_minutes = 1440",
            &[
                "bad.toml:10:1",
                "expected 0 or more and less than day_minutes, got 1440",
            ],
        ),
        (
            "restricted_to_minutes = 2000",
            &["bad.toml:10:1", "day_minutes less warm_up_minutes"],
        ),
        (
            "tick_minutes = 1e-9",
            &["bad.toml:10:1", "at most a million ticks"],
        ),
        (
            "day_minutes = nan",
            &["`environment.day_minutes`", "bad.toml:10:15"],
        ),
        (
            "patience_minutes = \"never\"",
            &["bad.toml:10:20", "a number above 0 or \"endless\""],
        ),
        (
            "laboratory_minutes = -1",
            &["`environment.laboratory_minutes`", "at least 0"],
        ),
        (
            "service = { kind = \"exponential\" }",
            &["`environment.service.mean_minutes` is missing"],
        ),
        (
            "service = { kind = \"until-diagnosed\", mean_minutes = 3 }",
            &["unknown key `environment.service.mean_minutes`"],
        ),
        (
            "acuity_weights = [1, 2]",
            &["bad.toml:10:18", "5 numbers of at least 0"],
        ),
        (
            "stop_at = 0",
            &["`environment.stop_at`", "above 0 and at most 1"],
        ),
        ("noise = { unknown = 2 }", &["`environment.noise.unknown`"]),
        (
            "graph = \"edges\"",
            &["`environment.graph_file` is missing"],
        ),
        (
            "mean_degree = 3",
            &["of no use to a graph that is complete"],
        ),
        (
            "scanners = -1",
            &["`environment.scanners`", "from 0 to 4096"],
        ),
    ];
    for (line, parts) in cases {
        refused(last, &with(line), parts);
    }
}

#[test]
fn configurations_are_checked_each() {
    refused(
        "name = \"busy\"",
        "name = \"quiet\"",
        &["two configurations are called `quiet`"],
    );
    refused(
        "name = \"busy\"",
        "",
        &["`environment.configurations[1].name` is missing"],
    );
    refused(
        "arrivals_per_hour = 7",
        "arrivals_per_hour = 1e9",
        &[
            "`environment.configurations[1].arrivals_per_hour`",
            "bad.toml:17:1",
            "a million arrivals",
        ],
    );
    refused(
        "staff = 8",
        "staff = 8\nwarm_up_minutes = 500\nday_minutes = 400",
        &[
            "`environment.configurations[0].warm_up_minutes`",
            "bad.toml:10:1",
        ],
    );
}

#[test]
fn what_means_nothing_for_a_day_is_refused() {
    let top = "episodes = 1";
    refused(
        top,
        "episodes = 1\nrepeats = 2",
        &["`repeats` means nothing"],
    );
    refused(
        top,
        "limits.rounds = 5",
        &["unknown key `limits.rounds`", "bad.toml:3"],
    );
    refused(
        "patients = { knowledge = \"builtin\" }",
        "patients = { records = \"records\" }",
        &[
            "unknown key `environment.patients.records`",
            "valid keys: knowledge",
        ],
    );
    refused(
        "patients = { knowledge = \"builtin\" }",
        "patients = { knowledge = \"none.csv\" }",
        &["`environment.patients.knowledge`", "bad.toml:7"],
    );
    refused(
        "kind = \"ma-spl\"",
        "kind = \"specialist\"",
        &["`policies.spl.kind`"],
    );
    refused(
        "policy = \"spl\"",
        "policy = \"spel\"",
        &["did you mean `spl`?"],
    );
}

#[test]
fn a_method_that_cannot_be_names_its_arm_and_configuration() {
    refused(
        "kind = \"ma-spl\"",
        "kind = \"optimum\"",
        &["arm default", "quiet"],
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("edges.txt"), "0 1\n").unwrap();
    let edges = folder.path().join("edges.txt").display().to_string();
    let graph = format!("graph = \"edges\"\ngraph_file = {edges:?}\nname = \"busy\"");
    refused(
        "name = \"busy\"",
        &graph,
        &["arm default", "busy", "disconnected"],
    );
}
