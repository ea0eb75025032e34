//! What happened in an episode as Inspect's events: calls of models, requests of tests as tools,
//! and every line of the log.

use rounds_models::CallRecord;
use serde_json::{Map, Value, json};

use super::calls::model_usage;
use super::gate::Gate;
use super::messages::{MEASUREMENT, call_id, message_id, test_of};
use super::sample::Limit;
use super::time::{seconds, timestamp};
use crate::run::{Episode, EventLine};

/// Name of the model, and of its role, of the event that holds a transcript.
const TRANSCRIPT: &str = "transcript";

/// The events of an episode in which `said` was said. The calls of a round come before what is
/// logged of it, since a log says in which round a call was made and no more.
pub(super) fn events(
    episode: &Episode,
    mut calls: Vec<CallRecord>,
    said: &[Value],
    sample: &str,
    gate: Gate,
) -> Vec<Value> {
    calls.sort_by(|a, b| {
        let place = |call: &CallRecord| {
            let key = &call.key;
            (key.round, key.agent, key.number, key.attempt, call.retry)
        };
        place(a).cmp(&place(b))
    });
    let mut calls = calls.iter().enumerate().peekable();
    let mut out = Vec::with_capacity(episode.events.len());
    let mut asked: Option<&EventLine> = None;
    for (number, event) in episode.events.iter().enumerate() {
        let minute = event.minute.unwrap_or(0.0);
        // The first line says what the episode is of; nobody is asked before.
        while number > 0
            && let Some((at, call)) =
                calls.next_if(|(_, call)| call.key.round.0 <= event.round || event.kind == "ended")
        {
            out.push(model_event(call, &format!("{sample}.c{at}"), minute, gate));
        }
        if test_of(event).is_some() {
            asked = Some(event);
        }
        if event.kind == "ended" {
            out.push(transcript_event(said, sample, minute));
        }
        match event.kind.as_str() {
            "answered" if event.agent == MEASUREMENT => {
                out.push(tool_event(event, asked.take(), sample, gate));
            }
            _ => out.push(info_event(event, sample, gate)),
        }
        if event.kind == "ended" {
            out.extend(ending(event, sample, gate));
        }
    }
    out
}

/// What all kinds of events have.
fn base(kind: &str, id: &str, minute: f64) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("uuid".to_owned(), id.into());
    out.insert("timestamp".to_owned(), timestamp(minute).into());
    out.insert("working_start".to_owned(), seconds(minute).into());
    out.insert("event".to_owned(), kind.into());
    out
}

fn with(mut base: Map<String, Value>, more: Value) -> Value {
    if let Value::Object(more) = more {
        base.extend(more);
    }
    Value::Object(base)
}

fn event_id(sample: &str, event: &EventLine) -> String {
    format!("{sample}.e{}", event.number)
}

fn minute(event: &EventLine) -> f64 {
    event.minute.unwrap_or(0.0)
}

/// A line of the log.
fn info_event(event: &EventLine, sample: &str, gate: Gate) -> Value {
    let base = base("info", &event_id(sample, event), minute(event));
    with(
        base,
        json!({
            "source": event.kind,
            "data": {
                "kind": event.kind,
                "side": event.side,
                "agent": event.agent,
                "round": event.round,
                "number": event.number,
                "fields": gate.fields(&event.fields),
            },
        }),
    )
}

/// An answer of the measurement side to the request `asked`.
fn tool_event(event: &EventLine, asked: Option<&EventLine>, sample: &str, gate: Gate) -> Value {
    let id = asked.map_or_else(|| call_id(sample, event), |asked| call_id(sample, asked));
    let test = asked.and_then(test_of).unwrap_or_default();
    let base = base("tool", &event_id(sample, event), minute(event));
    with(
        base,
        json!({
            "type": "function",
            "id": id,
            "function": MEASUREMENT,
            "arguments": {"test": gate.text(test)},
            "result": gate.text(event.text("text").unwrap_or_default()),
            "events": [],
            "message_id": message_id(sample, event),
            "metadata": {
                "round": event.round,
                "number": event.number,
                "fields": gate.fields(&event.fields),
            },
        }),
    )
}

/// What an ending is that is none by the rules of the episode.
fn ending(event: &EventLine, sample: &str, gate: Gate) -> Option<Value> {
    let reason = event.text("reason").unwrap_or_default();
    let id = format!("{sample}.end");
    match event.text("outcome") {
        Some("done") => None,
        Some("aborted") => {
            let limit = Limit::of(reason);
            let base = base("sample_limit", &id, minute(event));
            let what = json!({"type": limit.kind, "message": gate.text(reason)});
            Some(with(base, what))
        }
        _ => {
            let base = base("error", &id, minute(event));
            Some(with(base, json!({"error": error(gate.text(reason))})))
        }
    }
}

/// An error as Inspect has it.
pub(super) fn error(message: &str) -> Value {
    json!({"message": message, "traceback": "", "traceback_ansi": ""})
}

/// The transcript as an event. Inspect's data frame of messages reads those of model events alone,
/// and a doctor need be no model; nothing was called and nothing used.
fn transcript_event(said: &[Value], sample: &str, minute: f64) -> Value {
    let (before, last) = match said.split_last() {
        Some((last, before)) if last["role"] == "assistant" => (before, Some(last)),
        _ => (said, None),
    };
    let choice = last.map(|last| json!({"message": last, "stop_reason": "stop"}));
    let base = base("model", &format!("{sample}.{TRANSCRIPT}"), minute);
    with(
        base,
        json!({
            "model": format!("rounds/{TRANSCRIPT}"),
            "role": TRANSCRIPT,
            "input": before,
            "tools": [],
            "tool_choice": "none",
            "config": {},
            "output": {
                "model": format!("rounds/{TRANSCRIPT}"),
                "choices": choice.into_iter().collect::<Vec<_>>(),
            },
        }),
    )
}

/// A call of a model.
fn model_event(call: &CallRecord, id: &str, minute: f64, gate: Gate) -> Value {
    let said = call.messages.iter().enumerate().map(|(number, message)| {
        let role = match message.role.as_str() {
            known @ ("system" | "assistant") => known,
            _ => "user",
        };
        json!({
            "id": format!("{id}.m{number}"),
            "role": role,
            "content": gate.text(&message.content),
        })
    });
    let mut out = json!({
        "model": call.model,
        "role": call.key.purpose,
        "input": said.collect::<Vec<_>>(),
        "tools": [],
        "tool_choice": "none",
        "config": {
            "temperature": call.temperature,
            "max_tokens": call.max_tokens,
            "seed": call.seed,
        },
        "output": output(call, id, gate),
        "retries": call.retry,
        "working_time": call.latency_ms / 1000.0,
        "metadata": {
            "agent": call.key.agent,
            "round": call.key.round,
            "number": call.key.number,
            "attempt": call.key.attempt,
            "asked_again": call.asked_again,
        },
    });
    if gate.is_open() {
        out["metadata"]["request_hash"] = call.request_hash.as_str().into();
        if let Some(schema) = &call.schema {
            out["metadata"]["schema"] = schema.value();
        }
    }
    if let Some(error) = &call.error {
        out["error"] = gate.text(error).into();
    }
    if call.usage.cache_hit {
        out["cache"] = "read".into();
    }
    with(base("model", id, minute), out)
}

fn output(call: &CallRecord, id: &str, gate: Gate) -> Value {
    let choices = call.reply.as_ref().map(|reply| {
        let mut choice = json!({
            "message": {
                "id": format!("{id}.reply"),
                "role": "assistant",
                "source": "generate",
                "model": call.model,
                "content": gate.text(reply),
            },
            "stop_reason": "stop",
        });
        // The tokens are the words of the reply.
        if gate.is_open() && !call.logprobs.is_empty() {
            choice["logprobs"] = json!({"content": call.logprobs});
        }
        choice
    });
    json!({
        "model": call.model,
        "choices": choices.into_iter().collect::<Vec<_>>(),
        "usage": model_usage(&call.usage),
        "time": call.latency_ms / 1000.0,
    })
}
