//! Metrics of a run, derived from its log alone.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::RunError;
use super::events::{Episode, EpisodeReader};
use crate::statistics::Direction;

/// One row an episode.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EpisodeRow {
    /// Episode.
    pub episode: u32,
    /// Name of the case; repeats of one case are one cluster.
    pub case: String,
    /// `done`, `failed` or `aborted`.
    pub outcome: String,
    /// Why, unless done.
    pub reason: Option<String>,
    /// The limit that cut it, such as `episode.calls`.
    pub limit: Option<String>,
    /// Metrics; `None` where undefined.
    pub metrics: BTreeMap<String, Option<f64>>,
}

/// One row a round and agent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoundRow {
    /// Episode.
    pub episode: u32,
    /// Round.
    pub round: u32,
    /// Simulated minutes since the start of the episode.
    pub minute: f64,
    /// Agent.
    pub agent: String,
    /// What it did.
    pub action: String,
    /// Its reward, where there is one.
    pub reward: Option<f64>,
}

/// What is derived from the log of one episode.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scored {
    /// The row of the episode.
    pub row: EpisodeRow,
    /// Its rounds.
    pub rounds: Vec<RoundRow>,
}

/// Derives metrics and rows of one episode from its events.
pub trait Score: Send + Sync {
    /// Scores one episode.
    fn score(&self, episode: &Episode) -> Scored;

    /// Metrics in the order in which people should see them; others follow by name.
    fn order(&self) -> &[&'static str] {
        &[]
    }

    /// Whether there are metrics of [`order`](Self::order) that an episode has only by its events.
    fn needs_events(&self) -> bool {
        false
    }

    /// Whether a metric of which all values are 0 or 1 is a proportion; else it is a quantity that
    /// happens to take no other value.
    fn has_proportions(&self) -> bool {
        true
    }

    /// The metric that is the stated probability of being right, and the 0/1 metric that says
    /// whether it was; the arm then has an expected calibration error, `ece`.
    fn calibrated(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// The metric whose mean over the middle half of the cases an arm has too, as `NAME_iqm`.
    fn interquartile(&self) -> Option<&'static str> {
        None
    }

    /// Metrics that decide between arms, and which way is better.
    fn decisive(&self) -> &[(&'static str, Direction)] {
        &[]
    }

    /// The part of the episodes that metric `name` is of, where it is the decisive metric `of` in
    /// these alone; arms are compared within each part too.
    fn part<'a>(&self, _of: &str, _name: &'a str) -> Option<&'a str> {
        None
    }
}

/// Metrics that episodes may have: those of the order first, then by name.
pub fn known_metrics(score: &dyn Score) -> Vec<String> {
    let nothing = Episode {
        episode: 0,
        events: Vec::new(),
    };
    let row = score.score(&nothing).row;
    let known = |name: &&str| score.needs_events() || row.metrics.contains_key(*name);
    let ordered = score.order().iter().copied().filter(known);
    let mut metrics: Vec<String> = ordered.map(str::to_owned).collect();
    for name in row.metrics.into_keys() {
        if !metrics.contains(&name) {
            metrics.push(name);
        }
    }
    metrics
}

/// Scores every episode of the log of `run`, handing each to `take` as it is read.
///
/// # Errors
/// [`RunError`] when the log cannot be read.
pub fn score_run(
    run: &Path,
    score: &dyn Score,
    mut take: impl FnMut(&Episode, Scored) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let path = run.join(super::RunDirectory::EVENTS);
    let mut reader = EpisodeReader::open(&path)?;
    while let Some(episode) = reader.next() {
        let episode = episode?;
        let mut ended = episode.events.iter().rev().filter(|e| e.kind == "ended");
        let Some(ended) = ended.next() else {
            let why = format!("episode {} has no end: the log was cut", episode.episode);
            return Err(RunError::Damaged {
                path,
                line: Some(reader.line() - 1),
                why,
            });
        };
        let mut scored = score.score(&episode);
        scored.row.outcome = ended.text("outcome").unwrap_or("failed").to_owned();
        scored.row.reason = ended.text("reason").map(str::to_owned);
        scored.row.limit = ended.text("limit").map(str::to_owned);
        scored.row.episode = episode.episode;
        take(&episode, scored)?;
    }
    Ok(())
}
