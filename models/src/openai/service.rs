//! One HTTP exchange below the client: sent once, read whole, within its time and size.

use std::borrow::Cow;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Response};
use tokio::time::{Instant, timeout_at};

use super::fault::{Came, OpenAiFault};
use super::limits::LONGEST;
use super::retry_after::retry_after;
use super::secret::Secret;
use super::status;

/// What the exchanges with a server have in common.
pub(super) struct Peer {
    pub(super) http: Client,
    pub(super) url: String,
    pub(super) model: String,
    pub(super) secret: Secret,
    pub(super) timeout: Duration,
    pub(super) most_bytes: usize,
}

/// A fault on its way through the client.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Carried(pub(super) OpenAiFault);

/// The service that the client sends its requests through. It repeats nothing, and it hands on
/// successes alone: the client writes the bodies of other replies to the log.
#[derive(Clone)]
pub(super) struct Exchange(pub(super) Arc<Peer>);

type Exchanged = Pin<Box<dyn Future<Output = Result<Response, OpenAIError>> + Send>>;

impl tower::Service<HttpRequestFactory> for Exchange {
    type Response = Response;
    type Error = OpenAIError;
    type Future = Exchanged;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequestFactory) -> Exchanged {
        let peer = Arc::clone(&self.0);
        Box::pin(async move {
            let body = peer.exchange(request).await;
            body.map(|body| Response::from(http::Response::new(body)))
                .map_err(|fault| OpenAIError::Boxed(Box::new(Carried(fault))))
        })
    }
}

impl Peer {
    async fn exchange(&self, request: HttpRequestFactory) -> Result<Vec<u8>, OpenAiFault> {
        let mut request = request
            .build()
            .await
            .map_err(|error| self.client_fault(&error))?;
        let headers = request.headers_mut();
        match headers.get_mut(AUTHORIZATION) {
            _ if self.secret.expose().is_empty() => drop(headers.remove(AUTHORIZATION)),
            Some(key) => key.set_sensitive(true),
            None => {}
        }
        let until = Instant::now() + self.timeout.min(LONGEST);
        let late = |came| OpenAiFault::Late {
            after_s: self.timeout.as_secs_f64(),
            came,
        };
        let response = timeout_at(until, self.http.execute(request)).await;
        let mut response = response
            .map_err(|_| late(Came::Nothing))?
            .map_err(|error| self.fault(error))?;
        let mut body = Vec::new();
        loop {
            let chunk = timeout_at(until, response.chunk()).await;
            let chunk = chunk.map_err(|_| late(Came::Body(body.len())))?;
            let Some(chunk) = chunk.map_err(|error| self.fault(error))? else {
                break;
            };
            if body.len() + chunk.len() > self.most_bytes {
                let most = self.most_bytes;
                return Err(OpenAiFault::Endless { most });
            }
            body.extend_from_slice(&chunk);
        }
        // Before anything is cut off, so that no part of the key is left.
        let scrubbed = match self.secret.scrub(String::from_utf8_lossy(&body)) {
            Cow::Owned(text) => Some(text),
            Cow::Borrowed(_) => None,
        };
        if let Some(text) = scrubbed {
            body = text.into_bytes();
        }
        if response.status().is_success() {
            return check_json(body);
        }
        let wait = retry_after(response.headers());
        let status = response.status().as_u16();
        Err(status::fault(status, &body, wait, &self.url, &self.model))
    }

    /// The fault behind an error of the HTTP library.
    fn fault(&self, error: reqwest::Error) -> OpenAiFault {
        let error = error.without_url();
        let why = self.secret.scrub(chain(&error)).into_owned();
        let url = self.url.clone();
        if why.contains("certificate") || why.contains("UnknownIssuer") {
            return OpenAiFault::Certificate { url, why };
        }
        if error.is_connect() || error.is_timeout() {
            return OpenAiFault::Unreachable { url, why };
        }
        OpenAiFault::Dropped { why }
    }

    /// The fault behind an error of the client.
    pub(super) fn client_fault(&self, error: &OpenAIError) -> OpenAiFault {
        OpenAiFault::Client {
            why: self.secret.scrub(chain(error)).into_owned(),
        }
    }
}

/// A body that is whole JSON; the client would write any other one to the log.
fn check_json(body: Vec<u8>) -> Result<Vec<u8>, OpenAiFault> {
    match serde_json::from_slice::<serde::de::IgnoredAny>(&body) {
        Ok(_) => Ok(body),
        Err(error) => Err(OpenAiFault::NotJson {
            why: error.to_string(),
            beginning: status::beginning(&String::from_utf8_lossy(&body), 80),
        }),
    }
}

/// The words of an error and of what is behind it.
fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let said = error.to_string();
        if !words.contains(&said) {
            words.push_str(": ");
            words.push_str(&said);
        }
        next = error.source();
    }
    words
}
