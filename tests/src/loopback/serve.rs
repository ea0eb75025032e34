//! The pages of the server.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use futures_util::stream;
use rounds_models::Delay;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::time::Instant;

use super::asked::Asked;
use super::connection::Line;
use super::faults::Fault;
use super::journal::{Journal, Seen, Visit};
use super::problem::{Problem, json_response};
use super::reply::Speaker;
use super::settings::{Settings, SettingsError};

/// Largest body of a request.
const LARGEST: usize = 64 << 20;
/// Pieces of a slow body.
const PIECES: usize = 8;
/// Rest before a connection is cut in its middle, so that the first half is on its way.
const MIDDLE: Duration = Duration::from_millis(20);

/// What a timer of whole milliseconds is late on average: without it, a latency would be longer.
const LATE: Duration = Duration::from_millis(1);

/// What every request needs.
#[derive(Debug)]
pub(super) struct Shared {
    settings: Settings,
    speaker: Speaker,
    latency: Delay,
    gather: Option<Barrier>,
    pub(super) journal: Arc<Journal>,
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.validate()?;
        let scripted = settings.script.as_ref().map(|script| {
            let [lo_ms, hi_ms] = script.delay_ms;
            Delay { lo_ms, hi_ms }
        });
        Ok(Self {
            speaker: Speaker::new(settings.seed, settings.script.clone())?,
            latency: settings.latency.or(scripted).unwrap_or_default(),
            gather: (settings.gather > 1).then(|| Barrier::new(settings.gather)),
            journal: Arc::new(Journal::new(settings.keep)),
            settings,
        })
    }

    fn allowed(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(key) = &self.settings.key else {
            return Ok(());
        };
        let given = headers.get(header::AUTHORIZATION);
        let bearer = given
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        if bearer == Some(key.as_str()) {
            return Ok(());
        }
        Err(Problem::key(given.is_some()))
    }

    fn has_model(&self, name: &str) -> Result<(), Problem> {
        let models = &self.settings.models;
        if models.iter().any(|known| known == name) {
            return Ok(());
        }
        Err(Problem::no_model(name, models))
    }

    fn read(
        &self,
        headers: &HeaderMap,
        body: Result<Bytes, BytesRejection>,
    ) -> Result<(Asked, Bytes), Problem> {
        self.allowed(headers)?;
        let body = body.map_err(|error| Problem::body(error.status(), error.body_text()))?;
        let asked = Asked::read(headers, &body)?;
        self.has_model(&asked.model)?;
        let (most, prompt) = (self.settings.max_context, asked.request.prompt_words());
        let reply = asked.most.unwrap_or(0);
        if prompt.saturating_add(reply) > most {
            return Err(Problem::context(most, prompt, reply));
        }
        Ok((asked, body))
    }

    async fn answer(
        &self,
        (asked, body): (Asked, Bytes),
        arrived: Instant,
        mut visit: Visit,
        line: &Line,
    ) -> Response<Body> {
        let name = format!("{} {}", asked.hash, asked.call);
        let attempt = visit.attempt(&name);
        let settings = &self.settings;
        let fault = settings.faults.choose(settings.seed, &name, attempt);
        visit.keep(Seen {
            request_hash: asked.hash.clone(),
            call: asked.call.clone(),
            attempt,
            fault,
            status: None,
            body: String::from_utf8_lossy(&body).into_owned(),
        });
        // Made before the wait, so that the processor adds little to the latency.
        let reply = match fault.and_then(|fault| self.refused(fault)) {
            Some(problem) => Err(problem),
            None => self.speaker.completion(&asked, fault),
        };
        if let Some(gather) = &self.gather {
            gather.wait().await;
        }
        let latency = self.latency.of(&asked.request).saturating_sub(LATE);
        if !latency.is_zero() {
            tokio::time::sleep_until(arrived + latency).await;
        }
        if fault == Some(Fault::DropBefore) {
            line.cut();
            return Response::new(Body::empty());
        }
        match reply {
            Err(problem) => {
                visit.reply(problem.status.as_u16(), [0, 0]);
                problem.response()
            }
            Ok(reply) => {
                let tokens = |name: &str| reply["usage"][name].as_u64().unwrap_or(0);
                visit.reply(200, [tokens("prompt_tokens"), tokens("completion_tokens")]);
                self.sent(&reply, fault, line)
            }
        }
    }

    /// The error that a fault is, if it is one.
    fn refused(&self, fault: Fault) -> Option<Problem> {
        let wait_s = self.settings.retry_after_s;
        match fault {
            Fault::TooManyRequests => Some(Problem::rate(&wait_s.to_string())),
            Fault::TooManyRequestsDate => Some(Problem::rate(&date_in(wait_s))),
            Fault::ServerError => Some(Problem::server()),
            Fault::Unavailable => Some(Problem::unavailable("The engine is overloaded.")),
            _ => None,
        }
    }

    fn sent(&self, reply: &Value, fault: Option<Fault>, line: &Line) -> Response<Body> {
        let (count, rest, cut) = match fault {
            Some(Fault::SlowBody) => {
                let rest = Duration::from_millis(self.settings.slow_body_ms);
                (PIECES, rest / PIECES as u32, None)
            }
            Some(Fault::DropMiddle) => (2, MIDDLE, Some(line.clone())),
            _ => return json_response(StatusCode::OK, reply),
        };
        let text = reply.to_string();
        let mut response = json_response(StatusCode::OK, &Value::Null);
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
        *response.body_mut() = in_pieces(text, count, rest, cut);
        response
    }
}

/// A body in `count` pieces with a rest after each; with `cut`, it ends after the first piece.
fn in_pieces(text: String, count: usize, rest: Duration, cut: Option<Line>) -> Body {
    let size = text.len().div_ceil(count).max(1);
    let pieces: VecDeque<Bytes> = text
        .as_bytes()
        .chunks(size)
        .map(Bytes::copy_from_slice)
        .collect();
    let first = true;
    Body::from_stream(stream::unfold(
        (pieces, cut, first),
        move |(mut pieces, cut, first)| async move {
            if !first {
                tokio::time::sleep(rest).await;
                if let Some(line) = &cut {
                    line.cut();
                    let error = io::Error::from(io::ErrorKind::ConnectionReset);
                    return Some((Err(error), (VecDeque::new(), cut, false)));
                }
            }
            let piece = pieces.pop_front()?;
            Some((Ok(piece), (pieces, cut, false)))
        },
    ))
}

/// The HTTP date `wait_s` seconds from now, to the next whole second.
#[expect(
    clippy::disallowed_methods,
    reason = "a date to retry after is wall time by its meaning"
)]
fn date_in(wait_s: u32) -> String {
    let wait = Duration::from_secs(u64::from(wait_s)) + Duration::from_millis(999);
    httpdate::fmt_http_date(SystemTime::now() + wait)
}

/// All pages.
pub(super) fn pages(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/models", get(models))
        .route("/v1/models/{*name}", get(model))
        .route("/loopback/counts", get(counts))
        .route("/loopback/reset", post(reset))
        .fallback(no_page)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(shared)
}

async fn chat(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    let arrived = Instant::now();
    let visit = shared.journal.arrive();
    match shared.read(&headers, body) {
        Ok(asked) => shared.answer(asked, arrived, visit, &line).await,
        Err(problem) => {
            visit.reply(problem.status.as_u16(), [0, 0]);
            problem.response()
        }
    }
}

fn model_json(name: &str) -> Value {
    json!({"id": name, "object": "model", "created": 0, "owned_by": "loopback"})
}

fn or_problem(result: Result<Value, Problem>) -> Response<Body> {
    match result {
        Ok(value) => json_response(StatusCode::OK, &value),
        Err(problem) => problem.response(),
    }
}

async fn models(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response<Body> {
    or_problem(shared.allowed(&headers).map(|()| {
        let names = shared.settings.models.iter();
        let data: Vec<Value> = names.map(|name| model_json(name)).collect();
        json!({ "object": "list", "data": data })
    }))
}

async fn model(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    or_problem(
        shared
            .allowed(&headers)
            .and_then(|()| shared.has_model(&name))
            .map(|()| model_json(&name)),
    )
}

async fn counts(State(shared): State<Arc<Shared>>) -> Response<Body> {
    json_response(StatusCode::OK, &shared.journal.counts().to_json())
}

async fn reset(State(shared): State<Arc<Shared>>) -> Response<Body> {
    shared.journal.reset();
    StatusCode::NO_CONTENT.into_response()
}

async fn no_page(method: Method, uri: Uri) -> Response<Body> {
    Problem::no_page(method.as_str(), uri.path()).response()
}

async fn no_method(method: Method, uri: Uri) -> Response<Body> {
    Problem::no_method(method.as_str(), uri.path()).response()
}
