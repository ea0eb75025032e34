//! A model that answers by rules written down beforehand.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::delay::Delay;
use crate::error::ModelError;
use crate::model::{Completion, LanguageModel};
use crate::request::{ModelReply, ModelRequest};

/// Why a script cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The file cannot be read.
    #[error("cannot read the script {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The text is no script: not TOML, an unknown key or a value of a wrong kind.
    #[error("the script{} is not valid", path.as_ref().map_or_else(String::new, |p| format!(" {}", p.display())))]
    Parse {
        /// The file, when it came from one.
        path: Option<PathBuf>,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A rule needs exactly one outcome.
    #[error("rule {rule}: expected exactly one of reply, replies (not empty) and error, got {got}")]
    Outcome {
        /// Number of the rule, from 1.
        rule: usize,
        /// How many it has.
        got: usize,
    },
    /// The bounds of the latency are the wrong way round.
    #[error("delay_ms: expected [lowest, highest], got [{lo}, {hi}]")]
    Delay {
        /// First bound, in milliseconds.
        lo: u64,
        /// Second bound, in milliseconds.
        hi: u64,
    },
    /// A price is negative or not finite.
    #[error("usd_per_1k_tokens: expected two finite prices of at least 0, got {got:?}")]
    Price {
        /// What was given.
        got: [f64; 2],
    },
}

/// One rule: conditions that must all hold, and one outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Purpose of the call.
    pub purpose: Option<String>,
    /// Number of the agent.
    pub agent: Option<u32>,
    /// Number of the round.
    pub round: Option<u32>,
    /// Number of the episode.
    pub episode: Option<u32>,
    /// Number of the repetition; 0 is the first try.
    pub attempt: Option<u32>,
    /// Text that some message must contain.
    pub contains: Option<String>,
    /// Outcome: this reply.
    pub reply: Option<String>,
    /// Outcome: one of these, chosen by a hash of the call's key.
    pub replies: Vec<String>,
    /// Outcome: failure with this message.
    pub error: Option<String>,
    /// Whether that failure calls for another try.
    pub retryable: bool,
}

impl Rule {
    fn fits(&self, request: &ModelRequest) -> bool {
        let key = &request.key;
        let same = |want: Option<u32>, got: u32| want.is_none_or(|want| want == got);
        same(self.agent, key.agent.0)
            && same(self.round, key.round.0)
            && same(self.episode, key.episode.0)
            && same(self.attempt, key.attempt)
            && self
                .purpose
                .as_ref()
                .is_none_or(|want| *want == key.purpose)
            && self.contains.as_ref().is_none_or(|part| {
                request
                    .messages
                    .iter()
                    .any(|message| message.content.contains(part.as_str()))
            })
    }

    fn outcomes(&self) -> usize {
        usize::from(self.reply.is_some())
            + usize::from(!self.replies.is_empty())
            + usize::from(self.error.is_some())
    }
}

/// The rules of a scripted model, as in its TOML file. The first rule that fits decides.
///
/// # Examples
/// ```
/// # use rounds_models::ScriptedRules;
/// let rules = ScriptedRules::from_toml(r#"
/// default = "I do not know."
/// delay_ms = [5, 20]
///
/// [[rules]]
/// purpose = "vote"
/// replies = ["AGREE", "DISAGREE"]
/// "#)?;
/// assert_eq!(rules.rules.len(), 1);
/// # Ok::<(), rounds_models::ScriptError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScriptedRules {
    /// Name of the model.
    pub name: String,
    /// Lowest and highest latency in milliseconds.
    pub delay_ms: [u64; 2],
    /// Hand out the replies of a batch last first; for tests.
    pub reverse: bool,
    /// Simulated price of 1000 tokens in US dollars: of the prompt, of the reply.
    pub usd_per_1k_tokens: [f64; 2],
    /// Reply when no rule fits; none makes such a request an error.
    pub default: Option<String>,
    /// The rules, in order.
    pub rules: Vec<Rule>,
}

impl Default for ScriptedRules {
    fn default() -> Self {
        Self {
            name: "scripted".to_owned(),
            delay_ms: [0, 0],
            reverse: false,
            usd_per_1k_tokens: [0.0, 0.0],
            default: None,
            rules: Vec::new(),
        }
    }
}

impl ScriptedRules {
    /// Reads rules from TOML text.
    ///
    /// # Errors
    /// [`ScriptError::Parse`], or what [`ScriptedRules::validate`] finds.
    pub fn from_toml(text: &str) -> Result<Self, ScriptError> {
        Self::parse(text, None)
    }

    /// Reads rules from a TOML file.
    ///
    /// # Errors
    /// [`ScriptError::Read`], or as [`ScriptedRules::from_toml`].
    pub fn open(path: &Path) -> Result<Self, ScriptError> {
        let text = std::fs::read_to_string(path).map_err(|source| ScriptError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, Some(path))
    }

    fn parse(text: &str, path: Option<&Path>) -> Result<Self, ScriptError> {
        let rules: Self = toml::from_str(text).map_err(|source| ScriptError::Parse {
            path: path.map(Path::to_owned),
            source: Box::new(source),
        })?;
        rules.validate()?;
        Ok(rules)
    }

    /// Checks that every rule has one outcome and that the numbers make sense.
    ///
    /// # Errors
    /// [`ScriptError::Outcome`], [`ScriptError::Delay`] or [`ScriptError::Price`].
    pub fn validate(&self) -> Result<(), ScriptError> {
        let [lo, hi] = self.delay_ms;
        if lo > hi {
            return Err(ScriptError::Delay { lo, hi });
        }
        let price = self.usd_per_1k_tokens;
        if price.iter().any(|usd| !usd.is_finite() || *usd < 0.0) {
            return Err(ScriptError::Price { got: price });
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let got = rule.outcomes();
            if got != 1 {
                let rule = index + 1;
                return Err(ScriptError::Outcome { rule, got });
            }
        }
        Ok(())
    }
}

/// A model that answers by [`ScriptedRules`].
///
/// # Units
/// A token is a word: what white space parts.
///
/// # Determinism
/// A reply depends on the request alone, never on the order of the requests.
#[derive(Debug, Clone)]
pub struct ScriptedModel {
    rules: ScriptedRules,
}

impl ScriptedModel {
    /// A model with these rules.
    ///
    /// # Errors
    /// What [`ScriptedRules::validate`] finds.
    pub fn new(rules: ScriptedRules) -> Result<Self, ScriptError> {
        rules.validate()?;
        Ok(Self { rules })
    }

    /// A model with the rules of a TOML file.
    ///
    /// # Errors
    /// As [`ScriptedRules::open`].
    pub fn open(path: &Path) -> Result<Self, ScriptError> {
        Ok(Self {
            rules: ScriptedRules::open(path)?,
        })
    }

    /// The answer to one request, without latency.
    ///
    /// # Errors
    /// [`ModelError::Scripted`] when the rule is a failure, [`ModelError::NoRule`] when none fits.
    pub fn answer(&self, request: &ModelRequest) -> Result<ModelReply, ModelError> {
        let rule = self.rules.rules.iter().find(|rule| rule.fits(request));
        let text = match rule {
            Some(rule) => {
                if let Some(message) = &rule.error {
                    return Err(ModelError::Scripted {
                        message: message.clone(),
                        retryable: rule.retryable,
                    });
                }
                match &rule.reply {
                    Some(reply) => Some(reply),
                    None => {
                        let count = rule.replies.len().max(1) as u64;
                        rule.replies.get((request.key.digest(0) % count) as usize)
                    }
                }
            }
            None => self.rules.default.as_ref(),
        };
        let text = text.cloned().ok_or_else(|| ModelError::NoRule {
            key: request.key.clone(),
        })?;
        let mut reply = ModelReply::counted(request, text);
        let [prompt, completion] = self.rules.usd_per_1k_tokens;
        let cost = reply.usage.prompt_tokens as f64 * prompt
            + reply.usage.completion_tokens as f64 * completion;
        reply.usage.cost_usd = Some(cost / 1000.0);
        Ok(reply)
    }
}

impl LanguageModel for ScriptedModel {
    fn name(&self) -> &str {
        &self.rules.name
    }

    fn complete<'a>(&'a self, requests: &'a [ModelRequest]) -> Completion<'a> {
        Box::pin(async move {
            let [lo_ms, hi_ms] = self.rules.delay_ms;
            Delay { lo_ms, hi_ms }.wait(requests).await;
            requests
                .iter()
                .map(|request| self.answer(request))
                .collect()
        })
    }

    fn reverses_replies(&self) -> bool {
        self.rules.reverse
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::request::tests::request;

    fn model(text: &str) -> ScriptedModel {
        ScriptedModel::new(ScriptedRules::from_toml(text).unwrap()).unwrap()
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let model = model(
            r#"
            default = "none of them"
            usd_per_1k_tokens = [1.0, 2.0]
            [[rules]]
            purpose = "vote"
            contains = "fever"
            reply = "AGREE fully"
            [[rules]]
            agent = 2
            round = 3
            episode = 1
            attempt = 0
            contains = "crash"
            error = "down"
            retryable = true
            "#,
        );
        let reply = model.answer(&request(0, "fever and crash")).unwrap();
        assert_eq!(reply.text, "AGREE fully");
        assert_eq!(
            (reply.usage.prompt_tokens, reply.usage.completion_tokens),
            (5, 2)
        );
        assert!((reply.usage.cost_usd.unwrap() - 0.009).abs() < 1e-12);
        let error = model.answer(&request(0, "crash")).unwrap_err();
        assert!(error.is_retryable() && error.to_string().contains("down"));
        assert_eq!(model.answer(&request(0, "x")).unwrap().text, "none of them");
    }

    #[test]
    fn replies_cycle_by_key_and_no_rule_is_an_error() {
        let model = model("[[rules]]\ncontains = \"go\"\nreplies = [\"a\", \"b\", \"c\"]\n");
        let texts: BTreeSet<_> = (0..30)
            .map(|n| model.answer(&request(n, "go")).unwrap().text)
            .collect();
        assert_eq!(texts.len(), 3);
        assert_eq!(
            model.answer(&request(4, "go")),
            model.answer(&request(4, "go"))
        );
        let error = model.answer(&request(4, "stay")).unwrap_err();
        assert!(matches!(error, ModelError::NoRule { .. }));
    }

    #[test]
    fn bad_scripts_say_what_is_wrong() {
        let bad = |text: &str| ScriptedRules::from_toml(text).unwrap_err();
        assert!(matches!(
            bad("[[rules]]\nreplay = \"x\""),
            ScriptError::Parse { .. }
        ));
        assert!(matches!(bad("speed = 3"), ScriptError::Parse { .. }));
        assert!(matches!(
            bad("[[rules]]\nagent = 1"),
            ScriptError::Outcome { rule: 1, got: 0 }
        ));
        let two = bad("[[rules]]\nreply = \"a\"\nerror = \"b\"");
        assert!(matches!(two, ScriptError::Outcome { rule: 1, got: 2 }));
        assert!(matches!(
            bad("delay_ms = [9, 3]"),
            ScriptError::Delay { lo: 9, hi: 3 }
        ));
        assert!(matches!(
            bad("usd_per_1k_tokens = [-1.0, 0.0]"),
            ScriptError::Price { .. }
        ));
        let missing = ScriptedModel::open(Path::new("no/such/script.toml")).unwrap_err();
        assert!(missing.to_string().contains("no/such/script.toml"));
    }
}
