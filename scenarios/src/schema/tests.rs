//! Whole files: layers, arms, timeline, and the rendered text of every kind of mistake.

use std::{fs, path::Path};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use rounds_environments::streams::RunSeed;

use super::*;

mod mistakes;

const WARD: &str = r#"schema = "rounds.scenario/1"
name = "ward"
seed = 7

[environment]
kind = "clinic"
patients = { knowledge = "builtin" }

[agents.team]
policy = "specialist"

[policies.specialist]
kind = "knowledge"
"#;

fn load_with(text: &str, overrides: &Overrides) -> Result<ScenarioSet, SchemaError> {
    Scenario::from_toml("ward.toml", text, std::path::PathBuf::new(), overrides)
}

fn load(text: &str) -> Result<ScenarioSet, SchemaError> {
    load_with(text, &Overrides::default())
}

fn set(texts: &[&str]) -> Overrides {
    Overrides {
        set: texts.iter().map(ToString::to_string).collect(),
        ..Overrides::default()
    }
}

fn vary(texts: &[&str]) -> Overrides {
    Overrides {
        vary: texts.iter().map(ToString::to_string).collect(),
        ..Overrides::default()
    }
}

fn rendered(error: &SchemaError) -> String {
    let mut out = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::none())
        .with_width(100)
        .with_links(false)
        .render_report(&mut out, error as &dyn Diagnostic)
        .unwrap();
    out
}

/// Asserts that `text` has exactly one problem, of `kind`, shown with every one of `parts`.
#[track_caller]
fn fails(text: &str, overrides: &Overrides, kind: ProblemKind, parts: &[&str]) {
    let error = load_with(text, overrides).unwrap_err();
    let shown = rendered(&error);
    let kinds: Vec<ProblemKind> = error
        .problems()
        .iter()
        .map(|problem| problem.kind)
        .collect();
    assert_eq!(kinds, [kind], "{shown}");
    for part in parts.iter().copied().chain([kind.code()]) {
        assert!(shown.contains(part), "no {part:?} in\n{shown}");
    }
}

/// As [`fails`], for the ward with one text replaced.
#[track_caller]
fn fails_with(from: &str, to: &str, kind: ProblemKind, parts: &[&str]) {
    assert!(WARD.contains(from), "{from}");
    fails(&WARD.replace(from, to), &Overrides::default(), kind, parts);
}

#[test]
fn defaults_are_those_of_the_method() {
    let ward = load(WARD).unwrap();
    let scenario = &ward.scenario;
    assert_eq!(
        (scenario.seed, scenario.episodes, scenario.repeats),
        (RunSeed(7), None, 1)
    );
    assert_eq!(
        scenario.clinic().unwrap().environment.patients,
        PatientsSpec::BuiltinKnowledge
    );
    assert_eq!(
        scenario.clinic().unwrap().environment.matching,
        Matching::Word
    );
    assert_eq!(
        scenario.clinic().unwrap().environment.visible_until,
        Visible::Hours(24.0)
    );
    assert_eq!(scenario.clinic().unwrap().environment.tests, Tests::Up);
    let team = &scenario.clinic().unwrap().team;
    assert_eq!(
        (team.kind, team.max_members, team.triage),
        (TeamKind::Dynamic, 5, 2)
    );
    assert_eq!(
        (team.agree_threshold, team.list_length, team.solo_stop_level),
        (0.5, 10, 4)
    );
    assert_eq!((team.add_at, team.remove_below), (0.10, 0.02));
    assert_eq!(
        (scenario.limits.rounds, scenario.limits.in_flight),
        (10, 256)
    );
    assert_eq!(ward.arms.len(), 1);
    assert_eq!(ward.arms[0].name, "default");
    assert_eq!(ward.arms[0].scenario, *scenario);
    let published = load_with(WARD, &set(&["environment.fidelity=as_published"])).unwrap();
    assert_eq!(
        published.scenario.clinic().unwrap().environment.matching,
        Matching::Substring
    );
}

#[test]
fn the_command_line_wins_over_the_file() {
    let mut overrides = set(&[
        "agents.team.kind=static",
        "limits.rounds=0",
        "name=\"other\"",
    ]);
    overrides.seed = Some(u64::MAX);
    overrides.episodes = Some(3);
    let ward = load_with(WARD, &overrides).unwrap();
    let scenario = &ward.scenario;
    assert_eq!(
        (scenario.seed, scenario.episodes),
        (RunSeed(u64::MAX), Some(3))
    );
    assert_eq!(
        (scenario.clinic().unwrap().team.kind, scenario.limits.rounds),
        (TeamKind::Static, 0)
    );
    assert_eq!(scenario.name, "other");
    assert_ne!(ward.hash, load(WARD).unwrap().hash);
    let again = load(&ward.resolved_toml).unwrap();
    assert_eq!(again, ward);
}

#[test]
fn a_file_extends_others_and_its_paths_start_from_its_own_folder() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    fs::create_dir_all(folder.path().join("base/records")).unwrap();
    let records = "{ records = \"records\", part = \"test\" }";
    write(
        "base/ward.toml",
        &WARD.replace("{ knowledge = \"builtin\" }", records),
    );
    write(
        "middle.toml",
        "extends = \"base/ward.toml\"\nepisodes = 5\nname = \"middle\"",
    );
    let top = write("top.toml", "extends = \"middle.toml\"\nname = \"top\"");
    let loaded = Scenario::load(&top, &Overrides::default()).unwrap();
    assert_eq!(
        (loaded.scenario.name.as_str(), loaded.scenario.episodes),
        ("top", Some(5))
    );
    let folder_of_records = folder.path().join("base/records");
    let patients = PatientsSpec::Records {
        folder: folder_of_records,
        part: Part::Test,
    };
    assert_eq!(
        loaded.scenario.clinic().unwrap().environment.patients,
        patients
    );
    assert_eq!(
        load(&loaded.resolved_toml).unwrap().scenario,
        loaded.scenario
    );

    let replaced = set(&["environment.patients.knowledge=builtin"]);
    let replaced = Scenario::load(&top, &replaced).unwrap().scenario;
    assert_eq!(
        replaced.clinic().unwrap().environment.patients,
        PatientsSpec::BuiltinKnowledge
    );

    write("middle.toml", "extends = \"top.toml\"");
    let error = Scenario::load(&top, &Overrides::default()).unwrap_err();
    let shown = rendered(&error);
    for part in [
        "middle.toml:1:11",
        "extends = \"top.toml\"",
        "scenario::cycle",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    write("middle.toml", "\nextends = \"nowhere.toml\"");
    let shown = rendered(&Scenario::load(&top, &Overrides::default()).unwrap_err());
    for part in ["middle.toml:2:11", "nowhere.toml", "scenario::missing_file"] {
        assert!(shown.contains(part), "{shown}");
    }
    let error = Scenario::load(Path::new("no/such.toml"), &Overrides::default()).unwrap_err();
    assert!(rendered(&error).contains("no/such.toml"));
}

#[test]
fn a_mistake_in_an_extended_file_is_shown_there() {
    let folder = tempfile::tempdir().unwrap();
    let base = WARD.replace("seed = 7", "seed = \"x\"");
    fs::write(folder.path().join("base.toml"), base).unwrap();
    let top = folder.path().join("top.toml");
    fs::write(&top, "extends = \"base.toml\"").unwrap();
    let shown = rendered(&Scenario::load(&top, &Overrides::default()).unwrap_err());
    assert!(shown.contains("base.toml:3:8"), "{shown}");
}

#[test]
fn arms_are_scenarios_of_their_own() {
    let text = format!(
        "{WARD}
[[arms]]
name = \"dynamic\"
set = {{ \"agents.team.kind\" = \"dynamic\" }}
[[arms]]
name = \"scripted\"
[arms.set]
agents.team.kind = \"static\"
models.m = {{ kind = \"scripted\", replies = [\"a\"], delay_ms = [1, 2] }}
policies.specialist = {{ kind = \"language\", model = \"m\" }}
"
    );
    let loaded = load(&text).unwrap();
    let names: Vec<&str> = loaded.arms.iter().map(|arm| arm.name.as_str()).collect();
    assert_eq!(names, ["dynamic", "scripted"]);
    assert_eq!(loaded.arms[0].settings["agents.team.kind"], "dynamic");
    assert_eq!(
        loaded.arms[1].scenario.clinic().unwrap().team.kind,
        TeamKind::Static
    );
    assert_eq!(
        loaded.arms[1].scenario.clinic().unwrap().policies["specialist"],
        PolicySpec::Language(LanguageSpec::new("m"))
    );
    assert_eq!(load(&loaded.resolved_toml).unwrap(), loaded);
}

#[test]
fn a_program_runs_where_its_command_is_written() {
    let text = WARD.replace(
        "kind = \"knowledge\"\n",
        "kind = \"process\"\ncommand = [\"python3\", \"agent.py\"]\nbatch = 8\n",
    );
    let base = std::path::absolute("some/where").unwrap();
    let overrides = Overrides::default();
    let loaded = Scenario::from_toml("ward.toml", &text, base.clone(), &overrides).unwrap();
    let PolicySpec::Process(spec) = &loaded.scenario.clinic().unwrap().policies["specialist"]
    else {
        panic!("expected a process");
    };
    assert_eq!(spec.folder.join("agent.py"), base.join("agent.py"));
    assert_eq!(
        (spec.deadline_s, spec.restarts, spec.processes, spec.batch),
        (10.0, 3, 1, 8)
    );
    // The hash is of paths as they are written.
    let again = load(&loaded.resolved_toml).unwrap();
    assert_eq!(again.scenario, loaded.scenario);
}

#[test]
fn several_varied_keys_multiply_and_replace_the_arms() {
    let text = format!("{WARD}[[arms]]\nname = \"own\"\n");
    let varied = vary(&[
        "agents.team.kind=dynamic,static",
        "agents.team.max_members=2, 3",
    ]);
    let loaded = load_with(&text, &varied).unwrap();
    let names: Vec<&str> = loaded.arms.iter().map(|arm| arm.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "agents.team.kind=dynamic,agents.team.max_members=2",
            "agents.team.kind=dynamic,agents.team.max_members=3",
            "agents.team.kind=static,agents.team.max_members=2",
            "agents.team.kind=static,agents.team.max_members=3",
        ]
    );
    assert_eq!(
        loaded.arms[3].scenario.clinic().unwrap().team.max_members,
        3
    );
    assert_eq!(loaded.arms[3].settings["agents.team.max_members"], 3);
    assert_eq!(load(&loaded.resolved_toml).unwrap(), loaded);
}

#[test]
fn a_timeline_is_sorted_and_checked() {
    let entries = "
[[timeline]]
at = \"01:30\"
set = { \"environment.noise.unknown\" = 0.5 }
[[timeline]]
at = 15
set = { environment = { tests = \"down\" } }
";
    let loaded = load(&format!("{WARD}{entries}")).unwrap();
    let timeline = &loaded.scenario.timeline;
    assert_eq!((timeline[0].at_min, timeline[1].at_min), (15.0, 90.0));
    assert_eq!(timeline[0].set["environment.tests"], "down");
    assert_eq!(timeline[1].set["environment.noise.unknown"], 0.5);
    let none = Overrides::default();
    let wrong = |from: &str, to: &str, kind, parts: &[&str]| {
        fails(
            &format!("{WARD}{}", entries.replace(from, to)),
            &none,
            kind,
            parts,
        );
    };
    let part = ["ward.toml:17", "did you mean `unknown`?"];
    wrong(
        "noise.unknown",
        "noise.unknwon",
        ProblemKind::UnknownKey,
        &part,
    );
    wrong(
        "01:30",
        "1h30",
        ProblemKind::OutOfRange,
        &["ward.toml:16:6", "HH:MM"],
    );
    let part = [
        "agents.team.kind",
        "a timeline sets environment.noise.flipped",
    ];
    wrong(
        "environment.noise.unknown",
        "agents.team.kind",
        ProblemKind::NotAllowed,
        &part,
    );
    wrong(
        "0.5",
        "1.5",
        ProblemKind::OutOfRange,
        &["ward.toml:17", "from 0 to 1"],
    );
}

#[test]
fn the_hash_does_not_depend_on_the_order_of_keys_or_on_the_folder() {
    let hash = load(WARD).unwrap().hash;
    assert_eq!(hash.len(), 64);
    let swapped = WARD.replace("name = \"ward\"\nseed = 7", "seed = 7\nname = \"ward\"");
    assert_eq!(load(&swapped).unwrap().hash, hash);
    let elsewhere = Scenario::from_toml("x", WARD, "/tmp".into(), &Overrides::default());
    assert_eq!(elsewhere.unwrap().hash, hash);
}
