//! People at the terminal: doctors, patients, and a whole visit beside the team's.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{done, ends, errors, events, rounds, summary, typed};

const DOCTOR: [&str; 6] = [
    "--set",
    "policies.me.kind=human",
    "--set",
    "agents.team.policy=me",
    "--set",
    "agents.team.kind=generalist",
];

fn ward(out: &Path, more: &[&str]) -> Vec<String> {
    let mut arguments = vec!["run", "scenarios/ward.toml", "--quiet", "--out"];
    arguments.push(out.to_str().unwrap());
    arguments.extend(more);
    arguments.into_iter().map(str::to_owned).collect()
}

fn of(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

fn kinds(run: &Path, kind: &str) -> Vec<Value> {
    let text = String::from_utf8(events(run)).unwrap();
    let all = text.lines().map(|line| serde_json::from_str(line).unwrap());
    all.filter(|event: &Value| event["kind"] == kind).collect()
}

#[test]
fn a_person_is_the_doctor_and_the_run_replays_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let arguments = ward(&out, &[&DOCTOR[..], &["--episodes", "2"]].concat());
    let script = "help\nDo you have a fever?\nupper\norder raised troponin\nHow is life?\n\
                  diagnose dragon pox\ndiagnose Gout; \"Dragon pox\"\nrefer Cardiology because pain\n";
    let output = typed(&of(&arguments), script);
    let prompts = errors(&output);
    done(output);
    assert!(prompts.contains("Several findings fit"), "{prompts}");
    assert!(
        prompts.contains("No condition of the knowledge base"),
        "{prompts}"
    );
    let asked = kinds(&out, "asked");
    let found: Vec<&Value> = asked.iter().map(|event| &event["finding"]).collect();
    assert_eq!(found[..2], ["fever", "raised_troponin"]);
    assert_eq!(asked[2]["text"], "How is life?");
    assert_eq!(kinds(&out, "diagnosed")[0]["list"][1]["name"], "Dragon pox");
    assert_eq!(kinds(&out, "referred")[0]["reason"], "pain");

    let again = folder.path().join("again");
    let mut arguments = ward(&again, &[&DOCTOR[..], &["--episodes", "2"]].concat());
    arguments.extend([
        "--replay".to_owned(),
        out.join("calls.jsonl").display().to_string(),
    ]);
    done(rounds(&of(&arguments)).output().unwrap());
    assert!(events(&out) == events(&again));
}

#[test]
fn the_end_of_input_aborts_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let arguments = ward(&out, &[&DOCTOR[..], &["--episodes", "3"]].concat());
    done(typed(&of(&arguments), "fever\ndiagnose Gout\ncough\n"));
    let left = &summary(&out)["episodes"];
    assert_eq!((&left["done"], &left["aborted"]), (&1.into(), &2.into()));
    assert!(
        ends(&out)[1..]
            .iter()
            .all(|end| end["reason"] == "the input ended")
    );

    let again = folder.path().join("again");
    let mut arguments = ward(&again, &[&DOCTOR[..], &["--episodes", "3"]].concat());
    arguments.extend([
        "--replay".to_owned(),
        out.join("calls.jsonl").display().to_string(),
    ]);
    done(rounds(&of(&arguments)).output().unwrap());
    assert!(events(&out) == events(&again));
}

#[test]
fn a_person_is_the_patient_and_the_run_replays_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let human = ["--episodes", "2", "--set", "environment.patient=human"];
    let script = "yes\nno, never\nunknown\n\nit comes and goes\n".repeat(8);
    let output = typed(&of(&ward(&out, &human)), &script);
    let prompts = errors(&output);
    done(output);
    assert!(prompts.contains("You are the patient"), "{prompts}");
    let answers = kinds(&out, "answered");
    assert_eq!(answers[0]["present"], true);
    assert!(answers.iter().any(|answer| answer["text"] == "no, never"));
    assert_eq!(summary(&out)["episodes"]["done"], 2);

    let again = folder.path().join("again");
    let mut arguments = ward(&again, &human);
    arguments.extend([
        "--replay".to_owned(),
        out.join("calls.jsonl").display().to_string(),
    ]);
    done(rounds(&of(&arguments)).output().unwrap());
    assert!(events(&out) == events(&again));

    let cut = folder.path().join("cut");
    done(typed(&of(&ward(&cut, &human)), "yes\n"));
    assert_eq!(summary(&cut)["episodes"]["aborted"], 2);
}

#[test]
fn a_played_visit_stands_beside_the_teams() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let ward = ["play", "scenarios/ward.toml", "--episode", "3", "--out"];
    let place = [&ward[..], &[out.to_str().unwrap()]].concat();
    let script = "Do you have a fever?\norder c reactive\nseen\ndiagnose Gout; gallbladder infl\n";
    let text = done(typed(&place, script));
    assert!(
        text.contains("The truth: Gallbladder inflammation"),
        "{text}"
    );
    let line = |name: &str| {
        let line = text.lines().find(|line| line.trim().starts_with(name));
        line.unwrap()
            .split_whitespace()
            .rev()
            .take(2)
            .collect::<Vec<_>>()
    };
    assert_eq!(line("questions"), ["7", "2"]);
    assert_eq!(line("rank of the truth"), ["1", "2"]);

    // The team sees the patient that it sees in the ward.
    let whole = folder.path().join("whole");
    let run = [
        "run",
        "scenarios/ward.toml",
        "--episodes",
        "4",
        "--quiet",
        "--out",
    ];
    done(
        rounds(&[&run[..], &[whole.to_str().unwrap()]].concat())
            .output()
            .unwrap(),
    );
    let of_three = |path: &Path| {
        let text = fs::read_to_string(path.join("events.jsonl")).unwrap();
        let lines = text.lines().filter(|line| line.starts_with("{\"e\":3,"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of_three(&out.join("arms/01-team")), of_three(&whole));
    assert!(out.join("report.html").is_file());
    let shown = done(
        rounds(&["show", out.to_str().unwrap(), "3"])
            .output()
            .unwrap(),
    );
    assert!(
        shown.contains("arm you") && shown.contains("arm team"),
        "{shown}"
    );

    let cut = folder.path().join("cut");
    let place = [&ward[..], &[cut.to_str().unwrap()]].concat();
    let output = typed(&place, "fever\nquit\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors(&output).contains("the user quit"),
        "{}",
        errors(&output)
    );
    assert_eq!(summary(&cut)["episodes"]["aborted"], 1);
}
