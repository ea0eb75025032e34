//! After the episodes: scores, tables, summary and report of a run or bench.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rounds_environments::streams::RunSeed;
use serde_json::Map;

use super::Failure;
use crate::clinic::{BuiltClinic, CaseTeller, NOTICE, outcome};
use crate::report::{
    EpisodeCounts, Outcome, ReportArm, ReportCase, ReportComparison, ReportData, ReportMetric,
    render,
};
use crate::run::{
    ArmRows, RunError, SummaryHead, count_calls, pretty, score_run, summarise, write_tables,
    write_whole,
};
use crate::schema::{Arm, ScenarioSet};
use crate::statistics::{Summary, summary::Calls};

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

/// Cores that this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Derives everything from the logs of `arms`, `jobs` of them at once, and writes it into
/// `folder`.
pub(crate) fn conclude(
    folder: &Path,
    set: &ScenarioSet,
    command: &str,
    typed: &str,
    wall_s: f64,
    arms: &[RunArm],
    jobs: usize,
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
    for arm in score_arms(arms, jobs) {
        let arm = arm?;
        head.calls.count += arm.calls.count;
        head.calls.prompt_tokens += arm.calls.prompt_tokens;
        head.calls.completion_tokens += arm.calls.completion_tokens;
        head.calls.cost_usd += arm.calls.cost_usd;
        head.calls.cache_hits += arm.calls.cache_hits;
        cases.extend(arm.cases);
        scored.push(arm.rows);
    }
    let restricted = arms
        .iter()
        .any(|run| run.built.experiment.manifest.restricted);
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

/// What the log of one arm says.
struct ScoredArm {
    rows: ArmRows,
    cases: Vec<ReportCase>,
    calls: Calls,
}

/// Scores every arm, `jobs` at once; the results are in the order of `arms`.
fn score_arms(arms: &[RunArm], jobs: usize) -> Vec<Result<ScoredArm, RunError>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut mine = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(arm) = arms.get(at) else {
                return mine;
            };
            mine.push((at, score_arm(arm)));
        }
    };
    let mut scored: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.clamp(1, arms.len().max(1)))
            .map(|_| scope.spawn(work))
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    scored.sort_by_key(|(at, _)| *at);
    scored.into_iter().map(|(_, scored)| scored).collect()
}

/// Scores one arm and writes its tables.
fn score_arm(run: &RunArm) -> Result<ScoredArm, RunError> {
    let mut rows = Vec::new();
    let mut rounds = Vec::new();
    let mut cases = Vec::new();
    let teller = CaseTeller::new(&run.arm.name, &run.built.knowledge);
    let mut told = [0_usize; Outcome::ALL.len()];
    score_run(
        &run.folder,
        &*run.built.experiment.score,
        |episode, scored| {
            let ended = outcome(&scored);
            if let Some(count) = Outcome::ALL
                .iter()
                .position(|o| *o == ended)
                .and_then(|at| told.get_mut(at))
                && *count < TOLD
            {
                *count += 1;
                cases.push(teller.tell(episode, &scored));
            }
            rows.push(scored.row);
            rounds.extend(scored.rounds);
            Ok(())
        },
    )?;
    write_tables(&run.folder, &rows, &rounds)?;
    let played = rows
        .iter()
        .filter_map(|row| row.metrics.get("rounds").copied().flatten())
        .sum::<f64>();
    Ok(ScoredArm {
        rows: ArmRows {
            name: run.arm.name.clone(),
            settings: run.arm.settings.clone().into_iter().collect::<Map<_, _>>(),
            rows,
            rounds: played as u64,
        },
        cases,
        calls: count_calls(&run.folder)?,
    })
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
