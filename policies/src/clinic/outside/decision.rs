//! A decision out of JSON.

use rounds_environments::clinic::dialogue::Question;
use rounds_environments::clinic::knowledge::{Knowledge, SpecialityIx};
use rounds_environments::nearest::nearest;
use serde_json::{Map, Value};

use super::seen::wanted;
use crate::clinic::reading::read_names;
use crate::clinic::task::{
    Action, Content, Diagnosis, Observation, Proposal, Referral, Speciality, Task,
};

/// Keys of a decision, those that may stand beside it last.
const KEYS: [&str; 8] = [
    "ask",
    "diagnose",
    "refer",
    "vote",
    "confidence",
    "team",
    "reason",
    "rationale",
];

/// Reads the decision on what was seen.
///
/// Exactly one of the wanted keys decides. Keys that other tasks want are passed over, so that a
/// program can answer every task with one object.
///
/// # Errors
/// What was expected, with the nearest valid name, for whoever decides to read.
pub(super) fn read(
    seen: &Observation,
    text: &str,
    knowledge: &Knowledge,
    list_length: usize,
) -> Result<Action, String> {
    let want = wanted(&seen.task);
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Value::Object(object) = value else {
        return Err(format!(
            "expected an object with {}, got {value}",
            one_of(want)
        ));
    };
    let has = |key: &str| object.get(key).is_some_and(|value| !value.is_null());
    let refers = want.contains(&"refer") && has("refer");
    // A list may stand beside a referral.
    let given: Vec<&str> = want
        .iter()
        .copied()
        .filter(|key| has(key) && !(refers && *key == "diagnose"))
        .collect();
    let [key] = given[..] else {
        return Err(count_fault(&object, want, &given));
    };
    let value = &object[key];
    match &seen.task {
        Task::Triage { most } | Task::Coordinate { most } => {
            let mut team = team(value, knowledge)?;
            if team.is_empty() {
                team = seen.team.to_vec();
            }
            if team.is_empty() {
                return Err("`team`: expected at least one speciality, got none".to_owned());
            }
            team.truncate(*most);
            Ok(Action::Team(team))
        }
        Task::Confidence => Ok(Action::Confidence(Some(level(value)?.round() as u8))),
        Task::Vote { .. } => match value {
            Value::Bool(agrees) => Ok(Action::Vote(Some(*agrees))),
            other => Err(format!("`vote`: expected true or false, got {other}")),
        },
        Task::Solo { .. } | Task::Propose { .. } => {
            let content = match key {
                "ask" => Content::Question(question(value, knowledge)?),
                "diagnose" => {
                    let list = diagnoses(value, knowledge, list_length)?;
                    if list.is_empty() {
                        return Err("`diagnose`: expected at least one name, got none".to_owned());
                    }
                    Content::Diagnoses(list)
                }
                _ => Content::Refer(referral(value, &object, knowledge, list_length)?),
            };
            let confidence = match object.get("confidence") {
                None | Some(Value::Null) => 3.0,
                Some(value) => level(value)?,
            };
            let rationale = object.get("rationale").and_then(Value::as_str);
            Ok(Action::Proposal(Some(Proposal {
                content,
                confidence,
                rationale: rationale.unwrap_or_default().into(),
            })))
        }
    }
}

fn one_of(want: &[&str]) -> String {
    let keys: Vec<String> = want.iter().map(|key| format!("`{key}`")).collect();
    match keys.as_slice() {
        [one] => one.clone(),
        several => format!("one of {}", several.join(", ")),
    }
}

fn count_fault(object: &Map<String, Value>, want: &[&str], given: &[&str]) -> String {
    let expected = one_of(want);
    if !given.is_empty() {
        return format!("expected {expected}, got {}", given.join(" and "));
    }
    let unknown = object.keys().find(|key| !KEYS.contains(&key.as_str()));
    let near = unknown.and_then(|key| Some((key, nearest(key, want.iter().copied())?)));
    match near {
        Some((key, near)) => format!("expected {expected}, got `{key}`; did you mean `{near}`?"),
        None => {
            let keys: Vec<&str> = object.keys().map(String::as_str).collect();
            format!(
                "expected {expected}, got an object with [{}]",
                keys.join(", ")
            )
        }
    }
}

fn level(value: &Value) -> Result<f64, String> {
    match value.as_f64() {
        Some(level) if (1.0..=5.0).contains(&level) => Ok(level),
        _ => Err(format!(
            "`confidence`: expected a number from 1 to 5, got {value}"
        )),
    }
}

/// A finding by its id, name or question, or else a question in words.
fn question(value: &Value, knowledge: &Knowledge) -> Result<Question, String> {
    let text = value.as_str().map(str::trim).unwrap_or_default();
    if text.is_empty() {
        return Err(format!(
            "`ask`: expected the id of a finding or a question in words, got {value}"
        ));
    }
    let is = |other: &str| other.trim().eq_ignore_ascii_case(text);
    let known = knowledge.find_finding(text).or_else(|| {
        let position = knowledge
            .findings()
            .iter()
            .position(|f| is(&f.name) || is(&f.question) || is(&f.id))?;
        Some(rounds_environments::clinic::knowledge::FindingIx(
            position as u32,
        ))
    });
    Ok(known.map_or_else(|| Question::Text(text.into()), Question::Finding))
}

/// Names, each with a probability of its own or with none; where none has one, the share falls
/// with the place in the list.
fn diagnoses(value: &Value, knowledge: &Knowledge, most: usize) -> Result<Vec<Diagnosis>, String> {
    let items = match value {
        Value::Array(items) => items.clone(),
        Value::String(_) => read_names(value, most)
            .into_iter()
            .map(Value::from)
            .collect(),
        other => return Err(format!("`diagnose`: expected a list of names, got {other}")),
    };
    let mut named: Vec<(String, Option<f64>)> = Vec::new();
    for item in &items {
        let name = item.as_str().or_else(|| item.get("name")?.as_str());
        let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else {
            return Err(format!(
                "`diagnose`: expected names, or objects with `name` and `p`, got {item}"
            ));
        };
        let p = match item.get("p") {
            None => None,
            Some(p) => match p.as_f64().filter(|p| (0.0..=1.0).contains(p)) {
                Some(p) => Some(p),
                None => {
                    return Err(format!("`p` of {name:?}: expected 0 to 1, got {p}"));
                }
            },
        };
        if !named
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            named.push((name.to_owned(), p));
        }
    }
    named.truncate(most);
    let stated = named.iter().any(|(_, p)| p.is_some());
    let total: f64 = (1..=named.len()).map(|place| 1.0 / place as f64).sum();
    let share = |at: usize| {
        if stated {
            0.0
        } else {
            1.0 / ((at + 1) as f64 * total)
        }
    };
    let found = named.into_iter().enumerate().map(|(at, (name, p))| {
        let known = knowledge.find_condition(&name).or_else(|| {
            let is = |other: &str| other.eq_ignore_ascii_case(&name);
            let position = knowledge.conditions().iter().position(|c| is(&c.name))?;
            Some(rounds_environments::clinic::knowledge::ConditionIx(
                position as u32,
            ))
        });
        match known {
            Some(d) => Diagnosis::Known(d, p.unwrap_or_else(|| share(at))),
            None => Diagnosis::Named(name.into()),
        }
    });
    Ok(found.collect())
}

fn referral(
    value: &Value,
    object: &Map<String, Value>,
    knowledge: &Knowledge,
    most: usize,
) -> Result<Referral, String> {
    let to = value.as_str().map(str::trim).unwrap_or_default();
    if to.is_empty() {
        return Err(format!(
            "`refer`: expected the name of a speciality, got {value}"
        ));
    }
    let list = match object.get("diagnose") {
        None | Some(Value::Null) => Vec::new(),
        Some(list) => diagnoses(list, knowledge, most)?,
    };
    let reason = object.get("reason").and_then(Value::as_str);
    Ok(Referral {
        to: to.into(),
        reason: reason.unwrap_or_default().into(),
        list,
    })
}

fn team(value: &Value, knowledge: &Knowledge) -> Result<Vec<Speciality>, String> {
    if !matches!(value, Value::Array(_) | Value::String(_)) {
        return Err(format!(
            "`team`: expected a list of specialities, got {value}"
        ));
    }
    let mut team: Vec<Speciality> = Vec::new();
    for name in read_names(value, usize::MAX) {
        let is = |other: &str| other.eq_ignore_ascii_case(&name);
        let position = knowledge.specialities().iter().position(|s| is(s));
        let member = match position {
            Some(at) => Speciality::Known(SpecialityIx(at as u32)),
            None if ["generalist", "general practice"].into_iter().any(is) => {
                Speciality::Generalist
            }
            None => Speciality::Named(name.as_str().into()),
        };
        if !team.contains(&member) {
            team.push(member);
        }
    }
    Ok(team)
}
