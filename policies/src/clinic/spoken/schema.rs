//! JSON schemas of the replies that are objects.
//!
//! Every object names all its keys as required and allows no other, as servers with strict
//! schemas want. Votes and confidences stay text (card, section 4).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rounds_models::Schema;
use serde_json::{Value, json};

use crate::clinic::task::Task;

/// All that schemas differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Triage { most: usize },
    Coordinate { most: usize },
    Solo { diagnose: bool, list_length: usize },
    Propose { forced: bool, list_length: usize },
}

/// Requests outnumber their forms by far.
static MADE: Mutex<BTreeMap<Form, Schema>> = Mutex::new(BTreeMap::new());

/// The schema of the reply to `task`; `None` where it is text. `list_length` is the most
/// diagnoses.
pub(super) fn schema(task: &Task, list_length: usize) -> Option<Schema> {
    let form = match *task {
        Task::Triage { most } => Form::Triage { most },
        Task::Coordinate { most } => Form::Coordinate { most },
        Task::Solo { diagnose } => Form::Solo {
            diagnose,
            list_length,
        },
        Task::Propose { forced } => Form::Propose {
            forced,
            list_length,
        },
        Task::Confidence | Task::Vote { .. } => return None,
    };
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let schema = made
        .entry(form)
        .or_insert_with(|| Schema::new(&form.make()));
    Some(schema.clone())
}

impl Form {
    fn make(self) -> Value {
        let text = || json!({"type": "string"});
        match self {
            Self::Triage { most } => object(json!({
                "RATIONALE": text(),
                "SUGGEST_SPECIALISTS": names(1, most),
            })),
            Self::Coordinate { most } => object(json!({
                "ADD": names(0, most),
                "REMOVE": names(0, most),
                "UPDATED_LIST": names(1, most),
                "RATIONALE": text(),
            })),
            Self::Solo {
                diagnose,
                list_length,
            } => {
                let mut keys = proposal(diagnose, !diagnose, list_length);
                keys["RATIONALE"] = text();
                object(keys)
            }
            Self::Propose {
                forced,
                list_length,
            } => {
                let mut keys = proposal(true, !forced, list_length);
                keys["CONFIDENCE"] = json!({"type": "string", "enum": ["1", "2", "3", "4", "5"]});
                keys["RATIONALE"] = text();
                object(keys)
            }
        }
    }
}

fn proposal(diagnosis: bool, question: bool, list_length: usize) -> Value {
    let list = names(1, list_length);
    let text = json!({"type": "string"});
    let (kinds, content) = match (diagnosis, question) {
        (true, true) => (
            json!(["diagnosis", "question"]),
            json!({"anyOf": [list, text]}),
        ),
        (true, false) => (json!(["diagnosis"]), list),
        _ => (json!(["question"]), text),
    };
    json!({
        "RESPONSE_TYPE": {"type": "string", "enum": kinds},
        "RESPONSE_CONTENT": content,
    })
}

fn names(least: usize, most: usize) -> Value {
    json!({
        "type": "array",
        "items": {"type": "string"},
        "minItems": least,
        "maxItems": most.max(least),
    })
}

fn object(properties: Value) -> Value {
    let required: Vec<&str> = properties
        .as_object()
        .map(|keys| keys.keys().map(String::as_str).collect())
        .unwrap_or_default();
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}
