//! `summary.json`, schema `rounds.summary/1`: what programs read of a run.
//!
//! Field order here is key order in the file.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::calls::Calls;
use super::compare::Difference;
use super::estimate::Estimate;
use super::interaction::EffectScale;
use super::verdict::{Question, verdict};

/// Schema name of the file.
pub const SCHEMA: &str = "rounds.summary/1";

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Seed of the run.
    pub seed: u64,
    /// Command that made it: run, bench, evaluate.
    pub command: String,
    /// Episodes by outcome.
    pub episodes: Episodes,
    /// Limits that cut episodes, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limit: Vec<LimitCut>,
    /// Arms in the order of the scenario; a run without arms has one named `default`.
    pub arms: Vec<ArmSummary>,
    /// Comparisons between arms.
    pub comparisons: Vec<Comparison>,
    /// Interactions that the scenario asks about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interactions: Vec<InteractionSummary>,
    /// Slow decisions and what they cost.
    pub calls: Calls,
    /// How far a bench that runs until its answer is precise came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// Wall time; never part of the log.
    pub timing: Timing,
    /// What an evaluation says beyond metrics: cases, never-events, thresholds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Value>,
}

/// The interaction of two factors in a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InteractionSummary {
    /// Its name.
    pub name: String,
    /// The metric.
    pub metric: String,
    /// The scale on which effects would add up.
    pub scale: EffectScale,
    /// Arms: neither factor, the first alone, the second alone, both.
    pub arms: [String; 4],
    /// The interaction: 0 is none on the scale of differences, 1 on that of ratios.
    pub value: Option<f64>,
    /// Interval.
    pub ci95: Option<[f64; 2]>,
    /// Cases that all arms have.
    pub n: usize,
    /// Why something is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A limit that cut episodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitCut {
    /// Its name below `[limits]`, such as `run.usd`.
    pub name: String,
    /// Episodes that it cut.
    pub episodes: u64,
    /// What the first of them says.
    pub why: String,
}

/// How far a bench that runs until its answer is precise came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Until {
    /// The rule as it was typed.
    pub rule: String,
    /// Replications that were run, each with a seed of its own.
    pub replications: u64,
    /// Most replications.
    pub at_most: u64,
    /// Largest half-width of the intervals that the rule looks at; `None` where one is undefined.
    pub half_width: Option<f64>,
    /// Whether it is as small as the rule asks.
    pub reached: bool,
}

/// Episodes by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episodes {
    /// Asked for.
    pub asked: u64,
    /// Finished.
    pub done: u64,
    /// Ended by an error.
    pub failed: u64,
    /// Stopped before their end.
    pub aborted: u64,
}

/// One arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmSummary {
    /// Name of the arm.
    pub name: String,
    /// Settings that differ from the scenario.
    pub settings: Map<String, Value>,
    /// Metrics by name, in the order they were put in.
    pub metrics: Map<String, Value>,
}

impl ArmSummary {
    /// Puts a metric at the end, or in place of one with the same name.
    pub fn put(&mut self, name: &str, estimate: &Estimate) {
        let metric = MetricSummary::from(estimate);
        let mut entry = Map::new();
        entry.insert("mean".to_owned(), metric.mean.into());
        entry.insert("sd".to_owned(), metric.sd.into());
        let ci95 = metric
            .ci95
            .map_or(Value::Null, |[low, high]| vec![low, high].into());
        entry.insert("ci95".to_owned(), ci95);
        entry.insert("n".to_owned(), metric.n.into());
        if let Some(why) = metric.why {
            entry.insert("why".to_owned(), why.into());
        }
        self.metrics.insert(name.to_owned(), Value::Object(entry));
    }
}

/// One metric of an arm. What is undefined is `null`, and `why` says why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    /// Mean over the episodes.
    pub mean: Option<f64>,
    /// Standard deviation over the episodes.
    pub sd: Option<f64>,
    /// Interval of 95 % with the case as the unit.
    pub ci95: Option<[f64; 2]>,
    /// Episodes in which the metric is defined.
    pub n: usize,
    /// Why something is `null`, or what to keep in mind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl From<&Estimate> for MetricSummary {
    fn from(estimate: &Estimate) -> Self {
        Self {
            mean: estimate.mean,
            sd: estimate.sd,
            ci95: estimate.ci95,
            n: estimate.n,
            why: estimate.why.clone(),
        }
    }
}

/// One comparison: arm `a` minus arm `b`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// First arm.
    pub a: String,
    /// Second arm.
    pub b: String,
    /// Metric.
    pub metric: String,
    /// Difference of the means.
    pub difference: Option<f64>,
    /// Interval of 95 %, not corrected.
    pub ci95: Option<[f64; 2]>,
    /// p-value corrected by Holm over all comparisons that were given together.
    pub p_holm: Option<f64>,
    /// The answer in words.
    pub verdict: String,
    /// Smallest true difference that would be found in 80 of 100 evaluations of this size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detectable: Option<f64>,
    /// Why something is `null`, or what to keep in mind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A difference with the names it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// First arm.
    pub a: String,
    /// Second arm.
    pub b: String,
    /// Metric.
    pub metric: String,
    /// First minus second.
    pub difference: Difference,
    /// What is asked.
    pub question: Question,
}

/// The comparisons of one family, corrected by Holm, in the given order. Those without a p-value
/// are not counted in the family.
pub fn comparisons(family: Vec<Named>) -> Vec<Comparison> {
    let p_values: Vec<f64> = family
        .iter()
        .filter_map(|named| named.difference.p)
        .collect();
    let mut corrected = super::holm(&p_values).into_iter();
    let of = |named: Named| {
        let p_holm = named.difference.p.and_then(|_| corrected.next());
        Comparison {
            verdict: verdict(&named.difference, p_holm, named.question).to_string(),
            detectable: named.difference.detectable(),
            a: named.a,
            b: named.b,
            metric: named.metric,
            difference: named.difference.difference,
            ci95: named.difference.ci95,
            p_holm,
            why: named.difference.why,
        }
    };
    family.into_iter().map(of).collect()
}

/// Wall time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Seconds from start to end.
    pub wall_s: f64,
    /// Rounds of all episodes.
    pub rounds: u64,
    /// Decisions of all agents.
    pub decisions: u64,
    /// Decisions a second.
    pub decisions_per_s: f64,
}

#[cfg(test)]
mod tests {
    use rounds_environments::streams::RunSeed;

    use super::*;
    use crate::statistics::{Design, Sample, compare, estimate};

    #[test]
    fn keys_keep_their_names_and_order() {
        let sample = Sample::independent(&[1.0, 2.0]).unwrap();
        let mut arm = ArmSummary {
            name: "default".to_owned(),
            settings: Map::new(),
            metrics: Map::new(),
        };
        arm.put("z", &estimate(&sample, RunSeed(1)));
        arm.put(
            "a",
            &estimate(&Sample::independent(&[]).unwrap(), RunSeed(1)),
        );
        let named = Named {
            a: "x".to_owned(),
            b: "y".to_owned(),
            metric: "z".to_owned(),
            difference: compare(&sample, &sample, Design::Paired),
            question: Question::default(),
        };
        let summary = Summary {
            schema: SCHEMA.to_owned(),
            scenario: "ward".to_owned(),
            seed: 7,
            evaluation: None,
            command: "run".to_owned(),
            episodes: Episodes::default(),
            limit: Vec::new(),
            arms: vec![arm],
            comparisons: comparisons(vec![named]),
            interactions: Vec::new(),
            calls: Calls::default(),
            until: None,
            timing: Timing::default(),
        };
        let text = serde_json::to_string(&summary).unwrap();
        assert!(text.starts_with(
            r#"{"schema":"rounds.summary/1","scenario":"ward","seed":7,"command":"run","episodes":{"asked":0,"done":0,"failed":0,"aborted":0},"arms":[{"name":"default","settings":{},"metrics":{"z":{"mean":1.5,"sd":"#
        ), "{text}");
        assert!(
            text.contains(r#""a":{"mean":null,"sd":null,"ci95":null,"n":0,"why":"no episode"}"#)
        );
        assert!(text.contains(r#""comparisons":[{"a":"x","b":"y","metric":"z","difference":0.0,"ci95":[0.0,0.0],"p_holm":1.0,"verdict":"no difference larger than 0.000","detectable":0.0}]"#), "{text}");
        assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), summary);
    }
}
