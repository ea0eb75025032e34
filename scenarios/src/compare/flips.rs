//! Cases that came out otherwise, and where the truth moved in the list.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use rounds_environments::text::json_fault;
use serde::{Deserialize, Serialize};

use super::first_event::{EventDifference, first_difference};
use super::side::{Placed, Rows, Side};
use super::verdicts::{CheckChange, Verdicts, changes, verdicts};
use crate::run::{EventLine, RunDirectory, RunError};

/// A case that one run got right and the other did not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flip {
    /// The case; empty where records are restricted.
    pub case: String,
    /// Which of the repeats of the case, from 0.
    pub repeat: usize,
    /// Episode in the first run.
    pub episode_a: u32,
    /// Episode in the second run.
    pub episode_b: u32,
    /// Value in the first run.
    pub a: f64,
    /// Value in the second run.
    pub b: f64,
    /// `gained` where the second run is right, `lost` where it is not.
    pub change: String,
    /// Place of the truth in the list of the first run, from 1; `None` where it is not in it.
    pub rank_a: Option<u32>,
    /// Place of the truth in the list of the second run.
    pub rank_b: Option<u32>,
    /// Where the logs part; `None` where those who decide did the same.
    pub first_difference: Option<EventDifference>,
    /// Checks with another verdict, where the runs are evaluations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckChange>,
    /// Command that tells the episode of the first run.
    pub show_a: String,
    /// Command that tells the episode of the second run.
    pub show_b: String,
}

/// A case in which the truth has another place in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Move {
    /// The case; empty where records are restricted.
    pub case: String,
    /// Which of the repeats of the case, from 0.
    pub repeat: usize,
    /// Episode in the first run.
    pub episode_a: u32,
    /// Episode in the second run.
    pub episode_b: u32,
    /// Place in the first run, from 1; `None` where it is not in the list.
    pub rank_a: Option<u32>,
    /// Place in the second run.
    pub rank_b: Option<u32>,
}

/// Flips whose events are looked up at most, and flips and moves that are listed at most.
pub(super) const LISTED: usize = 1000;

/// The rows of one case and repeat in both runs.
pub(crate) struct Pair<'a> {
    pub(crate) case: &'a str,
    pub(crate) repeat: usize,
    pub(crate) a: &'a Placed,
    pub(crate) b: &'a Placed,
}

/// The rows of both runs by case, repeats in their order.
pub(crate) fn pairs<'a>(a: &'a Rows, b: &'a Rows) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    for (case, of_a) in a {
        let of_b = b.get(case).into_iter().flatten();
        for (repeat, (a, b)) in of_a.iter().zip(of_b).enumerate() {
            pairs.push(Pair { case, repeat, a, b });
        }
    }
    // People look for episodes by their number.
    pairs.sort_by_key(|pair| (pair.a.part, pair.a.row.episode));
    pairs
}

fn value(placed: &Placed, metric: &str) -> Option<f64> {
    placed.row.metrics.get(metric).copied().flatten()
}

/// Place of the first true diagnosis: the reciprocal of its reciprocal rank.
fn rank(placed: &Placed) -> Option<u32> {
    let reciprocal = value(placed, "mrr").filter(|mrr| *mrr > 0.0)?;
    Some(libm::round(1.0 / reciprocal) as u32)
}

/// Cases in which the truth has another place; only where both runs have a list.
pub(super) fn moves(pairs: &[Pair<'_>]) -> Vec<Move> {
    let scored =
        |pair: &&Pair<'_>| value(pair.a, "mrr").is_some() && value(pair.b, "mrr").is_some();
    let moved = pairs.iter().filter(scored).filter_map(|pair| {
        let (rank_a, rank_b) = (rank(pair.a), rank(pair.b));
        (rank_a != rank_b).then(|| Move {
            case: pair.case.to_owned(),
            repeat: pair.repeat,
            episode_a: pair.a.row.episode,
            episode_b: pair.b.row.episode,
            rank_a,
            rank_b,
        })
    });
    moved.collect()
}

/// Cases whose `metric` is right in one run alone; one that is not scored is not right.
pub(super) fn flipped<'p, 'a>(pairs: &'p [Pair<'a>], metric: &str) -> Vec<&'p Pair<'a>> {
    let right = |placed: &Placed| value(placed, metric).is_some_and(|value| value >= 0.5);
    pairs
        .iter()
        .filter(|pair| right(pair.a) != right(pair.b))
        .collect()
}

/// The flips with the events in which their logs part.
///
/// # Errors
/// [`RunError`] when a log cannot be read.
pub(super) fn describe(
    (a, b): (&Side, &Side),
    flipped: &[&Pair<'_>],
    metric: &str,
) -> Result<Vec<Flip>, RunError> {
    let listed = &flipped[..flipped.len().min(LISTED)];
    let events_a = events(a, listed.iter().map(|pair| pair.a))?;
    let events_b = events(b, listed.iter().map(|pair| pair.b))?;
    let verdicts = match listed.is_empty() {
        true => [Verdicts::new(), Verdicts::new()],
        false => [verdicts(a)?, verdicts(b)?],
    };
    let checks = |side: &Side, of: &Verdicts, placed: &Placed| {
        let seed = side.parts[placed.part].manifest.seed;
        of.get(&(seed, placed.row.episode))
            .cloned()
            .unwrap_or_default()
    };
    let flips = listed.iter().map(|pair| {
        let at = |placed: &Placed| (placed.part, placed.row.episode);
        let [x, y] = [pair.a, pair.b].map(|placed| value(placed, metric).unwrap_or(0.0));
        let logs = events_a.get(&at(pair.a)).zip(events_b.get(&at(pair.b)));
        Flip {
            case: pair.case.to_owned(),
            repeat: pair.repeat,
            episode_a: pair.a.row.episode,
            episode_b: pair.b.row.episode,
            a: x,
            b: y,
            change: if y > x { "gained" } else { "lost" }.to_owned(),
            rank_a: rank(pair.a),
            rank_b: rank(pair.b),
            first_difference: logs.and_then(|(x, y)| first_difference(x, y)),
            checks: changes(
                &checks(a, &verdicts[0], pair.a),
                &checks(b, &verdicts[1], pair.b),
            ),
            show_a: a.show(pair.a),
            show_b: b.show(pair.b),
        }
    });
    Ok(flips.collect())
}

type Logs = BTreeMap<(usize, u32), Vec<EventLine>>;

/// The events of the wanted episodes.
fn events<'a>(side: &Side, wanted: impl Iterator<Item = &'a Placed>) -> Result<Logs, RunError> {
    let wanted: BTreeSet<(usize, u32)> = wanted.map(|p| (p.part, p.row.episode)).collect();
    let mut logs = Logs::new();
    let parts: BTreeSet<usize> = wanted.iter().map(|(part, _)| *part).collect();
    for at in parts {
        let wants = |episode, _: &str| wanted.contains(&(at, episode));
        events_of(&side.parts[at].folder, wants, |event| {
            logs.entry((at, event.episode)).or_default().push(event);
        })?;
    }
    Ok(logs)
}

/// The truth of episodes by part and number.
pub(crate) type Truths = BTreeMap<(usize, u32), Vec<String>>;

/// The truth of every episode, where the log tells one. Cases of an evaluation need none: their
/// hashes say what they are.
pub(crate) fn truths(side: &Side) -> Result<Truths, RunError> {
    let mut truths = Truths::new();
    if side.suite().is_some() {
        return Ok(truths);
    }
    for (at, part) in side.parts.iter().enumerate() {
        // Quotes inside texts are escaped, so that this is found as a field alone.
        let tells = |_, line: &str| line.contains("\"kind\":\"patient\"");
        events_of(&part.folder, tells, |event| {
            let truth = event.texts("truth").into_iter().chain(event.texts("codes"));
            let truth = truth.map(str::to_owned).collect();
            truths.insert((at, event.episode), truth);
        })?;
    }
    Ok(truths)
}

/// Hands out the events of a log whose episode and line are wanted. A log may have millions of
/// lines of which few are: the others are not parsed.
fn events_of(
    run: &Path,
    wants: impl Fn(u32, &str) -> bool,
    mut take: impl FnMut(EventLine),
) -> Result<(), RunError> {
    let path = run.join(RunDirectory::EVENTS);
    let file = File::open(&path).map_err(RunError::file(&path, "cannot be read"))?;
    let mut log = BufReader::with_capacity(1 << 18, file);
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        let read = log.read_line(&mut line);
        if read.map_err(RunError::file(&path, "cannot be read"))? == 0 {
            break;
        }
        // Every event begins with its episode; the first line is no event.
        let episode = line
            .strip_prefix("{\"e\":")
            .and_then(|rest| rest.split(',').next()?.parse().ok());
        if episode.is_some_and(|episode| wants(episode, &line)) {
            take(
                serde_json::from_str(&line).map_err(|error| RunError::Damaged {
                    path: path.clone(),
                    line: Some(number),
                    why: format!("this is no event: {}", json_fault(&error)),
                })?,
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::EpisodeRow;

    fn rows(values: &[(&str, f64, f64)]) -> Rows {
        let mut rows = Rows::new();
        for (episode, (case, hit, mrr)) in (0..).zip(values) {
            let metrics = [("hit@1", *hit), ("mrr", *mrr)];
            let metrics = metrics.map(|(name, value)| (name.to_owned(), Some(value)));
            let row = EpisodeRow {
                episode,
                case: (*case).to_owned(),
                metrics: metrics.into(),
                ..EpisodeRow::default()
            };
            let placed = Placed { part: 0, row };
            rows.entry((*case).to_owned()).or_default().push(placed);
        }
        rows
    }

    #[test]
    fn repeats_are_paired_in_their_order_and_ranks_move() {
        let a = rows(&[
            ("x", 1.0, 1.0),
            ("x", 0.0, 0.5),
            ("y", 1.0, 1.0),
            ("z", 1.0, 1.0),
        ]);
        let b = rows(&[
            ("y", 1.0, 1.0),
            ("x", 1.0, 1.0),
            ("x", 1.0, 1.0),
            ("x", 0.0, 0.0),
        ]);
        let pairs = pairs(&a, &b);
        assert_eq!(pairs.len(), 3);
        let flipped = flipped(&pairs, "hit@1");
        assert_eq!(flipped.len(), 1);
        assert_eq!((flipped[0].case, flipped[0].repeat), ("x", 1));
        let moved = moves(&pairs);
        assert_eq!((moved[0].rank_a, moved[0].rank_b), (Some(2), Some(1)));
        assert_eq!(moved.len(), 1);
    }
}
