//! Metrics of step-wise environments, from their event logs.

use serde_json::Value;

use crate::run::{Episode, EpisodeRow, RoundRow, Score, Scored};
use crate::statistics::Direction;

/// Return, steps and how an episode ended, with the environment's own metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepScore;

impl Score for StepScore {
    fn order(&self) -> &[&'static str] {
        &["return", "rounds", "terminated"]
    }

    fn decisive(&self) -> &[(&'static str, Direction)] {
        &[("return", Direction::HigherIsBetter)]
    }

    fn score(&self, episode: &Episode) -> Scored {
        let mut row = EpisodeRow {
            case: episode.episode.to_string(),
            ..EpisodeRow::default()
        };
        let mut rounds = Vec::new();
        let mut decisions = 0_u32;
        for event in &episode.events {
            match event.kind.as_str() {
                "acted" => {
                    decisions += 1;
                    let action = event.fields.get("action");
                    rounds.push(RoundRow {
                        episode: episode.episode,
                        round: event.round,
                        minute: event.minute.unwrap_or(f64::NAN),
                        agent: event.agent.clone(),
                        action: action.map_or_else(String::new, ToString::to_string),
                        reward: event.number("reward"),
                    });
                }
                "finished" => {
                    let returns = event.fields.get("returns").and_then(|r| r.as_array());
                    let total = returns.map(|list| list.iter().filter_map(Value::as_f64).sum());
                    let ended = event.fields.get("terminated").and_then(Value::as_bool);
                    row.metrics.insert("return".to_owned(), total);
                    row.metrics
                        .insert("rounds".to_owned(), Some(f64::from(event.round)));
                    row.metrics.insert(
                        "terminated".to_owned(),
                        ended.map(|ended| f64::from(u8::from(ended))),
                    );
                    for (name, value) in &event.fields {
                        if let Some(value) = value.as_f64() {
                            row.metrics.insert(name.clone(), Some(value));
                        }
                    }
                }
                _ => {}
            }
        }
        row.metrics
            .insert("calls".to_owned(), Some(f64::from(decisions)));
        Scored { row, rounds }
    }
}
