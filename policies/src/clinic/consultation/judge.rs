//! A moderator that speaks through a language model.

use std::borrow::Cow;

use rounds_environments::streams::RunSeed;
use rounds_models::ModelRequest;
use serde_json::json;

use super::task::{Consultation, Turn, TurnTask};
use crate::clinic::reading::Fidelity;
use crate::policy::{Ask, ModelPolicy, PolicyError, Reading};
use crate::prompts;
use crate::spoken::{Saying, SpokenOptions};

/// Most tokens of a verdict by default.
const VERDICT_TOKENS: u32 = 16;

/// A moderator that speaks through a language model and says whether a diagnosis is right.
///
/// A reply that is neither yes nor no is asked again and then gives no verdict: it never counts as
/// wrong.
#[derive(Debug, Clone)]
pub struct SpokenModerator {
    /// As published, the whole reply in lower case must be `yes` or `no`; strict, blanks and
    /// punctuation around the word do not count.
    pub fidelity: Fidelity,
    /// How it speaks.
    pub options: SpokenOptions,
}

impl Default for SpokenModerator {
    fn default() -> Self {
        Self {
            fidelity: Fidelity::default(),
            options: SpokenOptions {
                temperature: 0.0,
                max_tokens: VERDICT_TOKENS,
                ..SpokenOptions::default()
            },
        }
    }
}

impl ModelPolicy<Consultation, Turn> for SpokenModerator {
    fn request(&self, seed: RunSeed, ask: &Ask<Consultation>) -> Result<ModelRequest, PolicyError> {
        let (said, truth) = match &ask.observation.task {
            TurnTask::Judge { said, truth } => (&**said, &**truth),
            TurnTask::Speak { .. } => ("", &[][..]),
        };
        let saying = Saying {
            role: &prompts::MODERATOR,
            purpose: Cow::Borrowed("judge"),
            system: json!({}),
            user: json!({"diagnosis": said, "truth": truth}),
            schema: None,
            temperature: self.options.temperature,
        };
        self.options.request(seed, ask.key, saying)
    }

    fn read(&self, _ask: &Ask<Consultation>, reply: &str) -> Reading<Turn> {
        let lower = reply.to_lowercase();
        let word = match self.fidelity {
            Fidelity::Strict => lower.trim_matches(|c: char| !c.is_alphanumeric()),
            Fidelity::AsPublished => lower.as_str(),
        };
        match word {
            "yes" => Reading::Action(Turn::Verdict(Some(true))),
            "no" => Reading::Action(Turn::Verdict(Some(false))),
            _ => Reading::AskAgain("Expected one word: yes or no.".to_owned()),
        }
    }

    fn neutral(&self, _ask: &Ask<Consultation>) -> Result<Turn, PolicyError> {
        Ok(Turn::Verdict(None))
    }
}
