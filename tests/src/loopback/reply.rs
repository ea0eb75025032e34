//! What is replied to a request.

use rand::RngExt;
use rounds_models::{ModelError, ScriptError, ScriptedModel, ScriptedRules, count_words};
use serde_json::{Value, json};

use super::asked::Asked;
use super::content::spoiled;
use super::draw;
use super::faults::Fault;
use super::instance::instance;
use super::problem::Problem;

/// Rules of replies where the request has no schema and the settings no script.
const OWN_RULES: &str = include_str!("../../scripts/loopback.toml");
/// `created` of every reply: the same request gets the same bytes.
const CREATED: u64 = 1_700_000_000;
/// What a refusal says.
const REFUSAL: &str = "I'm sorry, but I can't help with that.";

/// Where replies come from.
#[derive(Debug)]
pub(super) struct Speaker {
    seed: u64,
    script: Option<ScriptedModel>,
    own: ScriptedModel,
}

impl Speaker {
    /// A speaker with the rules of `script`, or its own.
    pub(super) fn new(seed: u64, script: Option<ScriptedRules>) -> Result<Self, ScriptError> {
        Ok(Self {
            seed,
            script: script.map(ScriptedModel::new).transpose()?,
            own: ScriptedModel::new(ScriptedRules::from_toml(OWN_RULES)?)?,
        })
    }

    /// The text of the reply.
    fn text(&self, asked: &Asked) -> Result<String, Problem> {
        let request = &asked.request;
        if let Some(script) = &self.script {
            return script.answer(request).map(|reply| reply.text).map_err(|e| {
                // A rule's own failure is told as it is written.
                let message = match &e {
                    ModelError::Scripted { message, .. } => message.clone(),
                    other => other.to_string(),
                };
                if e.is_retryable() {
                    Problem::unavailable(message)
                } else {
                    Problem::invalid(message)
                }
            });
        }
        let mut stream = draw::stream(self.seed, &["reply", &asked.hash]);
        if let Some(schema) = &request.schema {
            return instance(&schema.value(), &mut stream)
                .map(|value| value.to_string())
                .map_err(|error| Problem::param("response_format", error.to_string()));
        }
        let by_rule = self.own.answer(request);
        match by_rule {
            Ok(reply) if !asked.any_object || reply.text.starts_with('{') => Ok(reply.text),
            _ => Ok(json!({ "reply": draw::words(&mut stream, 8) }).to_string()),
        }
    }

    /// The body of the reply.
    ///
    /// # Errors
    /// The [`Problem`] of a script's rule, or of a schema without instance.
    pub(super) fn completion(&self, asked: &Asked, fault: Option<Fault>) -> Result<Value, Problem> {
        let mut text = self.text(asked)?;
        let mut finish = "stop";
        if let Some(fault) = fault {
            text = spoiled(text, fault);
            if fault == Fault::Truncated {
                finish = "length";
            }
        }
        if let Some(end) = asked.stop.iter().filter_map(|stop| text.find(stop)).min() {
            text.truncate(end);
            finish = "stop";
        }
        if let Some(most) = asked.most
            && count_words(&text) > most
        {
            text = tokens(&text)
                .take(usize::try_from(most).unwrap_or(usize::MAX))
                .collect();
            finish = "length";
        }
        let (content, refusal) = match fault {
            Some(Fault::Refusal) => (Value::Null, json!(REFUSAL)),
            Some(Fault::NullContent) => (Value::Null, Value::Null),
            _ => (json!(text), Value::Null),
        };
        let used = if content.is_null() {
            count_words(refusal.as_str().unwrap_or(""))
        } else {
            count_words(&text)
        };
        let logprobs = match (asked.logprobs, content.is_string()) {
            (Some(top), true) => self.logprobs(asked, &text, top),
            _ => Value::Null,
        };
        let choice = json!({
            "index": 0,
            "message": {"role": "assistant", "content": content, "refusal": refusal},
            "logprobs": logprobs,
            "finish_reason": finish,
        });
        let choices = match fault {
            Some(Fault::EmptyChoices) => Vec::new(),
            _ => vec![choice],
        };
        let prompt = asked.request.prompt_words();
        Ok(json!({
            "id": format!("chatcmpl-{}", &asked.hash[..24]),
            "object": "chat.completion",
            "created": CREATED,
            "model": asked.model,
            "choices": choices,
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": used,
                "total_tokens": prompt + used,
            },
            "system_fingerprint": format!("fp_loopback_{}", self.seed),
        }))
    }

    /// Log-probabilities of the words; the word itself is the likeliest.
    fn logprobs(&self, asked: &Asked, text: &str, top: usize) -> Value {
        let mut stream = draw::stream(self.seed, &["logprobs", &asked.hash]);
        let entry = |token: &str, logprob: f64| json!({"token": token, "logprob": logprob, "bytes": token.as_bytes()});
        let content: Vec<Value> = tokens(text)
            .map(|token| {
                // At least a half, so that no other word is likelier.
                let share = 0.5 + 0.5 * stream.random::<f64>();
                let own = libm::log(share);
                let mut alternatives = vec![entry(token, own)];
                // The rest is halved from word to word.
                let others = (1..top).map(|k| {
                    let other = draw::WORDS[k % draw::WORDS.len()];
                    entry(
                        other,
                        libm::log(1.0 - share) - k as f64 * std::f64::consts::LN_2,
                    )
                });
                alternatives.extend(others);
                alternatives.truncate(top);
                let mut one = entry(token, own);
                one["top_logprobs"] = json!(alternatives);
                one
            })
            .collect();
        json!({ "content": content, "refusal": null })
    }
}

/// The words of a text, each with the white space before it; the last with what follows it.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let word = rest.len() - rest.trim_start().len();
        let end = rest[word..]
            .find(char::is_whitespace)
            .map_or(rest.len(), |end| word + end);
        let end = if rest[end..].trim().is_empty() {
            rest.len()
        } else {
            end
        };
        let (token, left) = rest.split_at(end);
        rest = left;
        Some(token)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    fn asked(change: impl FnOnce(&mut Value)) -> Asked {
        let mut body = json!({"model": "m", "messages": [
            {"role": "system", "content": "Answer with one word: AGREE or DISAGREE."},
            {"role": "user", "content": "the proposal"},
        ]});
        change(&mut body);
        Asked::read(&HeaderMap::new(), body.to_string().as_bytes()).unwrap()
    }

    fn speaker() -> Speaker {
        Speaker::new(3, None).unwrap()
    }

    fn content(reply: &Value) -> &str {
        reply["choices"][0]["message"]["content"].as_str().unwrap()
    }

    #[test]
    fn tokens_are_the_words_and_make_up_the_text() {
        for text in ["", " a  b\nc \n", "one", "  "] {
            let all: String = tokens(text).collect();
            assert_eq!(all, text);
            let words = count_words(text).max(u64::from(!text.is_empty()));
            assert_eq!(tokens(text).count() as u64, words);
        }
    }

    #[test]
    fn own_rules_answer_every_clinical_role() {
        let speaker = speaker();
        let vote = speaker.completion(&asked(|_| {}), None).unwrap();
        assert!(["AGREE", "DISAGREE"].contains(&content(&vote)));
        assert_eq!(vote["usage"]["prompt_tokens"], 9);
        assert_eq!(vote["usage"]["completion_tokens"], 1);
        for (prompt, key) in [
            ("list SUGGEST_SPECIALISTS", "SUGGEST_SPECIALISTS"),
            ("list UPDATED_LIST", "UPDATED_LIST"),
            ("JSON keys: RESPONSE_TYPE", "RESPONSE_CONTENT"),
        ] {
            let reply = speaker
                .completion(
                    &asked(|b| b["messages"][0]["content"] = json!(prompt)),
                    None,
                )
                .unwrap();
            let value: Value = serde_json::from_str(content(&reply)).unwrap();
            assert!(value.get(key).is_some(), "{value}");
        }
        let object = asked(|b| b["response_format"] = json!({"type": "json_object"}));
        let reply = speaker.completion(&object, None).unwrap();
        assert!(content(&reply).starts_with("{\"reply\":"));
    }

    #[test]
    fn stop_and_most_words_end_a_reply() {
        let long = |b: &mut Value| b["messages"][0]["content"] = json!("plain");
        let speaker = speaker();
        let whole = speaker.completion(&asked(long), None).unwrap();
        let all = content(&whole).to_owned();
        assert_eq!(whole["choices"][0]["finish_reason"], "stop");
        let stopped = asked(|b| {
            long(b);
            b["stop"] = json!(["nothing", "read"]);
        });
        let reply = speaker.completion(&stopped, None).unwrap();
        assert_eq!(content(&reply), all.split("read").next().unwrap());
        let short = asked(|b| {
            long(b);
            b["max_completion_tokens"] = json!(2);
        });
        let reply = speaker.completion(&short, None).unwrap();
        assert_eq!(content(&reply), "I have");
        assert_eq!(reply["choices"][0]["finish_reason"], "length");
        assert_eq!(reply["usage"]["completion_tokens"], 2);
    }

    #[test]
    fn log_probabilities_cover_the_content() {
        let asked = asked(|b| {
            b["messages"][0]["content"] = json!("plain");
            b["logprobs"] = json!(true);
            b["top_logprobs"] = json!(3);
        });
        let reply = speaker().completion(&asked, None).unwrap();
        let list = reply["choices"][0]["logprobs"]["content"]
            .as_array()
            .unwrap();
        let text: String = list.iter().map(|t| t["token"].as_str().unwrap()).collect();
        assert_eq!(text, content(&reply));
        for token in list {
            let top = token["top_logprobs"].as_array().unwrap();
            assert_eq!(top.len(), 3);
            let total: f64 = top
                .iter()
                .map(|t| t["logprob"].as_f64().unwrap().exp())
                .sum();
            assert!(total <= 1.0 + 1e-9 && top[0]["token"] == token["token"]);
            assert!(top[0]["logprob"].as_f64() > top[1]["logprob"].as_f64());
        }
    }

    #[test]
    fn a_script_answers_by_the_call_and_its_failures_are_errors() {
        let rules = "
            [[rules]]\ncontains = \"busy\"\nerror = \"try later\"\nretryable = true
            [[rules]]\ncontains = \"bad\"\nerror = \"no\"
            [[rules]]\ncontains = \"proposal\"\nreply = \"scripted\"\n";
        let speaker = Speaker::new(0, Some(ScriptedRules::from_toml(rules).unwrap())).unwrap();
        let reply = speaker.completion(&asked(|_| {}), None).unwrap();
        assert_eq!(content(&reply), "scripted");
        for (text, status) in [("busy", 503), ("bad", 400), ("other", 400)] {
            let asked = asked(|b| b["messages"][1]["content"] = json!(text));
            let problem = speaker.completion(&asked, None).unwrap_err();
            assert_eq!(problem.status.as_u16(), status);
        }
    }
}
