//! What a log says before and beside its samples: the evaluation, its plan, results and usage.

use serde_json::{Map, Value, json};

use super::facts::Facts;
use super::gate::Gate;
use super::ids::id;
use super::scores::ScoreNames;
use super::time::BEGIN;
use crate::compare::{Side, resolved_settings};
use crate::statistics::Summary;
use crate::statistics::summary::{ArmSummary, Comparison, MetricSummary};

/// Inspect's name of no model at all.
const NO_MODEL: &str = "none/none";

/// The parts of a log that are no samples, each as Inspect has it.
pub(super) struct Header {
    /// What was evaluated.
    pub(super) eval: Value,
    /// Who solved it.
    pub(super) plan: Value,
    /// Aggregated metrics.
    pub(super) results: Value,
    /// Usage of models.
    pub(super) stats: Value,
    /// Name of the model.
    pub(super) model: String,
}

impl Header {
    /// Puts the header together.
    pub(super) fn new(
        log: &str,
        side: &Side,
        summary: &Summary,
        arm: &ArmSummary,
        facts: &Facts,
        gate: Gate,
    ) -> Self {
        let manifest = side.manifest();
        let settings = resolved_settings(manifest);
        let scorer = manifest.data.get("scorer").and_then(Value::as_str);
        let scorer = scorer.unwrap_or("rounds");
        let model = facts.by_model.busiest().unwrap_or(NO_MODEL).to_owned();
        let solver = settings.get("agents.team.policy").and_then(Value::as_str);
        let solver = solver.unwrap_or("rounds");
        let seed = summary.seed.to_string();
        let task = ["task", &summary.scenario];
        let run = ["run", &summary.scenario, &summary.command, &seed];
        let mut data = manifest.data.clone();
        if !gate.is_open()
            && let Some(data) = data.as_object_mut()
        {
            // Cases may be named after what they are of.
            data.remove("cases");
        }
        let models = facts.by_model.json();
        let seeds: Vec<u64> = side.seeds().into_iter().collect();
        let eval = json!({
            "eval_id": log,
            "run_id": id(&run),
            "created": BEGIN,
            "task": summary.scenario,
            "task_id": id(&task),
            "task_version": task_version(&manifest.data).unwrap_or_else(|| manifest.version.clone()),
            "task_args": settings,
            "solver": solver,
            "tags": ["rounds", side.family()],
            "dataset": {
                "name": dataset(&manifest.data, &side.family()),
                "samples": facts.ids.len(),
                "sample_ids": facts.ids,
                "shuffled": false,
            },
            "model": model,
            "config": {
                "epochs": facts.epochs.max(1),
                "fail_on_error": false,
                "log_samples": true,
            },
            "packages": {"rounds": manifest.version},
            "scorers": [{"name": scorer}],
            "metadata": {
                "notice": manifest.notice,
                "arm": side.arm,
                "arm_settings": arm.settings,
                "command": summary.command,
                "seeds": seeds,
                "settings_hash": manifest.hash,
                "data": data,
                "models": models.keys().collect::<Vec<_>>(),
                "machine": manifest.machine,
                "restricted": side.restricted(),
                "record_text": gate.is_open(),
                "times": "timestamps are simulated time; every episode begins at 1970-01-01",
            },
        });
        let plan = json!({
            "name": side.arm,
            "steps": [{"solver": solver, "params": {}}],
            "config": {},
        });
        let results = results(side, summary, arm, facts, scorer);
        let stats = json!({
            "started_at": "",
            "completed_at": "",
            "model_usage": models,
            "role_usage": facts.by_role.json(),
        });
        Self {
            eval,
            plan,
            results,
            stats,
            model,
        }
    }

    /// The whole header as a JSON object, without samples.
    pub(super) fn json(&self) -> Value {
        json!({
            "version": 2,
            "status": "success",
            "eval": self.eval,
            "plan": self.plan,
            "results": self.results,
            "stats": self.stats,
        })
    }

    /// What a log begins with while it is written.
    pub(super) fn start(&self) -> Value {
        json!({"version": 2, "eval": self.eval, "plan": self.plan})
    }
}

/// The beginning of a hash that is enough to tell data apart.
fn short_hash<'a>(data: &'a Value, key: &str) -> Option<&'a str> {
    let hash = data.get(key).and_then(Value::as_str)?;
    Some(hash.get(..12).unwrap_or(hash))
}

/// The version of given cases: other cases are another task.
fn task_version(data: &Value) -> Option<String> {
    let hash = short_hash(data, "suite").or_else(|| short_hash(data, "sha256"));
    hash.map(str::to_owned)
}

/// Where the cases come from.
fn dataset(data: &Value, family: &str) -> String {
    if let Some(suite) = short_hash(data, "suite") {
        return format!("suite {suite}");
    }
    if data.get("records").is_some() {
        return match short_hash(data, "sha256") {
            Some(hash) => format!("records {hash}"),
            None => "records".to_owned(),
        };
    }
    match data.get("knowledge").and_then(Value::as_str) {
        Some(knowledge) => format!("knowledge {knowledge}"),
        None => family.to_owned(),
    }
}

/// The metrics of an arm in the order of its summary, then those that the tables alone have.
pub(super) fn score_names(side: &Side, arm: &ArmSummary) -> ScoreNames {
    let mut names: Vec<(String, Option<String>)> = Vec::new();
    for (name, metric) in &arm.metrics {
        let undefined = metric.get("mean").is_none_or(Value::is_null);
        let why = metric.get("why").and_then(Value::as_str);
        let why = why.filter(|_| undefined).map(str::to_owned);
        names.push((name.clone(), why));
    }
    for name in &side.metrics {
        if !arm.metrics.contains_key(name) {
            names.push((name.clone(), None));
        }
    }
    ScoreNames { names }
}

fn results(side: &Side, summary: &Summary, arm: &ArmSummary, facts: &Facts, scorer: &str) -> Value {
    let scores: Vec<Value> = arm
        .metrics
        .iter()
        .map(|(name, metric)| score(name, metric, side, facts, scorer))
        .collect();
    let of_arm = |comparison: &&Comparison| comparison.a == arm.name || comparison.b == arm.name;
    let comparisons: Vec<_> = summary.comparisons.iter().filter(of_arm).collect();
    let mut out = json!({
        "total_samples": facts.episodes,
        "completed_samples": facts.episodes - facts.failed,
        "scores": scores,
        "metadata": {"comparisons": comparisons},
    });
    // The first metric with a value stands for all.
    let defined = |metric: &&Value| metric.get("mean").is_some_and(Value::is_number);
    let first = arm.metrics.iter().find(|(_, metric)| defined(metric));
    if let Some((name, _)) = first {
        out["headline"] = json!({"scorer": scorer, "score": name, "metric": "mean"});
    }
    out
}

/// A metric with its interval. What is undefined is left out, and `why` says why.
fn score(name: &str, metric: &Value, side: &Side, facts: &Facts, scorer: &str) -> Value {
    let read: Option<MetricSummary> = serde_json::from_value(metric.clone()).ok();
    let (mut metrics, mut metadata) = (Map::new(), Map::new());
    let mut out = json!({"name": name, "scorer": scorer});
    if let Some(metric) = read {
        let ends = metric.ci95;
        let values = [
            ("mean", metric.mean),
            ("sd", metric.sd),
            ("ci95_low", ends.map(|[low, _]| low)),
            ("ci95_high", ends.map(|[_, high]| high)),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                metrics.insert(name.to_owned(), json!({"name": name, "value": value}));
            }
        }
        // Metrics of cases or of the whole arm are of no sample.
        if side.metrics.contains(name) {
            out["scored_samples"] = metric.n.into();
            out["unscored_samples"] = facts.episodes.saturating_sub(metric.n as u64).into();
        }
        metadata.insert("n".to_owned(), metric.n.into());
        if let Some(why) = metric.why {
            metadata.insert("why".to_owned(), why.into());
        }
    }
    out["metrics"] = metrics.into();
    out["metadata"] = metadata.into();
    out
}
