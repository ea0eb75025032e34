//! From scored arms to `summary.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rounds_environments::nearest::nearest;
use rounds_environments::streams::RunSeed;
use rounds_environments::text::json_fault;
use rounds_models::CallRecord;
use serde_json::{Map, Value};

use super::directory::RunDirectory;
use super::error::RunError;
use super::score::{EpisodeRow, Score, known_metrics};
use crate::schema::InteractionSpec;
use crate::statistics::calls::Calls;
use crate::statistics::summary::{
    ArmSummary, Episodes, InteractionSummary, LimitCut, Named, SCHEMA, Summary, Timing, comparisons,
};
use crate::statistics::{
    CaseNumbers, Design, Question, Sample, calibration_error, compare, estimate, interaction,
    interquartile,
};

/// An arm with its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmRows {
    /// Name of the arm.
    pub name: String,
    /// What it changes.
    pub settings: Map<String, Value>,
    /// One row an episode.
    pub rows: Vec<EpisodeRow>,
    /// Rounds of all episodes.
    pub rounds: u64,
    /// Calls of models.
    pub calls: Calls,
}

/// What a summary is of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SummaryHead {
    /// Name of the scenario.
    pub scenario: String,
    /// Seed.
    pub seed: u64,
    /// Command.
    pub command: String,
    /// Wall-clock seconds.
    pub wall_s: f64,
}

/// Summarises the arms of a run: intervals by case, and every pair of arms compared on the same
/// cases, corrected together. Where the scorer knows parts of the episodes, pairs are compared in
/// each part as well, and each part is corrected by itself.
///
/// # Errors
/// [`RunError::Input`] when a metric is not a finite number.
pub fn summarise(
    head: &SummaryHead,
    arms: &[ArmRows],
    score: &dyn Score,
) -> Result<Summary, RunError> {
    let mut cases = CaseNumbers::default();
    let mut samples: Vec<BTreeMap<&str, Sample>> = Vec::new();
    let mut summaries = Vec::new();
    let mut episodes = Episodes::default();
    let mut calls = Calls::default();
    let mut timing = Timing {
        wall_s: head.wall_s,
        ..Timing::default()
    };
    for arm in arms {
        let mut names: Vec<&str> = score.order().to_vec();
        for row in &arm.rows {
            for name in row.metrics.keys() {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
            episodes.asked += 1;
            match row.outcome.as_str() {
                "done" => episodes.done += 1,
                "aborted" => episodes.aborted += 1,
                _ => episodes.failed += 1,
            }
        }
        let ids: Vec<u64> = arm.rows.iter().map(|row| cases.number(&row.case)).collect();
        let mut summary = ArmSummary {
            name: arm.name.clone(),
            settings: arm.settings.clone(),
            metrics: Map::new(),
        };
        let mut of_arm = BTreeMap::new();
        for name in names {
            if !arm.rows.iter().any(|row| row.metrics.contains_key(name)) {
                continue;
            }
            let values = ids
                .iter()
                .zip(&arm.rows)
                .map(|(&id, row)| (id, row.metrics.get(name).copied().flatten()));
            let mut sample =
                Sample::new(values).map_err(|error| RunError::Input(format!("{name}: {error}")))?;
            if !score.has_proportions() {
                sample = sample.as_continuous();
            }
            summary.put(name, &estimate(&sample, RunSeed(head.seed)));
            of_arm.insert(name, sample);
        }
        if let Some((confidence, right)) = score.calibrated() {
            let value = |row: &EpisodeRow, name: &str| row.metrics.get(name).copied().flatten();
            let values: Vec<(u64, f64, bool)> = ids
                .iter()
                .zip(&arm.rows)
                .filter_map(|(&id, row)| {
                    Some((id, value(row, confidence)?, value(row, right)? > 0.5))
                })
                .collect();
            if !values.is_empty() {
                summary.put("ece", &calibration_error(&values, RunSeed(head.seed)));
            }
        }
        if let Some(name) = score.interquartile()
            && let Some(sample) = of_arm.get(name)
        {
            let middle = interquartile(sample, RunSeed(head.seed));
            summary.put(&format!("{name}_iqm"), &middle);
        }
        timing.rounds += arm.rounds;
        calls += arm.calls.clone();
        let decisions = arm
            .rows
            .iter()
            .filter_map(|row| row.metrics.get("calls").copied().flatten())
            .sum::<f64>();
        timing.decisions += decisions as u64;
        samples.push(of_arm);
        summaries.push(summary);
    }
    if head.wall_s > 0.0 {
        timing.decisions_per_s = timing.decisions as f64 / head.wall_s;
    }
    let mut compared = Vec::new();
    for part in parts(&samples, score) {
        let mut family = Vec::new();
        for a in 0..arms.len() {
            for b in a + 1..arms.len() {
                for &(metric, direction) in score.decisive() {
                    let name = match part {
                        None => Some(metric),
                        Some(part) => named(&samples[a], score, metric, part),
                    };
                    let Some(name) = name else { continue };
                    if let (Some(x), Some(y)) = (samples[a].get(name), samples[b].get(name)) {
                        family.push(Named {
                            a: arms[a].name.clone(),
                            b: arms[b].name.clone(),
                            metric: name.to_owned(),
                            difference: compare(x, y, Design::Paired),
                            question: Question {
                                direction,
                                margin: None,
                            },
                        });
                    }
                }
            }
        }
        compared.extend(comparisons(family));
    }
    Ok(Summary {
        schema: SCHEMA.to_owned(),
        scenario: head.scenario.clone(),
        seed: head.seed,
        command: head.command.clone(),
        episodes,
        limit: limits(arms),
        arms: summaries,
        comparisons: compared,
        interactions: Vec::new(),
        calls,
        until: None,
        timing,
        evaluation: None,
    })
}

/// Refuses interactions in metrics that no episode can have.
///
/// # Errors
/// [`RunError::Input`] naming the interaction, and the nearest metric.
pub fn check_interactions(specs: &[InteractionSpec], score: &dyn Score) -> Result<(), RunError> {
    let metrics = known_metrics(score);
    for (number, spec) in specs.iter().enumerate() {
        let got = &spec.metric;
        let known = |name: &String| name == got || score.part(name, got).is_some();
        if !metrics.iter().any(known) {
            let near = nearest(got, metrics.iter().map(String::as_str));
            let help = match near {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("metrics: {}", metrics.join(", ")),
            };
            return Err(RunError::Input(format!(
                "`interactions[{number}].metric`: no episode has the metric {got:?}; {help}"
            )));
        }
    }
    Ok(())
}

/// The interactions that a scenario asks about, in the metric as a whole and in each part of the episodes.
///
/// # Errors
/// [`RunError::Input`] when a metric is not a finite number.
pub fn interactions(
    specs: &[InteractionSpec],
    arms: &[ArmRows],
    score: &dyn Score,
    seed: u64,
) -> Result<Vec<InteractionSummary>, RunError> {
    let mut out = Vec::new();
    for spec in specs {
        let of = spec
            .arms
            .each_ref()
            .map(|name| arms.iter().find(|arm| arm.name == *name));
        let [Some(a), Some(b), Some(c), Some(d)] = of else {
            continue;
        };
        let names: BTreeSet<&str> = a
            .rows
            .iter()
            .flat_map(|row| row.metrics.keys())
            .map(String::as_str)
            .filter(|name| *name == spec.metric || score.part(&spec.metric, name).is_some())
            .collect();
        if names.is_empty() {
            out.push(InteractionSummary {
                name: spec.name.clone(),
                metric: spec.metric.clone(),
                scale: spec.scale,
                arms: spec.arms.clone(),
                value: None,
                ci95: None,
                n: 0,
                why: Some(format!("no episode has the metric {:?}", spec.metric)),
            });
        }
        for name in names {
            let mut cases = CaseNumbers::default();
            let mut samples = Vec::with_capacity(4);
            for arm in [a, b, c, d] {
                let values = arm.rows.iter().filter_map(|row| {
                    let value = row.metrics.get(name)?;
                    Some((cases.number(&row.case), *value))
                });
                let values: Vec<(u64, Option<f64>)> = values.collect();
                let sample = Sample::new(values);
                samples.push(sample.map_err(|error| RunError::Input(format!("{name}: {error}")))?);
            }
            let [a, b, c, d] = &samples[..] else { continue };
            let found = interaction([a, b, c, d], spec.scale, RunSeed(seed));
            out.push(InteractionSummary {
                name: spec.name.clone(),
                metric: name.to_owned(),
                scale: spec.scale,
                arms: spec.arms.clone(),
                value: found.mean,
                ci95: found.ci95,
                n: found.n,
                why: found.why,
            });
        }
    }
    Ok(out)
}

/// The limits that cut episodes, in the order of their names.
fn limits(arms: &[ArmRows]) -> Vec<LimitCut> {
    let mut cuts: BTreeMap<&str, LimitCut> = BTreeMap::new();
    for row in arms.iter().flat_map(|arm| &arm.rows) {
        if let Some(name) = &row.limit {
            let cut = cuts.entry(name).or_insert_with(|| LimitCut {
                name: name.clone(),
                episodes: 0,
                why: row.reason.clone().unwrap_or_default(),
            });
            cut.episodes += 1;
        }
    }
    cuts.into_values().collect()
}

/// All episodes, then each part of them in the order of names.
fn parts<'a>(samples: &[BTreeMap<&'a str, Sample>], score: &dyn Score) -> Vec<Option<&'a str>> {
    let names = samples.iter().flat_map(BTreeMap::keys);
    let found: BTreeSet<&str> = names
        .flat_map(|name| {
            let decisive = score.decisive().iter();
            decisive.filter_map(|(of, _)| score.part(of, name))
        })
        .collect();
    let all = std::iter::once(None);
    all.chain(found.into_iter().map(Some)).collect()
}

/// The name of a decisive metric in one part.
fn named<'a>(
    sample: &BTreeMap<&'a str, Sample>,
    score: &dyn Score,
    metric: &str,
    part: &str,
) -> Option<&'a str> {
    let mut names = sample.keys().copied();
    names.find(|name| score.part(metric, name) == Some(part))
}

/// Adds up the calls that a run recorded.
///
/// # Errors
/// [`RunError`] when `calls.jsonl` is there and cannot be read.
pub(super) fn count_calls(run: &Path) -> Result<Calls, RunError> {
    let path = run.join(RunDirectory::CALLS);
    let restarts = run.join(RunDirectory::PROCESSES).join("restarts.jsonl");
    let mut calls = Calls {
        restarts: std::fs::read_to_string(restarts).map_or(0, |text| text.lines().count() as u64),
        ..Calls::default()
    };
    if !path.exists() {
        return Ok(calls);
    }
    let text = std::fs::read_to_string(&path).map_err(RunError::file(&path, "cannot be read"))?;
    for (number, line) in text.lines().enumerate() {
        let call = CallRecord::from_line(line).map_err(|error| RunError::Damaged {
            path: path.clone(),
            line: Some(number as u64 + 1),
            why: json_fault(&error),
        })?;
        calls.add(&call);
    }
    Ok(calls)
}
