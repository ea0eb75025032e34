//! Faults in what a reply says.

use serde_json::{Value, json};

use super::faults::Fault;

/// A speciality, disease or choice that nobody knows.
const UNKNOWN: &str = "Chronosurgery";
/// More than any list of diagnoses holds.
const MANY: usize = 11;
/// Text that answers both ways.
const CONTRARY: &str = "DISAGREE because I agree partly";

/// The text with the fault in it; faults that are not of the text leave it as it is.
pub(super) fn spoiled(text: String, fault: Fault) -> String {
    match fault {
        Fault::Truncated => halved(&text),
        Fault::WrongSchema => wrong_schema(&text),
        Fault::Prose => format!(
            "Certainly! Here is my answer:\n\n{text}\n\nLet me know whether you need anything else."
        ),
        Fault::Fenced => format!("```json\n{text}\n```"),
        Fault::UnknownValue => changed(&text, &unknown, UNKNOWN),
        Fault::Eleven => changed(&text, &eleven, &numbered()),
        Fault::Contrary => changed(&text, &contrary, CONTRARY),
        Fault::TooManyRequests
        | Fault::TooManyRequestsDate
        | Fault::ServerError
        | Fault::Unavailable
        | Fault::DropBefore
        | Fault::DropMiddle
        | Fault::SlowBody
        | Fault::EmptyChoices
        | Fault::Refusal
        | Fault::NullContent => text,
    }
}

fn halved(text: &str) -> String {
    let half = text.chars().count() / 2;
    text.chars().take(half).collect()
}

fn wrong_schema(text: &str) -> String {
    let mut value = match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object,
        _ => serde_json::Map::new(),
    };
    if let Some(first) = value.keys().next().cloned() {
        value.shift_remove(&first);
    }
    value.insert("unexpected".to_owned(), json!(true));
    Value::Object(value).to_string()
}

/// The JSON text with `change` applied, or `instead` where it is no JSON or nothing changes.
fn changed(text: &str, change: &dyn Fn(&mut Value) -> bool, instead: &str) -> String {
    if let Ok(mut value) = serde_json::from_str::<Value>(text)
        && change(&mut value)
    {
        return value.to_string();
    }
    instead.to_owned()
}

/// Changes every value, not only the first; whether any was changed.
fn each<'a>(values: impl Iterator<Item = &'a mut Value>, change: fn(&mut Value) -> bool) -> bool {
    let mut found = false;
    for value in values {
        found |= change(value);
    }
    found
}

/// Replaces the texts in lists, else the first text of an object; whether there was one.
fn unknown(value: &mut Value) -> bool {
    fn in_lists(value: &mut Value) -> bool {
        match value {
            Value::Array(items) => {
                let mut found = items.is_empty();
                if found {
                    items.push(json!(UNKNOWN));
                }
                for item in items {
                    if item.is_string() {
                        *item = json!(UNKNOWN);
                        found = true;
                    } else {
                        found |= in_lists(item);
                    }
                }
                found
            }
            Value::Object(object) => each(object.values_mut(), in_lists),
            _ => false,
        }
    }
    if in_lists(value) {
        return true;
    }
    let first = value
        .as_object_mut()
        .and_then(|object| object.values_mut().find(|value| value.is_string()));
    match first {
        Some(text) => {
            *text = json!(UNKNOWN);
            true
        }
        None => false,
    }
}

/// Fills every list of texts up to eleven; whether there was one.
fn eleven(value: &mut Value) -> bool {
    match value {
        Value::Array(items) if items.iter().all(Value::is_string) => {
            for number in items.len()..MANY {
                items.push(json!(format!("Condition {}", number + 1)));
            }
            true
        }
        Value::Array(items) => each(items.iter_mut(), eleven),
        Value::Object(object) => each(object.values_mut(), eleven),
        _ => false,
    }
}

fn numbered() -> String {
    let lines: Vec<String> = (1..=MANY).map(|n| format!("{n}. Condition {n}")).collect();
    lines.join("\n")
}

/// Replaces the votes; whether there was one.
fn contrary(value: &mut Value) -> bool {
    match value {
        Value::String(text) if text == "AGREE" || text == "DISAGREE" => {
            *text = CONTRARY.to_owned();
            true
        }
        Value::Array(items) => each(items.iter_mut(), contrary),
        Value::Object(object) => each(object.values_mut(), contrary),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIAGE: &str = r#"{"RATIONALE":"joints","SUGGEST_SPECIALISTS":["Cardiology","Gout"]}"#;

    fn json_of(fault: Fault, text: &str) -> Value {
        serde_json::from_str(&spoiled(text.to_owned(), fault)).unwrap()
    }

    #[test]
    fn faults_change_what_they_are_named_after() {
        let unknown = json_of(Fault::UnknownValue, TRIAGE);
        assert_eq!(unknown["SUGGEST_SPECIALISTS"], json!([UNKNOWN, UNKNOWN]));
        assert_eq!(unknown["RATIONALE"], "joints");
        assert_eq!(
            json_of(Fault::UnknownValue, r#"{"a":1,"b":"x"}"#)["b"],
            UNKNOWN
        );
        let many = json_of(Fault::Eleven, TRIAGE);
        assert_eq!(many["SUGGEST_SPECIALISTS"].as_array().unwrap().len(), 11);
        let wrong = json_of(Fault::WrongSchema, TRIAGE);
        assert!(wrong.get("RATIONALE").is_none() && wrong["unexpected"] == true);
        assert_eq!(
            json_of(Fault::Contrary, r#"{"vote":"AGREE"}"#)["vote"],
            CONTRARY
        );
        let cut = spoiled(TRIAGE.to_owned(), Fault::Truncated);
        assert!(TRIAGE.starts_with(&cut) && serde_json::from_str::<Value>(&cut).is_err());
    }

    #[test]
    fn texts_that_are_no_json_are_spoiled_too() {
        let of = |fault| spoiled("AGREE".to_owned(), fault);
        assert_eq!(of(Fault::Contrary), CONTRARY);
        assert_eq!(of(Fault::UnknownValue), UNKNOWN);
        assert_eq!(of(Fault::Eleven).lines().count(), 11);
        assert_eq!(of(Fault::WrongSchema), r#"{"unexpected":true}"#);
        assert_eq!(of(Fault::Fenced), "```json\nAGREE\n```");
        assert!(of(Fault::Prose).contains("\n\nAGREE\n\n"));
        assert_eq!(of(Fault::ServerError), "AGREE");
    }
}
