//! One line of `calls.jsonl`: a request and what came of it.

use serde::{Deserialize, Serialize};

use crate::request::{CallKey, Message, ModelRequest, TokenLogprob, Usage};
use crate::schema::Schema;
use crate::server::Finished;

/// A recorded call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Name of the call; its fields stand at the top level of the line.
    #[serde(flatten)]
    pub key: CallKey,
    /// Name of the model.
    pub model: String,
    /// [`ModelRequest::hash`] with that name.
    pub request_hash: String,
    /// The conversation.
    pub messages: Vec<Message>,
    /// JSON schema of the reply.
    #[serde(default)]
    pub schema: Option<Schema>,
    /// Sampling temperature.
    pub temperature: f64,
    /// Most tokens of the reply.
    pub max_tokens: u32,
    /// Seed of the sampling.
    pub seed: u64,
    /// The reply; none when the call failed.
    pub reply: Option<String>,
    /// Why the call failed.
    #[serde(default)]
    pub error: Option<String>,
    /// The kind of failure as one word, as [`crate::ModelError::kind`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Whether asking again could have helped; `false` for a reply.
    #[serde(default)]
    pub retryable: bool,
    /// Number of this attempt of the same request, from 0: each attempt is a record.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retry: u32,
    /// Another attempt of the same request follows in a later record.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked_again: bool,
    /// The call failed because a person left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
    /// The tokens of the reply with their log-probabilities, where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logprobs: Vec<TokenLogprob>,
    /// It comes from a recording, where it has its line already.
    #[serde(skip)]
    pub recalled: bool,
    /// What the call used; its fields stand at the top level of the line.
    #[serde(flatten)]
    pub usage: Usage,
    /// Wall time from submission to reply in milliseconds; differs between runs.
    #[serde(default)]
    pub latency_ms: f64,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl CallRecord {
    /// The records of a finished request to `model`, one an attempt, the last one last.
    pub fn all(model: &str, finished: &Finished) -> Vec<Self> {
        let last = Self::new(model, finished);
        let earlier = match &finished.result {
            Ok(reply) => reply.earlier.as_slice(),
            Err(error) => error.earlier(),
        };
        let mut records: Vec<Self> = (0..)
            .zip(earlier)
            .map(|(retry, attempt)| Self {
                reply: None,
                error: Some(attempt.fault.to_string()),
                fault: Some(attempt.fault.kind().to_owned()),
                retryable: true,
                retry,
                asked_again: true,
                logprobs: Vec::new(),
                usage: attempt.usage,
                latency_ms: attempt.latency_ms,
                ..last.clone()
            })
            .collect();
        records.push(last);
        records
    }

    /// The record of the last attempt of a finished request to `model`.
    pub fn new(model: &str, finished: &Finished) -> Self {
        let request = &finished.request;
        let (reply, error) = match &finished.result {
            Ok(reply) => (Some(reply), None),
            Err(error) => (None, Some(error)),
        };
        Self {
            key: request.key.clone(),
            model: model.to_owned(),
            request_hash: finished.request_hash.clone(),
            messages: request.messages.clone(),
            schema: request.schema.clone(),
            temperature: request.temperature,
            max_tokens: request.max_tokens,
            seed: request.seed,
            reply: reply.map(|reply| reply.text.clone()),
            error: error.map(ToString::to_string),
            fault: error.map(|error| error.kind().to_owned()),
            retryable: error.is_some_and(crate::ModelError::is_retryable),
            retry: match &finished.result {
                Ok(reply) => reply.earlier.len(),
                Err(error) => error.earlier().len(),
            } as u32,
            asked_again: false,
            logprobs: reply
                .map(|reply| reply.logprobs.clone())
                .unwrap_or_default(),
            recalled: match &finished.result {
                Ok(reply) => reply.recalled,
                Err(error) => matches!(error, crate::ModelError::Recorded { .. }),
            },
            unanswered: matches!(error, Some(crate::ModelError::Unanswered { .. })),
            usage: match &finished.result {
                Ok(reply) => reply.usage,
                Err(error) => error.usage(),
            },
            latency_ms: finished.latency_ms,
        }
    }

    /// The record as one line of JSON, without the line break.
    ///
    /// # Errors
    /// When the record cannot be written as JSON.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads a line of JSON.
    ///
    /// # Errors
    /// When the line is no record.
    pub fn from_line(line: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(line)
    }
}

/// The first part of `request` to `model` that differs from the recorded call, with both values;
/// `None` when all parts agree.
pub fn first_difference(
    recorded: &CallRecord,
    model: &str,
    request: &ModelRequest,
) -> Option<String> {
    let differs = |part: &str, then: &dyn std::fmt::Display, now: &dyn std::fmt::Display| {
        Some(format!("{part}: recorded {then}, got {now}"))
    };
    if recorded.model != model {
        return differs("model", &recorded.model, &model);
    }
    for (index, (then, now)) in recorded.messages.iter().zip(&request.messages).enumerate() {
        if then.role != now.role {
            return differs(&format!("role of message {index}"), &then.role, &now.role);
        }
        if then.content != now.content {
            return Some(text_difference(index, &then.content, &now.content));
        }
    }
    let (then, now) = (recorded.messages.len(), request.messages.len());
    if then != now {
        return differs("number of messages", &then, &now);
    }
    if recorded.schema != request.schema {
        let text =
            |schema: &Option<Schema>| schema.as_ref().map_or("none", Schema::text).to_owned();
        return differs("schema", &text(&recorded.schema), &text(&request.schema));
    }
    if recorded.temperature.to_bits() != request.temperature.to_bits() {
        return differs("temperature", &recorded.temperature, &request.temperature);
    }
    if recorded.max_tokens != request.max_tokens {
        return differs("max_tokens", &recorded.max_tokens, &request.max_tokens);
    }
    if recorded.seed != request.seed {
        return differs("seed", &recorded.seed, &request.seed);
    }
    None
}

fn text_difference(index: usize, then: &str, now: &str) -> String {
    let at = then
        .chars()
        .zip(now.chars())
        .take_while(|(then, now)| then == now)
        .count();
    let excerpt = |text: &str| -> String { text.chars().skip(at).take(40).collect() };
    format!(
        "message {index} from character {at}: recorded {:?}, got {:?}",
        excerpt(then),
        excerpt(now)
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::error::ModelError;
    use crate::request::ModelReply;
    use crate::request::tests::request;

    pub(crate) fn record(request: ModelRequest, result: Result<&str, ModelError>) -> CallRecord {
        let finished = Finished {
            ticket: 0,
            request_hash: request.hash("m"),
            result: result.map(|text| {
                let mut reply = ModelReply::counted(&request, text.to_owned());
                reply.usage.cost_usd = Some(0.5);
                reply
            }),
            request,
            latency_ms: 1.5,
        };
        CallRecord::new("m", &finished)
    }

    #[test]
    fn a_record_is_one_flat_line_that_reads_back() {
        let mut asked = request(4, "line one\nline two");
        asked.schema = Some(Schema::new(&serde_json::json!({"type": "object"})));
        let failed = ModelError::Timeout { after_ms: 9 };
        for record in [record(asked.clone(), Ok("yes")), record(asked, Err(failed))] {
            let line = record.to_line().unwrap();
            assert!(!line.contains('\n'));
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(value["purpose"], "vote");
            assert_eq!(value["number"], 4);
            assert!(value["prompt_tokens"].is_u64());
            assert_eq!(CallRecord::from_line(&line).unwrap(), record);
        }
    }

    #[test]
    fn the_first_difference_is_named() {
        let base = request(0, "hello world");
        let recorded = record(base.clone(), Ok("x"));
        let differs = |change: fn(&mut ModelRequest)| {
            let mut now = base.clone();
            change(&mut now);
            first_difference(&recorded, "m", &now).unwrap_or_default()
        };
        assert_eq!(differs(|_| {}), "");
        let text = differs(|r| r.messages[1].content = "hello there".into());
        assert_eq!(
            text,
            r#"message 1 from character 6: recorded "world", got "there""#
        );
        assert!(differs(|r| r.messages[0].role = "user".into()).contains("role of message 0"));
        assert!(differs(|r| r.messages.truncate(1)).contains("recorded 2, got 1"));
        assert!(
            differs(|r| r.schema = Some(Schema::new(&true.into())))
                .contains("recorded none, got true")
        );
        assert!(differs(|r| r.temperature = 0.0).contains("temperature"));
        assert!(differs(|r| r.max_tokens = 1).contains("max_tokens"));
        assert!(differs(|r| r.seed = 1).contains("seed"));
        assert!(
            first_difference(&recorded, "n", &base)
                .unwrap()
                .contains("model")
        );
    }
}
