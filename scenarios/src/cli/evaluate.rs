//! `rounds evaluate`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rounds_environments::nearest::nearest;
use rounds_policies::prompts::Prompts;

use super::args::{Common, EvaluateArgs};
use super::conclude::RunArm;
use super::conclude_cases::{shown, unmet};
use super::diverge::of_one_arm;
use super::outside::permit_receivers;
use super::run::{check_replay, finish, folder_of, run_arms_of};
use super::{Failure, print};
use crate::clinic::NOTICE;
use crate::clinic::cases::{CaseBook, CaseScore};
use crate::evaluate::{
    ArmResult, JUDGE_CALLS, SuiteFile, explain, judge_calls_so_far, judge_visits, metric_names,
    read_judgements,
};
use crate::family::build;
use crate::report::text_table;
use crate::run::{Episode, RunDirectory, pretty, score_run};
use crate::schema::{Side, SuiteJudge, SuiteSpec, Variants, load_behaviour};
use crate::speech::{Cassette, Speakers};
use crate::statistics::Summary;

/// Evaluates the policies of a suite on its cases.
pub(crate) fn evaluate(arguments: &EvaluateArgs) -> Result<(), Failure> {
    if arguments.self_test {
        return super::self_test::self_test(arguments);
    }
    let common = &arguments.common;
    let variants = Variants {
        swap: arguments.swap.clone(),
        arms: behaviours(arguments)?,
    };
    let seeds: Vec<Option<u64>> = match &common.seeds {
        Some(seeds) => seeds.clone().map(Some).collect(),
        None => vec![common.seed],
    };
    let mut suites = Vec::new();
    for seed in seeds {
        let overrides = common.overrides(seed);
        suites.push(SuiteSpec::load(&common.scenario, &overrides, &variants)?);
    }
    let suite = &suites[0];
    check_replay(common)?;
    of_one_arm(common, suite.set.arms.len())?;
    let first = build(&suite.set, &suite.set.arms[0], &Cassette::default())?;
    let Some(cases) = first.cases() else {
        return Err(Failure::Usage("the suite has no cases".to_owned()));
    };
    check_thresholds(suite, cases)?;
    for id in &arguments.explain {
        known_case(&cases.book, id)?;
    }
    let folder = folder_of(common, &suite.set);
    let sets: Vec<_> = suites.iter().map(|suite| suite.set.clone()).collect();
    let numbers: Vec<usize> = (0..suite.set.arms.len()).collect();
    let base_arms = suite.set.arms.len() / (1 + variant_count(suite, &variants));
    let began = Instant::now();
    let ran = run_arms_of(common, &sets, &numbers, &folder, |folder| {
        SuiteFile::new(suite.thresholds.clone(), base_arms)
            .write(folder, &cases.book)
            .map_err(Failure::from)
    })?;
    if let Some(judge) = &suite.judge {
        judge_all(common, suite, judge, &ran.0)?;
    }
    let arms: Vec<Played> = ran.0.iter().filter_map(Played::new).collect();
    let summary = finish(common, &sets[0], "evaluate", &folder, began, ran, None)?;
    show(arguments, &folder, &summary);
    for id in &arguments.explain {
        print(&explained(&arms, id)?);
    }
    let unmet = unmet(&summary);
    if unmet.is_empty() {
        return Ok(());
    }
    Err(not_met(&unmet))
}

/// The failure of thresholds that are not met.
pub(super) fn not_met(what: &[String]) -> Failure {
    Failure::Threshold(format!("not met:\n  {}", what.join("\n  ")))
}

/// Variants that each arm of the suite is played under.
fn variant_count(suite: &SuiteSpec, variants: &Variants) -> usize {
    let swapped = variants.swap.iter().map(|part| suite.values_of(part).len());
    swapped.sum::<usize>() + variants.arms.len()
}

/// The setting of an arm for each file of a behaviour.
fn behaviours(arguments: &EvaluateArgs) -> Result<Vec<(String, Vec<String>)>, Failure> {
    let mut arms: Vec<(String, Vec<String>)> = Vec::new();
    for path in &arguments.behaviour {
        let behaviour = load_behaviour(path)?;
        if arms.iter().any(|(name, _)| *name == behaviour.name) {
            let what = format!("--behaviour: {:?} is given twice", behaviour.name);
            return Err(Failure::Usage(what));
        }
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let value = toml::Value::String(absolute.display().to_string());
        let key = match behaviour.side {
            Side::Patient => "environment.behaviour".to_owned(),
            Side::Doctor => {
                let suite = SuiteSpec::load(
                    &arguments.common.scenario,
                    &arguments.common.overrides(None),
                    &Variants::default(),
                )?;
                format!("policies.{}.behaviour", suite.policy())
            }
        };
        arms.push((behaviour.name, vec![format!("{key}={value}")]));
    }
    Ok(arms)
}

/// Refuses a threshold on a metric that does not exist.
pub(super) fn check_thresholds(suite: &SuiteSpec, cases: &CaseScore) -> Result<(), Failure> {
    let names: BTreeSet<String> = metric_names(&cases.book, cases);
    for metric in suite.thresholds.keys() {
        if !names.contains(metric) {
            let near = nearest(metric, names.iter().map(String::as_str));
            let near = near.map(|near| format!("; did you mean {near:?}?"));
            return Err(Failure::Usage(format!(
                "thresholds: there is no metric {metric:?}{}",
                near.unwrap_or_default()
            )));
        }
    }
    Ok(())
}

fn known_case(book: &CaseBook, id: &str) -> Result<(), Failure> {
    if book.find(id).is_some() {
        return Ok(());
    }
    let names = book.cases().iter().map(|case| case.spec.id.as_str());
    let near = nearest(id, names).map(|near| format!("; did you mean {near:?}?"));
    Err(Failure::Usage(format!(
        "there is no case {id:?} in the suite{}",
        near.unwrap_or_default()
    )))
}

fn show(arguments: &EvaluateArgs, folder: &Path, summary: &Summary) {
    let common = &arguments.common;
    if common.json {
        print(&String::from_utf8_lossy(&pretty(summary)));
        return;
    }
    let mut text = text_table(summary, &shown(summary));
    text.push_str(&cases_table(summary));
    let _ = writeln!(text, "\nReport: {}", folder.join("report.html").display());
    if !common.quiet {
        let _ = writeln!(
            text,
            "Files:  {}",
            [
                "evaluation.jsonl",
                "junit.xml",
                "evaluation.md",
                "summary.json"
            ]
            .join(", ")
        );
    }
    let _ = writeln!(text, "\n{NOTICE}");
    print(&text);
}

/// The cases that did not come out as expected, and what the variants changed.
fn cases_table(summary: &Summary) -> String {
    let mut out = String::new();
    let Some(evaluation) = &summary.evaluation else {
        return out;
    };
    let list = |key: &str| evaluation[key].as_array().cloned().unwrap_or_default();
    for arm in list("arms") {
        let name = arm["arm"].as_str().unwrap_or_default();
        let cases = arm["cases"].as_array().cloned().unwrap_or_default();
        let bad = cases.iter().filter(|case| {
            !matches!(
                case["status"].as_str(),
                Some("passed" | "failed as expected")
            )
        });
        for case in bad {
            let failing = case["failing"].as_object().map(|failing| {
                let each = failing.iter().map(|(id, n)| format!("{id} ({n})"));
                each.collect::<Vec<_>>().join(", ")
            });
            let _ = writeln!(
                out,
                "  {name}: {}: {}: {}",
                case["case"].as_str().unwrap_or_default(),
                case["status"].as_str().unwrap_or_default(),
                match case["reason"].as_str() {
                    Some(reason) => reason.to_owned(),
                    None => failing.unwrap_or_default(),
                }
            );
        }
    }
    if !out.is_empty() {
        out.insert_str(
            0,
            "\nCases that did not come out as expected (--explain CASE says why)\n",
        );
    }
    let variants = list("variants");
    if !variants.is_empty() {
        out.push_str("\nThe same cases played otherwise\n");
    }
    for v in variants {
        let count = |key: &str| v[key].as_array().map_or(0, Vec::len);
        let _ = writeln!(
            out,
            "  {}: {}: {} cases, {} fail now, {} pass now; score {:+.3}: {}",
            v["base"].as_str().unwrap_or_default(),
            v["variant"].as_str().unwrap_or_default(),
            v["cases"],
            count("lost"),
            count("gained"),
            v["score_difference"].as_f64().unwrap_or(0.0),
            v["verdict"].as_str().unwrap_or_default()
        );
    }
    out
}

/// Asks the judge of the suite about every visit.
fn judge_all(
    common: &Common,
    suite: &SuiteSpec,
    judge: &SuiteJudge,
    arms: &[RunArm<'_>],
) -> Result<(), Failure> {
    for run in arms {
        let Some(cases) = run.built.cases() else {
            continue;
        };
        let models = &suite.set.scenario.models;
        if run.built.experiment().manifest.restricted {
            permit_receivers(common, models.get(&judge.model))?;
        }
        let cassette = Cassette {
            live: common.replay.is_none(),
            calls: match &common.replay {
                Some(calls) => Some(calls.with_file_name(JUDGE_CALLS)),
                None => judge_calls_so_far(&run.folder),
            },
            ..Cassette::default()
        };
        let server = Speakers::new(models, &cassette).server(&judge.model)?;
        let prompts = match &judge.prompts {
            Some(folder) => {
                Prompts::with_folder(folder).map_err(|error| Failure::Usage(error.to_string()))?
            }
            None => Prompts::builtin(),
        };
        judge_visits(&run.folder, cases, &server, &prompts, judge.votes)?;
    }
    Ok(())
}

/// An arm that was played.
struct Played {
    name: String,
    folder: PathBuf,
    score: Arc<CaseScore>,
}

impl Played {
    fn new(run: &RunArm<'_>) -> Option<Self> {
        Some(Self {
            name: run.arm.name.clone(),
            folder: run.folder.clone(),
            score: Arc::clone(run.built.cases()?),
        })
    }
}

/// Every check of a case with the events that decided it, in each arm.
fn explained(arms: &[Played], id: &str) -> Result<String, Failure> {
    let mut out = String::new();
    for Played {
        name,
        folder,
        score,
    } in arms
    {
        let score = &CaseScore {
            judgements: read_judgements(folder)?.map(Arc::new),
            ..CaseScore::clone(score)
        };
        let Some(case) = score.book.find(id) else {
            continue;
        };
        let mut result = ArmResult::new(name, &score.book);
        let mut episodes: BTreeMap<u32, Episode> = BTreeMap::new();
        let played = |episode: u32| {
            let case = score.book.of_episode(episode);
            case.is_some_and(|(case, _)| case.spec.id == id)
        };
        score_run(folder, score, |episode, scored| {
            if played(episode.episode) {
                result.add(score, episode, &scored.row);
                episodes.insert(episode.episode, episode.clone());
            }
            Ok(())
        })?;
        result.settle(&score.book);
        if let Some(outcome) = result.cases.first() {
            let events = folder.join(RunDirectory::EVENTS);
            let _ = writeln!(out, "\n{name} ({})", events.display());
            out.push_str(&explain(case, outcome, &episodes));
        }
    }
    Ok(out)
}
