//! Arms of one experiment: run on the same episodes, derived from their logs, summarised together.

use std::path::Path;
use std::time::Instant;

use serde_json::{Map, Value};

use super::directory::{pretty, write_whole};
use super::error::RunError;
use super::events::Episode;
use super::execute::{ExecuteOptions, Experiment, execute};
use super::score::{Score, Scored, score_run};
use super::summary::{ArmRows, SummaryHead, count_calls, summarise};
use super::tables::write_tables;
use crate::statistics::Summary;

/// One variant of an experiment.
#[derive(Clone)]
pub struct ExperimentArm {
    /// Its name.
    pub name: String,
    /// What it changes, for the summary.
    pub settings: Map<String, Value>,
    /// What is run.
    pub experiment: Experiment,
}

/// Runs every arm into a run directory of its own below `folder`, continuing what is there, and
/// writes and returns the summary of all.
///
/// # Errors
/// [`RunError`]; what was finished before stays and is continued by the next call.
pub fn run_arms(
    folder: impl AsRef<Path>,
    arms: &[ExperimentArm],
    jobs: usize,
) -> Result<Summary, RunError> {
    let folder = folder.as_ref();
    let first = arms
        .first()
        .ok_or_else(|| RunError::Input("there is no arm to run".to_owned()))?;
    let began = Instant::now();
    let mut rows = Vec::with_capacity(arms.len());
    for (number, arm) in arms.iter().enumerate() {
        let out = folder.join("arms").join(arm_folder(number, &arm.name));
        let options = ExecuteOptions {
            out: out.clone(),
            resume: true,
            jobs,
        };
        execute(&arm.experiment, &options, &mut |_, _| {})?;
        let score = &*arm.experiment.score;
        let named = (arm.name.as_str(), arm.settings.clone());
        rows.push(derive(named, &out, score, |_, _| {})?);
    }
    let head = SummaryHead {
        scenario: first.experiment.manifest.scenario.clone(),
        seed: first.experiment.manifest.seed,
        command: "bench".to_owned(),
        wall_s: began.elapsed().as_secs_f64(),
    };
    let summary = summarise(&head, &rows, &*first.experiment.score)?;
    write_whole(&folder.join("summary.json"), &pretty(&summary))?;
    Ok(summary)
}

/// Name of the run directory of an arm below `arms/`.
pub fn arm_folder(number: usize, name: &str) -> String {
    format!("{number:02}-{}", plain_name(name))
}

/// A name as that of a file.
pub(crate) fn plain_name(name: &str) -> String {
    let plain = |c: char| match c {
        c if c.is_alphanumeric() || c == '-' => c,
        _ => '_',
    };
    name.chars().map(plain).collect()
}

/// Derives rows from the finished log of an arm and writes its tables; `each` sees every episode
/// with its scores.
///
/// # Errors
/// [`RunError`] when the log cannot be read or a table not written.
pub fn derive(
    (name, settings): (&str, Map<String, Value>),
    run: &Path,
    score: &dyn Score,
    mut each: impl FnMut(&Episode, &Scored),
) -> Result<ArmRows, RunError> {
    let (mut rows, mut rounds) = (Vec::new(), Vec::new());
    score_run(run, score, |episode, scored| {
        each(episode, &scored);
        rows.push(scored.row);
        rounds.extend(scored.rounds);
        Ok(())
    })?;
    write_tables(run, &rows, &rounds)?;
    let lasted = rows
        .iter()
        .filter_map(|row| row.metrics.get("rounds").copied().flatten())
        .sum::<f64>();
    Ok(ArmRows {
        name: name.to_owned(),
        settings,
        rows,
        rounds: lasted as u64,
        calls: count_calls(run)?,
    })
}
