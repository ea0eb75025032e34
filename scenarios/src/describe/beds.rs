//! Patients who deteriorate, and who gives them doses, in words and as facts.

use serde_json::{Map, Value, json};

use super::facts::model;
use super::trajectory::{bare, policy};
use super::words::{counted, listed};
use crate::schema::{
    BedsSpec, ClinicDayFamily, Family, ScenarioSet, TrajectoryPolicySpec, WardDataSpec,
};

/// Sentences on them; none where nobody can deteriorate.
pub(super) fn sentences(set: &ScenarioSet, base: &ClinicDayFamily) -> Vec<String> {
    let Some(stability) = &base.environment.stability else {
        return Vec::new();
    };
    let mut out = vec![format!(
        "The state of a patient who deteriorated was an index with 0 for stable and 1 or -1 for collapse, which drifted by \
         acuity until the cause had been found and treated; a patient was unstable beyond {}.",
        stability.unstable_at
    )];
    let used = used(set);
    let Some(beds) = base.beds.as_ref().filter(|_| !used.is_empty()) else {
        out.push("Nobody gave doses.".to_owned());
        return out;
    };
    out.push(format!(
        "At the bed of each of them an agent gave a dose from 0 to 1 every {} min, which bought time with diminishing \
         return and harmed in excess.",
        60.0 * stability.step_h
    ));
    let policies = || {
        used.iter()
            .filter_map(|name| beds.policies.get_key_value(*name))
    };
    let told: Vec<String> = policies()
        .map(|(name, spec)| format!("{}, {}", quoted(name), policy(spec, &set.scenario.models)))
        .collect();
    out.push(format!(
        "The policies at the beds were: {}.",
        told.join("; ")
    ));
    let learns = policies().any(|(_, spec)| matches!(spec, TrajectoryPolicySpec::Learned { .. }));
    let data = beds.data.as_ref().filter(|_| learns);
    out.extend(data.map(|data| learnt(data, beds)));
    out
}

fn learnt(data: &WardDataSpec, beds: &BedsSpec) -> String {
    let policies: Vec<String> = data.policies.iter().map(|name| quoted(name)).collect();
    let times = match beds.trainings {
        0 | 1 => "once".to_owned(),
        many => {
            format!("{many} times with other seeds, and days went through the trainings in turn")
        }
    };
    format!(
        "Models learned offline from the logs of {} before the test in each configuration with the doses of each of {} and \
         the staff sent by {}; each was trained {times}.",
        counted(u64::from(data.days), "day"),
        listed(&policies),
        quoted(&data.assignment)
    )
}

fn quoted(name: &str) -> String {
    format!("\u{201c}{name}\u{201d}")
}

/// Names of the policies at the beds of all arms, each once.
fn used(set: &ScenarioSet) -> Vec<&str> {
    let mut used = Vec::new();
    for arm in &set.arms {
        if let Family::ClinicDay(family) = &arm.scenario.family
            && let Some(beds) = &family.beds
            && let Some(name) = beds.policy.as_deref()
            && !used.contains(&name)
        {
            used.push(name);
        }
    }
    used
}

/// Who gives doses, as facts: null where nobody does.
pub(super) fn facts(set: &ScenarioSet, base: &ClinicDayFamily) -> Value {
    let Some(beds) = &base.beds else {
        return Value::Null;
    };
    let policies = beds.policies.iter();
    let policies: Map<String, Value> = policies
        .map(|(name, spec)| (name.clone(), bare(spec)))
        .collect();
    let models = set.scenario.models.iter();
    let models: Map<String, Value> = models
        .map(|(name, spec)| (name.clone(), model(spec)))
        .collect();
    json!({
        "policy": beds.policy,
        "trainings": beds.trainings,
        "policies": policies,
        "data": beds.data,
        "models": models,
    })
}
