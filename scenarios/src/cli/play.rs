//! `rounds play`: the user is the doctor of one patient, and the scenario's team sees the same one.

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use rounds_models::Console;
use serde_json::Value;

use super::args::{Common, PlayArgs};
use super::conclude::{Typed, conclude};
use super::diverge::of_one_arm;
use super::outside::{Terminal, make_ready};
use super::run::{check_bench_folder, check_replay, folder_of, jobs_of, load, number_of, run_arm};
use super::show::{remember_latest, story};
use super::{Failure, print};
use crate::clinic::NOTICE;
use crate::run::{EpisodeReader, RunDirectory, arm_folder, pretty};
use crate::schema::{Arm, MODEL_POLICY, Scenario, ScenarioSet};
use crate::statistics::Summary;

/// Names of the two arms.
const YOU: &str = "you";
const TEAM: &str = "team";

/// What the table at the end shows of both, and in which words.
const SHOWN: [(&str, &str); 4] = [
    ("questions", "questions"),
    ("care_cost_usd", "cost in USD"),
    ("minutes", "minutes"),
    ("mrr", "rank of the truth"),
];

/// Lets the user be the doctor of one patient.
pub(crate) fn play(arguments: &PlayArgs) -> Result<(), Failure> {
    let common = &arguments.common;
    if common.seeds.is_some() || common.episodes.is_some() {
        return Err(Failure::Usage(
            "rounds play is of one patient: --episode N and --seed N say which".to_owned(),
        ));
    }
    let sets = load(common, &[])?;
    let arm = &sets[0].arms[number_of(&sets[0], arguments.arm.as_deref())?];
    if arm.scenario.clinic().is_none() {
        return Err(Failure::Usage(format!(
            "{}: only visits of a clinic can be played; `rounds run` runs the others",
            common.scenario.display()
        )));
    }
    let set = both(common, arm)?;
    check_replay(common)?;
    of_one_arm(common, 2)?;
    make_ready(common, std::slice::from_ref(&set), &[1])?;
    let folder = folder_of(common, &set);
    let arms = folder.join("arms");
    let names = [arm_folder(0, YOU), arm_folder(1, TEAM)];
    let expected: Vec<&str> = names.iter().map(String::as_str).collect();
    check_bench_folder(&folder, &arms, &expected, common.resume.is_some())?;
    let began = Instant::now();
    if !common.quiet {
        Terminal.say(&format!(
            "You are the doctor of patient {} of {}; `help` lists what can be typed.\n{NOTICE}",
            arguments.episode, set.scenario.name
        ));
    }
    let mut ran = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let only = Some(arguments.episode);
        let (arm, _) = run_arm(common, &set, number, &arms.join(name), false, only)?;
        ran.push(arm);
    }
    let typed = Typed {
        until: None,
        command: format!(
            "rounds play {} --episode {}",
            common.scenario.display(),
            arguments.episode
        ),
        scenario: Some(common.scenario.clone()),
    };
    let wall_s = began.elapsed().as_secs_f64();
    let summary = conclude(&folder, &set, "play", &typed, wall_s, &ran, jobs_of(common))?;
    remember_latest(&folder);
    let (truth, cut) = end_of(&ran[0].folder)?;
    if common.json {
        print(&String::from_utf8_lossy(&pretty(&summary)));
    } else {
        let mut text = String::new();
        if !common.quiet
            && let Some(told) = story(&ran[1].folder, &ran[1].built, arguments.episode)?
        {
            let _ = write!(text, "\nThe team and the same patient: {told}");
        }
        if !truth.is_empty() {
            let _ = writeln!(text, "\nThe truth: {}", truth.join("; "));
        }
        text.push_str(&beside(&summary, &set.scenario.name));
        let _ = writeln!(
            text,
            "\nReport: {}\n\n{NOTICE}",
            folder.join("report.html").display()
        );
        print(&text);
    }
    match cut {
        Some(why) => Err(Failure::Cut(format!("your visit was cut: {why}"))),
        None => Ok(()),
    }
}

/// The scenario with two arms: the user alone, and the team of `arm`.
fn both(common: &Common, arm: &Arm) -> Result<ScenarioSet, Failure> {
    let file = std::path::absolute(&common.scenario).unwrap_or_else(|_| common.scenario.clone());
    let line = |(key, value): (&str, &Value)| format!("{} = {value}", Value::from(key));
    // JSON texts, numbers and lists are TOML too.
    let team: Vec<String> = arm
        .settings
        .iter()
        .map(|(key, value)| line((key, value)))
        .collect();
    let mut team = team;
    let policy = arm
        .scenario
        .clinic()
        .map(|clinic| clinic.team.policy.as_str());
    if common.model.is_some() && policy == Some(MODEL_POLICY) {
        // Not all of it need be among the settings of the arm.
        team.retain(|line| !line.starts_with("\"agents.team.policy\""));
        for (key, value) in [
            ("agents.team.policy", MODEL_POLICY),
            ("policies.model.kind", "language"),
            ("policies.model.model", MODEL_POLICY),
        ] {
            team.push(line((key, &value.into())));
        }
    }
    let mut you = team.clone();
    for (key, value) in [
        ("agents.team.policy", YOU),
        ("agents.team.kind", "generalist"),
        ("policies.you.kind", "human"),
    ] {
        let set = format!("{} = ", Value::from(key));
        you.retain(|line| !line.starts_with(&set));
        you.push(line((key, &value.into())));
    }
    let text = format!(
        "extends = {}\n\n[[arms]]\nname = \"{YOU}\"\nset = {{ {} }}\n\n[[arms]]\nname = \"{TEAM}\"\nset = {{ {} }}\n",
        Value::from(file.display().to_string()),
        you.join(", "),
        team.join(", ")
    );
    let overrides = common.overrides(common.seed);
    let base = Path::new("").to_owned();
    Ok(Scenario::from_toml("play", &text, base, &overrides)?)
}

/// The true diagnoses of the patient, and why the user's visit has no end of its own.
fn end_of(run: &Path) -> Result<(Vec<String>, Option<String>), Failure> {
    let mut end = (Vec::new(), None);
    for episode in EpisodeReader::open(&run.join(RunDirectory::EVENTS))? {
        for event in episode?.events {
            match event.kind.as_str() {
                "patient" => {
                    let names = event.texts("truth").into_iter();
                    end.0 = names.map(str::to_owned).collect();
                }
                "ended" => end.1 = event.text("reason").map(str::to_owned),
                _ => {}
            }
        }
    }
    Ok(end)
}

/// Both courses side by side.
fn beside(summary: &Summary, scenario: &str) -> String {
    let mut out = format!("\n  {:<20}{:>12}  {scenario}\n", "", YOU);
    for (metric, words) in SHOWN {
        let cell = |arm: usize| {
            let value = summary.arms.get(arm)?.metrics.get(metric)?["mean"].as_f64()?;
            Some(match (metric, value) {
                ("mrr", 0.0) => "not named".to_owned(),
                ("mrr", share) => format!("{:.0}", 1.0 / share),
                (_, value) => format!("{value:.0}"),
            })
        };
        let [you, team] = [0, 1].map(|arm| cell(arm).unwrap_or_else(|| "–".to_owned()));
        let _ = writeln!(out, "  {words:<20}{you:>12}  {team}");
    }
    out
}
