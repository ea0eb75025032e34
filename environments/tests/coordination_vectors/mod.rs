//! Reading of reference vectors of coordination.

use rounds_environments::coordination::Objective;
use serde_json::Value;

use super::golden_files::{self, list, real};

/// Content of a file; `None` when a folder of vectors is named that does not hold it.
pub(crate) fn vectors(file: &str) -> Option<Value> {
    golden_files::vectors("maoc", file)
}

pub(crate) fn reals(value: &Value) -> Vec<f64> {
    list(value).iter().map(real).collect()
}

pub(crate) fn close(got: f64, expected: f64, tolerance: f64, what: &str) {
    let miss = (got - expected).abs();
    assert!(miss <= tolerance, "{what}: expected {expected}, got {got}");
}

/// Agents in order take the best action given the earlier ones, the lowest id of equals.
pub(crate) fn greedy(objective: &dyn Objective, summary: &mut [f64]) -> Vec<Option<u32>> {
    let ground = objective.ground();
    let mut gains = vec![0.0; ground.most_actions()];
    objective.clear(summary);
    let mut chosen = Vec::new();
    for agent in 0..ground.agents() {
        let gains = &mut gains[..ground.actions(agent)];
        objective.marginals(agent, summary, gains);
        let mut best = 0;
        for action in 1..gains.len() {
            if gains[action] > gains[best] {
                best = action;
            }
        }
        objective.insert(ground.element(agent, best as u32), summary);
        chosen.push(Some(best as u32));
    }
    chosen
}
