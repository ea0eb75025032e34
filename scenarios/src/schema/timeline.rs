//! The `[[timeline]]`: settings of the environment that change while an episode runs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    diagnostics::{Problem, ProblemKind, Problems},
    document::{Data, Node, Table},
    layers::{flatten, merge, overlay},
    reader::TableReader,
    scenario::read,
    values::{Fault, NOT_NEGATIVE, number},
};

/// A change of the environment at a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimelineEntry {
    /// Minutes since the start of the episode.
    pub at_min: f64,
    /// New values by full key, such as `environment.noise.unknown`.
    pub set: BTreeMap<String, serde_json::Value>,
}

/// Reads `[[timeline]]`: entries in the order of their times, equal times as written.
pub(crate) fn read_timeline(root: &mut TableReader<'_>) -> Vec<TimelineEntry> {
    let mut entries = Vec::new();
    for mut table in root.table_array("timeline") {
        if table.entry("at").is_none() {
            table.missing("at", "at = \"12:00\"");
        }
        if table.entry("set").is_none() {
            table.missing("set", "set = { \"environment.noise.unknown\" = 0.5 }");
        }
        let at_min = table.get("at", time);
        let set = table.get("set", table_of);
        if let (Some(at_min), Some(set)) = (at_min, set) {
            match overlay(set) {
                Ok(set) => {
                    check_keys(&set, &table);
                    let set = flatten(&set);
                    let set = set.into_iter().map(|(key, node)| (key, node.json()));
                    entries.push(TimelineEntry {
                        at_min,
                        set: set.collect(),
                    });
                }
                Err(problem) => table.note(problem),
            }
        }
        table.finish();
    }
    entries.sort_by(|a, b| a.at_min.total_cmp(&b.at_min));
    entries
}

/// Notes what each entry of the timeline would break in the scenario `base`, which is sound.
pub(crate) fn check_timeline(base: &Table, problems: &Problems) {
    let Some(Data::Array(items)) = base.get("timeline").map(|entry| &entry.value.data) else {
        return;
    };
    for item in items {
        let Data::Table(table) = &item.data else {
            continue;
        };
        let set = table.get("set").map(|entry| table_of(&entry.value));
        if let Some(Ok(set)) = set
            && let Ok(set) = overlay(set)
        {
            let mut changed = base.clone();
            changed.remove("timeline");
            merge(&mut changed, set);
            let _unneeded = read(&changed, item.origin.clone(), problems);
        }
    }
}

/// Settings of an environment that can change while an episode runs.
const CHANGING: [&str; 3] = [
    "environment.noise.flipped",
    "environment.noise.unknown",
    "environment.tests",
];

/// Settings that hold for a whole episode.
const FIXED: [&str; 7] = [
    "environment.fidelity",
    "environment.kind",
    "environment.matching",
    "environment.minutes_per_question",
    "environment.patients",
    "environment.reveal_admission_diagnosis",
    "environment.visible_until_h",
];

fn check_keys(set: &Table, table: &TableReader<'_>) {
    for (key, node) in flatten(set) {
        let is_fixed = FIXED.iter().any(|fixed| {
            key.strip_prefix(fixed)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        if is_fixed || !key.starts_with("environment.") {
            table.note(
                Problem::at(
                    &node.origin,
                    ProblemKind::NotAllowed,
                    format!("`{key}` cannot change during an episode"),
                    "not a setting of the running environment",
                )
                .help(format!("a timeline sets {}", CHANGING.join(", "))),
            );
        }
    }
}

fn table_of(node: &Node) -> Result<&Table, Fault> {
    match &node.data {
        Data::Table(table) => Ok(table),
        _ => Err(Fault::wrong_type("a table of keys to set")),
    }
}

/// Minutes, or "HH:MM" since the start of the episode.
fn time(node: &Node) -> Result<f64, Fault> {
    const WORDS: &str = "a time \"HH:MM\" or a number of minutes of at least 0";
    match &node.data {
        Data::String(text) | Data::Datetime(text) => {
            clock(text).ok_or_else(|| Fault::new(ProblemKind::OutOfRange, WORDS))
        }
        Data::Integer(_) | Data::Float(_) => number(node, NOT_NEGATIVE),
        _ => Err(Fault::wrong_type(WORDS)),
    }
}

fn clock(text: &str) -> Option<f64> {
    let (hours, minutes) = text.split_once(':')?;
    let minutes = minutes.strip_suffix(":00").unwrap_or(minutes);
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (minutes < 60).then(|| f64::from(hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn a_time_is_hours_and_minutes() {
        assert_eq!(clock("12:00"), Some(720.0));
        assert_eq!(clock("00:05:00"), Some(5.0));
        for wrong in ["12", "1:00", "12:60", "12:00:30", "-1:00", "", ":"] {
            assert_eq!(clock(wrong), None, "{wrong}");
        }
    }
}
