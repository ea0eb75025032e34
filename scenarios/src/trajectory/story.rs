//! An episode of a control environment as a story.

use std::fmt::Write;

use crate::run::{Episode, EventLine};

/// Steps that a story tells.
const TOLD: u32 = 12;

/// Tells an episode: what was wanted, some of its steps, and what it earned.
pub fn tell(episode: &Episode) -> String {
    let mut text = String::new();
    let last = episode.events.iter().map(|event| event.round).max();
    let every = (last.unwrap_or(0) / TOLD).max(1);
    for event in &episode.events {
        match event.kind.as_str() {
            "began" => {
                let start = event.number("start").unwrap_or(0.0);
                let training = event.number("training").unwrap_or(0.0);
                let _ = write!(text, "  Start {start}, training {training}");
                match event.number("target") {
                    Some(target) => {
                        let _ = writeln!(text, "; it wants a return of {target:.2}");
                    }
                    None => text.push('\n'),
                }
            }
            "acted" if event.round == 1 || event.round.is_multiple_of(every) => {
                let _ = writeln!(
                    text,
                    "  {:>5}. sees {}  does {}  earns {:.4}",
                    event.round,
                    numbers(event, "saw"),
                    numbers(event, "action"),
                    event.number("reward").unwrap_or(0.0)
                );
            }
            "finished" => {
                let total = event.fields.get("returns");
                let total = total.and_then(|returns| returns.as_array()?.first()?.as_f64());
                let ended = event
                    .fields
                    .get("terminated")
                    .and_then(serde_json::Value::as_bool);
                let how = if ended == Some(true) {
                    "it ended itself"
                } else {
                    "it was cut"
                };
                let _ = writeln!(
                    text,
                    "  Return {:.3} after {} steps; {how}",
                    total.unwrap_or(0.0),
                    event.round
                );
            }
            "ended" => {
                if let Some(reason) = event.text("reason") {
                    let _ = writeln!(text, "  Ended: {reason}");
                }
            }
            _ => {}
        }
    }
    text
}

fn numbers(event: &EventLine, key: &str) -> String {
    match event.fields.get(key) {
        Some(serde_json::Value::Array(all)) => {
            let each = all.iter().filter_map(serde_json::Value::as_f64);
            let each: Vec<String> = each.map(|number| format!("{number:+.3}")).collect();
            format!("[{}]", each.join(" "))
        }
        Some(one) => one
            .as_f64()
            .map_or_else(|| one.to_string(), |x| format!("{x:+.3}")),
        None => "–".to_owned(),
    }
}
