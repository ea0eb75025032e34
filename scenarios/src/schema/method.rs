//! The tables `[policies.NAME]` of coordination: a method with its settings, or a language model.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    diagnostics::{Problem, ProblemKind},
    player::{PlayerSpec, read_player},
    reader::TableReader,
    values::{Choice, FRACTION, NOT_NEGATIVE, POSITIVE, POSITIVE_FRACTION, Range, choice},
};

choice! {
    /// Methods of coordination.
    pub enum MethodKind {
        /// Any action, all alike.
        Random = "random",
        /// The action of the largest marginal of one's own, with no communication.
        OwnBest = "own-best",
        /// Online sequential greedy.
        Osg = "osg",
        /// Online sequential greedy that sees the worth of what it did alone.
        BanditOsg = "bandit-osg",
        /// Multi-agent online surrogate entropic ascent.
        MaOsea = "ma-osea",
        /// Multi-agent online surrogate mirror ascent.
        MaOsma = "ma-osma",
        /// Surrogate policy learning.
        MaSpl = "ma-spl",
        /// Meta-policy learning.
        MaMpl = "ma-mpl",
        /// Greedy on the objective of the round before.
        StaleGreedy = "stale-greedy",
        /// Greedy on the objective itself: a reference, not an online method.
        Greedy = "greedy",
        /// The best joint action, found by trying all: a reference for small problems.
        Optimum = "optimum",
        /// One action after the other, by the clock.
        Rota = "rota",
    }
}

choice! {
    /// When meta-actions of others arrive.
    pub enum Flooding {
        /// In the round itself, over as many hops as the graph is wide.
        WithinRound = "within-round",
        /// One hop a round; feedback is used when the last has arrived.
        Delayed = "delayed",
    }
}

/// A method with its settings; what is not written is chosen by the class of the objective or is the
/// published value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodSpec {
    /// Which method.
    pub kind: MethodKind,
    /// Step size at the first round, above 0: steps are `eta0 / sqrt(T)`.
    pub eta0: Option<f64>,
    /// Weight of the surrogate gradient, at least 0.
    pub rho: Option<f64>,
    /// DR ratio of the objective, above 0 and at most 1.
    pub alpha: Option<f64>,
    /// Lower submodularity ratio, above 0 and at most 1.
    pub gamma: Option<f64>,
    /// Upper submodularity ratio, at least 1.
    pub beta: Option<f64>,
    /// Curvature that MA-OSMA and MA-OSEA assume, above 0 and at most 1.
    pub curvature: Option<f64>,
    /// Whether least marginals are added to the direction.
    pub curvature_boost: Option<bool>,
    /// Samples an estimate is the mean of, at least 1.
    pub batch: Option<u32>,
    /// Whether gradients are divided by the agent's largest marginal.
    pub normalise: Option<bool>,
    /// Whether gradients are divided by the mass of the surrogate's weight.
    pub normalise_mass: Option<bool>,
    /// Whether an agent alone changes its own block.
    pub own_block_authoritative: Option<bool>,
    /// Base learners of MA-MPL, `L`, 1 to 10 000.
    pub levels: Option<u32>,
    /// Whether gradients of MA-MPL are distorted.
    pub distorted: Option<bool>,
    /// When meta-actions of others arrive.
    pub flooding: Option<Flooding>,
    /// Share of the uniform policy in MA-OSEA, 0 to 1.
    pub mix: Option<f64>,
    /// Forecasters of OSG, `J`, 1 to 64.
    pub experts: Option<u32>,
    /// Factor of the rates of bandit OSG, above 0.
    pub rate: Option<f64>,
    /// Own marginal that bandit OSG takes as a reward of 1, above 0.
    pub reward_scale: Option<f64>,
    /// Rounds that each action of the rota lasts, at least 1.
    pub period: Option<u32>,
    /// Whether the agents of a rota begin at even distances.
    pub spread: Option<bool>,
}

/// Most base learners, and most samples of an estimate.
const MOST: u32 = 10_000;
/// Most forecasters.
const MOST_EXPERTS: u32 = 64;

impl MethodSpec {
    /// A method with nothing written.
    fn of(kind: MethodKind) -> Self {
        Self {
            kind,
            eta0: None,
            rho: None,
            alpha: None,
            gamma: None,
            beta: None,
            curvature: None,
            curvature_boost: None,
            batch: None,
            normalise: None,
            normalise_mass: None,
            own_block_authoritative: None,
            levels: None,
            distorted: None,
            flooding: None,
            mix: None,
            experts: None,
            rate: None,
            reward_scale: None,
            period: None,
            spread: None,
        }
    }
}

/// A policy of agents that coordinate.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum CoordinationPolicy {
    /// A method.
    Method(MethodSpec),
    /// A language model that is asked for each action.
    Language(PlayerSpec),
}

impl CoordinationPolicy {
    /// The name of the model that it asks, where it asks one.
    pub fn model(&self) -> Option<&str> {
        match self {
            Self::Method(_) => None,
            Self::Language(spec) => Some(&spec.speaker.model),
        }
    }
}

/// Kinds of policy: the methods, and what is none.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Method(MethodKind),
    Language,
}

impl Choice for Kind {
    const NAMES: &'static [(&'static str, Self)] = &{
        const METHODS: &[(&str, MethodKind)] = MethodKind::NAMES;
        let mut names = [("language", Self::Language); METHODS.len() + 1];
        let mut at = 0;
        while at < METHODS.len() {
            names[at] = (METHODS[at].0, Self::Method(METHODS[at].1));
            at += 1;
        }
        names
    };
}

/// At least one.
const AT_LEAST_ONE: Range = Range {
    allows: |x| x >= 1.0 && x.is_finite(),
    words: "a number of at least 1",
};

/// Reads `[policies]` but for those that `others` takes; models named there must be among `models`.
pub(super) fn read_methods<'a>(
    root: &mut TableReader<'a>,
    models: &[&str],
    mut others: impl FnMut(&'a str, TableReader<'a>) -> Option<TableReader<'a>>,
) -> (Vec<&'a str>, BTreeMap<String, CoordinationPolicy>) {
    let mut names = Vec::new();
    let mut policies = BTreeMap::new();
    for (name, table) in root.named_tables("policies") {
        let Some(table) = others(name, table) else {
            continue;
        };
        names.push(name);
        if let Some(policy) = read_policy(table, models) {
            policies.insert(name.to_owned(), policy);
        }
    }
    (names, policies)
}

fn read_policy(mut table: TableReader<'_>, models: &[&str]) -> Option<CoordinationPolicy> {
    if table.entry("kind").is_none() {
        table.missing("kind", "kind = \"ma-spl\"");
        return None;
    }
    let policy = match table.choice::<Kind>("kind")? {
        Kind::Method(kind) => Some(CoordinationPolicy::Method(read_method(&mut table, kind))),
        Kind::Language => read_player(&mut table, models).map(CoordinationPolicy::Language),
    };
    table.finish();
    policy
}

/// Notes more than one way to give the weight of the surrogate, or half of one.
fn check_weight(table: &TableReader<'_>) {
    let written = |key: &str| table.place_of(key);
    let ways = [
        written("rho"),
        written("alpha"),
        written("gamma").or(written("beta")),
    ];
    let mut ways = ways.into_iter().flatten();
    if let (Some(_), Some(second)) = (ways.next(), ways.next()) {
        table.note(
            Problem::at(
                second,
                ProblemKind::Conflict,
                "the weight of the surrogate gradient is given twice".to_owned(),
                "a second way to give it",
            )
            .help("keep one of `rho`, `alpha`, and `gamma` with `beta`"),
        );
    }
    for (one, other) in [("gamma", "beta"), ("beta", "gamma")] {
        if written(one).is_some() && written(other).is_none() {
            table.missing(other, &format!("{other} = 1.0"));
        }
    }
}

fn read_method(table: &mut TableReader<'_>, kind: MethodKind) -> MethodSpec {
    let mut spec = MethodSpec::of(kind);
    let count = |table: &mut TableReader<'_>, key: &'static str, most: u32| {
        table.entry(key)?;
        Some(table.small(key, 1, most, 1))
    };
    // Only the settings of the method itself are keys: a setting that would do nothing is a mistake.
    match kind {
        MethodKind::MaSpl => {
            spec.eta0 = table.optional_number("eta0", POSITIVE);
            spec.rho = table.optional_number("rho", NOT_NEGATIVE);
            spec.alpha = table.optional_number("alpha", POSITIVE_FRACTION);
            spec.gamma = table.optional_number("gamma", POSITIVE_FRACTION);
            spec.beta = table.optional_number("beta", AT_LEAST_ONE);
            check_weight(table);
            spec.curvature_boost = table.optional_boolean("curvature_boost");
            spec.batch = count(table, "batch", MOST);
            spec.normalise = table.optional_boolean("normalise");
            spec.normalise_mass = table.optional_boolean("normalise_mass");
            spec.own_block_authoritative = table.optional_boolean("own_block_authoritative");
        }
        MethodKind::MaMpl => {
            spec.eta0 = table.optional_number("eta0", POSITIVE);
            spec.levels = count(table, "levels", MOST);
            spec.distorted = table.optional_boolean("distorted");
            spec.batch = count(table, "batch", MOST);
            spec.normalise = table.optional_boolean("normalise");
            spec.flooding = table.choice("flooding");
        }
        MethodKind::MaOsma | MethodKind::MaOsea => {
            spec.eta0 = table.optional_number("eta0", POSITIVE);
            spec.curvature = table.optional_number("curvature", POSITIVE_FRACTION);
            spec.batch = count(table, "batch", MOST);
            spec.normalise = table.optional_boolean("normalise");
            if matches!(kind, MethodKind::MaOsea) {
                spec.mix = table.optional_number("mix", FRACTION);
            }
        }
        MethodKind::Osg => spec.experts = count(table, "experts", MOST_EXPERTS),
        MethodKind::BanditOsg => {
            spec.experts = count(table, "experts", MOST_EXPERTS);
            spec.rate = table.optional_number("rate", POSITIVE);
            spec.reward_scale = table.optional_number("reward_scale", POSITIVE);
        }
        MethodKind::Rota => {
            spec.period = count(table, "period", u32::MAX);
            spec.spread = table.optional_boolean("spread");
        }
        MethodKind::Random
        | MethodKind::OwnBest
        | MethodKind::StaleGreedy
        | MethodKind::Greedy
        | MethodKind::Optimum => {}
    }
    spec
}
