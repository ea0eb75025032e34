//! After the episodes: scores, tables, summary and report of a run or bench.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use rounds_environments::streams::RunSeed;

use super::Failure;
use super::conclude_cases::conclude_cases;
use crate::branch::Branch;
use crate::clinic::cases::CaseScore;
use crate::clinic::{CaseTeller, outcome};
use crate::evaluate::{ArmResult, SuiteFile, read_judgements};
use crate::family::{Built, Gather, gathered_sections, notice};
use crate::report::{
    EpisodeCounts, Outcome, ReportArm, ReportBranch, ReportCase, ReportComparison, ReportData,
    ReportError, ReportMetric, ReportRequests, render,
};
use crate::run::{
    ArmRows, Episode, RunDirectory, RunError, Scored, SummaryHead, derive, interactions, pretty,
    summarise, write_whole,
};
use crate::schema::{Arm, Family, ScenarioSet};
use crate::statistics::Summary;
use crate::statistics::summary::Until;

/// Metrics that the table of a terminal shows; all are in `summary.json`.
pub(crate) const SHOWN: [&str; 29] = [
    "score",
    "score_iqm",
    "return",
    "harm",
    "collapses",
    "diagnosis_minutes",
    "wait_minutes",
    "left_unseen",
    "occupancy",
    "utility",
    "regret",
    "ratio",
    "distance",
    "covered",
    "posterior_trace",
    "messages",
    "correct",
    "hit@1",
    "hit@1.category",
    "hit@10",
    "hit@10.category",
    "mrr",
    "questions",
    "team_size",
    "agent_calls",
    "calls",
    "care_cost_usd",
    "forced",
    "brier",
];

/// Cases of one arm that the report tells at most, of each outcome.
const TOLD: usize = 12;

/// One arm that has been run.
pub(crate) struct RunArm<'a> {
    /// The arm.
    pub(crate) arm: &'a Arm,
    /// What was run.
    pub(crate) built: Built,
    /// Its run directory.
    pub(crate) folder: PathBuf,
}

/// What was typed, for the report.
pub(crate) struct Typed {
    /// The command.
    pub(crate) command: String,
    /// The scenario file, where it was named.
    pub(crate) scenario: Option<PathBuf>,
    /// How far a bench with `--until` came.
    pub(crate) until: Option<Until>,
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
    typed: &Typed,
    wall_s: f64,
    arms: &[RunArm],
    jobs: usize,
) -> Result<Summary, Failure> {
    let head = SummaryHead {
        scenario: set.scenario.name.clone(),
        seed: set.scenario.seed.0,
        command: command.to_owned(),
        wall_s,
    };
    let Some(score) = arms.first().map(|run| &*run.built.experiment().score) else {
        return Err(Failure::Usage("there is no arm".to_owned()));
    };
    let Together {
        rows,
        told,
        results,
        gathered,
    } = together(score_arms(arms, jobs)?, arms);
    let restricted = arms
        .iter()
        .any(|run| run.built.experiment().manifest.restricted);
    let mut summary = summarise(&head, &rows, score)?;
    summary.interactions = interactions(&set.scenario.interactions, &rows, score, head.seed)?;
    // Variants are compared with the arm that they vary, not with each other.
    let suite = SuiteFile::read(folder)?;
    if let Some(base) = suite.and_then(|suite| rows.get(..suite.base_arms))
        && base.len() < rows.len()
    {
        summary.comparisons = summarise(&head, base, score)?.comparisons;
    }
    let evaluation = match results.is_empty() {
        true => None,
        false => Some(conclude_cases(folder, arms, results, &mut summary)?),
    };
    summary.until.clone_from(&typed.until);
    write_whole(&folder.join("summary.json"), &pretty(&summary))?;
    let mut data = report_data(set, typed, folder, &summary, told, restricted);
    data.requests = rows.iter().map(asked_of_models).collect();
    data.evaluation = evaluation;
    data.branches = branches(arms)?;
    let undrawn = |error: ReportError| Failure::Run(RunError::Input(error.to_string()));
    data.sections = gathered_sections(&gathered, &summary).map_err(undrawn)?;
    let page = render(&data).map_err(undrawn)?;
    write_whole(&folder.join("report.html"), page.as_bytes())?;
    Ok(summary)
}

/// Episodes that were decided anew from some round on.
fn branches(arms: &[RunArm]) -> Result<Vec<ReportBranch>, RunError> {
    let mut found = Vec::new();
    for run in arms {
        let branch = Branch::read(&run.folder)?;
        found.extend(branch.map(|branch| branch.report(&run.arm.name)));
    }
    Ok(found)
}

/// All arms, each with its seeds together.
#[derive(Default)]
struct Together {
    rows: Vec<ArmRows>,
    /// Cases that the report tells.
    told: Vec<ReportCase>,
    /// Verdicts, where visits are of cases.
    results: Vec<ArmResult>,
    /// What families show beyond metrics, by the name of the arm.
    gathered: Vec<(String, Gather)>,
}

/// Brings the seeds of one arm together. Cases of several seeds are others; the report tells those
/// of the first.
fn together(scored: Vec<ScoredArm>, arms: &[RunArm]) -> Together {
    let seed = |run: &RunArm| run.built.experiment().manifest.seed;
    let several = arms.windows(2).any(|pair| seed(&pair[0]) != seed(&pair[1]));
    let mut all = Together::default();
    for (scored, run) in scored.into_iter().zip(arms) {
        let (mut of_arm, told) = (scored.rows, scored.told);
        if let Some(result) = scored.result {
            match all
                .results
                .iter_mut()
                .find(|known| known.name == result.name)
            {
                Some(known) => known.merge(result),
                None => all.results.push(result),
            }
        }
        let mut known = all.gathered.iter_mut();
        match known.find(|(name, _)| *name == of_arm.name) {
            Some((_, known)) => known.merge(scored.gathered),
            None => all.gathered.push((of_arm.name.clone(), scored.gathered)),
        }
        if several {
            for row in &mut of_arm.rows {
                row.case = case_of_all(&run.built, &row.case);
            }
        }
        match all.rows.iter_mut().find(|known| known.name == of_arm.name) {
            Some(known) => {
                known.rows.extend(of_arm.rows);
                known.rounds += of_arm.rounds;
                known.calls += of_arm.calls;
            }
            None => {
                all.rows.push(of_arm);
                all.told.extend(told);
            }
        }
    }
    all
}

/// What was derived from the log of one arm.
struct ScoredArm {
    rows: ArmRows,
    /// Cases that the report tells.
    told: Vec<ReportCase>,
    /// The verdicts, where its visits are of cases.
    result: Option<ArmResult>,
    /// What the family shows beyond metrics.
    gathered: Gather,
}

/// Name of a case among those of several seeds. Where patients are drawn, each seed has its own;
/// a record or a script is the same case with any seed.
pub(crate) fn case_of_all(built: &Built, case: &str) -> String {
    let manifest = &built.experiment().manifest;
    let data = &manifest.data;
    match data.get("records").or(data.get("cases")) {
        Some(_) => case.to_owned(),
        None => format!("seed {}, {case}", manifest.seed),
    }
}

/// Scores every arm, `jobs` at once, and writes its tables; the results are in the order of `arms`.
fn score_arms(arms: &[RunArm], jobs: usize) -> Result<Vec<ScoredArm>, RunError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.clamp(1, arms.len().max(1)))
        .build()
        .map_err(|error| RunError::Worker(error.to_string()))?;
    pool.install(|| arms.par_iter().map(score_arm).collect())
}

fn score_arm(run: &RunArm) -> Result<ScoredArm, RunError> {
    let mut cases = Vec::new();
    let judged = match run.built.cases() {
        Some(cases) => Some(CaseScore {
            judgements: read_judgements(&run.folder)?.map(Arc::new),
            ..CaseScore::clone(cases)
        }),
        None => None,
    };
    let verdicts = judged.as_ref();
    let mut result = verdicts.map(|score| ArmResult::new(&run.arm.name, &score.book));
    let clinic = run.built.clinic();
    let teller = clinic.map(|built| CaseTeller::new(&run.arm.name, &built.knowledge));
    let mut told = [0_usize; Outcome::ALL.len()];
    let mut gathered = run.built.gather();
    let settings = run.arm.settings.clone().into_iter().collect();
    let named = (run.arm.name.as_str(), settings);
    let score = match verdicts {
        Some(score) => score,
        None => &*run.built.experiment().score,
    };
    let rows = derive(named, &run.folder, score, |episode, scored| {
        if let (Some(result), Some(score)) = (&mut result, verdicts) {
            result.add(score, episode, &scored.row);
        }
        gathered.add(episode);
        let ended = match scored.row.outcome.as_str() {
            // Whoever has no stories of visits still tells what went wrong.
            "done" if teller.is_none() => return,
            _ => outcome(scored),
        };
        if let Some(count) = Outcome::ALL
            .iter()
            .position(|o| *o == ended)
            .and_then(|at| told.get_mut(at))
            && *count < TOLD
        {
            *count += 1;
            cases.push(match &teller {
                Some(teller) => teller.tell(episode, scored),
                None => untold(&run.arm.name, episode, scored),
            });
        }
    })?;
    let asked = run.built.experiment().manifest.episodes as usize;
    if rows.rows.len() != asked {
        return Err(RunError::Damaged {
            path: run.folder.join(RunDirectory::EVENTS),
            line: None,
            why: format!("expected {asked} episodes, got {}", rows.rows.len()),
        });
    }
    Ok(ScoredArm {
        rows,
        told: cases,
        result,
        gathered,
    })
}

/// An episode that did not come to its end, of a family without stories.
fn untold(arm: &str, episode: &Episode, scored: &Scored) -> ReportCase {
    ReportCase {
        episode: u64::from(episode.episode),
        arm: arm.to_owned(),
        case: scored.row.case.clone(),
        outcome: outcome(scored),
        reason: scored.row.reason.clone(),
        ..ReportCase::default()
    }
}

/// What an arm asked models.
fn asked_of_models(arm: &ArmRows) -> ReportRequests {
    let metric = |name: &str| {
        let rows = arm.rows.iter();
        rows.filter_map(|row| row.metrics.get(name).copied().flatten())
            .sum()
    };
    ReportRequests {
        arm: arm.name.clone(),
        requests: arm.calls.count,
        prompt_tokens: arm.calls.prompt_tokens,
        completion_tokens: arm.calls.completion_tokens,
        malformed: metric("malformed"),
        mended: metric("mended"),
        cost_usd: arm.calls.cost_usd,
    }
}

fn report_data(
    set: &ScenarioSet,
    typed: &Typed,
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
        command: typed.command.clone(),
        seed,
        disclaimer: notice(&set.scenario.family).to_owned(),
        scenario_toml: set.resolved_toml.clone(),
        episodes: EpisodeCounts {
            asked: counts.asked,
            done: counts.done,
            failed: counts.failed,
            aborted: counts.aborted,
        },
        calls: summary.calls.words().lines().map(str::to_owned).collect(),
        requests: Vec::new(),
        limits: summary.limit.clone(),
        arms,
        comparisons,
        omitted_cases: (counts.asked as usize).saturating_sub(cases.len()),
        cases,
        next_commands: next_commands(set, typed.scenario.as_deref(), folder),
        restricted,
        evaluation: None,
        branches: Vec::new(),
        sections: Vec::new(),
    }
}

/// Three commands worth trying next, as they can be typed here.
pub(crate) fn next_commands(
    set: &ScenarioSet,
    scenario: Option<&Path>,
    folder: &Path,
) -> Vec<String> {
    let typed = std::env::args()
        .next()
        .filter(|name| !Path::new(name).is_absolute());
    let rounds = typed.unwrap_or_else(|| "rounds".to_owned());
    let folder = folder.display();
    let more = format!(
        "--set repeats={}",
        set.scenario.repeats.max(5).saturating_mul(2)
    );
    let further = match &set.scenario.family {
        Family::Clinic(_) if set.arms.len() > 1 => "--set environment.noise.unknown=0.1",
        Family::Clinic(_) => "--vary agents.team.kind=static,dynamic,all",
        Family::Coordination(_) | Family::ClinicDay(_) => "--seeds 1..8",
        Family::Trajectory(_) => &more,
    };
    let then = scenario.map_or_else(
        || format!("{rounds} list scenarios"),
        |scenario| format!("{rounds} bench {} {further}", scenario.display()),
    );
    vec![
        format!("{rounds} show {folder} 0"),
        format!("{rounds} view {folder}"),
        then,
    ]
}
