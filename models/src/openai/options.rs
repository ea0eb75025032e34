//! Which server and model, and how they are asked.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use serde_json::{Map, Value};

use super::attempt::Backoff;
use super::fault::OpenAiFault;
use super::limits::RateLimits;
use super::secret::Secret;
use super::wire::OWN_FIELDS;
use crate::server::ServerOptions;

/// Where OpenAI itself is asked.
pub const OPENAI_URL: &str = "https://api.openai.com/v1";
/// The environment variable of the key, unless another one is named.
pub const OPENAI_KEY_VARIABLE: &str = "OPENAI_API_KEY";
/// The environment variable of the base URL, where the options name none.
pub const OPENAI_URL_VARIABLE: &str = "OPENAI_BASE_URL";

/// Where the key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// The key itself.
    Given(Secret),
    /// An environment variable that holds it.
    Variable(String),
    /// The server asks for none.
    None,
}

/// How a server is told that a reply must be JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseFormat {
    /// By the schema of the request.
    JsonSchema {
        /// Whether the server must hold to the schema. OpenAI then takes a part of JSON schema
        /// only and rejects other ones.
        strict: bool,
    },
    /// As any JSON object.
    JsonObject,
    /// Not at all: the prompt has to say so.
    None,
}

/// The field that bounds the length of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthField {
    /// `max_tokens`, which most servers know.
    MaxTokens,
    /// `max_completion_tokens`, as newer models of OpenAI want it.
    MaxCompletionTokens,
}

/// Where replies are kept to answer equal requests without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caching {
    /// Nowhere.
    Off,
    /// In memory, as long as the model lives.
    Memory,
    /// In a file of JSON lines that is made when missing.
    File(PathBuf),
}

/// A model behind a server that speaks the protocol of OpenAI.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenAiOptions {
    /// Name of the model, as the server knows it.
    pub model: String,
    /// `http://HOST[:PORT]/PATH`, to which `/chat/completions` is added; without one,
    /// [`OPENAI_URL_VARIABLE`], then [`OPENAI_URL`].
    pub base_url: Option<String>,
    /// The key.
    pub key: Key,
    /// Texts that end a reply.
    pub stop: Vec<String>,
    /// Whether to ask for the log-probabilities of the reply's tokens.
    pub logprobs: bool,
    /// How JSON is asked for, in requests that have a schema.
    pub response_format: ResponseFormat,
    /// How the length is bounded.
    pub length_field: LengthField,
    /// Whether the server takes a seed. It is sent as its lowest 31 bits.
    pub send_seed: bool,
    /// Whether the server takes a temperature.
    pub send_temperature: bool,
    /// Further fields of each request, such as `top_k` or `chat_template_kwargs`.
    pub extra: Map<String, Value>,
    /// Most attempts of a request, at least 1.
    pub attempts: u32,
    /// Pauses between attempts.
    pub backoff: Backoff,
    /// Time that one attempt may take, from the connection to the last byte.
    pub timeout: Duration,
    /// Time that a connection may take.
    pub connect_timeout: Duration,
    /// Most bytes of a reply.
    pub most_bytes: usize,
    /// How much is asked at once and a minute.
    pub limits: RateLimits,
    /// Whether and where replies are kept.
    pub caching: Caching,
    /// A file of certificates in PEM that are trusted beside those of the system.
    pub certificates: Option<PathBuf>,
    /// Whether each request bears its [`CallKey`](crate::CallKey) as JSON in the header
    /// `x-rounds-call`, for servers that answer by it.
    pub send_call_key: bool,
}

impl OpenAiOptions {
    /// A model by its name, with the defaults for everything else.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            base_url: None,
            key: Key::Variable(OPENAI_KEY_VARIABLE.to_owned()),
            stop: Vec::new(),
            logprobs: false,
            response_format: ResponseFormat::JsonSchema { strict: false },
            length_field: LengthField::MaxTokens,
            send_seed: true,
            send_temperature: true,
            extra: Map::new(),
            attempts: 5,
            backoff: Backoff::default(),
            timeout: Duration::from_secs(120),
            connect_timeout: Duration::from_secs(10),
            most_bytes: 1 << 24,
            limits: RateLimits::default(),
            caching: Caching::Off,
            certificates: None,
            send_call_key: false,
        }
    }

    /// Sizes of a server that keeps all open places busy while some requests pause between
    /// attempts; a request is answered as soon as its own reply is there.
    pub fn server(&self) -> ServerOptions {
        let open = self.limits.concurrency.max(1);
        ServerOptions {
            queue: open.saturating_mul(16).max(1024),
            in_flight: open.saturating_mul(2),
            max_batch: 1,
        }
    }

    /// The first option that is out of its range.
    pub(super) fn check(&self) -> Result<(), OpenAiFault> {
        let bad = |option, expected, got: String| {
            Err(OpenAiFault::BadOption {
                option,
                expected,
                got,
            })
        };
        if self.model.trim().is_empty() {
            return bad("model", "a name", format!("{:?}", self.model));
        }
        if self.attempts == 0 {
            return bad("attempts", "at least 1", "0".to_owned());
        }
        if self.limits.concurrency == 0 {
            return bad("concurrency", "at least 1", "0".to_owned());
        }
        let rates = [
            ("requests_per_minute", self.limits.requests_per_minute),
            ("tokens_per_minute", self.limits.tokens_per_minute),
        ];
        for (option, rate) in rates {
            if let Some(rate) = rate.filter(|rate| !rate.is_finite() || *rate <= 0.0) {
                return bad(option, "a number above 0", rate.to_string());
            }
        }
        let burst = self.limits.burst_s;
        if !burst.is_finite() || burst < 0.0 {
            return bad("burst_s", "a number of at least 0", burst.to_string());
        }
        for (option, time) in [
            ("timeout", self.timeout),
            ("connect_timeout", self.connect_timeout),
        ] {
            if time.is_zero() {
                return bad(option, "a time above 0", "0 s".to_owned());
            }
        }
        if let Some(own) = self
            .extra
            .keys()
            .find(|name| OWN_FIELDS.contains(&name.as_str()))
        {
            let expected = "fields that are not set by other options";
            return bad("extra", expected, format!("{own:?}"));
        }
        Ok(())
    }

    /// The base URL without a slash at its end.
    pub(super) fn url(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<String, OpenAiFault> {
        let given = self
            .base_url
            .clone()
            .or_else(|| variable(OPENAI_URL_VARIABLE).filter(|url| !url.is_empty()))
            .unwrap_or_else(|| OPENAI_URL.to_owned());
        let bad = |url: &str, why: &str| {
            Err(OpenAiFault::BadUrl {
                url: url.to_owned(),
                why: why.to_owned(),
            })
        };
        if given.contains('@') {
            return bad("***", "a user name or a password in it");
        }
        match Url::parse(&given) {
            Err(error) => bad(&given, &error.to_string()),
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                bad(&given, &format!("the scheme {:?}", url.scheme()))
            }
            // Some servers take keys there.
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                bad("***", "a query or a fragment in it")
            }
            Ok(url) => Ok(url.as_str().trim_end_matches('/').to_owned()),
        }
    }

    /// The key; an empty one where the server asks for none.
    pub(super) fn secret(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Secret, OpenAiFault> {
        let secret = match &self.key {
            Key::None => return Ok(Secret::new("")),
            Key::Given(secret) => secret.clone(),
            Key::Variable(name) => {
                let found = variable(name).map(|key| key.trim().to_owned());
                let found = found.filter(|key| !key.is_empty());
                Secret::new(found.ok_or_else(|| OpenAiFault::NoKey {
                    variable: name.clone(),
                })?)
            }
        };
        let visible = |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic());
        if visible(secret.expose()) {
            Ok(secret)
        } else {
            Err(OpenAiFault::BadKey)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(given: Option<&str>, variable: Option<&str>) -> Result<String, OpenAiFault> {
        let mut options = OpenAiOptions::new("m");
        options.base_url = given.map(str::to_owned);
        options.url(|name| {
            variable
                .filter(|_| name == OPENAI_URL_VARIABLE)
                .map(str::to_owned)
        })
    }

    #[test]
    fn the_url_comes_from_the_options_then_the_environment() {
        let local = "http://127.0.0.1:8080/v1";
        assert_eq!(url(None, None).unwrap(), OPENAI_URL);
        assert_eq!(url(None, Some("")).unwrap(), OPENAI_URL);
        assert_eq!(url(None, Some(local)).unwrap(), local);
        assert_eq!(
            url(Some("http://h/v1/"), Some(local)).unwrap(),
            "http://h/v1"
        );
        for wrong in ["", "h/v1", "ftp://h/v1", "http://", "localhost:80"] {
            let error = url(Some(wrong), None).unwrap_err();
            assert!(matches!(error, OpenAiFault::BadUrl { .. }), "{wrong}");
        }
        for leaky in ["http://me:secret@h/v1", "https://h/v1?key=secret"] {
            let error = url(Some(leaky), None).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_key_comes_from_the_options_or_a_variable() {
        let mut options = OpenAiOptions::new("m");
        let set = |name: &str| (name == "MY_KEY").then(|| " sk-12345678\n".to_owned());
        let error = options.secret(set).unwrap_err();
        assert!(error.to_string().contains("OPENAI_API_KEY is not set"));
        options.key = Key::Variable("MY_KEY".to_owned());
        assert_eq!(options.secret(set).unwrap().expose(), "sk-12345678");
        options.key = Key::Given(Secret::new("two\nlines-12345678"));
        let error = options.secret(set).unwrap_err();
        assert_eq!(error, OpenAiFault::BadKey);
        assert!(!format!("{error} {options:?}").contains("12345678"));
        options.key = Key::None;
        assert_eq!(options.secret(set).unwrap().expose(), "");
    }

    #[test]
    fn options_out_of_range_are_named() {
        let named = |change: fn(&mut OpenAiOptions)| {
            let mut options = OpenAiOptions::new("m");
            assert_eq!(options.check(), Ok(()));
            change(&mut options);
            match options.check() {
                Err(OpenAiFault::BadOption { option, .. }) => option,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(named(|o| o.model = " ".to_owned()), "model");
        assert_eq!(named(|o| o.attempts = 0), "attempts");
        assert_eq!(named(|o| o.limits.concurrency = 0), "concurrency");
        let rate = named(|o| o.limits.tokens_per_minute = Some(0.0));
        assert_eq!(rate, "tokens_per_minute");
        assert_eq!(named(|o| o.limits.burst_s = f64::NAN), "burst_s");
        assert_eq!(named(|o| o.timeout = Duration::ZERO), "timeout");
        let extra = named(|o| drop(o.extra.insert("seed".to_owned(), Value::Null)));
        assert_eq!(extra, "extra");
    }
}
