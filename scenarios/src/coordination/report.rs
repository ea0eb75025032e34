//! The sections of a report on coordination.

use std::collections::BTreeSet;

use rounds_environments::coordination::Class;
use rounds_environments::coordination::structure::Growth;
use rounds_environments::streams::RunSeed;
use rounds_policies::coordination::{Constants, Method, ProvedRatio};

use super::gathered::{Gathered, OfConfiguration};
use crate::report::{
    Curve, ReportError, ReportFigure, ReportSection, ReportTable, Scale, curves, paths,
};
use crate::statistics::{Sample, estimate};

/// Configurations that are drawn; all are in the tables.
const DRAWN: usize = 6;

/// The sections on `arms`, by name.
///
/// # Errors
/// [`ReportError::Plot`] when something cannot be drawn.
pub fn sections(arms: &[(&str, &Gathered)], seed: u64) -> Result<Vec<ReportSection>, ReportError> {
    let names: BTreeSet<&str> = arms
        .iter()
        .flat_map(|(_, gathered)| gathered.configurations.keys().map(String::as_str))
        .collect();
    let all: Vec<Configuration> = names
        .into_iter()
        .map(|name| Configuration {
            name,
            arms: arms
                .iter()
                .filter_map(|(arm, gathered)| {
                    let of = gathered.configurations.get(name)?;
                    Some((*arm, gathered.method.as_ref(), of))
                })
                .collect(),
        })
        .collect();
    let mut out = vec![
        utility(&all, RunSeed(seed))?,
        guarantees(&all),
        traffic(&all),
    ];
    out.extend(pictures(&all)?);
    Ok(out)
}

/// One configuration under the arms that played it.
struct Configuration<'a> {
    name: &'a str,
    /// Name of the arm, its method where it has one, and what was gathered.
    arms: Vec<(&'a str, Option<&'a Method>, &'a OfConfiguration)>,
}

impl Configuration<'_> {
    /// What follows the words of a caption.
    fn suffix(&self) -> String {
        match self.name.is_empty() {
            true => String::new(),
            false => format!(": {}", self.name),
        }
    }
}

fn utility(all: &[Configuration<'_>], seed: RunSeed) -> Result<ReportSection, ReportError> {
    let mut figures = Vec::new();
    for of in all.iter().take(DRAWN) {
        let mut drawn: Vec<Curve> = of
            .arms
            .iter()
            .map(|(name, _, arm)| Curve {
                name: (*name).to_owned(),
                points: averages(arm, &arm.utility, seed),
                reference: false,
            })
            .collect();
        drawn.extend(bounds(of, seed));
        if let Some(svg) = curves(&drawn, ("round", "average utility"), Scale::Linear)? {
            let caption = format!("Running average utility{}", of.suffix());
            figures.push(ReportFigure { caption, svg });
        }
    }
    let mut text = vec![
        "Bands are 95 % intervals over the episodes. Grey lines are guaranteed shares of the \
         reference: with the growth of the regret taken off, a method with this guarantee does not fall \
         below the share of the best joint action, which is worth at least as much as the reference."
            .to_owned(),
    ];
    if all.len() > DRAWN {
        text.push(format!(
            "The first {DRAWN} of {} configurations are drawn.",
            all.len()
        ));
    }
    Ok(ReportSection {
        title: "Utility over the rounds".to_owned(),
        text,
        figures,
        tables: Vec::new(),
    })
}

/// Mean and interval at every point of the curves of an arm.
fn averages(
    arm: &OfConfiguration,
    episodes: &[Vec<f64>],
    seed: RunSeed,
) -> Vec<(f64, f64, Option<[f64; 2]>)> {
    let points = arm.rounds.iter().enumerate();
    points
        .filter_map(|(k, round)| {
            let values: Vec<f64> = episodes.iter().filter_map(|e| e.get(k).copied()).collect();
            let sample = Sample::independent(&values).ok()?;
            let found = estimate(&sample, seed);
            Some((f64::from(*round), found.mean?, found.ci95))
        })
        .collect()
}

/// The guaranteed shares of the reference, each once.
fn bounds(of: &Configuration<'_>, seed: RunSeed) -> Vec<Curve> {
    let mut ratios: Vec<(f64, &OfConfiguration)> = Vec::new();
    for (_, method, arm) in &of.arms {
        if let Some(ProvedRatio { ratio, .. }) = method.and_then(|method| proved(arm, method))
            && ratios.iter().all(|(known, _)| (known - ratio).abs() > 5e-4)
        {
            ratios.push((ratio, arm));
        }
    }
    ratios
        .into_iter()
        .map(|(ratio, arm)| Curve {
            name: format!("{ratio:.3} of reference"),
            points: averages(arm, &arm.best, seed)
                .into_iter()
                .map(|(round, mean, _)| (round, ratio * mean, None))
                .collect(),
            reference: true,
        })
        .collect()
}

/// What is proved of a method on a connected graph, by the objective's class and what was measured of it.
fn proved(arm: &OfConfiguration, method: &Method) -> Option<ProvedRatio> {
    if arm.facts.tau > 1.0 - 1e-9 {
        return None;
    }
    let alpha = arm.facts.alpha;
    let constants = Constants {
        alpha,
        curvature: arm.curvature,
        ..Constants::default()
    };
    let classes = [Class::Submodular, Class::WeaklyDr { alpha }];
    let class = classes.into_iter().find(|c| c.name() == arm.facts.class)?;
    method.proved_ratio(&constants, class)
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn last(episodes: &[Vec<f64>]) -> Option<f64> {
    let ends: Vec<f64> = episodes.iter().filter_map(|e| e.last().copied()).collect();
    mean(&ends)
}

fn decimals(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.3}"))
}

fn guarantees(all: &[Configuration<'_>]) -> ReportSection {
    let head = [
        "configuration",
        "arm",
        "utility",
        "of reference",
        "regret a round",
        "promised share",
        "regret grows as",
        "path length P_T",
        "its size / T",
    ];
    let mut rows = Vec::new();
    let mut text = vec![
        "Regret is what the reference's joint action would have been worth more, on the positions that the \
         arm itself came to. The promise of a method rests on the class of the objective; for a submodular \
         one the curvature c is the largest that was measured. The constant in front of the growth is \
         not known, so its size is an order of magnitude and no bound."
            .to_owned(),
    ];
    for of in all {
        if let Some((.., arm)) = of.arms.first() {
            let facts = &arm.facts;
            text.push(format!(
                "{}{} agents, {} elements, {} rounds, objective {}{}; graph with {} edges, diameter {}, \
                 second eigenvalue of the mixing weights {:.3}.",
                if of.name.is_empty() { String::new() } else { format!("{}: ", of.name) },
                facts.agents,
                facts.elements,
                facts.horizon,
                facts.class,
                arm.curvature.map_or(String::new(), |c| format!(", curvature c = {c:.3}")),
                facts.edges,
                facts.diameter,
                facts.tau,
            ));
        }
        for (name, method, arm) in &of.arms {
            let (utility, best) = (last(&arm.utility), last(&arm.best));
            let share = method.and_then(|method| proved(arm, method));
            let growth = share
                .and(*method)
                .and_then(|method| Growth::of(method.name()));
            let path = mean(&arm.path_length);
            let horizon = arm.facts.horizon.max(1) as f64;
            let size = path.zip(growth).map(|(path, growth)| {
                let diameter = arm.facts.diameter as f64;
                growth.size(path, horizon, arm.facts.tau, diameter) / horizon
            });
            rows.push(vec![
                of.name.to_owned(),
                (*name).to_owned(),
                decimals(utility),
                decimals(
                    utility
                        .zip(best)
                        .filter(|(_, b)| *b > 0.0)
                        .map(|(u, b)| u / b),
                ),
                decimals(utility.zip(best).map(|(u, b)| b - u)),
                share.map_or("–".to_owned(), |s| {
                    format!("{:.3} = {}", s.ratio, s.formula)
                }),
                growth.map_or("–".to_owned(), |growth| growth.formula().to_owned()),
                path.map_or("–".to_owned(), |path| format!("{path:.0}")),
                decimals(size),
            ]);
        }
    }
    ReportSection {
        title: "Regret and guarantees".to_owned(),
        text,
        figures: Vec::new(),
        tables: vec![ReportTable {
            head: head.map(str::to_owned).to_vec(),
            rows,
        }],
    }
}

fn traffic(all: &[Configuration<'_>]) -> ReportSection {
    let mut rows = Vec::new();
    for of in all {
        for (name, _, arm) in &of.arms {
            let [messages, floats] = arm.traffic;
            rows.push(vec![
                of.name.to_owned(),
                (*name).to_owned(),
                format!("{messages:.0}"),
                format!("{floats:.0}"),
            ]);
        }
    }
    ReportSection {
        title: "Communication".to_owned(),
        text: vec![
            "What all agents together send in a round; ids count as numbers. Arms that know the objective \
             beforehand are counted as if one told the next."
                .to_owned(),
        ],
        figures: Vec::new(),
        tables: vec![ReportTable {
            head: ["configuration", "arm", "messages a round", "numbers a round"]
                .map(str::to_owned)
                .to_vec(),
            rows,
        }],
    }
}

/// The first episode of every configuration, under the arm of the largest utility and the one of the least.
fn pictures(all: &[Configuration<'_>]) -> Result<Option<ReportSection>, ReportError> {
    let mut figures = Vec::new();
    for of in all.iter().take(DRAWN) {
        let worth = |arm: &OfConfiguration| last(&arm.utility).unwrap_or(f64::NAN);
        let most = of
            .arms
            .iter()
            .max_by(|a, b| worth(a.2).total_cmp(&worth(b.2)));
        let least = of
            .arms
            .iter()
            .min_by(|a, b| worth(a.2).total_cmp(&worth(b.2)));
        let least = least.filter(|least| most.is_some_and(|most| most.0 != least.0));
        for (name, _, arm) in [most, least].into_iter().flatten() {
            if let Some(svg) = paths(&arm.paths)? {
                let caption = format!("{name}, first episode{}", of.suffix());
                figures.push(ReportFigure { caption, svg });
            }
        }
    }
    Ok((!figures.is_empty()).then(|| ReportSection {
        title: "Agents and targets".to_owned(),
        text: vec!["Lines are the ways of all rounds, discs where they ended.".to_owned()],
        figures,
        tables: Vec::new(),
    }))
}
