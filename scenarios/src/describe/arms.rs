//! The design: limits, seeds, episodes, arms, and the data by their hashes.

use rounds_agents::engine::Limits as HardLimits;
use serde_json::Value;

use super::Described;
use super::words::{counted, listed};
use crate::schema::{Arm, ClinicScenario, ScenarioSet};

/// Limits of a visit and changes while it runs.
pub(super) fn limits(scenario: &ClinicScenario<'_>) -> Vec<String> {
    let limits = &scenario.limits;
    let mut most = vec![counted(limits.rounds, "round")];
    most.extend(
        limits
            .minutes
            .map(|minutes| format!("{minutes} simulated minutes")),
    );
    most.extend(
        limits
            .cost
            .map(|cost| format!("a cost of {cost} US dollars")),
    );
    let mut out = vec![format!(
        "A visit took at most {}; a team that had not diagnosed by its last round had to.",
        listed(&most)
    )];
    out.extend(hard_limits(&limits.hard));
    for entry in scenario.timeline {
        let set = entry.set.iter();
        let set: Vec<String> = set
            .map(|(key, value)| format!("{key} became {}", plain(value)))
            .collect();
        out.push(format!("At minute {}, {}.", entry.at_min, listed(&set)));
    }
    out
}

/// What requests might take at most.
pub(super) fn hard_limits(limits: &HardLimits) -> Vec<String> {
    let levels = [
        ("an agent", &limits.agent, "its episode was cut"),
        ("an episode", &limits.episode, "it was cut"),
        ("the run", &limits.run, "what was open was cut"),
    ];
    let limited = levels.into_iter().filter(|(_, caps, _)| !caps.is_empty());
    limited
        .map(|(of, caps, then)| {
            let count = |cap: Option<u64>, what| cap.map(|most| counted(most, what));
            let most = [
                count(caps.calls, "call"),
                count(caps.tokens, "token"),
                caps.usd.map(|usd| format!("{usd} US dollars")),
                caps.seconds
                    .map(|seconds| format!("{seconds} seconds of wall time")),
                count(caps.rounds, "round"),
            ];
            let most: Vec<String> = most.into_iter().flatten().collect();
            format!(
                "The requests of {of} to models might take at most {}; beyond that {then}.",
                listed(&most)
            )
        })
        .collect()
}

/// Seeds, episodes, repeats and arms.
pub(super) fn design(set: &ScenarioSet, arms: &[Described]) -> Vec<String> {
    let scenario = &set.scenario;
    let Some(first) = arms.first() else {
        return Vec::new();
    };
    let same = arms
        .iter()
        .all(|arm| (arm.episodes, arm.patients) == (first.episodes, first.patients));
    let mut out = vec![match same {
        true => format!(
            "{} comprised {} of {}{}.",
            if arms.len() == 1 {
                "The run"
            } else {
                "Each arm"
            },
            counted(first.episodes, "visit"),
            counted(first.patients, "patient"),
            match scenario.repeats {
                1 => String::new(),
                repeats => format!(" ({repeats} of each, unless a case says otherwise)"),
            }
        ),
        false => {
            let each = arms.iter();
            let each: Vec<String> = each
                .map(|arm| format!("{} in {}", counted(arm.episodes, "visit"), arm.arm.name))
                .collect();
            format!("The arms comprised {}.", listed(&each))
        }
    }];
    out.push(format!(
        "All random numbers came from streams keyed by the seed {}, the episode and their purpose, so \
         that the same seed gives the same results.",
        scenario.seed.0
    ));
    if let [only] = arms {
        if !only.arm.settings.is_empty() {
            out.push(changed(&only.arm));
        }
        return out;
    }
    out.push(format!(
        "{} were compared on the same patients and seeds; what is said above holds where an arm does \
         not say otherwise.",
        counted(arms.len() as u64, "arm")
    ));
    out.extend(arms.iter().map(|arm| changed(&arm.arm)));
    out
}

/// What an arm set.
pub(super) fn changed(arm: &Arm) -> String {
    let name = &arm.name;
    if arm.settings.is_empty() {
        return format!("Arm \u{201c}{name}\u{201d} changed nothing.");
    }
    let settings = arm.settings.iter();
    let settings: Vec<String> = settings
        .map(|(key, value)| format!("{key} = {}", plain(value)))
        .collect();
    format!("Arm \u{201c}{name}\u{201d} set {}.", listed(&settings))
}

/// Versions and hashes.
pub(super) fn sources(set: &ScenarioSet, arms: &[Described]) -> Vec<String> {
    let mut out = vec![format!(
        "Software: Rounds {}. The resolved settings have the SHA-256 hash {}.",
        env!("CARGO_PKG_VERSION"),
        set.hash
    )];
    let mut seen: Vec<String> = Vec::new();
    for arm in arms {
        for (what, hash) in hashes(&arm.data) {
            let text = format!("{what} {hash}");
            if !seen.contains(&text) {
                seen.push(text);
            }
        }
    }
    let names: Vec<&str> = arms.iter().map(|arm| arm.knowledge.as_str()).collect();
    let mut known: Vec<String> = Vec::new();
    for name in names {
        let name = format!("\u{201c}{name}\u{201d}");
        if !known.contains(&name) {
            known.push(name);
        }
    }
    out.push(format!("Knowledge base: {}.", listed(&known)));
    if !seen.is_empty() {
        out.push(format!("SHA-256 hashes of the data: {}.", listed(&seen)));
    }
    out
}

/// What of the data has a hash.
fn hashes(data: &Value) -> Vec<(String, String)> {
    let at = |path: &str| {
        data.pointer(path)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let mut out: Vec<(String, String)> = [
        ("patients", "/sha256"),
        ("cases", "/suite"),
        ("training records", "/learned/sha256"),
        ("behaviour", "/behaviour/sha256"),
    ]
    .into_iter()
    .filter_map(|(what, path)| Some((what.to_owned(), at(path)?)))
    .collect();
    let models = data["models"].as_object().into_iter().flatten();
    out.extend(models.filter_map(|(name, model)| {
        Some((
            format!("model {name}"),
            model["sha256"].as_str()?.to_owned(),
        ))
    }));
    out
}

/// A value as a person writes it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
