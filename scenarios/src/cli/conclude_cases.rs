//! After the visits of cases: verdicts, thresholds, and the files that other programs read.

use std::path::Path;

use rounds_environments::clinic::case::Person;
use rounds_environments::streams::RunSeed;
use serde_json::{Value, json};

use super::Failure;
use super::conclude::{RunArm, SHOWN};
use crate::clinic::cases::CaseBook;
use crate::evaluate::{
    ArmResult, RiskCoverage, Subgroup, SuiteFile, ThresholdResult, VariantResult, add_case_metrics,
    evaluation_value, junit, lines, markdown, never_events, risk_coverage, subgroups, thresholds,
    variants,
};
use crate::report::{ReportCaseRow, ReportCases, ReportEvaluation, ReportGroup, ReportVariant};
use crate::run::{RunError, read_manifest, write_whole};
use crate::statistics::Summary;

/// Metrics of an evaluation that the table of a terminal shows.
const SHOWN_OF_CASES: [&str; 11] = [
    "as_expected",
    "passed",
    "score",
    "critical",
    "never_event_upper95",
    "hit@1",
    "weighted_miss",
    "referred",
    "questions",
    "care_cost_usd",
    "undetermined",
];

/// Metrics to show of a run: those of cases where it has any, and the worst of their repeats.
pub(crate) fn shown(summary: &Summary) -> Vec<&str> {
    let replies = match summary.calls.count {
        0 => [].as_slice(),
        _ => ["malformed", "mended"].as_slice(),
    };
    if summary.evaluation.is_none() {
        return [&SHOWN, replies].concat();
    }
    let mut shown = [&SHOWN_OF_CASES, replies].concat();
    let names = summary.arms.iter().flat_map(|arm| arm.metrics.keys());
    let mut worst = names.filter(|name| name.starts_with("worst_of_"));
    if let Some(worst) = worst.next() {
        shown.insert(3, worst);
    }
    shown
}

/// Settles the verdicts of all arms, completes the summary, and writes `evaluation.jsonl`,
/// `junit.xml` and `evaluation.md` into `folder`. Arms that only play the cases otherwise are told
/// as variants.
pub(super) fn conclude_cases(
    folder: &Path,
    arms: &[RunArm],
    mut results: Vec<ArmResult>,
    summary: &mut Summary,
) -> Result<ReportEvaluation, Failure> {
    let Some(cases) = arms.iter().find_map(|run| run.built.cases()) else {
        return Ok(ReportEvaluation::default());
    };
    let book: &CaseBook = &cases.book;
    let seed = RunSeed(summary.seed);
    let (bounds, base_arms) = match SuiteFile::read(folder)? {
        Some(suite) => (
            suite.thresholds,
            suite.base_arms.clamp(1, results.len().max(1)),
        ),
        None => (std::collections::BTreeMap::new(), results.len()),
    };
    for (result, arm) in results.iter_mut().zip(&mut summary.arms) {
        result.settle(book);
        add_case_metrics(arm, result, seed);
    }
    let held: Vec<ThresholdResult> = summary
        .arms
        .iter()
        .take(base_arms)
        .flat_map(|arm| thresholds(arm, &bounds))
        .collect();
    let persons = |name: &str| {
        let run = arms.iter().find(|run| run.arm.name == name);
        run.and_then(|run| Some(run.arm.scenario.clinic()?.environment.person.clone()))
    };
    let persons: Vec<Person> = results
        .iter()
        .map(|result| persons(&result.name).unwrap_or_default())
        .collect();
    let varied = variants(&results, base_arms, &persons, book);
    let base = &results[..base_arms.min(results.len())];
    let groups = subgroups(base, book, seed);
    let curves: Vec<RiskCoverage> = base.iter().map(risk_coverage).collect();
    let mut value = evaluation_value(base, &held);
    value["variants"] = varied.iter().map(VariantResult::value).collect();
    value["subgroups"] = groups.iter().map(Subgroup::value).collect();
    value["risk_coverage"] = curves.iter().map(RiskCoverage::value).collect();
    value["scorer"] = json!(crate::clinic::cases::SCORER);
    summary.evaluation = Some(value);
    let mut text = String::new();
    for result in &results {
        let run = arms.iter().find(|run| run.arm.name == result.name);
        if let Some(run) = run {
            // The stored manifest says what was played, also when it is scored again.
            text.push_str(&lines(result, &read_manifest(&run.folder)?));
        }
    }
    write_whole(&folder.join("evaluation.jsonl"), text.as_bytes())?;
    let xml = junit(&summary.scenario, base).map_err(|error| RunError::Input(error.to_string()))?;
    write_whole(&folder.join("junit.xml"), xml.as_bytes())?;
    let page = markdown(summary, base, &held, &shown(summary));
    write_whole(&folder.join("evaluation.md"), page.as_bytes())?;
    Ok(report(base, &held, &varied, &groups, &curves))
}

/// Thresholds that are not met, in words.
pub(crate) fn unmet(summary: &Summary) -> Vec<String> {
    let held = summary
        .evaluation
        .as_ref()
        .and_then(|e| e["thresholds"].as_array());
    held.into_iter()
        .flatten()
        .filter(|t| t["met"] == Value::Bool(false))
        .map(|t| {
            let text = |key: &str| t[key].as_str().unwrap_or_default().to_owned();
            let got = t["got"].as_f64();
            let got = got.map_or_else(|| "undefined".to_owned(), |got| format!("{got:.3}"));
            format!(
                "{}: {} {}, got {got}",
                text("arm"),
                text("metric"),
                text("bound")
            )
        })
        .collect()
}

fn report(
    results: &[ArmResult],
    held: &[ThresholdResult],
    varied: &[VariantResult],
    groups: &[Subgroup],
    curves: &[RiskCoverage],
) -> ReportEvaluation {
    ReportEvaluation {
        thresholds: held
            .iter()
            .map(|t| {
                (
                    t.arm.clone(),
                    format!("{} {}", t.metric, t.bound),
                    t.got,
                    t.met,
                )
            })
            .collect(),
        arms: results.iter().map(cases_of).collect(),
        variants: varied
            .iter()
            .map(|v| ReportVariant {
                base: v.base.clone(),
                variant: v.variant.clone(),
                cases: v.cases,
                lost: v.lost.clone(),
                gained: v.gained.clone(),
                difference: v.difference,
                ci95: v.ci95,
                verdict: v.verdict.clone(),
            })
            .collect(),
        groups: groups
            .iter()
            .map(|g| ReportGroup {
                arm: g.arm.clone(),
                group: format!("{}: {}", g.part, g.value),
                cases: g.passed.clusters,
                passed: (g.passed.mean, g.passed.ci95),
                score: (g.score.mean, g.score.ci95),
            })
            .collect(),
        curves: curves
            .iter()
            .map(|c| (c.arm.clone(), c.points.clone(), c.area))
            .collect(),
    }
}

fn cases_of(result: &ArmResult) -> ReportCases {
    ReportCases {
        arm: result.name.clone(),
        rows: result
            .cases
            .iter()
            .map(|case| ReportCaseRow {
                case: case.id.clone(),
                title: case.title.clone(),
                speciality: case.speciality.clone(),
                status: case.status.words().to_owned(),
                good: case.status.as_expected(),
                passed: (case.passed(), case.runs.len()),
                score: (case.score(), case.worst()),
                failing: case
                    .failing()
                    .iter()
                    .map(|(id, n)| format!("{id} ({n})"))
                    .collect(),
                explained: case.explained.clone(),
            })
            .collect(),
        never: never_events(result)
            .into_iter()
            .map(|never| (never.name, never.cases, never.of, never.upper95))
            .collect(),
    }
}
