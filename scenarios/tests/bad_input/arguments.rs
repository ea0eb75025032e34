//! What is typed after the name of the program.

use std::process::Stdio;

use crate::{Place, is_readable, text};

#[test]
fn settings_of_the_command_line_are_shown_with_their_mistake() {
    let place = Place::new();
    let cases: [(&str, &[&str]); 10] = [
        ("--set sed=3", &["--set:1:1", "did you mean `seed`?"]),
        (
            "--set seed",
            &["`--set` takes `key=value`", "no `=` in this"],
        ),
        ("--set =3", &["the part before `=` is not a key"]),
        (
            "--set seed=x",
            &["wrong type of `seed`", "--set:1:6", "got the string \"x\""],
        ),
        (
            "--set environment.noise=3",
            &["expected a table, got the integer 3"],
        ),
        (
            "--set agents.team.agree_threshold=nan",
            &["--set:1:29", "got the number NaN"],
        ),
        ("--set limits.rounds=99999999999", &["from 0 to 4294967295"]),
        (
            "--episodes 0",
            &["--episodes:1:10", "at least 1, got the integer 0"],
        ),
        (
            "--arm dynamic",
            &["there is no arm \"dynamic\", expected one of default"],
        ),
        ("--arm defualt", &["did you mean \"default\"?"]),
    ];
    for (arguments, parts) in cases {
        place.fails(2, &format!("run ward.toml {arguments}"), parts);
    }
    assert!(!place.path("runs").exists());
}

#[test]
fn numbers_that_are_none_or_too_large_are_refused() {
    let place = Place::new();
    for (arguments, part) in [
        ("--episodes many", "'--episodes <N>'"),
        ("--episodes -3", "'--episodes <N>'"),
        ("--seed -1", "'--seed <N>'"),
        ("--jobs 99999999999999999999999", "'--jobs <N>'"),
        ("--epsiodes 3", "'--episodes'"),
        ("--out a --resume b", "cannot be used with"),
        ("--episodes 4000000000", "expected at most 2147483647"),
        ("--episodes 2000000000 --set repeats=3", "2000000000 x 3"),
    ] {
        place.fails(2, &format!("run ward.toml {arguments}"), &[part]);
    }
    assert!(!place.path("runs").exists());
}

#[test]
fn any_number_of_jobs_gives_the_same_run() {
    let place = Place::new();
    place.works("run ward.toml --jobs 1 --out one --quiet");
    place.works("run ward.toml --jobs 1000000000 --out many --quiet");
    let log = |run: &str| std::fs::read(place.path(run).join("events.jsonl")).unwrap();
    assert_eq!(log("one"), log("many"));
}

#[test]
fn what_is_varied_needs_a_key_and_values() {
    let place = Place::new();
    let cases: [(&str, &[&str]); 6] = [
        ("elephant=1", &["unknown key `elephant`", "--vary:1:1"]),
        ("limits.round=1,2", &["did you mean `rounds`?"]),
        (
            "limits.rounds",
            &["`--vary` takes `key=value,value…`", "no `=` in this"],
        ),
        ("limits.rounds=", &["a value is empty"]),
        ("limits.rounds=1,,2", &["a value is empty"]),
        (
            "agents.team.kind=static,dynamik",
            &["did you mean `dynamic`?"],
        ),
    ];
    for (vary, parts) in cases {
        place.fails(2, &format!("bench ward.toml --vary {vary}"), parts);
    }
    assert!(!place.path("runs").exists());
}

#[test]
fn output_that_nobody_reads_ends_nothing() {
    let place = Place::new();
    let mut child = place
        .command("run ward.toml --out run")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    assert!(place.path("run/summary.json").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn results_that_cannot_be_printed_are_an_error_and_are_on_disk() {
    let place = Place::new();
    let full = || std::fs::File::create("/dev/full").unwrap();
    let output = place
        .command("run ward.toml --out run")
        .stdout(full())
        .output()
        .unwrap();
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    is_readable(&errors);
    assert!(
        errors.contains("standard output: cannot be written"),
        "{errors}"
    );
    assert!(place.path("run/summary.json").exists());

    let unheard = place
        .command("run no.toml")
        .stderr(full())
        .status()
        .unwrap();
    assert_eq!(unheard.code(), Some(2));
}

#[test]
fn every_command_explains_itself_with_an_example() {
    let place = Place::new();
    for command in [
        "",
        "run",
        "bench",
        "show",
        "view",
        "check",
        "list",
        "score",
        "compare",
        "leaderboard",
        "data import",
        "data check",
    ] {
        let help = place.works(&format!("{command} --help"));
        let example = format!("Examples:\n  rounds {command}");
        assert!(help.contains(&example), "{help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{help}"
        );
    }
}
