//! The comparison of two sides as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rounds_environments::streams::RunSeed;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::comparable::Pairing;
use super::flips::{Flip, LISTED, Move, Pair, Truths, describe, flipped, moves, pairs, truths};
use super::metrics::direction;
use super::settings::{Changed, changed};
use super::side::{Placed, Rows, Side, values};
use crate::run::RunError;
use crate::statistics::calls::Calls;
use crate::statistics::summary::{
    ArmSummary, Episodes, Named, SCHEMA, Summary, Timing, comparisons,
};
use crate::statistics::{CaseNumbers, Design, Question, Sample, compare, estimate};

/// A side in the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedSide {
    /// The folder as it was named.
    pub run: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the arm.
    pub arm: String,
    /// Its seeds in words.
    pub seeds: String,
    /// Hash of its resolved scenario.
    pub hash: String,
    /// Its episodes.
    pub episodes: usize,
    /// Its cases.
    pub cases: usize,
}

/// Everything that is said of two runs; `b` is the new one.
///
/// In [`Summary`] the arms are named `A` and `B`, and every comparison is B minus A: `better` means
/// that B is better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// The contract of every command.
    #[serde(flatten)]
    pub summary: Summary,
    /// How: case by case or not.
    pub design: Design,
    /// Why cases are not paired, where they are not.
    pub unpaired: Option<String>,
    /// The first run.
    pub a: ComparedSide,
    /// The second run.
    pub b: ComparedSide,
    /// Settings that differ.
    pub changed: Vec<Changed>,
    /// The metric whose flips are listed; `None` where no metric says right or wrong, or where
    /// cases are not paired.
    pub flips_of: Option<String>,
    /// Episodes that flipped in favour of B.
    pub gained: usize,
    /// Episodes that flipped against B.
    pub lost: usize,
    /// Cases of which an episode flipped.
    pub flipped_cases: usize,
    /// The flips, at most 1000.
    pub flips: Vec<Flip>,
    /// Cases in which the truth is higher in the list of B.
    pub up: usize,
    /// Cases in which it is lower.
    pub down: usize,
    /// Those cases, at most 1000.
    pub moved: Vec<Move>,
    /// Whether the records are restricted, so that names of cases and texts are left out.
    pub restricted: bool,
}

/// Share of the smaller side's cases that must be in both for a comparison case by case.
const COMMON_SHARE: f64 = 0.5;

/// Compares `b` with `a` on `metrics`.
///
/// # Errors
/// [`RunError`] when a table or log cannot be read.
pub fn compare_sides(
    a: &Side,
    b: &Side,
    metrics: &[String],
    pairing: Pairing,
) -> Result<Compared, RunError> {
    let flips_of = ["passed", "hit@1"]
        .into_iter()
        .find(|name| a.metrics.contains(*name) && b.metrics.contains(*name));
    let mut wanted: BTreeSet<&str> = metrics.iter().map(String::as_str).collect();
    wanted.extend(flips_of);
    wanted.insert("mrr");
    let seeded = a.seeds().union(&b.seeds()).count() > 1;
    let (rows_a, rows_b) = (a.rows(seeded, &wanted)?, b.rows(seeded, &wanted)?);
    let mut pairs = pairs(&rows_a, &rows_b);
    let unpaired = match pairing {
        Pairing::Paired => {
            let truths = [truths(a)?, truths(b)?];
            why_unpaired([&rows_a, &rows_b], &pairs, [&truths[0], &truths[1]])
        }
        Pairing::Unpaired(why) => Some(why),
    };
    let design = match unpaired {
        None => Design::Paired,
        Some(_) => Design::Unpaired,
    };
    if design == Design::Unpaired {
        pairs.clear();
    }
    let mut numbers = CaseNumbers::default();
    let mut family = Vec::new();
    let changes = changed(a, b);
    let mut arms = [("A", a), ("B", b)].map(|(name, _)| ArmSummary {
        name: name.to_owned(),
        settings: settings_of(&changes, name == "A"),
        metrics: Map::new(),
    });
    let seed = RunSeed(a.manifest().seed);
    for metric in metrics {
        let mut sample = |rows| {
            Sample::new(values(rows, metric, &mut numbers))
                .map_err(|error| RunError::Input(format!("{metric}: {error}")))
        };
        let (of_a, of_b) = (sample(&rows_a)?, sample(&rows_b)?);
        arms[0].put(metric, &estimate(&of_a, seed));
        arms[1].put(metric, &estimate(&of_b, seed));
        family.push(Named {
            a: "B".to_owned(),
            b: "A".to_owned(),
            metric: metric.clone(),
            difference: compare(&of_b, &of_a, design),
            question: Question {
                direction: direction(metric),
                margin: None,
            },
        });
    }
    let restricted = a.restricted() || b.restricted();
    let flips_of = flips_of.filter(|_| design == Design::Paired);
    let flipped = flips_of.map_or_else(Vec::new, |metric| flipped(&pairs, metric));
    let mut flips = describe((a, b), &flipped, flips_of.unwrap_or_default())?;
    let gains = flips_of.map_or(0, |metric| gains(&flipped, metric));
    let mut moved = moves(&pairs);
    let place = |rank: Option<u32>| rank.unwrap_or(u32::MAX);
    let up = moved
        .iter()
        .filter(|m| place(m.rank_b) < place(m.rank_a))
        .count();
    let down = moved.len() - up;
    moved.truncate(LISTED);
    if restricted {
        withhold(&mut flips, &mut moved);
    }
    let summary = Summary {
        evaluation: None,
        schema: SCHEMA.to_owned(),
        scenario: b.manifest().scenario.clone(),
        seed: b.manifest().seed,
        command: "compare".to_owned(),
        episodes: episodes([&rows_a, &rows_b]),
        limit: Vec::new(),
        arms: arms.into(),
        comparisons: comparisons(family),
        interactions: Vec::new(),
        calls: Calls::default(),
        until: None,
        timing: Timing::default(),
    };
    Ok(Compared {
        summary,
        design,
        unpaired,
        a: described(a, &rows_a),
        b: described(b, &rows_b),
        changed: changes,
        flips_of: flips_of.map(str::to_owned),
        gained: gains,
        lost: flipped.len() - gains,
        flipped_cases: flipped
            .iter()
            .map(|pair| pair.case)
            .collect::<BTreeSet<_>>()
            .len(),
        flips,
        up,
        down,
        moved,
        restricted,
    })
}

/// Why cases cannot be paired: too few are common, or they only have the same names.
pub(crate) fn why_unpaired(
    [a, b]: [&Rows; 2],
    pairs: &[Pair<'_>],
    truths: [&Truths; 2],
) -> Option<String> {
    let common = a.keys().filter(|case| b.contains_key(*case)).count();
    let fewer = a.len().min(b.len());
    if common == 0 || (common as f64) < COMMON_SHARE * fewer as f64 {
        return Some(format!(
            "other patients: {common} cases are in both runs, of {} and {}",
            a.len(),
            b.len()
        ));
    }
    let of =
        |placed: &Placed, truths: &Truths| truths.get(&(placed.part, placed.row.episode)).cloned();
    let other = pairs
        .iter()
        .filter(|pair| of(pair.a, truths[0]) != of(pair.b, truths[1]))
        .count();
    // Without their names: those of records stay where they are.
    (other > 0).then(|| {
        format!(
            "other patients: {other} of {} with the same names are others in B",
            pairs.len()
        )
    })
}

fn gains(flipped: &[&Pair<'_>], metric: &str) -> usize {
    let of = |placed: &Placed| placed.row.metrics.get(metric).copied().flatten();
    let gained = |pair: &&&Pair<'_>| of(pair.b).unwrap_or(0.0) > of(pair.a).unwrap_or(0.0);
    flipped.iter().filter(gained).count()
}

fn settings_of(changes: &[Changed], first: bool) -> Map<String, Value> {
    let value = |change: &Changed| if first { &change.a } else { &change.b }.clone();
    changes
        .iter()
        .filter_map(|change| Some((change.key.clone(), value(change)?)))
        .collect()
}

fn described(side: &Side, rows: &Rows) -> ComparedSide {
    let manifest = side.manifest();
    ComparedSide {
        run: shown(&side.folder),
        scenario: manifest.scenario.clone(),
        arm: side.arm.clone(),
        seeds: side.seeds_text(),
        hash: manifest.hash.clone(),
        episodes: rows.values().map(Vec::len).sum(),
        cases: rows.len(),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Episodes of all rows by outcome.
pub(crate) fn episodes<'a>(sides: impl IntoIterator<Item = &'a Rows>) -> Episodes {
    let mut episodes = Episodes::default();
    let rows = sides.into_iter().flat_map(BTreeMap::values).flatten();
    for placed in rows {
        episodes.asked += 1;
        match placed.row.outcome.as_str() {
            "done" => episodes.done += 1,
            "aborted" => episodes.aborted += 1,
            _ => episodes.failed += 1,
        }
    }
    episodes
}

/// Takes away whatever may be text of a record. Who did what kind of act and when stays.
fn withhold(flips: &mut [Flip], moved: &mut [Move]) {
    for flip in flips {
        flip.case.clear();
        if let Some(found) = &mut flip.first_difference {
            for did in [&mut found.a, &mut found.b].into_iter().flatten() {
                did.what.clear();
            }
        }
    }
    for m in moved {
        m.case.clear();
    }
}
