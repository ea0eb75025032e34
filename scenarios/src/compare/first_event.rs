//! The first event that differs between two logs of one case.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::run::EventLine;

/// What one of the logs has at the place where they part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Did {
    /// Round.
    pub round: u32,
    /// Number within the episode.
    pub number: u32,
    /// Who.
    pub agent: String,
    /// Kind of event.
    pub kind: String,
    /// What it did, in short.
    pub what: String,
}

/// The first event in which two logs of one case differ; `None` where a log has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventDifference {
    /// In the first run.
    pub a: Option<Did>,
    /// In the second run.
    pub b: Option<Did>,
}

/// Longest description, in characters.
const LONGEST: usize = 160;

/// Whether an event is of those who decide: not of the world, nor of the patient.
pub(super) fn is_acting(event: &EventLine) -> bool {
    !matches!(event.side.as_str(), "world" | "patient")
}

/// The first of the events of those who decide that differs; `None` when they are all equal. Where
/// an event stands among those of the other side is no difference.
pub fn first_difference(a: &[EventLine], b: &[EventLine]) -> Option<EventDifference> {
    let mut a = a.iter().filter(|event| is_acting(event));
    let mut b = b.iter().filter(|event| is_acting(event));
    loop {
        let (x, y) = (a.next(), b.next());
        match (x, y) {
            (None, None) => return None,
            (Some(x), Some(y)) if same(x, y) => {}
            _ => {
                return Some(EventDifference {
                    a: x.map(|x| did(x, y)),
                    b: y.map(|y| did(y, x)),
                });
            }
        }
    }
}

fn same(x: &EventLine, y: &EventLine) -> bool {
    (x.round, &x.side, &x.agent, &x.kind, &x.fields)
        == (y.round, &y.side, &y.agent, &y.kind, &y.fields)
}

/// What an event did. Where both logs have an event of the same kind, the fields that differ.
fn did(event: &EventLine, other: Option<&EventLine>) -> Did {
    let alike = other.filter(|other| (&other.kind, &other.agent) == (&event.kind, &event.agent));
    let differs =
        |key: &str, value: &Value| alike.is_none_or(|other| other.fields.get(key) != Some(value));
    let fields: Vec<String> = event
        .fields
        .iter()
        .filter(|(key, value)| differs(key, value))
        .map(|(key, value)| format!("{key} {}", brief(value)))
        .collect();
    let mut what = fields.join(", ");
    if let Some((end, _)) = what.char_indices().nth(LONGEST) {
        what.truncate(end);
        what.push('…');
    }
    Did {
        round: event.round,
        number: event.number,
        agent: event.agent.clone(),
        kind: event.kind.clone(),
        what,
    }
}

/// A value in few words: of a list of diagnoses, the names.
fn brief(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(x) if x.fract() != 0.0 => format!("{x:.3}"),
            _ => number.to_string(),
        },
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(brief).collect();
            format!("[{}]", items.join(" · "))
        }
        Value::Object(fields) => match fields.get("name") {
            Some(Value::String(name)) => name.clone(),
            _ => value.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(number: u32, side: &str, kind: &str, fields: Value) -> EventLine {
        EventLine {
            round: 1,
            number,
            side: side.to_owned(),
            agent: "Cardiology".to_owned(),
            kind: kind.to_owned(),
            fields: fields.as_object().unwrap().clone(),
            ..EventLine::default()
        }
    }

    #[test]
    fn the_first_act_that_differs_is_told_and_the_patient_is_passed_over() {
        let asked = |n, what: &str| event(n, "doctor", "asked", json!({"finding": what, "x": 1}));
        let a = [
            asked(1, "fever"),
            event(2, "patient", "answered", json!({"present": true})),
            asked(3, "cough"),
        ];
        let b = [
            asked(1, "fever"),
            event(2, "patient", "answered", json!({"present": false})),
            asked(4, "pain"),
        ];
        assert_eq!(first_difference(&a, &a), None);
        let found = first_difference(&a, &b).unwrap();
        let (x, y) = (found.a.unwrap(), found.b.unwrap());
        assert_eq!((x.number, x.what.as_str()), (3, "finding cough"));
        assert_eq!((y.number, y.what.as_str()), (4, "finding pain"));
    }

    #[test]
    fn a_log_that_ends_earlier_has_nothing_there() {
        let list = json!({"list": [{"name": "Flu", "p": 0.91234}, {"name": "Cold"}]});
        let a = [event(1, "doctor", "diagnosed", list)];
        let found = first_difference(&a, &[]).unwrap();
        assert_eq!(found.a.unwrap().what, "list [Flu · Cold]");
        assert_eq!(found.b, None);
    }
}
