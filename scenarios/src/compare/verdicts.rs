//! Checks of an evaluation whose verdict differs between two visits of one case.

use std::collections::BTreeMap;
use std::path::Path;

use rounds_environments::text::json_fault;
use serde::{Deserialize, Serialize};

use super::side::Side;
use crate::clinic::cases::CheckResult;
use crate::run::RunError;

/// Name of the file of an evaluation that holds its verdicts.
const FILE: &str = "evaluation.jsonl";

/// A check with another verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckChange {
    /// Id of the check.
    pub check: String,
    /// Verdict in the first run; `None` when it is undetermined or the check is not there.
    pub a: Option<bool>,
    /// Verdict in the second run.
    pub b: Option<bool>,
    /// Numbers of the events that decided it in the first run.
    pub events_a: Vec<u32>,
    /// Numbers of the events that decided it in the second run.
    pub events_b: Vec<u32>,
}

impl CheckChange {
    /// The change in words.
    pub fn words(&self) -> String {
        let side = |met: Option<bool>, events: &[u32]| {
            let met = match met {
                Some(true) => "met",
                Some(false) => "not met",
                None => "undetermined",
            };
            let events: Vec<String> = events.iter().map(|n| format!("#{n}")).collect();
            match events.is_empty() {
                true => met.to_owned(),
                false => format!("{met} by {}", events.join(", ")),
            }
        };
        format!(
            "{}: {} → {}",
            self.check,
            side(self.a, &self.events_a),
            side(self.b, &self.events_b)
        )
    }
}

/// The verdicts of a side, by seed and episode; empty where it is no evaluation.
pub(super) type Verdicts = BTreeMap<(u64, u32), Vec<CheckResult>>;

/// What is read of a line.
#[derive(Deserialize)]
struct Line {
    arm: String,
    seed: u64,
    episode: u32,
    checks: Vec<CheckResult>,
}

/// Reads the verdicts of a side.
///
/// # Errors
/// [`RunError`] when the file of an evaluation cannot be read.
pub(super) fn verdicts(side: &Side) -> Result<Verdicts, RunError> {
    let mut verdicts = Verdicts::new();
    // The arms of an evaluation lie two folders below it.
    let above = side.parts[0].folder.parent().and_then(Path::parent);
    let file = above
        .map(|folder| folder.join(FILE))
        .filter(|file| file.exists());
    let Some(file) = file else {
        return Ok(verdicts);
    };
    let text = std::fs::read_to_string(&file).map_err(RunError::file(&file, "cannot be read"))?;
    for (number, line) in (1..).zip(text.lines()) {
        let line: Line = serde_json::from_str(line).map_err(|error| RunError::Damaged {
            path: file.clone(),
            line: Some(number),
            why: json_fault(&error),
        })?;
        if line.arm == side.arm {
            verdicts.insert((line.seed, line.episode), line.checks);
        }
    }
    Ok(verdicts)
}

/// The checks whose verdict differs, in the order of the case.
pub(super) fn changes(a: &[CheckResult], b: &[CheckResult]) -> Vec<CheckChange> {
    let ids = a.iter().chain(b).map(|check| check.id.as_str());
    let mut seen: Vec<&str> = Vec::new();
    let mut changes = Vec::new();
    for id in ids {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        let of = |checks: &[CheckResult]| checks.iter().find(|check| check.id == id).cloned();
        let (x, y) = (of(a), of(b));
        let met = |check: &Option<CheckResult>| check.as_ref().and_then(|check| check.met);
        if met(&x) != met(&y) {
            let events = |check: Option<CheckResult>| check.map(|c| c.events).unwrap_or_default();
            changes.push(CheckChange {
                check: id.to_owned(),
                a: met(&x),
                b: met(&y),
                events_a: events(x),
                events_b: events(y),
            });
        }
    }
    changes
}
