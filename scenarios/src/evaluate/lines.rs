//! One line of JSON for each visit of a case.

use serde_json::{Value, json};

use super::arm::ArmResult;
use crate::run::Manifest;

/// The value of `schema` in each line.
pub const LINE_SCHEMA: &str = "rounds.evaluation/1";

/// The lines of one arm, with the hashes that say what was evaluated.
pub fn lines(arm: &ArmResult, manifest: &Manifest) -> String {
    let mut out = String::new();
    for case in &arm.cases {
        for run in &case.runs {
            let score = &run.result.score;
            let line = json!({
                "schema": LINE_SCHEMA,
                "arm": arm.name,
                "case": case.id,
                "repeat": run.repeat,
                "episode": run.row.episode,
                "outcome": run.row.outcome,
                "reason": run.row.reason,
                "passed": run.result.passed,
                "critical": run.result.critical,
                "score": score.score,
                "score_bounds": score.bounds,
                "by_axis": score.by_axis,
                "verdict_coverage": score.coverage,
                "checks": run.result.checks,
                "metrics": run.row.metrics,
                "case_hash": manifest.data["cases"][&case.id],
                "suite_hash": manifest.data["suite"],
                "scorer": manifest.data["scorer"],
                "settings_hash": manifest.hash,
                "knowledge": manifest.data["knowledge"],
                "models": manifest.data.get("models").unwrap_or(&Value::Null),
                "version": manifest.version,
                "seed": manifest.seed,
            });
            out.push_str(&line.to_string());
            out.push('\n');
        }
    }
    out
}
