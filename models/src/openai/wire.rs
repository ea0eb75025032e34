//! The bodies of requests and replies.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fault::OpenAiFault;
use super::options::{LengthField, OpenAiOptions, ResponseFormat};
use super::status::{beginning, said};
use crate::request::{Message, ModelRequest, TokenLogprob};
use crate::schema::Schema;

/// Fields that a request sets itself; vendor fields may not.
pub(super) const OWN_FIELDS: [&str; 11] = [
    "model",
    "messages",
    "temperature",
    "seed",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "logprobs",
    "response_format",
    "stream",
    "n",
];

/// The body of a request.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: &'a [Message],
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    logprobs: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Format<'a>>,
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

impl<'a> Body<'a> {
    pub(super) fn new(options: &'a OpenAiOptions, request: &'a ModelRequest) -> Self {
        let length = |field| (options.length_field == field).then_some(request.max_tokens);
        Self {
            model: &options.model,
            messages: &request.messages,
            temperature: options.send_temperature.then_some(request.temperature),
            // Servers differ in how many bits they take; all take 31.
            seed: options.send_seed.then_some(request.seed & 0x7fff_ffff),
            max_tokens: length(LengthField::MaxTokens),
            max_completion_tokens: length(LengthField::MaxCompletionTokens),
            stop: &options.stop,
            logprobs: options.logprobs,
            response_format: request
                .schema
                .as_ref()
                .and_then(|schema| response_format(options.response_format, schema)),
            extra: &options.extra,
        }
    }
}

/// What form the reply is to have.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonSchema { json_schema: Named<'a> },
    JsonObject,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'static str,
    strict: bool,
    schema: &'a Schema,
}

fn response_format(format: ResponseFormat, schema: &Schema) -> Option<Format<'_>> {
    match format {
        ResponseFormat::JsonSchema { strict } => Some(Format::JsonSchema {
            json_schema: Named {
                name: "reply",
                strict,
                schema,
            },
        }),
        ResponseFormat::JsonObject => Some(Format::JsonObject),
        ResponseFormat::None => None,
    }
}

#[derive(Deserialize)]
struct Completion {
    choices: Option<Vec<Choice>>,
    usage: Option<Counts>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    message: Option<Answer>,
    finish_reason: Option<String>,
    logprobs: Option<Logprobs>,
}

#[derive(Deserialize)]
struct Answer {
    content: Option<Content>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Logprobs {
    content: Option<Vec<TokenLogprob>>,
}

/// Tokens of a call as its server counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    pub(super) prompt_tokens: u64,
    pub(super) completion_tokens: u64,
    prompt_tokens_details: Option<Details>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: Option<u64>,
}

impl Counts {
    /// Tokens of the prompt that the server had read before.
    pub(super) fn cached_tokens(&self) -> u64 {
        let details = self.prompt_tokens_details.unwrap_or_default();
        details.cached_tokens.unwrap_or(0).min(self.prompt_tokens)
    }
}

/// What a successful reply holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Read {
    pub(super) text: Result<String, OpenAiFault>,
    pub(super) logprobs: Vec<TokenLogprob>,
    /// Tokens, where the server says.
    pub(super) counts: Option<Counts>,
}

/// Reads the body of a successful reply to `request`.
pub(super) fn read(body: &[u8], request: &ModelRequest) -> Read {
    let nothing = |fault| Read {
        text: Err(fault),
        logprobs: Vec::new(),
        counts: None,
    };
    let completion: Completion = match serde_json::from_slice(body) {
        Ok(completion) => completion,
        Err(error) => return nothing(wrong(body, &error)),
    };
    // Some servers that pass requests on report failures in a reply that looks like a success.
    if let Some(Value::Object(error)) = &completion.error
        && completion.choices.is_none()
    {
        let status = error.get("code").and_then(Value::as_u64);
        return nothing(OpenAiFault::Server {
            status: status.and_then(|code| code.try_into().ok()).unwrap_or(200),
            message: said(body).1,
            retry_after_s: None,
        });
    }
    let counts = completion.usage;
    let Some(choices) = completion.choices else {
        return nothing(OpenAiFault::Unexpected {
            why: "no \"choices\"".to_owned(),
        });
    };
    let Some(choice) = choices.into_iter().next() else {
        return Read {
            counts,
            ..nothing(OpenAiFault::NoChoices)
        };
    };
    let logprobs = choice.logprobs.and_then(|all| all.content);
    Read {
        text: text(choice.message, choice.finish_reason.as_deref(), request),
        logprobs: logprobs.unwrap_or_default(),
        counts,
    }
}

fn wrong(body: &[u8], error: &serde_json::Error) -> OpenAiFault {
    if error.is_data() {
        return OpenAiFault::Unexpected {
            why: error.to_string(),
        };
    }
    OpenAiFault::NotJson {
        why: error.to_string(),
        beginning: beginning(&String::from_utf8_lossy(body), 80),
    }
}

fn text(
    answer: Option<Answer>,
    finish: Option<&str>,
    request: &ModelRequest,
) -> Result<String, OpenAiFault> {
    let refused = |message: &str| OpenAiFault::Refused {
        message: beginning(message, 200),
    };
    let max_tokens = request.max_tokens;
    let cut_off = finish == Some("length");
    let answer = answer.ok_or_else(|| OpenAiFault::Unexpected {
        why: "a choice without \"message\"".to_owned(),
    })?;
    if let Some(refusal) = answer.refusal.filter(|refusal| !refusal.is_empty()) {
        return Err(refused(&refusal));
    }
    if finish == Some("content_filter") {
        return Err(refused("its content filter stopped the reply"));
    }
    let text = match answer.content {
        Some(Content::Text(text)) => text,
        Some(Content::Parts(parts)) => parts.into_iter().filter_map(|part| part.text).collect(),
        // Models that think first may use up all of their tokens with it.
        None if cut_off => return Err(OpenAiFault::CutOff { max_tokens }),
        None => {
            let why = format!("no text; it ended by {:?}", finish.unwrap_or("nothing"));
            return Err(OpenAiFault::Unexpected { why });
        }
    };
    let whole = || serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    if cut_off && (text.is_empty() || request.schema.is_some() && !whole()) {
        return Err(OpenAiFault::CutOff { max_tokens });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::request;
    use serde_json::json;

    fn sent(options: &OpenAiOptions, request: &ModelRequest) -> Value {
        serde_json::to_value(Body::new(options, request)).unwrap()
    }

    fn fault(body: &str, schema: bool) -> OpenAiFault {
        let mut asked = request(0, "x");
        asked.schema = schema.then(|| Schema::new(&json!({})));
        read(body.as_bytes(), &asked).text.unwrap_err()
    }

    #[test]
    fn a_request_holds_what_it_is_told_and_no_more() {
        let mut asked = request(0, "hello");
        asked.seed = u64::MAX;
        let mut options = OpenAiOptions::new("gpt");
        let messages = json!([
            {"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}
        ]);
        assert_eq!(
            sent(&options, &asked),
            json!({"model": "gpt", "messages": messages, "temperature": 0.3,
                "seed": 0x7fff_ffff, "max_tokens": 100})
        );
        asked.schema = Some(Schema::new(&json!({"type": "object"})));
        options.send_seed = false;
        options.send_temperature = false;
        options.logprobs = true;
        options.stop = vec!["END".to_owned()];
        options.length_field = LengthField::MaxCompletionTokens;
        options.extra.insert("top_k".to_owned(), json!(5));
        assert_eq!(
            sent(&options, &asked),
            json!({"model": "gpt", "messages": messages, "max_completion_tokens": 100,
                "stop": ["END"], "logprobs": true, "top_k": 5,
                "response_format": {"type": "json_schema", "json_schema":
                    {"name": "reply", "strict": false, "schema": {"type": "object"}}}})
        );
        options.response_format = ResponseFormat::JsonObject;
        assert_eq!(
            sent(&options, &asked)["response_format"]["type"],
            "json_object"
        );
        options.response_format = ResponseFormat::None;
        assert_eq!(sent(&options, &asked).get("response_format"), None);
    }

    #[test]
    fn a_reply_is_read_with_its_tokens() {
        let body = json!({
            "choices": [{"index": 0, "finish_reason": "stop", "message":
                {"role": "assistant", "content": "yes", "refusal": null},
                "logprobs": {"content": [{"token": "yes", "logprob": -0.5, "bytes": null}]}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 1,
                "prompt_tokens_details": {"cached_tokens": 4}}
        });
        let got = read(body.to_string().as_bytes(), &request(0, "x"));
        assert_eq!(got.text.unwrap(), "yes");
        let counts = got.counts.unwrap();
        assert_eq!((counts.prompt_tokens, counts.completion_tokens), (9, 1));
        assert_eq!(counts.cached_tokens(), 4);
        let token = "yes".to_owned();
        assert_eq!(
            got.logprobs,
            [TokenLogprob {
                token,
                logprob: -0.5
            }]
        );
        let parts =
            r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"text":"b"}]}}]}"#;
        let got = read(parts.as_bytes(), &request(0, "x"));
        assert_eq!((got.text.unwrap().as_str(), got.counts), ("ab", None));
    }

    #[test]
    fn replies_without_text_are_told_apart() {
        type F = OpenAiFault;
        let choice = |choice: &str| format!(r#"{{"choices":[{choice}]}}"#);
        assert!(matches!(
            fault(r#"{"choices": [{"mess"#, false),
            F::NotJson { .. }
        ));
        assert!(matches!(fault("<html>", false), F::NotJson { .. }));
        assert!(matches!(fault("{}", false), F::Unexpected { .. }));
        assert!(matches!(fault("[1]", false), F::Unexpected { .. }));
        assert!(matches!(fault(&choice(""), false), F::NoChoices));
        assert!(matches!(fault(&choice("{}"), false), F::Unexpected { .. }));
        let refusal = choice(r#"{"message":{"content":null,"refusal":"I cannot"}}"#);
        assert_eq!(
            fault(&refusal, false),
            F::Refused {
                message: "I cannot".to_owned()
            }
        );
        let filter = choice(r#"{"finish_reason":"content_filter","message":{"content":"a"}}"#);
        assert!(matches!(fault(&filter, false), F::Refused { .. }));
        let empty = choice(r#"{"message":{"content":null}}"#);
        assert!(matches!(fault(&empty, false), F::Unexpected { .. }));
        let cut = choice(r#"{"finish_reason":"length","message":{"content":"{\"a\": "}}"#);
        assert_eq!(fault(&cut, true), F::CutOff { max_tokens: 100 });
        // Text that is cut off is text all the same.
        assert!(read(cut.as_bytes(), &request(0, "x")).text.is_ok());
        let passed_on = r#"{"error": {"code": 502, "message": "upstream"}}"#;
        assert!(matches!(
            fault(passed_on, false),
            F::Server { status: 502, .. }
        ));
    }
}
