//! An episode of coordination as a story.

use std::fmt::Write;

use serde_json::Value;

use crate::run::{Episode, EventLine};

/// Rounds that a story tells.
const TOLD: u32 = 10;
/// Fields of a round that a story does not tell.
const SILENT: [&str; 4] = ["actions", "moved", "curvature", "best"];

/// Tells an episode: what it was of, and some of its rounds.
pub fn tell(episode: &Episode) -> String {
    let mut text = String::new();
    let last = episode.events.iter().map(|event| event.round).max();
    let every = (last.unwrap_or(0) / TOLD).max(1);
    for event in &episode.events {
        match event.kind.as_str() {
            "began" => {
                let fact = |key: &str| event.fields.get(key).map_or(0, |v| v.as_u64().unwrap_or(0));
                let configuration = event.text("configuration").unwrap_or_default();
                let _ = writeln!(
                    text,
                    "  {}{} agents with {} actions in all, {} rounds; graph of {} edges, diameter {}",
                    match configuration.is_empty() {
                        true => String::new(),
                        false => format!("{configuration}: "),
                    },
                    fact("agents"),
                    fact("elements"),
                    fact("horizon"),
                    fact("edges"),
                    fact("diameter")
                );
            }
            "acted" if event.round == 1 || event.round.is_multiple_of(every) => {
                let _ = writeln!(text, "  {:>6}. {}", event.round, round(event));
            }
            "finished" => {
                let _ = writeln!(
                    text,
                    "  Sent: {} messages with {} numbers",
                    event.number("messages").unwrap_or(0.0),
                    event.number("floats").unwrap_or(0.0)
                );
            }
            "ended" => {
                if let Some(reason) = event.text("reason") {
                    let outcome = event.text("outcome").unwrap_or_default();
                    let _ = writeln!(text, "  It {outcome}: {reason}");
                }
            }
            _ => {}
        }
    }
    text
}

/// The numbers of a round in words.
fn round(event: &EventLine) -> String {
    let mut words = Vec::new();
    for (name, value) in &event.fields {
        if let Some(value) = value.as_f64().filter(|_| !SILENT.contains(&name.as_str())) {
            let best = event.number("best").filter(|_| name == "utility");
            let of = best.map_or(String::new(), |best| format!(" of {best:.3}"));
            words.push(format!("{name} {value:.3}{of}"));
        }
    }
    let actions = event.fields.get("actions").and_then(Value::as_array);
    let idle = actions.map_or(0, |list| list.iter().filter(|a| a.is_null()).count());
    if idle > 0 {
        words.push(format!("{idle} idle"));
    }
    words.join(", ")
}
