//! Asks a language model for actions, and reads what it says.

use std::borrow::Cow;
use std::sync::Arc;

use rounds_environments::streams::RunSeed;
use rounds_models::{ModelRequest, ModelServer, Schema};
use serde_json::{Value, json};

use super::game::Game;
use super::options::LanguageOptions;
use crate::clinic::reading::extract_object;
use crate::policy::{Ask, Decider, ModelPolicy, PolicyError, Reading};
use crate::prompts::ACT;
use crate::spoken::Saying;

/// Characters of a reply that a fault quotes.
const QUOTED: usize = 200;

/// Agents of a game that a language model plays.
#[derive(Debug)]
pub struct LanguagePlayer<G> {
    game: G,
    options: LanguageOptions,
}

impl<G: Game> LanguagePlayer<G> {
    /// A player of `game`. The history of the options is up to the game.
    pub fn new(game: G, options: LanguageOptions) -> Self {
        Self { game, options }
    }

    /// Lets the model behind `server` decide.
    pub fn decider(self, server: Arc<ModelServer>) -> Decider<G::Observation, G::Action> {
        Decider::Model {
            re_asks: self.options.re_asks,
            policy: Arc::new(self),
            server,
        }
    }

    fn action(&self, ask: &Ask<G::Observation>, reply: &str) -> Result<G::Action, String> {
        let object = extract_object(reply, &["action"]).map_err(|error| error.to_string())?;
        self.game.read_action(ask, &object["action"])
    }
}

impl<G: Game> ModelPolicy<G::Observation, G::Action> for LanguagePlayer<G> {
    fn request(
        &self,
        seed: RunSeed,
        ask: &Ask<G::Observation>,
    ) -> Result<ModelRequest, PolicyError> {
        let schema = self.game.action_schema(ask);
        let options = &self.options.spoken;
        let saying = Saying {
            role: &ACT,
            purpose: Cow::Borrowed("act"),
            system: json!({
                "rules": self.game.rules(ask).trim(),
                "schema": schema.to_string(),
                "addition": &*options.addition,
            }),
            user: json!({"situation": self.game.situation(ask)}),
            schema: Some(Schema::new(&reply_schema(schema))),
            temperature: options.temperature,
        };
        options.request(seed, ask.key, saying)
    }

    fn read(&self, ask: &Ask<G::Observation>, reply: &str) -> Reading<G::Action> {
        match self.action(ask, reply) {
            Ok(action) => Reading::Action(action),
            Err(why) => Reading::AskAgain(format!(
                "Your reply could not be used: {why}; got {}",
                quoted(reply)
            )),
        }
    }

    /// The neutral action of the game.
    fn neutral(&self, ask: &Ask<G::Observation>) -> Result<G::Action, PolicyError> {
        self.game.neutral_action(ask).ok_or_else(|| {
            let agent = ask.key.agent;
            PolicyError::Garbage(format!(
                "no reply for agent {agent} could be used, and it has no neutral action"
            ))
        })
    }
}

/// Schema of a reply.
fn reply_schema(action: Value) -> Value {
    json!({
        "type": "object",
        "properties": {"action": action, "rationale": {"type": "string"}},
        "required": ["action"],
        "additionalProperties": false,
    })
}

/// The beginning of a reply, on one line.
fn quoted(reply: &str) -> String {
    let begin: String = reply.chars().take(QUOTED).collect();
    let more = if begin.len() < reply.len() { "…" } else { "" };
    format!("{begin:?}{more}")
}

#[cfg(test)]
mod tests;
