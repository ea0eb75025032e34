//! A clinic day as a story: its hours.

use std::fmt::Write;

use serde_json::Value;

use crate::clinic::NOTICE;
use crate::run::{Episode, EventLine};

/// What happened in one hour.
#[derive(Default)]
struct Hour {
    arrived: u32,
    left: u32,
    right: u32,
    wrong: u32,
    utility: f64,
    ticks: f64,
}

/// Tells a day: what it was of, each of its hours, and how it ended.
pub fn tell(episode: &Episode) -> String {
    let mut text = String::new();
    let mut hour = Hour::default();
    let mut next = 60.0;
    let mut truth: Vec<Vec<&str>> = Vec::new();
    let mut last: Option<&EventLine> = None;
    for event in &episode.events {
        match event.kind.as_str() {
            "began" => begin(&mut text, event),
            "arrived" => {
                hour.arrived += 1;
                truth.push(event.texts("truth"));
            }
            "left" => hour.left += 1,
            "diagnosed" => {
                let patient = event.fields.get("patient").and_then(Value::as_u64);
                let truth = patient.and_then(|p| truth.get(p as usize));
                let answer = event.text("answer").unwrap_or_default();
                match truth.is_some_and(|names| names.contains(&answer)) {
                    true => hour.right += 1,
                    false => hour.wrong += 1,
                }
            }
            "tick" => {
                hour.utility += event.number("utility").unwrap_or(0.0);
                hour.ticks += 1.0;
                last = Some(event);
                if event.minute.is_some_and(|minute| minute >= next) {
                    close(&mut text, &hour, event, next);
                    hour = Hour::default();
                    while event.minute.is_some_and(|minute| minute >= next) {
                        next += 60.0;
                    }
                }
            }
            "ended" => {
                if let Some(last) = last.filter(|_| hour.ticks > 0.0) {
                    close(&mut text, &hour, last, last.minute.unwrap_or(next));
                }
                if let Some(reason) = event.text("reason") {
                    let outcome = event.text("outcome").unwrap_or_default();
                    let _ = writeln!(text, "  It {outcome}: {reason}");
                }
            }
            _ => {}
        }
    }
    let _ = writeln!(text, "  {NOTICE}");
    text
}

fn begin(text: &mut String, event: &EventLine) {
    let number = |key: &str| event.number(key).unwrap_or(0.0);
    let _ = writeln!(
        text,
        "  {}day {}: {} beds, {} specialists, {} patients an hour, overlap {}",
        match event.text("configuration").unwrap_or_default() {
            "" => String::new(),
            name => format!("{name}, "),
        },
        number("day"),
        number("beds"),
        event.texts("staff").len(),
        number("arrivals_per_hour"),
        number("overlap"),
    );
}

fn close(text: &mut String, hour: &Hour, tick: &EventLine, until: f64) {
    let number = |key: &str| tick.number(key).unwrap_or(0.0);
    let _ = writeln!(
        text,
        "  {:>2}:{:02}  {:>2} arrived, {} left unseen, {} diagnosed rightly, {} wrongly; then {} waiting, \
         {} in bed; utility {:.2}",
        (until / 60.0) as u32,
        (until % 60.0) as u32,
        hour.arrived,
        hour.left,
        hour.right,
        hour.wrong,
        number("waiting"),
        number("in_bed"),
        hour.utility / hour.ticks.max(1.0),
    );
}
