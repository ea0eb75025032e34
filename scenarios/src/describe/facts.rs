//! The same as facts.

use serde_json::{Map, Value, json};

use super::family::better;
use super::policies::used;
use super::words::file_name;
use super::{Described, Suite};
use crate::clinic::NOTICE;
use crate::schema::{ClinicScenario, ModelSpec, PatientsSpec, PolicySpec, ScenarioSet};
use crate::statistics::estimate::LEVEL;

/// What `set` does, as JSON (`rounds.description/1`). Files are named without their folders.
pub fn facts(
    set: &ScenarioSet,
    base: &ClinicScenario<'_>,
    arms: &[Described],
    suite: Option<&Suite>,
) -> Value {
    let described: Vec<Value> = arms.iter().map(arm).collect();
    let mut facts = json!({
        "schema": "rounds.description/1",
        "notice": NOTICE,
        "software": {"name": "rounds", "version": env!("CARGO_PKG_VERSION")},
        "kind": if suite.is_some() { "suite" } else { "scenario" },
        "name": set.scenario.name,
        "hash": set.hash,
        "seed": set.scenario.seed.0,
        "repeats": set.scenario.repeats,
        "settings": settings(base, arms),
        "arms": described,
        "interactions": set.scenario.interactions,
        "statistics": statistics(set, arms),
    });
    if let Some(suite) = suite {
        let bounds = suite.thresholds.iter();
        let bounds: Map<String, Value> = bounds
            .map(|(name, bound)| (name.clone(), json!(bound.to_string())))
            .collect();
        let judge = suite.judge.as_ref();
        facts["thresholds"] = Value::Object(bounds);
        facts["judge"] =
            json!(judge.map(|judge| json!({"model": judge.model, "votes": judge.votes})));
    }
    facts
}

fn arm(arm: &Described) -> Value {
    json!({
        "name": arm.arm.name,
        "settings": arm.arm.settings,
        "episodes": arm.episodes,
        "patients": arm.patients,
        "knowledge": {"name": arm.knowledge, "conditions": arm.conditions, "findings": arm.findings},
        "data": arm.data,
        "restricted": arm.restricted,
        "checks": arm.checks,
        "critical_checks": arm.critical,
        "resolved": arm.scenario().map(|scenario| settings(&scenario, std::slice::from_ref(arm))),
    })
}

/// The settings of a scenario: the policies that decide, and the models that they ask.
fn settings(scenario: &ClinicScenario<'_>, arms: &[Described]) -> Value {
    let used = used(scenario, arms);
    let policies = scenario
        .policies
        .iter()
        .filter(|(name, _)| used.contains(*name));
    let policies: Map<String, Value> = policies
        .map(|(name, spec)| (name.clone(), policy(spec)))
        .collect();
    let models = scenario.models.iter();
    let models: Map<String, Value> = models
        .map(|(name, spec)| (name.clone(), model(spec)))
        .collect();
    let mut environment = json!(scenario.environment);
    environment["patients"] = patients(&scenario.environment.patients);
    environment["behaviour"] = json!(scenario.environment.behaviour.as_deref().map(file_name));
    json!({
        "environment": environment,
        "team": scenario.team,
        "policies": policies,
        "models": models,
        "timeline": scenario.timeline,
        "limits": scenario.limits,
    })
}

fn patients(spec: &PatientsSpec) -> Value {
    match spec {
        PatientsSpec::BuiltinKnowledge => json!({"knowledge": "builtin"}),
        PatientsSpec::Knowledge(path) => json!({"knowledge": file_name(path)}),
        PatientsSpec::Records { folder, part } => {
            json!({"records": file_name(folder), "part": part})
        }
        PatientsSpec::AgentClinic { file, titles, part } => json!({
            "agentclinic": file_name(file), "part": part,
            "titles": titles.as_deref().map(file_name),
        }),
        PatientsSpec::Fhir {
            path,
            titles,
            visit,
            part,
        } => json!({
            "fhir": file_name(path), "part": part, "visit": visit,
            "titles": titles.as_deref().map(file_name),
        }),
        PatientsSpec::Cases { files, knowledge } => json!({
            "cases": files.iter().map(|file| file_name(file)).collect::<Vec<_>>(),
            "knowledge": knowledge.as_deref().map_or("builtin".to_owned(), file_name),
        }),
    }
}

fn policy(spec: &PolicySpec) -> Value {
    let mut value = json!(spec);
    if let PolicySpec::Language(language) = spec {
        value["behaviour"] = json!(language.behaviour.as_deref().map(file_name));
        value["prompts"] = json!(language.speaker.prompts.as_deref().map(file_name));
    }
    if let PolicySpec::Knowledge(knowledge) = spec {
        value["behaviour"] = json!(knowledge.behaviour.as_deref().map(file_name));
        if let Some(learned) = &knowledge.learned {
            value["learned"]["records"] = json!(file_name(&learned.records));
        }
    }
    value
}

pub(super) fn model(spec: &ModelSpec) -> Value {
    let mut value = json!(spec);
    match spec {
        ModelSpec::Scripted { script, .. } => {
            value["script"] = json!(script.as_deref().map(file_name));
        }
        ModelSpec::Candle(spec) => {
            value["path"] = json!(file_name(&spec.path));
            value["train"] = json!(spec.train.as_deref().map(file_name));
            value["template"] = json!(spec.template.as_deref().map(file_name));
        }
        ModelSpec::Replay { calls } => value["calls"] = json!(file_name(calls)),
        ModelSpec::Trajectory(spec) => {
            value["keep"] = json!(spec.keep.as_deref().map(file_name));
            value["weights"] = json!(spec.weights.as_deref().map(file_name));
        }
        ModelSpec::OpenAi(spec) => {
            for (key, path) in [
                ("key_file", &spec.key_file),
                ("cache_file", &spec.cache_file),
                ("prices", &spec.prices),
                ("certificates", &spec.certificates),
            ] {
                value[key] = json!(path.as_deref().map(file_name));
            }
        }
    }
    value
}

fn statistics(set: &ScenarioSet, arms: &[Described]) -> Value {
    let Some(first) = arms.first() else {
        return Value::Null;
    };
    let decisive = first.decisive.iter();
    let decisive = better(decisive.map(|(name, direction)| (name.as_str(), *direction)));
    let mut tests = Vec::new();
    if arms.len() > 1 {
        tests.extend((set.scenario.repeats == 1).then_some("McNemar, exact"));
        tests.extend(["sign flips, exact", "paired t"]);
    }
    json!({
        "unit": "case",
        "metrics": first.metrics,
        "better": decisive,
        "level": LEVEL,
        "intervals": {
            "proportions": "Wilson at the effective sample size",
            "others": "bootstrap-t over cases (8 to 100 cases, 999 resamples), else t with Bell-McCaffrey degrees of freedom",
        },
        "paired_tests": tests,
        "correction": (arms.len() > 1).then_some("Holm"),
    })
}
