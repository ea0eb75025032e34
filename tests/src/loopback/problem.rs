//! Replies that are errors, in the protocol's words.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// An error reply.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<&'static str>,
    message: String,
    retry_after: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, message: String) -> Self {
        Self {
            status,
            kind,
            code: None,
            param: None,
            message,
            retry_after: None,
        }
    }

    /// The request is not one that can be served.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_request_error",
            message.into(),
        )
    }

    /// The value of `param` is not one that can be served.
    pub(super) fn param(param: &'static str, message: impl Into<String>) -> Self {
        Self {
            param: Some(param),
            ..Self::invalid(message)
        }
    }

    /// The body is larger than the server reads, or broke off.
    pub(super) fn body(status: StatusCode, message: String) -> Self {
        Self::new(status, "invalid_request_error", message)
    }

    /// No such page.
    pub(super) fn no_page(method: &str, path: &str) -> Self {
        let message = format!("Invalid URL ({method} {path})");
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", message)
    }

    /// The page is asked with another method than it takes.
    pub(super) fn no_method(method: &str, path: &str) -> Self {
        let message = format!("Not allowed to {method} on {path}");
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "invalid_request_error",
            message,
        )
    }

    /// No such model.
    pub(super) fn no_model(name: &str, known: &[String]) -> Self {
        let known = known.join(", ");
        let message = format!("The model '{name}' does not exist; this server has: {known}");
        Self {
            status: StatusCode::NOT_FOUND,
            code: Some("model_not_found"),
            ..Self::param("model", message)
        }
    }

    /// The key is missing or wrong.
    pub(super) fn key(given: bool) -> Self {
        let message = if given {
            "Incorrect API key provided."
        } else {
            "You didn't provide an API key: expected the header Authorization: Bearer KEY."
        };
        Self {
            status: StatusCode::UNAUTHORIZED,
            code: Some("invalid_api_key"),
            ..Self::invalid(message)
        }
    }

    /// The prompt and the reply do not fit into the context.
    pub(super) fn context(most: u64, prompt: u64, reply: u64) -> Self {
        let message = format!(
            "This model's maximum context length is {most} tokens. However, you requested {} \
             tokens ({prompt} in the messages, {reply} in the completion).",
            prompt.saturating_add(reply)
        );
        Self {
            code: Some("context_length_exceeded"),
            ..Self::param("messages", message)
        }
    }

    /// Too many requests; `wait` is the value of Retry-After.
    pub(super) fn rate(wait: &str) -> Self {
        let message = format!("Rate limit reached for requests. Retry-After: {wait}");
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "requests", message);
        problem.code = Some("rate_limit_exceeded");
        problem.retry_after = Some(wait.to_owned());
        problem
    }

    /// The server fails: 500.
    pub(super) fn server() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "The server had an error while processing your request.".to_owned(),
        )
    }

    /// The server is overloaded: 503.
    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "server_error",
            message.into(),
        )
    }

    /// The body of the reply.
    pub(super) fn body_json(&self) -> Value {
        json!({"error": {
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        }})
    }

    /// The reply.
    pub(super) fn response(&self) -> Response<Body> {
        let mut response = json_response(self.status, &self.body_json());
        let wait = self.retry_after.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(wait)) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        response
    }
}

/// A reply with a JSON body.
pub(super) fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
