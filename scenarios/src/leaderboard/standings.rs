//! From sides to a ranking.

use std::collections::BTreeSet;

use rounds_environments::streams::RunSeed;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::cost::{TOKENS, add_tokens};
use super::pareto::front;
use super::ranks::rank_ranges;
use crate::compare::{
    Pairing, Rows, Side, Truths, comparable, direction, episodes, pairs, truths, values,
    why_unpaired,
};
use crate::run::RunError;
use crate::statistics::calls::Calls;
use crate::statistics::summary::{ArmSummary, Named, SCHEMA, Summary, Timing, comparisons};
use crate::statistics::{
    CaseNumbers, Design, Direction, Estimate, Question, Sample, compare, estimate,
};

/// One run or arm in the ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// What it is called, unique in the ranking.
    pub name: String,
    /// The folder as it was named.
    pub run: String,
    /// Name of the arm.
    pub arm: String,
    /// Best and worst rank that the data allow.
    pub ranks: [usize; 2],
    /// Mean of the metric.
    pub mean: f64,
    /// Interval of 95 %.
    pub ci95: Option<[f64; 2]>,
    /// Mean cost of an episode, where there is one.
    pub cost: Option<f64>,
    /// Interval of the cost.
    pub cost_ci95: Option<[f64; 2]>,
    /// Whether no other is both better and cheaper.
    pub on_front: bool,
    /// Cases.
    pub cases: usize,
}

/// A run that is not ranked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Apart {
    /// What it is called.
    pub name: String,
    /// Why it is not ranked.
    pub reason: String,
}

/// The ranking; the best comes first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standings {
    /// The contract of every command: the ranked as arms, all pairs as comparisons.
    #[serde(flatten)]
    pub summary: Summary,
    /// The metric that ranks.
    pub metric: String,
    /// Whether less of it is better.
    pub less_is_better: bool,
    /// What an answer costs, where there is a cost.
    pub cost: Option<String>,
    /// The ranked.
    pub standings: Vec<Standing>,
    /// The others.
    pub apart: Vec<Apart>,
    /// Pairs that were not compared case by case.
    pub unpaired: usize,
}

/// A side with what is measured of it.
struct Entry<'a> {
    name: String,
    side: &'a Side,
    rows: Rows,
    truths: Truths,
    sample: Sample,
    of_metric: Estimate,
    of_cost: Option<Estimate>,
}

/// Ranks the sides that can be compared with the first by `metric`.
///
/// # Errors
/// [`RunError`] when a table or log cannot be read.
pub fn rank_sides(sides: &[Side], metric: &str, cost: Option<&str>) -> Result<Standings, RunError> {
    let names = names(sides);
    let seeds: BTreeSet<u64> = sides.iter().flat_map(Side::seeds).collect();
    let mut wanted = BTreeSet::from([metric]);
    wanted.extend(cost);
    let mut numbers = CaseNumbers::default();
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut apart = Vec::new();
    for (side, name) in sides.iter().zip(names) {
        if let Err(error) = comparable(&sides[0], side) {
            let reason = error.to_string().replace(", A has", ", the first run has");
            let reason = reason.replace(", B has", ", this one has");
            apart.push(Apart { name, reason });
            continue;
        }
        let mut rows = side.rows(seeds.len() > 1, &wanted)?;
        if cost == Some(TOKENS) {
            add_tokens(side, &mut rows)?;
        }
        let seed = RunSeed(side.manifest().seed);
        let mut sample = |of: &str| {
            Sample::new(values(&rows, of, &mut numbers))
                .map_err(|error| RunError::Input(format!("{name}, {of}: {error}")))
        };
        let of_cost = cost.map(&mut sample).transpose()?;
        let sample = sample(metric)?;
        let of_metric = estimate(&sample, seed);
        if of_metric.mean.is_none() {
            let reason = format!("{metric} is undefined in every episode");
            apart.push(Apart { name, reason });
            continue;
        }
        entries.push(Entry {
            truths: truths(side)?,
            of_cost: of_cost.map(|sample| estimate(&sample, seed)),
            name,
            side,
            rows,
            sample,
            of_metric,
        });
    }
    let less_is_better = direction(metric) == Direction::LowerIsBetter;
    let worth = |entry: &Entry<'_>| {
        let mean = entry.of_metric.mean.unwrap_or(f64::NEG_INFINITY);
        if less_is_better { -mean } else { mean }
    };
    entries.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
    let (family, unpaired) = family(&entries, metric)?;
    let told = comparisons(family);
    let at = |name: &str| entries.iter().position(|entry| entry.name == name);
    let better: Vec<(usize, usize)> = told
        .iter()
        .filter_map(|c| match c.verdict.as_str() {
            "better" => at(&c.a).zip(at(&c.b)),
            "worse" => at(&c.b).zip(at(&c.a)),
            _ => None,
        })
        .collect();
    let ranges = rank_ranges(entries.len(), &better);
    let paid = |entry: &Entry<'_>| entry.of_cost.as_ref().and_then(|cost| cost.mean);
    let priced: Vec<usize> = (0..entries.len())
        .filter(|&k| paid(&entries[k]).is_some())
        .collect();
    let points: Vec<(f64, f64)> = priced
        .iter()
        .map(|&k| {
            (
                worth(&entries[k]),
                paid(&entries[k]).unwrap_or(f64::INFINITY),
            )
        })
        .collect();
    let on_front: BTreeSet<usize> = front(&points).into_iter().map(|k| priced[k]).collect();
    let standings = entries.iter().enumerate().map(|(k, entry)| Standing {
        name: entry.name.clone(),
        run: entry.side.folder.display().to_string(),
        arm: entry.side.arm.clone(),
        ranks: ranges[k],
        mean: entry.of_metric.mean.unwrap_or(f64::NAN),
        ci95: entry.of_metric.ci95,
        cost: paid(entry),
        cost_ci95: entry.of_cost.as_ref().and_then(|cost| cost.ci95),
        on_front: on_front.contains(&k),
        cases: entry.of_metric.clusters,
    });
    let arms = entries.iter().map(|entry| {
        let mut arm = ArmSummary {
            name: entry.name.clone(),
            settings: Map::new(),
            metrics: Map::new(),
        };
        arm.put(metric, &entry.of_metric);
        if let (Some(cost), Some(of_cost)) = (cost, &entry.of_cost) {
            arm.put(cost, of_cost);
        }
        arm
    });
    let manifest = sides[0].manifest();
    Ok(Standings {
        summary: Summary {
            evaluation: None,
            schema: SCHEMA.to_owned(),
            scenario: manifest.scenario.clone(),
            seed: manifest.seed,
            command: "leaderboard".to_owned(),
            episodes: episodes(entries.iter().map(|entry| &entry.rows)),
            limit: Vec::new(),
            arms: arms.collect(),
            comparisons: told,
            interactions: Vec::new(),
            calls: Calls::default(),
            until: None,
            timing: Timing::default(),
        },
        metric: metric.to_owned(),
        less_is_better,
        cost: cost.map(str::to_owned),
        standings: standings.collect(),
        apart,
        unpaired,
    })
}

/// A name for each side; equal ones are numbered.
fn names(sides: &[Side]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for side in sides {
        let title = side.title();
        let mut name = title.clone();
        let mut number = 1;
        while names.contains(&name) {
            number += 1;
            name = format!("{title} ({number})");
        }
        names.push(name);
    }
    names
}

/// Every pair, and how many of them are not paired by case.
fn family(entries: &[Entry<'_>], metric: &str) -> Result<(Vec<Named>, usize), RunError> {
    let mut family = Vec::new();
    let mut unpaired = 0;
    for (k, a) in entries.iter().enumerate() {
        for b in &entries[k + 1..] {
            let pairing = comparable(a.side, b.side)
                .map_err(|error| RunError::Input(format!("{} and {}: {error}", a.name, b.name)))?;
            let why = match pairing {
                Pairing::Unpaired(why) => Some(why),
                Pairing::Paired => {
                    let pairs = pairs(&a.rows, &b.rows);
                    why_unpaired([&a.rows, &b.rows], &pairs, [&a.truths, &b.truths])
                }
            };
            unpaired += usize::from(why.is_some());
            let design = match why {
                Some(_) => Design::Unpaired,
                None => Design::Paired,
            };
            family.push(Named {
                a: a.name.clone(),
                b: b.name.clone(),
                metric: metric.to_owned(),
                difference: compare(&a.sample, &b.sample, design),
                question: Question {
                    direction: direction(metric),
                    margin: None,
                },
            });
        }
    }
    Ok((family, unpaired))
}
