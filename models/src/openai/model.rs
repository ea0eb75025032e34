//! A model behind a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::traits::RequestOptionsBuilder;
use serde_json::value::RawValue;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::cache::Cache;
use super::fault::{FailedAttempt, OpenAiFailure, OpenAiFault};
use super::limits::Limits;
use super::options::{Caching, OpenAiOptions};
use super::prices::{Price, Prices};
use super::service::{Carried, Exchange, Peer};
use super::wire::{Body, Counts, Read, read};
use crate::error::ModelError;
use crate::model::{Completion, LanguageModel};
use crate::request::{ModelReply, ModelRequest, Usage};

/// Header of the name of a call.
const CALL_KEY: &str = "x-rounds-call";
/// Bytes of a prompt that are counted as a token before the server has counted.
const BYTES_OF_A_TOKEN: usize = 4;

/// A model behind a server that speaks the protocol of OpenAI.
///
/// Requests of a batch are asked side by side, within the limits of the options. A request whose
/// future is dropped is cut off on the wire too.
#[derive(Clone)]
pub struct OpenAiModel(Arc<Inner>);

struct Inner {
    options: OpenAiOptions,
    client: Client<OpenAIConfig>,
    peer: Arc<Peer>,
    limits: Limits,
    cache: Cache,
    /// What a request is hashed with for the cache: whatever decides what is answered.
    asked: String,
    price: Option<Price>,
    price_missed: AtomicBool,
}

/// An attempt without a reply.
struct Failed {
    fault: OpenAiFault,
    usage: Usage,
}

impl OpenAiModel {
    /// A model that has not asked anything yet, with key and URL from the environment where the
    /// options say so.
    ///
    /// # Errors
    /// [`OpenAiFault::NoKey`], [`OpenAiFault::BadKey`], [`OpenAiFault::BadUrl`],
    /// [`OpenAiFault::BadOption`] or [`OpenAiFault::Client`].
    pub fn new(options: OpenAiOptions, prices: &Prices) -> Result<Self, OpenAiFault> {
        let variable = |name: &str| std::env::var(name).ok();
        options.check()?;
        let url = options.url(variable)?;
        let secret = options.secret(variable)?;
        let cache = Cache::open(&options.caching).map_err(|error| OpenAiFault::BadOption {
            option: "cache",
            expected: "a file that can be read and written",
            got: match &options.caching {
                Caching::File(path) => format!("{} ({error})", path.display()),
                _ => error.to_string(),
            },
        })?;
        let client_fault = |error: reqwest::Error| OpenAiFault::Client {
            why: error.to_string(),
        };
        let trusted = certificates(&options)?;
        let peer = Arc::new(Peer {
            http: http_client(&options, &url, trusted).map_err(client_fault)?,
            url: url.clone(),
            model: options.model.clone(),
            secret: secret.clone(),
            timeout: options.timeout,
            most_bytes: options.most_bytes,
        });
        // Each part is set, so that none comes from the environment unseen.
        let config = OpenAIConfig::default()
            .with_api_base(&url)
            .with_api_key(secret.expose())
            .with_org_id("")
            .with_project_id("");
        let client = Client::build(peer.http.clone(), config);
        let client = client.with_http_service(Exchange(Arc::clone(&peer)));
        let asked = format!(
            "{url}\n{}\n{:?}\n{}\n{:?}\n{:?}\n{}\n{}\n{}",
            options.model,
            options.stop,
            options.logprobs,
            options.response_format,
            options.length_field,
            options.send_seed,
            options.send_temperature,
            serde_json::Value::Object(options.extra.clone()),
        );
        Ok(Self(Arc::new(Inner {
            limits: Limits::new(&options.limits),
            price: prices.of(&options.model),
            price_missed: AtomicBool::new(false),
            client,
            peer,
            cache,
            asked,
            options,
        })))
    }
}

/// Certificates of the file that the options name.
fn certificates(options: &OpenAiOptions) -> Result<Vec<reqwest::Certificate>, OpenAiFault> {
    let Some(path) = &options.certificates else {
        return Ok(Vec::new());
    };
    let read = std::fs::read(path).map_err(|error| error.to_string());
    let read = read.and_then(|pem| {
        let all = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| error.to_string())?;
        match all.is_empty() {
            true => Err("no certificate".to_owned()),
            false => Ok(all),
        }
    });
    read.map_err(|why| OpenAiFault::BadOption {
        option: "certificates",
        expected: "a file of certificates in PEM",
        got: format!("{} ({why})", path.display()),
    })
}

fn http_client(
    options: &OpenAiOptions,
    url: &str,
    trusted: Vec<reqwest::Certificate>,
) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder()
        .connect_timeout(options.connect_timeout)
        .pool_max_idle_per_host(options.limits.concurrency)
        // A redirect would take the key elsewhere, and a repetition would be no attempt of ours.
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never());
    // Without encryption no certificates are needed, and a machine may have none.
    let builder = match url.starts_with("http:") {
        true => builder.tls_certs_only([]),
        false => builder.tls_certs_merge(trusted),
    };
    let host = reqwest::Url::parse(url).ok();
    let host = host.as_ref().and_then(reqwest::Url::host_str).unwrap_or("");
    match host {
        "localhost" | "127.0.0.1" | "[::1]" => builder.no_proxy().build(),
        _ => builder.build(),
    }
}

impl LanguageModel for OpenAiModel {
    fn name(&self) -> &str {
        &self.0.options.model
    }

    fn is_priced(&self) -> bool {
        self.0.price.is_some()
    }

    fn complete<'a>(&'a self, requests: &'a [ModelRequest]) -> Completion<'a> {
        Box::pin(async move {
            if let [request] = requests {
                return vec![self.0.answer(request).await];
            }
            // Dropping the set ends what is in it.
            let mut open = JoinSet::new();
            for (index, request) in requests.iter().cloned().enumerate() {
                let inner = Arc::clone(&self.0);
                open.spawn(async move { (index, inner.answer(&request).await) });
            }
            let reason = "a request ended without an outcome".to_owned();
            let mut results = vec![Err(ModelError::Closed { reason }); requests.len()];
            while let Some(joined) = open.join_next().await {
                match joined {
                    Ok((index, result)) => results[index] = result,
                    Err(error) => tracing::error!(%error, "a request was lost"),
                }
            }
            results
        })
    }
}

impl Inner {
    /// Asks until there is a reply, a fault that lasts, or no attempt left.
    async fn answer(&self, request: &ModelRequest) -> Result<ModelReply, ModelError> {
        let hash = self.cache.is_on().then(|| request.hash(&self.asked));
        if let Some(reply) = hash.as_ref().and_then(|hash| self.cache.get(hash)) {
            return Ok(reply);
        }
        let mut earlier = Vec::new();
        loop {
            let number = earlier.len() as u32;
            let (outcome, latency_ms) = self.attempt(request).await;
            let Failed { fault, usage } = match outcome {
                Ok(reply) => {
                    if let Some(hash) = hash {
                        self.cache.put(hash, &reply);
                    }
                    return Ok(ModelReply { earlier, ..reply });
                }
                Err(failed) => failed,
            };
            let again = fault.is_retryable() && number + 1 < self.options.attempts;
            let pause = self.options.backoff.pause(request, number, &fault);
            let Some(pause) = pause.filter(|_| again) else {
                return Err(ModelError::OpenAi(Box::new(OpenAiFailure {
                    fault,
                    usage,
                    earlier,
                })));
            };
            tracing::debug!(key = %request.key, %fault, ?pause, "asking again");
            earlier.push(FailedAttempt {
                fault,
                usage,
                latency_ms,
            });
            sleep(pause).await;
        }
    }

    /// One attempt within the limits, and its wall time in milliseconds without the wait.
    async fn attempt(&self, request: &ModelRequest) -> (Result<ModelReply, Failed>, f64) {
        let prompt: usize = request.messages.iter().map(|m| m.content.len()).sum();
        let prompt = (prompt / BYTES_OF_A_TOKEN) as f64;
        let told = prompt + f64::from(request.max_tokens);
        let permit = self.limits.admit(told).await;
        let began = Instant::now();
        let sent = self.send(request).await;
        let latency_ms = began.elapsed().as_secs_f64() * 1e3;
        let counts = sent.as_ref().ok().and_then(|read| read.counts);
        let used = match (&sent, counts) {
            (_, Some(counts)) => (counts.prompt_tokens + counts.completion_tokens) as f64,
            (Ok(_), None) => told,
            (Err(_), None) => prompt,
        };
        self.limits.settle(told, used);
        let outcome = sent
            .map_err(|fault| Failed {
                fault,
                usage: Usage::default(),
            })
            .and_then(|read| self.reply(read));
        if let Err(failed) = &outcome
            && let Some(asked) = failed.fault.retry_after_s()
            && let Ok(asked) = std::time::Duration::try_from_secs_f64(asked)
        {
            // Longer than this nobody waits: each request that comes then finds out by itself.
            self.limits.hold(asked.min(self.options.backoff.patience));
        }
        drop(permit);
        (outcome, latency_ms)
    }

    async fn send(&self, request: &ModelRequest) -> Result<Read, OpenAiFault> {
        let body = Body::new(&self.options, request);
        let mut chat = self.client.chat();
        if self.options.send_call_key {
            let key = serde_json::to_string(&request.key).unwrap_or_default();
            chat = chat
                .header(CALL_KEY, key)
                .map_err(|error| self.peer.client_fault(&error))?;
        }
        let reply: Result<Box<RawValue>, OpenAIError> = chat.create_byot(&body).await;
        match reply {
            Ok(reply) => Ok(read(reply.get().as_bytes(), request)),
            Err(OpenAIError::Boxed(error)) => Err(match error.downcast::<Carried>() {
                Ok(carried) => carried.0,
                Err(error) => self.peer.client_fault(&OpenAIError::Boxed(error)),
            }),
            Err(error) => Err(self.peer.client_fault(&error)),
        }
    }

    fn reply(&self, read: Read) -> Result<ModelReply, Failed> {
        let usage = match &read.counts {
            Some(counts) => self.usage(counts),
            None if read.text.is_err() => Usage::default(),
            None => Usage {
                cost_usd: None,
                ..Usage::default()
            },
        };
        match read.text {
            Ok(text) => Ok(ModelReply {
                text,
                usage,
                logprobs: read.logprobs,
                ..ModelReply::default()
            }),
            Err(fault) => Err(Failed { fault, usage }),
        }
    }

    fn usage(&self, counts: &Counts) -> Usage {
        if self.price.is_none() && !self.price_missed.swap(true, Ordering::Relaxed) {
            tracing::info!(
                model = self.options.model,
                "the model has no known price: the cost of its calls is null"
            );
        }
        Usage {
            prompt_tokens: counts.prompt_tokens,
            completion_tokens: counts.completion_tokens,
            cost_usd: self.price.map(|price| price.of(counts)),
            cache_hit: false,
        }
    }
}
