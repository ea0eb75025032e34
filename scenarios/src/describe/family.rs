//! Facts that scenarios of all families have, beside those of visits.

use serde_json::{Map, Value, json};

use crate::family::notice;
use crate::run::Score;
use crate::schema::{Arm, ScenarioSet};
use crate::statistics::estimate::LEVEL;
use crate::statistics::{Direction, EffectScale};

/// What a scenario is, as JSON (`rounds.description/1`): its own settings and statistics, and `arms` with their
/// episodes and data. `resolved` gives an arm's own settings.
pub(super) fn family_facts(
    set: &ScenarioSet,
    arms: &[(u32, Value)],
    resolved: impl Fn(&Arm) -> Value,
    settings: Value,
    statistics: Value,
) -> Value {
    let described = set.arms.iter().zip(arms);
    let described: Vec<Value> = described
        .map(|(arm, (episodes, data))| {
            json!({
                "name": arm.name,
                "settings": arm.settings,
                "episodes": episodes,
                "data": data,
                "resolved": resolved(arm),
            })
        })
        .collect();
    json!({
        "schema": "rounds.description/1",
        "notice": notice(&set.scenario.family),
        "software": {"name": "rounds", "version": env!("CARGO_PKG_VERSION")},
        "kind": "scenario",
        "name": set.scenario.name,
        "hash": set.hash,
        "seed": set.scenario.seed.0,
        "settings": settings,
        "arms": described,
        "interactions": set.scenario.interactions,
        "statistics": statistics,
    })
}

/// The interactions that a scenario asks about, in words.
pub(super) fn interactions(set: &ScenarioSet) -> Vec<String> {
    let asked = set.scenario.interactions.iter();
    asked
        .map(|asked| {
            let scale = match asked.scale {
                EffectScale::Difference => "as differences",
                EffectScale::Ratio => "as ratios",
            };
            let [neither, first, second, both] = &asked.arms;
            format!(
                "The scenario states beforehand the interaction \u{201c}{}\u{201d} in {}, with effects {scale}: \
                 \u{201c}{both}\u{201d} against \u{201c}{second}\u{201d}, beside \u{201c}{first}\u{201d} against \
                 \u{201c}{neither}\u{201d}.",
                asked.name, asked.metric
            )
        })
        .collect()
}

/// How the arms of a scenario without repeats are compared: case by case, where a case is a `unit`.
pub(super) fn paired(set: &ScenarioSet, unit: &str, score: &dyn Score) -> Value {
    let arms = set.arms.len();
    let tests: &[&str] = match arms {
        0 | 1 => &[],
        _ => &["sign flips, exact", "paired t"],
    };
    json!({
        "unit": unit,
        "metrics": score.order(),
        "better": better(score.decisive().iter().copied()),
        "level": LEVEL,
        "intervals": format!("bootstrap-t over {unit}s (8 to 100 {unit}s, 999 resamples), else t"),
        "paired_tests": tests,
        "correction": (arms > 1).then_some("Holm"),
    })
}

/// Which way each decisive metric is better.
pub(super) fn better<'a>(
    decisive: impl IntoIterator<Item = (&'a str, Direction)>,
) -> Map<String, Value> {
    let decisive = decisive.into_iter();
    decisive
        .map(|(name, direction)| {
            let better = match direction {
                Direction::HigherIsBetter => "higher",
                Direction::LowerIsBetter => "lower",
            };
            (name.to_owned(), json!(better))
        })
        .collect()
}
