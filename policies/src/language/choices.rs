//! One of a few numbered actions, or none.

use std::sync::Arc;

use serde_json::{Value, json};

use super::game::Game;
use crate::policy::Ask;

/// What an agent knows that chooses among numbered actions.
#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    /// What it is about; see [`Game::rules`].
    pub rules: Arc<str>,
    /// What the agent knows, as data.
    pub told: Value,
    /// Its actions in words, by number.
    pub actions: Arc<[String]>,
    /// What it does when no reply could be used; `None` for nothing.
    pub neutral: Option<u32>,
}

/// The game of agents that choose one of a few numbered actions, or `null` for none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choices;

impl Game for Choices {
    type Observation = Situation;
    type Action = Option<u32>;

    fn rules<'a>(&'a self, ask: &'a Ask<Situation>) -> &'a str {
        &ask.observation.rules
    }

    fn situation(&self, ask: &Ask<Situation>) -> Value {
        ask.observation.told.clone()
    }

    fn action_schema(&self, ask: &Ask<Situation>) -> Value {
        let most = ask.observation.actions.len().saturating_sub(1);
        json!({"type": ["integer", "null"], "minimum": 0, "maximum": most})
    }

    /// A number, also as text, or the words of one action alone.
    fn read_action(&self, ask: &Ask<Situation>, value: &Value) -> Result<Option<u32>, String> {
        let actions = &ask.observation.actions;
        let number = match value {
            Value::Null => return Ok(None),
            Value::Number(number) => number.as_u64().or_else(|| {
                number
                    .as_f64()
                    .filter(|n| *n >= 0.0 && n.fract() == 0.0)
                    .map(|n| n as u64)
            }),
            Value::String(text) => {
                let text = text.trim();
                let of_words = || {
                    let mut same = actions.iter().enumerate();
                    let mut same = same
                        .by_ref()
                        .filter(|(_, words)| words.eq_ignore_ascii_case(text));
                    let first = same.next().map(|(number, _)| number as u64);
                    first.filter(|_| same.next().is_none())
                };
                text.parse().ok().or_else(of_words)
            }
            _ => None,
        };
        let number = number.filter(|number| (*number as usize) < actions.len());
        number.map(|number| Some(number as u32)).ok_or_else(|| {
            format!(
                "`action` is {value}, expected an integer from 0 to {} or null",
                actions.len().saturating_sub(1)
            )
        })
    }

    fn neutral_action(&self, ask: &Ask<Situation>) -> Option<Option<u32>> {
        Some(ask.observation.neutral)
    }
}
