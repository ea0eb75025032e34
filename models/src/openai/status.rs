//! What a reply that is no success means.

use std::time::Duration;

use serde_json::Value;

use super::fault::OpenAiFault;

/// Characters of a server's message that are kept.
const MESSAGE: usize = 400;

/// Where servers say that a prompt is too long, each in words of its own.
const TOO_LONG: [&str; 7] = [
    "context length",
    "context_length",
    "context window",
    "context size",
    "maximum context",
    "prompt is too long",
    "too many tokens",
];

/// The fault that a status and a body stand for.
pub(super) fn fault(
    status: u16,
    body: &[u8],
    retry_after: Option<Duration>,
    url: &str,
    model: &str,
) -> OpenAiFault {
    let (code, message) = said(body);
    let lower = message.to_lowercase();
    let is = |codes: &[&str]| codes.contains(&code.as_str());
    let retry_after_s = retry_after.map(|wait| wait.as_secs_f64());
    let too_long = is(&["context_length_exceeded", "exceed_context_size_error"])
        || TOO_LONG.iter().any(|words| lower.contains(words));
    let unknown_model = is(&["model_not_found"])
        || (lower.contains("model")
            && ["not found", "not exist", "unknown", "not served"]
                .iter()
                .any(|words| lower.contains(words)));
    match status {
        401 | 403 => OpenAiFault::Unauthorized { status, message },
        400 | 413 | 422 | 500 if too_long => OpenAiFault::TooLong { message },
        400 | 404 | 422 if unknown_model => OpenAiFault::UnknownModel {
            model: model.to_owned(),
            message,
        },
        404 | 405 => OpenAiFault::NotFound {
            url: url.to_owned(),
            status,
            message,
        },
        400 if is(&["content_filter", "content_policy_violation"]) => {
            OpenAiFault::Refused { message }
        }
        429 if is(&["insufficient_quota"]) => OpenAiFault::Quota { message },
        429 => OpenAiFault::RateLimited {
            message,
            retry_after_s,
        },
        501 | 505 => OpenAiFault::Rejected { status, message },
        408 | 409 | 425 | 500.. => OpenAiFault::Server {
            status,
            message,
            retry_after_s,
        },
        _ => OpenAiFault::Rejected { status, message },
    }
}

/// The code and the message of an error, wherever the server puts them.
pub(super) fn said(body: &[u8]) -> (String, String) {
    let text = |value: Option<&Value>| match value? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    };
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let error = parsed
        .as_ref()
        .map(|whole| whole.get("error").unwrap_or(whole));
    let field = |name: &str| text(error.and_then(|error| error.get(name)));
    let code = field("code").filter(|code| code.parse::<f64>().is_err());
    let code = code.or_else(|| field("type")).unwrap_or_default();
    let message = field("message")
        .or_else(|| field("detail"))
        .or_else(|| text(error.filter(|error| error.is_string())))
        .unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    (code, beginning(message.trim(), MESSAGE))
}

/// The first characters of a text, in one line.
pub(super) fn beginning(text: &str, most: usize) -> String {
    let line = |c: char| if c.is_control() { ' ' } else { c };
    match text.char_indices().nth(most) {
        Some((end, _)) => text[..end].chars().map(line).chain(['…']).collect(),
        None if text.is_empty() => "no message".to_owned(),
        None => text.chars().map(line).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> OpenAiFault {
        fault(status, body.as_bytes(), None, "http://h/v1", "m")
    }

    #[test]
    fn statuses_and_codes_are_told_apart() {
        type F = OpenAiFault;
        let error = |code: &str, message: &str| {
            serde_json::json!({"error": {"code": code, "message": message}}).to_string()
        };
        assert!(matches!(of(401, "{}"), F::Unauthorized { status: 401, .. }));
        let long = error("context_length_exceeded", "no");
        assert!(matches!(of(400, &long), F::TooLong { .. }));
        let vllm =
            r#"{"object":"error","message":"This model's maximum context length is 8","code":400}"#;
        assert!(matches!(of(400, vllm), F::TooLong { .. }));
        let llama = r#"{"error":{"code":500,"message":"the request exceeds the available context size","type":"x"}}"#;
        assert!(matches!(of(500, llama), F::TooLong { .. }));
        let unknown = error("model_not_found", "The model `m` does not exist");
        assert!(matches!(of(404, &unknown), F::UnknownModel { .. }));
        let ollama = r#"{"error":"model 'm' not found, try pulling it first"}"#;
        assert!(matches!(of(404, ollama), F::UnknownModel { .. }));
        assert!(matches!(of(404, "404 page not found"), F::NotFound { .. }));
        let quota = error("insufficient_quota", "pay");
        assert!(matches!(of(429, &quota), F::Quota { .. }));
        assert!(matches!(of(429, ""), F::RateLimited { .. }));
        assert!(matches!(of(503, "<html>"), F::Server { status: 503, .. }));
        assert!(matches!(of(302, ""), F::Rejected { status: 302, .. }));
        let filter = error("content_filter", "no");
        assert!(matches!(of(400, &filter), F::Refused { .. }));
        for retryable in [408, 409, 429, 500, 502, 503, 529] {
            assert!(of(retryable, "").is_retryable(), "{retryable}");
        }
        for lasting in [301, 400, 401, 403, 404, 413, 422, 501] {
            assert!(!of(lasting, "").is_retryable(), "{lasting}");
        }
    }

    #[test]
    fn messages_are_short_and_one_line() {
        let long = "a\nb".repeat(1000);
        let (_, message) = said(long.as_bytes());
        assert_eq!(message.chars().count(), MESSAGE + 1);
        assert!(!message.contains('\n'));
        assert_eq!(said(b"").1, "no message");
        assert_eq!(said(br#"{"detail": {"a": 1}}"#).1, r#"{"a":1}"#);
    }
}
