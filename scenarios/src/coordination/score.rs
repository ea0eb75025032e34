//! Metrics of an episode of coordination, from its events.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::run::{Episode, EpisodeRow, EventLine, RoundRow, Score, Scored};
use crate::statistics::Direction;

/// Version of this scorer, for manifests: runs scored by another one are not compared.
pub const SCORER: &str = "rounds.coordination/1";

/// Average utility a round, regret against the reference, what was measured beside it, and what was
/// sent.
///
/// # Source
/// MA-OC card, sections 8.1 and 13 (point 8).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CoordinationScore;

/// Fields of a round that are no measures.
const OWN: [&str; 5] = ["actions", "utility", "best", "moved", "curvature"];

/// Name of the utility in episodes of one configuration alone.
pub fn utility_of(configuration: &str) -> String {
    format!("utility[{configuration}]")
}

impl Score for CoordinationScore {
    fn order(&self) -> &[&'static str] {
        &[
            "utility",
            "regret",
            "ratio",
            "utility_last_quarter",
            "distance",
            "covered",
            "posterior_trace",
            "position_error",
            "idle",
            "malformed",
            "neutral",
            "path_length",
            "curvature",
            "messages",
            "floats",
            "rounds",
        ]
    }

    fn needs_events(&self) -> bool {
        true
    }

    fn decisive(&self) -> &[(&'static str, Direction)] {
        &[("utility", Direction::HigherIsBetter)]
    }

    fn has_proportions(&self) -> bool {
        false
    }

    fn score(&self, episode: &Episode) -> Scored {
        let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
        let mut rounds = Vec::new();
        let (mut played, mut chosen, mut idle) = (0.0, 0.0, 0.0);
        let mut curvature: Option<f64> = None;
        let mut utilities = Vec::new();
        let mut configuration = "";
        let mut replies: Option<Replies> = None;
        let mut metrics: BTreeMap<String, Option<f64>> = BTreeMap::new();
        for event in &episode.events {
            match event.kind.as_str() {
                "began" => {
                    configuration = event.text("configuration").unwrap_or_default();
                    replies = Replies::of(event);
                }
                "malformed_reply" => {
                    if let Some(replies) = &mut replies {
                        replies.add(event);
                    }
                }
                "acted" => {
                    played += 1.0;
                    utilities.push(event.number("utility").unwrap_or(f64::NAN));
                    if let Some(c) = event.number("curvature") {
                        curvature = Some(curvature.unwrap_or(c).max(c));
                    }
                    let fields = event.fields.iter();
                    for (name, value) in fields.filter(|(name, _)| !OWN.contains(&name.as_str())) {
                        if let Some(value) = value.as_f64() {
                            *sums.entry(name).or_default() += value;
                        }
                    }
                    for name in ["best", "moved"] {
                        if let Some(value) = event.number(name) {
                            *sums.entry(name).or_default() += value;
                        }
                    }
                    for (agent, action) in actions(event).enumerate() {
                        chosen += 1.0;
                        idle += f64::from(u8::from(action.is_null()));
                        rounds.push(row(event, agent, action));
                    }
                }
                "finished" => {
                    for name in ["messages", "floats"] {
                        metrics.insert(name.to_owned(), event.number(name));
                    }
                }
                _ => {}
            }
        }
        let mean = |sum: f64| (played > 0.0).then(|| sum / played);
        let utility = mean(utilities.iter().sum());
        let last = &utilities[utilities.len() - utilities.len() / 4..];
        let last = (!last.is_empty()).then(|| last.iter().sum::<f64>() / last.len() as f64);
        metrics.insert("utility".to_owned(), utility);
        metrics.insert("utility_last_quarter".to_owned(), last.or(utility));
        if !configuration.is_empty() {
            metrics.insert(utility_of(configuration), utility);
        }
        for (name, sum) in sums {
            match name {
                "moved" => metrics.insert("path_length".to_owned(), Some(sum)),
                "best" => {
                    let total = utility.map(|utility| utility * played);
                    // What rounding leaves of 0 is 0.
                    let regret = total.map(|total| match sum - total {
                        regret if regret.abs() < 1e-9 * sum.abs() => 0.0,
                        regret => regret,
                    });
                    let ratio = total.filter(|_| sum > 0.0).map(|total| total / sum);
                    metrics.insert("ratio".to_owned(), ratio);
                    metrics.insert("regret".to_owned(), regret)
                }
                name => metrics.insert(name.to_owned(), mean(sum)),
            };
        }
        if curvature.is_some() {
            metrics.insert("curvature".to_owned(), curvature);
        }
        metrics.insert("idle".to_owned(), (chosen > 0.0).then(|| idle / chosen));
        metrics.insert("rounds".to_owned(), Some(played));
        metrics.insert("calls".to_owned(), Some(chosen));
        metrics.extend(replies.into_iter().flat_map(Replies::metrics));
        let row = EpisodeRow {
            case: format!("{configuration} {}", episode.episode)
                .trim()
                .to_owned(),
            metrics,
            ..EpisodeRow::default()
        };
        Scored { row, rounds }
    }
}

/// Replies of a language model that could not be read, in episodes whose agents are asked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Replies {
    malformed: f64,
    neutral: f64,
}

impl Replies {
    /// Nothing yet, where the first event of an episode says that agents are asked.
    pub(crate) fn of(began: &EventLine) -> Option<Self> {
        let asked = began.fields.get("asked").and_then(Value::as_bool);
        (asked == Some(true)).then(Self::default)
    }

    /// Adds an event `malformed_reply`.
    pub(crate) fn add(&mut self, event: &EventLine) {
        self.malformed += event.number("replies").unwrap_or(1.0);
        let neutral = event.fields.get("neutral").and_then(Value::as_bool);
        self.neutral += f64::from(u8::from(neutral == Some(true)));
    }

    /// `malformed`: replies that could not be read; `neutral`: decisions for which no reply could.
    pub(crate) fn metrics(self) -> [(String, Option<f64>); 2] {
        [
            ("malformed".to_owned(), Some(self.malformed)),
            ("neutral".to_owned(), Some(self.neutral)),
        ]
    }
}

fn actions(event: &EventLine) -> impl Iterator<Item = &Value> {
    let list = event.fields.get("actions").and_then(Value::as_array);
    list.into_iter().flatten()
}

/// The reward of a round is the team's.
fn row(event: &EventLine, agent: usize, action: &Value) -> RoundRow {
    RoundRow {
        episode: event.episode,
        round: event.round,
        minute: event.minute.unwrap_or(f64::NAN),
        agent: agent.to_string(),
        action: match action {
            Value::Null => "none".to_owned(),
            action => action.to_string(),
        },
        reward: event.number("utility"),
    }
}
