//! Who chooses where agents coordinate, in words and as facts.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::words::{counted, file_name};
use crate::schema::{
    CoordinationPolicy, Family, MethodKind, MethodSpec, ModelSpec, PlayerSpec, RegretSpec,
    ScenarioSet,
};

/// The methods that arms use, with what was set of them, and what they are measured against.
pub(super) fn methods(
    set: &ScenarioSet,
    policies: &BTreeMap<String, CoordinationPolicy>,
    regret: RegretSpec,
) -> Vec<String> {
    let mut used: Vec<&str> = Vec::new();
    for arm in &set.arms {
        let policy = match &arm.scenario.family {
            Family::Clinic(_) | Family::Trajectory(_) => continue,
            Family::ClinicDay(family) => family.policy.as_str(),
            Family::Coordination(family) => family.policy.as_str(),
        };
        if !used.contains(&policy) {
            used.push(policy);
        }
    }
    let told: Vec<String> = used
        .iter()
        .filter_map(|name| Some((*name, policies.get(*name)?)))
        .map(|(name, policy)| {
            let about = match policy {
                CoordinationPolicy::Method(spec) => method(spec),
                CoordinationPolicy::Language(spec) => language(spec, set),
            };
            format!("\u{201c}{name}\u{201d}, {about}")
        })
        .collect();
    let regret = match regret {
        RegretSpec::Greedy => {
            "Regret was measured against the greedy joint action of one who knows the objective."
        }
        RegretSpec::Optimum => "Regret was measured against the best joint action.",
        RegretSpec::None => "No regret was measured.",
    };
    vec![
        format!("The policies were: {}.", told.join("; ")),
        regret.to_owned(),
    ]
}

fn method(spec: &MethodSpec) -> String {
    let about = match spec.kind {
        MethodKind::Random => "uniformly random actions",
        MethodKind::OwnBest => "each agent's own best action without communication",
        MethodKind::Osg => "online sequential greedy",
        MethodKind::BanditOsg => "online sequential greedy with bandit feedback",
        MethodKind::MaOsea => "multi-agent online surrogate entropic ascent",
        MethodKind::MaOsma => "multi-agent online surrogate mirror ascent",
        MethodKind::MaSpl => "surrogate policy learning (MA-SPL)",
        MethodKind::MaMpl => "meta-policy learning (MA-MPL)",
        MethodKind::StaleGreedy => "greedy on the objective of the round before",
        MethodKind::Greedy => "greedy with knowledge of the objective",
        MethodKind::Optimum => "the best joint action",
        MethodKind::Rota => "one action after the other by the clock",
    };
    let settings = json!(spec);
    let settings = settings.as_object().into_iter().flatten();
    let settings: Vec<String> = settings
        .filter(|(key, value)| *key != "kind" && !value.is_null())
        .map(|(key, value)| format!("{key} = {}", value.to_string().trim_matches('"')))
        .collect();
    match settings.is_empty() {
        true => about.to_owned(),
        false => format!("{about} with {}", settings.join(", ")),
    }
}

fn language(spec: &PlayerSpec, set: &ScenarioSet) -> String {
    let how = set
        .scenario
        .models
        .get(&spec.speaker.model)
        .map_or("", |model| match model {
            ModelSpec::Candle(_) => " on the same machine",
            ModelSpec::OpenAi(_) => " behind a server",
            ModelSpec::Scripted { .. } => " that says what a script says",
            ModelSpec::Replay { .. } => " that says what was said in an earlier run",
            ModelSpec::Trajectory(_) => "",
        });
    let prompts = spec.speaker.prompts.as_deref();
    let prompts = prompts.map_or(String::new(), |folder| {
        format!(" with the prompts of {}", file_name(folder))
    });
    format!(
        "the language model \u{201c}{}\u{201d}{how}, asked{prompts} for the action of each agent in each \
         round, with {} of its own past (a reply that could not be read was asked for again up to {}, and \
         then replaced by staying)",
        spec.speaker.model,
        counted(u64::from(spec.history), "round"),
        counted(u64::from(spec.speaker.re_asks), "time")
    )
}

/// A policy without the folders of its files.
pub(super) fn bare(policy: &CoordinationPolicy) -> Value {
    let mut value = json!(policy);
    if let CoordinationPolicy::Language(spec) = policy {
        value["prompts"] = json!(spec.speaker.prompts.as_deref().map(file_name));
    }
    value
}

/// Policies by name, without the folders of their files.
pub(super) fn all_bare(policies: &BTreeMap<String, CoordinationPolicy>) -> Value {
    let policies = policies.iter();
    let policies: Map<String, Value> = policies
        .map(|(name, policy)| (name.clone(), bare(policy)))
        .collect();
    Value::Object(policies)
}
