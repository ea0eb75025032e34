//! What is said once, before the first observation.

use rounds_environments::clinic::knowledge::Knowledge;
use rounds_models::PROTOCOL;
use serde_json::{Value, json};

/// The greeting of a policy called `name`: what can be asked, what can be diagnosed, and what the
/// doctors' knowledge base says of both.
///
/// # Shapes
/// `present` of a condition holds one probability for each finding, in their order.
pub fn hello(name: &str, knowledge: &Knowledge, list_length: usize) -> String {
    let findings: Vec<Value> = knowledge
        .findings()
        .iter()
        .map(|finding| {
            json!({
                "id": finding.id,
                "name": finding.name,
                "kind": finding.kind,
                "question": finding.question,
                "parent": finding.parent.map(|e| &knowledge.finding(e).id),
                "cost": finding.cost,
                "minutes": finding.turnaround_min,
            })
        })
        .collect();
    let conditions: Vec<Value> = (0..)
        .map(rounds_environments::clinic::knowledge::ConditionIx)
        .zip(knowledge.conditions())
        .map(|(d, condition)| {
            json!({
                "name": condition.name,
                "speciality": knowledge.specialities().get(condition.speciality.index()),
                "severity": condition.severity,
                "codes": condition.codes,
                "prior": condition.prior,
                "present": knowledge.row(d),
            })
        })
        .collect();
    json!({
        "schema": PROTOCOL,
        "policy": name,
        "family": "clinic",
        "notice": "Research software, not for clinical use.",
        "list_length": list_length,
        "specialities": knowledge.specialities(),
        "findings": findings,
        "conditions": conditions,
    })
    .to_string()
}
