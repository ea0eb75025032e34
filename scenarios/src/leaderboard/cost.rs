//! What an answer costs.

use std::collections::BTreeMap;
use std::fs;

use rounds_environments::text::json_fault;
use rounds_models::CallRecord;

use crate::compare::{Rows, Side, UnknownMetric, unknown_metric};
use crate::run::{RunDirectory, RunError};

/// The cost that is no metric of the tables: tokens sent to and received from models.
pub const TOKENS: &str = "tokens";

/// Costs that are looked for where none is asked for, in this order.
const COSTS: [&str; 5] = [
    "care_cost_usd",
    "questions",
    "agent_calls",
    "calls",
    "rounds",
];

/// The cost to draw: the one asked for, or the first that the runs have.
///
/// # Errors
/// [`UnknownMetric`] with the nearest name.
pub fn choose_cost(side: &Side, asked: Option<&str>) -> Result<Option<String>, UnknownMetric> {
    match asked {
        Some(name) if name == TOKENS || side.metrics.contains(name) => Ok(Some(name.to_owned())),
        Some(name) => {
            let mut known = side.metrics.clone();
            known.insert(TOKENS.to_owned());
            Err(unknown_metric(name, &known))
        }
        None => {
            let first = COSTS.iter().find(|name| side.metrics.contains(**name));
            Ok(first.map(|name| (*name).to_owned()))
        }
    }
}

/// Puts the tokens of each episode into its row, from the recorded calls.
///
/// # Errors
/// [`RunError`] when `calls.jsonl` is there and cannot be read.
pub(super) fn add_tokens(side: &Side, rows: &mut Rows) -> Result<(), RunError> {
    let mut tokens: BTreeMap<(usize, u32), u64> = BTreeMap::new();
    for (at, part) in side.parts.iter().enumerate() {
        let path = part.folder.join(RunDirectory::CALLS);
        if !path.exists() {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(RunError::file(&path, "cannot be read"))?;
        for (number, line) in (1..).zip(text.lines()) {
            let call = CallRecord::from_line(line).map_err(|error| RunError::Damaged {
                path: path.clone(),
                line: Some(number),
                why: json_fault(&error),
            })?;
            let used = call.usage.prompt_tokens + call.usage.completion_tokens;
            *tokens.entry((at, call.key.episode.0)).or_default() += used;
        }
    }
    for placed in rows.values_mut().flatten() {
        let used = tokens.get(&(placed.part, placed.row.episode)).copied();
        let used = Some(used.unwrap_or(0) as f64);
        placed.row.metrics.insert(TOKENS.to_owned(), used);
    }
    Ok(())
}
