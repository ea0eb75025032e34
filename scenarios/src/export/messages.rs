//! The transcript of a visit: the doctor is the assistant, the patient the user, and a measurement
//! a tool that the doctor calls.

use serde_json::{Value, json};

use super::gate::Gate;
use crate::evaluate::words;
use crate::run::{Episode, EventLine};

/// Who answers requests for tests in a consultation.
pub(super) const MEASUREMENT: &str = "measurement";

/// Whether an episode is a visit, with one patient and words.
pub(super) fn is_visit(episode: &Episode) -> bool {
    episode.events.iter().any(|event| event.kind == "patient")
}

/// What was said in a visit, in order. Episodes of other families have no words, and begin and end
/// with what they are of, `input`.
pub(super) fn messages(episode: &Episode, sample: &str, input: &str, gate: Gate) -> Vec<Value> {
    if !is_visit(episode) {
        let id = format!("{sample}.m0");
        return vec![json!({"id": id, "role": "user", "source": "input", "content": input})];
    }
    let mut messages = Vec::new();
    let mut call = None;
    for event in &episode.events {
        let Some(text) = words(event) else {
            continue;
        };
        let mut message = json!({
            "id": message_id(sample, event),
            "role": role(event),
            "content": gate.text(&text),
            "metadata": {
                "kind": event.kind,
                "agent": event.agent,
                "round": event.round,
                "minute": event.minute,
            },
        });
        match (event.kind.as_str(), role(event)) {
            ("introduced", _) => message["source"] = "input".into(),
            ("asked", _) => {
                call = test_of(event).map(|test| {
                    let id = call_id(sample, event);
                    message["tool_calls"] = json!([{
                        "id": id,
                        "type": "function",
                        "function": MEASUREMENT,
                        "arguments": {"test": gate.text(test)},
                    }]);
                    id
                });
            }
            (_, "tool") => {
                message["function"] = MEASUREMENT.into();
                message["tool_call_id"] = call.take().into();
            }
            _ => {}
        }
        messages.push(message);
    }
    messages
}

/// The last words of the doctors, where they are a verdict.
pub(super) fn verdict(episode: &Episode) -> Option<String> {
    let mut events = episode.events.iter().rev();
    let last = events.find(|event| matches!(event.kind.as_str(), "diagnosed" | "referred"))?;
    words(last)
}

/// The id of what an event says.
pub(super) fn message_id(sample: &str, event: &EventLine) -> String {
    format!("{sample}.m{}", event.number)
}

/// The id of the request that an event is.
pub(super) fn call_id(sample: &str, event: &EventLine) -> String {
    format!("{sample}.t{}", event.number)
}

/// The test that a doctor requests of the measurement side.
pub(super) fn test_of(event: &EventLine) -> Option<&str> {
    let to_measurement = event.kind == "asked" && event.text("to") == Some(MEASUREMENT);
    to_measurement.then(|| event.text("test").unwrap_or_default())
}

fn role(event: &EventLine) -> &'static str {
    match (event.side.as_str(), event.agent.as_str()) {
        ("patient", MEASUREMENT) => "tool",
        ("patient", _) => "user",
        _ => "assistant",
    }
}
