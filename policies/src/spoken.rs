//! What all policies that speak through a language model share: their settings, and how a role
//! and its data become a request.

use std::borrow::Cow;
use std::sync::Arc;

use rand::RngExt;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use rounds_models::{CallKey, ModelRequest, Schema};
use serde_json::Value;

use crate::policy::{AskKey, PolicyError};
use crate::prompts::{Prompts, Role};

/// How a policy speaks.
#[derive(Debug, Clone)]
pub struct SpokenOptions {
    /// What the roles are told.
    pub prompts: Arc<Prompts>,
    /// Sampling temperature; roles whose replies must not vary use 0.
    pub temperature: f64,
    /// Most tokens of a reply.
    pub max_tokens: u32,
    /// Most characters of earlier exchanges, or of a record, in a request; the oldest exchanges
    /// are cut first.
    pub most_chars: usize,
    /// Send a JSON schema with requests whose replies are objects. Servers that refuse schemas
    /// need `false`; replies are read in the same way.
    pub structured: bool,
    /// Text added to the instructions of the roles that take one: where a bias or a temperament
    /// goes. Empty for none.
    pub addition: Arc<str>,
}

impl Default for SpokenOptions {
    /// The built-in prompts at temperature 0.3 (DynamiCare card, section 4).
    fn default() -> Self {
        Self {
            prompts: Prompts::builtin(),
            temperature: 0.3,
            max_tokens: 1024,
            most_chars: 24_000,
            structured: true,
            addition: "".into(),
        }
    }
}

/// What one request says.
#[derive(Debug, Clone)]
pub struct Saying<'a> {
    /// The role whose prompts are used.
    pub role: &'a Role,
    /// Purpose of the call.
    pub purpose: Cow<'static, str>,
    /// Variables of the system template.
    pub system: Value,
    /// Variables of the user template but `data`, which is these as JSON text.
    pub user: Value,
    /// Schema of the reply, where it is an object.
    pub schema: Option<Schema>,
    /// Sampling temperature.
    pub temperature: f64,
}

impl SpokenOptions {
    /// The request of whoever is asked as `key` says.
    ///
    /// # Errors
    /// [`PolicyError::Prompt`] when a template fails.
    ///
    /// # Determinism
    /// The seed comes from the stream of the one who is asked, in this round, by the number of
    /// the request.
    pub fn request(
        &self,
        seed: RunSeed,
        key: AskKey,
        saying: Saying<'_>,
    ) -> Result<ModelRequest, PolicyError> {
        let mut stream =
            StreamKey::agent(seed, key.episode, key.agent, key.round, Purpose::Model).open();
        stream.set_word_pos(2 * u128::from(key.number));
        let mut user = saying.user;
        let data = serde_json::to_string(&user);
        user["data"] = data.unwrap_or_else(|_| user.to_string()).into();
        Ok(ModelRequest {
            key: CallKey {
                episode: key.episode,
                agent: key.agent,
                round: key.round,
                purpose: saying.purpose,
                number: key.number,
                attempt: 0,
            },
            messages: self.prompts.messages(saying.role, &saying.system, &user)?,
            schema: saying.schema.filter(|_| self.structured),
            temperature: saying.temperature,
            max_tokens: self.max_tokens,
            seed: stream.random(),
        })
    }
}
