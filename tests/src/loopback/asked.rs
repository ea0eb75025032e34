//! Reading a chat-completions request.

use std::borrow::Cow;

use axum::http::HeaderMap;
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_models::{CallKey, Message, ModelRequest, Schema};
use serde_json::{Map, Value};

use super::problem::Problem;

/// Header that names a call of a run: a [`CallKey`] as JSON, every field optional. Scripts with
/// rules for purposes, agents, rounds and episodes need it; other servers pass over it.
pub(super) const CALL_HEADER: &str = "x-rounds-call";

/// Number of an episode, agent or round that the request does not tell: no rule names it.
const UNTOLD: u32 = u32::MAX;

/// A request that can be served.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    /// Model that is asked.
    pub(super) model: String,
    /// The request in our own words.
    pub(super) request: ModelRequest,
    /// SHA-256 of the request without its key.
    pub(super) hash: String,
    /// Text that names the call among calls with equal requests; empty when it is not told.
    pub(super) call: String,
    /// Any JSON object is asked for.
    pub(super) any_object: bool,
    /// Most words of the reply; `None` for as many as it has.
    pub(super) most: Option<u64>,
    /// Texts that end the reply.
    pub(super) stop: Vec<String>,
    /// Log-probabilities are asked for, with so many alternatives a token.
    pub(super) logprobs: Option<usize>,
}

impl Asked {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// A [`Problem`] that names the field, what was expected and what came.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Problem> {
        let value: Value = serde_json::from_slice(body).map_err(|error| {
            Problem::invalid(format!(
                "We could not parse the JSON body of your request: {error}"
            ))
        })?;
        let Value::Object(fields) = value else {
            return Err(Problem::invalid("expected a JSON object as body"));
        };
        let Some(model) = fields.get("model").and_then(Value::as_str) else {
            return Err(Problem::param("model", "model: expected a name as text"));
        };
        if fields.get("stream").and_then(Value::as_bool) == Some(true) {
            let message = "stream: this server does not stream, expected false";
            return Err(Problem::param("stream", message));
        }
        if number(&fields, "n", 1.0, 1.0)?.is_some_and(|n| n != 1.0) {
            return Err(Problem::param("n", "n: this server gives 1 choice"));
        }
        let most = match whole(&fields, "max_completion_tokens", u64::from(u32::MAX))? {
            Some(most) => Some(most),
            None => whole(&fields, "max_tokens", u64::from(u32::MAX))?,
        };
        if most == Some(0) {
            let message = "max_tokens: expected at least 1, got 0";
            return Err(Problem::param("max_tokens", message));
        }
        let (schema, any_object) = format(&fields)?;
        let mut request = ModelRequest {
            key: untold(),
            messages: messages(&fields)?,
            schema,
            temperature: number(&fields, "temperature", 0.0, 2.0)?.unwrap_or(1.0),
            max_tokens: u32::try_from(most.unwrap_or(0)).unwrap_or(u32::MAX),
            seed: seed(&fields)?,
        };
        number(&fields, "top_p", 0.0, 1.0)?;
        let hash = request.hash(model);
        let call = match headers.get(CALL_HEADER) {
            None => String::new(),
            Some(header) => {
                let text = String::from_utf8_lossy(header.as_bytes()).into_owned();
                request.key = told(&text)?;
                text
            }
        };
        if call.is_empty() {
            // Replies that a script chooses by the key then differ by request.
            request.key.number = u32::from_str_radix(&hash[..8], 16).unwrap_or(0);
        }
        Ok(Self {
            model: model.to_owned(),
            request,
            hash,
            call,
            any_object,
            most,
            stop: stop(&fields)?,
            logprobs: logprobs(&fields)?,
        })
    }
}

fn untold() -> CallKey {
    CallKey {
        episode: EpisodeIx(UNTOLD),
        agent: AgentId(UNTOLD),
        round: RoundIx(UNTOLD),
        purpose: Cow::Borrowed(""),
        number: 0,
        attempt: 0,
    }
}

fn told(text: &str) -> Result<CallKey, Problem> {
    let expected = format!(
        "header {CALL_HEADER}: expected a JSON object with episode, agent, round, number and \
         attempt as whole numbers and purpose as text, got {text}"
    );
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(text) else {
        return Err(Problem::invalid(expected));
    };
    let mut key = untold();
    for (name, value) in &fields {
        if name == "purpose" {
            let Some(purpose) = value.as_str() else {
                return Err(Problem::invalid(expected));
            };
            key.purpose = Cow::Owned(purpose.to_owned());
            continue;
        }
        let Some(number) = value.as_u64().and_then(|n| u32::try_from(n).ok()) else {
            return Err(Problem::invalid(expected));
        };
        match name.as_str() {
            "episode" => key.episode = EpisodeIx(number),
            "agent" => key.agent = AgentId(number),
            "round" => key.round = RoundIx(number),
            "number" => key.number = number,
            "attempt" => key.attempt = number,
            _ => return Err(Problem::invalid(expected)),
        }
    }
    Ok(key)
}

fn messages(fields: &Map<String, Value>) -> Result<Vec<Message>, Problem> {
    let bad = |message: String| Problem::param("messages", message);
    let list = fields
        .get("messages")
        .and_then(Value::as_array)
        .filter(|list| !list.is_empty())
        .ok_or_else(|| bad("messages: expected a list that is not empty".to_owned()))?;
    list.iter()
        .enumerate()
        .map(|(index, message)| {
            let role = message
                .get("role")
                .and_then(Value::as_str)
                .ok_or_else(|| bad(format!("messages[{index}].role: expected a role as text")))?;
            if !["system", "developer", "user", "assistant", "tool"].contains(&role) {
                return Err(bad(format!(
                    "messages[{index}].role: expected system, developer, user, assistant or \
                     tool, got {role}"
                )));
            }
            let content = message
                .get("content")
                .and_then(text)
                .ok_or_else(|| bad(format!("messages[{index}].content: expected text")))?;
            Ok(Message::new(role, content))
        })
        .collect()
}

/// The text of a message: a string, or parts that are all text.
fn text(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => parts
            .iter()
            .map(|part| part.get("text").and_then(Value::as_str))
            .collect(),
        _ => None,
    }
}

/// The schema that the reply must satisfy, and whether any object will do.
fn format(fields: &Map<String, Value>) -> Result<(Option<Schema>, bool), Problem> {
    let bad = |message: &str| Problem::param("response_format", message);
    let Some(format) = fields.get("response_format").filter(|f| !f.is_null()) else {
        return Ok((None, false));
    };
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok((None, false)),
        Some("json_object") => Ok((None, true)),
        Some("json_schema") => {
            let Some(named) = format.get("json_schema") else {
                return Err(bad("response_format.json_schema: expected an object"));
            };
            if !named.get("name").is_some_and(Value::is_string) {
                return Err(bad("response_format.json_schema.name: expected text"));
            }
            match named.get("schema") {
                Some(schema @ Value::Object(_)) => Ok((Some(Schema::new(schema)), false)),
                _ => Err(bad("response_format.json_schema.schema: expected a schema")),
            }
        }
        _ => Err(bad(
            "response_format.type: expected text, json_object or json_schema",
        )),
    }
}

fn given<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn number(
    fields: &Map<String, Value>,
    name: &'static str,
    lo: f64,
    hi: f64,
) -> Result<Option<f64>, Problem> {
    let Some(value) = given(fields, name) else {
        return Ok(None);
    };
    match value.as_f64() {
        Some(number) if (lo..=hi).contains(&number) => Ok(Some(number)),
        _ => Err(Problem::param(
            name,
            format!("{name}: expected a number in {lo}..={hi}, got {value}"),
        )),
    }
}

fn whole(
    fields: &Map<String, Value>,
    name: &'static str,
    most: u64,
) -> Result<Option<u64>, Problem> {
    let Some(value) = given(fields, name) else {
        return Ok(None);
    };
    match value.as_u64() {
        Some(number) if number <= most => Ok(Some(number)),
        _ => Err(Problem::param(
            name,
            format!("{name}: expected a whole number in 0..={most}, got {value}"),
        )),
    }
}

fn seed(fields: &Map<String, Value>) -> Result<u64, Problem> {
    let Some(value) = given(fields, "seed") else {
        return Ok(0);
    };
    value
        .as_u64()
        .or_else(|| value.as_i64().map(i64::cast_unsigned))
        .ok_or_else(|| {
            let message = format!("seed: expected a whole number of 64 bits, got {value}");
            Problem::param("seed", message)
        })
}

fn stop(fields: &Map<String, Value>) -> Result<Vec<String>, Problem> {
    let bad = || Problem::param("stop", "stop: expected text, or a list of 1 to 4 texts");
    let stops: Vec<String> = match given(fields, "stop") {
        None => return Ok(Vec::new()),
        Some(Value::String(stop)) => vec![stop.clone()],
        Some(Value::Array(stops)) => stops
            .iter()
            .map(|stop| stop.as_str().map(str::to_owned).ok_or_else(bad))
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(bad()),
    };
    if stops.is_empty() || stops.len() > 4 || stops.iter().any(String::is_empty) {
        return Err(bad());
    }
    Ok(stops)
}

fn logprobs(fields: &Map<String, Value>) -> Result<Option<usize>, Problem> {
    let top = whole(fields, "top_logprobs", 20)?;
    let wanted = match given(fields, "logprobs") {
        None => false,
        Some(Value::Bool(wanted)) => *wanted,
        Some(value) => {
            let message = format!("logprobs: expected true or false, got {value}");
            return Err(Problem::param("logprobs", message));
        }
    };
    if top.is_some() && !wanted {
        let message = "top_logprobs: expected logprobs to be true with it";
        return Err(Problem::param("top_logprobs", message));
    }
    Ok(wanted.then(|| top.unwrap_or(0) as usize))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<Asked, Problem> {
        Asked::read(&HeaderMap::new(), body.to_string().as_bytes())
    }

    fn plain() -> Value {
        json!({"model": "m", "messages": [{"role": "user", "content": "hello"}]})
    }

    #[test]
    fn a_request_keeps_its_hash_across_the_wire() {
        let mut body = plain();
        body["seed"] = json!(u64::MAX);
        body["temperature"] = json!(0.3);
        body["max_tokens"] = json!(100);
        let asked = read(&body).unwrap();
        let request = ModelRequest {
            key: untold(),
            messages: vec![Message::new("user", "hello")],
            schema: None,
            temperature: 0.3,
            max_tokens: 100,
            seed: u64::MAX,
        };
        assert_eq!(asked.hash, request.hash("m"));
        body["messages"][0]["content"] = json!([{"type": "text", "text": "hello"}]);
        assert_eq!(read(&body).unwrap().hash, asked.hash);
    }

    #[test]
    fn the_header_names_the_call() {
        let mut headers = HeaderMap::new();
        let text = r#"{"episode": 4, "purpose": "vote", "attempt": 1}"#;
        headers.insert(CALL_HEADER, HeaderValue::from_static(text));
        let body = plain().to_string();
        let asked = Asked::read(&headers, body.as_bytes()).unwrap();
        let key = asked.request.key;
        assert_eq!((key.episode.0, key.attempt), (4, 1));
        assert_eq!((key.purpose.as_ref(), key.agent.0), ("vote", UNTOLD));
        for bad in ["4", "{\"round\": -1}", "{\"turn\": 1}", "{\"purpose\": 1}"] {
            headers.insert(CALL_HEADER, HeaderValue::from_static(bad));
            assert!(Asked::read(&headers, body.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn bad_fields_are_named() {
        let cases = [
            ("model", json!(1)),
            ("messages", json!([])),
            ("messages", json!([{"role": "robot", "content": "x"}])),
            ("messages", json!([{"role": "user", "content": 1}])),
            ("temperature", json!(2.5)),
            ("max_tokens", json!(0)),
            ("max_tokens", json!(-1)),
            ("seed", json!(0.5)),
            ("stop", json!([])),
            ("n", json!(2)),
            ("stream", json!(true)),
            ("logprobs", json!(5)),
            ("top_logprobs", json!(3)),
            ("response_format", json!({"type": "xml"})),
            ("response_format", json!({"type": "json_schema"})),
        ];
        for (field, value) in cases {
            let mut body = plain();
            body[field] = value;
            let problem = read(&body).unwrap_err().body_json();
            assert_eq!(problem["error"]["param"], field, "{problem}");
            let message = problem["error"]["message"].as_str().unwrap();
            assert!(message.starts_with(field), "{message}");
        }
    }
}
