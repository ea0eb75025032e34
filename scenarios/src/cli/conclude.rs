//! After the episodes: scores, tables, summary and report of a run or bench.

use std::path::{Path, PathBuf};

use rounds_environments::streams::RunSeed;
use serde_json::Map;

use super::Failure;
use crate::clinic::{BuiltClinic, NOTICE, report_case};
use crate::report::{
    EpisodeCounts, Outcome, ReportArm, ReportCase, ReportComparison, ReportData, ReportMetric,
    render,
};
use crate::run::{
    ArmRows, RunDirectory, RunError, SummaryHead, count_calls, pretty, score_run, summarise,
    write_tables, write_whole,
};
use crate::schema::{Arm, ScenarioSet};
use crate::statistics::Summary;

/// Cases of one arm that the report tells at most, of each outcome.
const TOLD: usize = 12;

/// One arm that has been run.
pub(crate) struct RunArm<'a> {
    /// The arm.
    pub(crate) arm: &'a Arm,
    /// What was run.
    pub(crate) built: BuiltClinic,
    /// Its run directory.
    pub(crate) folder: PathBuf,
}

/// Derives everything from the logs of `arms` and writes it into `folder`.
pub(crate) fn conclude(
    folder: &Path,
    set: &ScenarioSet,
    command: &str,
    typed: &str,
    wall_s: f64,
    arms: &[RunArm],
) -> Result<Summary, Failure> {
    let mut head = SummaryHead {
        scenario: set.scenario.name.clone(),
        seed: set.scenario.seed.0,
        command: command.to_owned(),
        wall_s,
        ..SummaryHead::default()
    };
    let mut scored = Vec::new();
    let mut cases = Vec::new();
    let mut restricted = false;
    for run in arms {
        let mut rows = Vec::new();
        let mut rounds = Vec::new();
        let mut told = [0_usize; Outcome::ALL.len()];
        score_run(
            &run.folder,
            &*run.built.experiment.score,
            |episode, scored| {
                let case = report_case(&run.arm.name, &run.built.knowledge, episode, &scored);
                if let Some(count) = Outcome::ALL
                    .iter()
                    .position(|o| *o == case.outcome)
                    .and_then(|at| told.get_mut(at))
                    && *count < TOLD
                {
                    *count += 1;
                    cases.push(case);
                }
                rows.push(scored.row);
                rounds.extend(scored.rounds);
                Ok(())
            },
        )?;
        let asked = run.built.experiment.manifest.episodes as usize;
        if rows.len() != asked {
            return Err(Failure::Run(RunError::Damaged {
                path: run.folder.join(RunDirectory::EVENTS),
                line: None,
                why: format!("expected {asked} episodes, got {}", rows.len()),
            }));
        }
        write_tables(&run.folder, &rows, &rounds)?;
        let calls = count_calls(&run.folder)?;
        head.calls.count += calls.count;
        head.calls.prompt_tokens += calls.prompt_tokens;
        head.calls.completion_tokens += calls.completion_tokens;
        head.calls.cost_usd += calls.cost_usd;
        head.calls.cache_hits += calls.cache_hits;
        restricted |= run.built.experiment.manifest.restricted;
        let last = rows
            .iter()
            .filter_map(|row| row.metrics.get("rounds").copied().flatten())
            .sum::<f64>();
        scored.push(ArmRows {
            name: run.arm.name.clone(),
            settings: run.arm.settings.clone().into_iter().collect::<Map<_, _>>(),
            rows,
            rounds: last as u64,
        });
    }
    let order = arms
        .first()
        .map_or(&[] as &[&str], |run| run.built.experiment.score.order());
    let summary = summarise(&head, &scored, order)?;
    write_whole(&folder.join("summary.json"), &pretty(&summary))?;
    let page = render(&report_data(
        set, typed, folder, &summary, cases, restricted,
    ))
    .map_err(|error| Failure::Run(RunError::Input(error.to_string())))?;
    write_whole(&folder.join("report.html"), page.as_bytes())?;
    Ok(summary)
}

fn report_data(
    set: &ScenarioSet,
    typed: &str,
    folder: &Path,
    summary: &Summary,
    cases: Vec<ReportCase>,
    restricted: bool,
) -> ReportData {
    let RunSeed(seed) = set.scenario.seed;
    let counts = &summary.episodes;
    let arms = summary
        .arms
        .iter()
        .map(|arm| ReportArm {
            name: arm.name.clone(),
            metrics: arm
                .metrics
                .iter()
                .map(|(name, m)| ReportMetric {
                    name: name.clone(),
                    mean: m["mean"].as_f64(),
                    ci95: m["ci95"][0]
                        .as_f64()
                        .zip(m["ci95"][1].as_f64())
                        .map(|(low, high)| [low, high]),
                    n: m["n"].as_u64().unwrap_or(0),
                    why: m["why"].as_str().map(str::to_owned),
                })
                .collect(),
        })
        .collect();
    let comparisons = summary
        .comparisons
        .iter()
        .map(|c| ReportComparison {
            a: c.a.clone(),
            b: c.b.clone(),
            metric: c.metric.clone(),
            difference: c.difference,
            ci95: c.ci95,
            p_holm: c.p_holm,
            verdict: c.verdict.clone(),
        })
        .collect();
    ReportData {
        title: set.scenario.name.clone(),
        command: typed.to_owned(),
        seed,
        disclaimer: NOTICE.to_owned(),
        scenario_toml: set.resolved_toml.clone(),
        episodes: EpisodeCounts {
            asked: counts.asked,
            done: counts.done,
            failed: counts.failed,
            aborted: counts.aborted,
        },
        arms,
        comparisons,
        omitted_cases: (counts.asked as usize).saturating_sub(cases.len()),
        cases,
        next_commands: next_commands(set, folder),
        restricted,
    }
}

/// Three commands worth trying next, as they can be typed here.
pub(crate) fn next_commands(set: &ScenarioSet, folder: &Path) -> Vec<String> {
    let typed = std::env::args()
        .next()
        .filter(|name| !Path::new(name).is_absolute());
    let rounds = typed.unwrap_or_else(|| "rounds".to_owned());
    let folder = folder.display();
    let further = if set.arms.len() > 1 {
        "--set environment.noise.unknown=0.1"
    } else {
        "--vary agents.team.kind=static,dynamic,all"
    };
    vec![
        format!("{rounds} show {folder} 0"),
        format!("{rounds} view {folder}"),
        format!("{rounds} bench SCENARIO {further}"),
    ]
}
