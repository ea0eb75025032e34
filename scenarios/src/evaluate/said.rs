//! What both sides of a visit said: the words that a judge reads, whether a model or a person.

use serde_json::Value;

use crate::run::{Episode, EventLine};

/// One turn of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// `Doctor` or `Patient`; never which doctor.
    pub who: &'static str,
    /// The words.
    pub text: String,
}

/// The turns of a visit, without the truth and without who of the team spoke.
pub fn said(episode: &Episode) -> Vec<Turn> {
    let turn = |event: &EventLine| {
        let who = if event.side == "patient" {
            "Patient"
        } else {
            "Doctor"
        };
        words(event).map(|text| Turn { who, text })
    };
    episode.events.iter().filter_map(turn).collect()
}

/// The words of one event of a visit; `None` where nothing is said.
pub(crate) fn words(event: &EventLine) -> Option<String> {
    match event.kind.as_str() {
        "introduced" | "asked" | "answered" => event.text("text").map(str::to_owned),
        "diagnosed" => {
            let list = event.fields.get("list").and_then(Value::as_array);
            let names = list
                .into_iter()
                .flatten()
                .filter_map(|d| d.get("name")?.as_str());
            let names: Vec<&str> = names.collect();
            Some(format!("I diagnose: {}.", names.join(", ")))
        }
        "referred" => Some(format!("I refer you to {}.", event.text("to")?)),
        _ => None,
    }
}
