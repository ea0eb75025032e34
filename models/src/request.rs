//! What is asked of a model and what it answers.

use std::borrow::Cow;
use std::fmt;

use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::openai::FailedAttempt;
use crate::schema::Schema;

/// Name of one call: unique in a run and equal in every repetition of the run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallKey {
    /// Episode of the call.
    pub episode: EpisodeIx,
    /// Agent that asks.
    pub agent: AgentId,
    /// Round of the call.
    pub round: RoundIx,
    /// Role of the call in its protocol, such as `vote`.
    pub purpose: Cow<'static, str>,
    /// Number of the request of this agent in its episode, from 0.
    pub number: u32,
    /// 0 for the first try, then counted up with each repetition.
    pub attempt: u32,
}

impl CallKey {
    /// A 64-bit hash of the key and a salt: equal on every machine, for choices by key.
    pub fn digest(&self, salt: u64) -> u64 {
        let mut hasher = Sha256::new();
        hasher.update(salt.to_le_bytes());
        for part in [
            self.episode.0,
            self.agent.0,
            self.round.0,
            self.number,
            self.attempt,
        ] {
            hasher.update(part.to_le_bytes());
        }
        hasher.update(self.purpose.as_bytes());
        let digest = hasher.finalize();
        digest[..8]
            .iter()
            .rev()
            .fold(0, |acc, byte| (acc << 8) | u64::from(*byte))
    }
}

impl fmt::Display for CallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "(episode {}, agent {}, round {}, {}, number {}, attempt {})",
            self.episode, self.agent, self.round, self.purpose, self.number, self.attempt
        )
    }
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// The text.
    pub content: String,
}

impl Message {
    /// A message of `role`.
    pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
        Self {
            role: role.into(),
            content: content.into(),
        }
    }
}

/// One request to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRequest {
    /// Name of the call.
    pub key: CallKey,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// JSON schema that the reply should satisfy.
    pub schema: Option<Schema>,
    /// Sampling temperature.
    pub temperature: f64,
    /// Most tokens of the reply.
    pub max_tokens: u32,
    /// Seed of the sampling.
    pub seed: u64,
}

impl ModelRequest {
    /// SHA-256 in lower-case hex of everything but the key, with the name of the model.
    ///
    /// # Determinism
    /// Every part goes in with its length, and the schema in the order of its keys, so that two
    /// requests have one hash only when they are equal.
    pub fn hash(&self, model: &str) -> String {
        let mut hasher = Sha256::new();
        let mut text = |part: &str| {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        };
        text("rounds.request/1");
        text(model);
        text(&self.messages.len().to_string());
        for message in &self.messages {
            text(&message.role);
            text(&message.content);
        }
        text(self.schema.as_ref().map_or("", Schema::text));
        hasher.update(self.temperature.to_bits().to_le_bytes());
        hasher.update(self.max_tokens.to_le_bytes());
        hasher.update(self.seed.to_le_bytes());
        format!("{:x}", hasher.finalize())
    }

    /// Words of all messages: what the scripted models count as prompt tokens.
    pub fn prompt_words(&self) -> u64 {
        self.messages
            .iter()
            .map(|message| count_words(&message.content))
            .sum()
    }
}

/// Words of a text, parted by white space: the tokens of models that have no tokenizer.
pub fn count_words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens of the request.
    pub prompt_tokens: u64,
    /// Tokens of the reply.
    pub completion_tokens: u64,
    /// Cost in US dollars; none where the price is not known.
    pub cost_usd: Option<f64>,
    /// The reply came from a recording or a cache and cost nothing now.
    pub cache_hit: bool,
}

/// Nothing, at no cost.
impl Default for Usage {
    fn default() -> Self {
        Self {
            prompt_tokens: 0,
            completion_tokens: 0,
            cost_usd: Some(0.0),
            cache_hit: false,
        }
    }
}

/// A token of a reply with the logarithm of its probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenLogprob {
    /// The token.
    pub token: String,
    /// Natural logarithm of its probability.
    pub logprob: f64,
}

/// The reply to one request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelReply {
    /// The text.
    pub text: String,
    /// What it used.
    pub usage: Usage,
    /// Its tokens, where they were asked for and the model gives them.
    pub logprobs: Vec<TokenLogprob>,
    /// The attempts of the same request that failed before.
    pub earlier: Vec<FailedAttempt>,
    /// It comes from a recording, where it has its line already.
    pub recalled: bool,
}

impl ModelReply {
    /// A reply of a model without tokenizer and price: tokens are words, the cost is 0.
    pub fn counted(request: &ModelRequest, text: String) -> Self {
        let usage = Usage {
            prompt_tokens: request.prompt_words(),
            completion_tokens: count_words(&text),
            cost_usd: Some(0.0),
            cache_hit: false,
        };
        Self {
            text,
            usage,
            ..Self::default()
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn request(number: u32, content: &str) -> ModelRequest {
        ModelRequest {
            key: CallKey {
                episode: EpisodeIx(1),
                agent: AgentId(2),
                round: RoundIx(3),
                purpose: Cow::Borrowed("vote"),
                number,
                attempt: 0,
            },
            messages: vec![
                Message::new("system", "be brief"),
                Message::new("user", content),
            ],
            schema: None,
            temperature: 0.3,
            max_tokens: 100,
            seed: 7,
        }
    }

    #[test]
    fn the_hash_ignores_the_key_and_sees_every_other_part() {
        let base = request(0, "hello there");
        let hash = base.hash("m");
        assert_eq!(hash.len(), 64);
        assert_eq!(request(9, "hello there").hash("m"), hash);
        let mut seen = vec![hash, base.hash("other")];
        let mut changed = |change: fn(&mut ModelRequest)| {
            let mut next = base.clone();
            change(&mut next);
            seen.push(next.hash("m"));
        };
        changed(|r| r.messages[1].content.push('!'));
        changed(|r| r.messages[1].role = "assistant".into());
        changed(|r| r.messages.truncate(1));
        changed(|r| r.schema = Some(Schema::new(&true.into())));
        changed(|r| r.temperature = 0.0);
        changed(|r| r.max_tokens = 1);
        changed(|r| r.seed = 8);
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn text_cannot_slide_between_messages() {
        let mut a = request(0, "");
        let mut b = request(0, "");
        a.messages = vec![Message::new("user", "ab"), Message::new("user", "c")];
        b.messages = vec![Message::new("user", "a"), Message::new("user", "bc")];
        assert_ne!(a.hash("m"), b.hash("m"));
    }

    #[test]
    fn keys_order_and_read_back_and_words_are_tokens() {
        let one = request(1, "").key;
        let two = request(2, "").key;
        assert!(one < two);
        assert_ne!(one.digest(0), two.digest(0));
        assert_ne!(one.digest(0), one.digest(1));
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<CallKey>(&text).unwrap(), one);
        let reply = ModelReply::counted(&request(0, "a  b\nc"), "x y".into());
        assert_eq!(reply.usage.prompt_tokens, 5);
        assert_eq!(reply.usage.completion_tokens, 2);
    }
}
