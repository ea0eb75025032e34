//! A model behind a server that speaks the protocol of OpenAI.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    diagnostics::{Problem, ProblemKind},
    document::{Data, Entry},
    paths::PathKind,
    reader::TableReader,
    source::{Origin, Source},
    values::{Fault, NOT_NEGATIVE, POSITIVE, Range, choice},
};

/// Most attempts of one request.
const MOST_ATTEMPTS: u32 = 100;
/// Most requests that are open at one time.
const MOST_OPEN: u32 = 1 << 16;
/// Above zero and within a day.
const SECONDS: Range = Range {
    allows: |x| x > 0.0 && x <= 86_400.0,
    words: "a number of seconds above 0 and at most 86400",
};
/// Keys by which people try to write a key into a file.
const SECRETS: [&str; 4] = ["key", "api_key", "token", "secret"];

choice! {
    /// How JSON is asked for.
    pub enum ResponseFormat {
        /// By a schema.
        JsonSchema = "json-schema",
        /// By a schema that the server must hold to.
        StrictJsonSchema = "strict-json-schema",
        /// As any JSON object.
        JsonObject = "json-object",
        /// In the prompt alone.
        None = "none",
    }
}

choice! {
    /// The field that bounds the length of a reply.
    pub enum LengthField {
        /// `max_tokens`.
        MaxTokens = "max_tokens",
        /// `max_completion_tokens`.
        MaxCompletionTokens = "max_completion_tokens",
    }
}

/// A model behind a server that speaks the protocol of OpenAI.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpenAiSpec {
    /// Its name, as the server knows it.
    pub model: String,
    /// `http://HOST[:PORT]/PATH`; by default the variable `OPENAI_BASE_URL`, then OpenAI itself.
    pub base_url: Option<String>,
    /// Environment variable that holds the key. By default `OPENAI_API_KEY` where no `base_url`
    /// is given, and none where one is, so that a key never goes to another server unasked.
    pub key_env: Option<String>,
    /// A file that holds the key alone.
    pub key_file: Option<PathBuf>,
    /// Texts that end a reply.
    pub stop: Vec<String>,
    /// Whether the log-probabilities of the reply's tokens are asked for.
    pub logprobs: bool,
    /// How JSON is asked for.
    pub response_format: ResponseFormat,
    /// The field that bounds the length of a reply.
    pub length_field: LengthField,
    /// Whether a seed is sent.
    pub send_seed: bool,
    /// Whether a temperature is sent.
    pub send_temperature: bool,
    /// Whether the name of the call is sent in the header `x-rounds-call`.
    pub send_call_key: bool,
    /// Further fields of each request.
    pub extra: Map<String, Value>,
    /// Most attempts of a request, at least 1.
    pub attempts: u32,
    /// Seconds that one attempt may take.
    pub timeout_s: f64,
    /// Seconds that a connection may take.
    pub connect_timeout_s: f64,
    /// Seconds before the second attempt; doubled for each further one.
    pub first_pause_s: f64,
    /// Longest pause between attempts, in seconds.
    pub longest_pause_s: f64,
    /// Longest pause, in seconds, that a server may ask for.
    pub patience_s: f64,
    /// Requests that are open at one time, at least 1.
    pub concurrency: u32,
    /// Most requests a minute.
    pub requests_per_minute: Option<f64>,
    /// Most tokens a minute.
    pub tokens_per_minute: Option<f64>,
    /// Whether equal requests are asked once in a run.
    pub cache: bool,
    /// A file in which replies are kept for later runs.
    pub cache_file: Option<PathBuf>,
    /// A file of prices that adds to the built-in ones.
    pub prices: Option<PathBuf>,
    /// A file of certificates that are trusted beside those of the system.
    pub certificates: Option<PathBuf>,
}

impl OpenAiSpec {
    /// The model of this name with the defaults.
    pub fn new(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            base_url: None,
            key_env: None,
            key_file: None,
            stop: Vec::new(),
            logprobs: false,
            response_format: ResponseFormat::JsonSchema,
            length_field: LengthField::MaxTokens,
            send_seed: true,
            send_temperature: true,
            send_call_key: false,
            extra: Map::new(),
            attempts: 5,
            timeout_s: 120.0,
            connect_timeout_s: 10.0,
            first_pause_s: 0.5,
            longest_pause_s: 30.0,
            patience_s: 120.0,
            concurrency: 16,
            requests_per_minute: None,
            tokens_per_minute: None,
            cache: false,
            cache_file: None,
            prices: None,
            certificates: None,
        }
    }
}

/// Reads the keys of a model behind a server beside `kind`.
pub(super) fn read_openai(table: &mut TableReader<'_>) -> Option<OpenAiSpec> {
    refuse_secrets(table);
    if table.entry("model").is_none() {
        table.missing("model", "model = \"NAME\"");
    }
    let model = table.string("model");
    let spec = OpenAiSpec::new("");
    let one_key = table.entry("key_env").is_some();
    if let (true, Some(entry)) = (one_key, table.entry("key_file")) {
        table.note(
            Problem::at(
                &entry.key,
                ProblemKind::Conflict,
                format!("`{}` is beside `key_env`", table.name("key_file")),
                "a second source of the key",
            )
            .help("keep one of `key_env` and `key_file`"),
        );
    }
    Some(OpenAiSpec {
        base_url: table.string("base_url"),
        key_env: table.string("key_env"),
        key_file: table.path("key_file", PathKind::File),
        stop: table.strings("stop"),
        logprobs: table.boolean("logprobs", spec.logprobs),
        response_format: table
            .choice("response_format")
            .unwrap_or(spec.response_format),
        length_field: table.choice("length_field").unwrap_or(spec.length_field),
        send_seed: table.boolean("send_seed", spec.send_seed),
        send_temperature: table.boolean("send_temperature", spec.send_temperature),
        send_call_key: table.boolean("send_call_key", spec.send_call_key),
        extra: read_extra(table),
        attempts: table.small("attempts", 1, MOST_ATTEMPTS, spec.attempts),
        timeout_s: table.number("timeout_s", SECONDS, spec.timeout_s),
        connect_timeout_s: table.number("connect_timeout_s", SECONDS, spec.connect_timeout_s),
        first_pause_s: table.number("first_pause_s", NOT_NEGATIVE, spec.first_pause_s),
        longest_pause_s: table.number("longest_pause_s", NOT_NEGATIVE, spec.longest_pause_s),
        patience_s: table.number("patience_s", NOT_NEGATIVE, spec.patience_s),
        concurrency: table.small("concurrency", 1, MOST_OPEN, spec.concurrency),
        requests_per_minute: table.optional_number("requests_per_minute", POSITIVE),
        tokens_per_minute: table.optional_number("tokens_per_minute", POSITIVE),
        cache: table.boolean("cache", spec.cache),
        cache_file: table.string("cache_file").and_then(|text| {
            let entry = table.entry("cache_file")?;
            Some(entry.value.origin.resolve(&text))
        }),
        prices: table.path("prices", PathKind::File),
        certificates: table.path("certificates", PathKind::File),
        model: model?,
    })
}

fn read_extra(table: &mut TableReader<'_>) -> Map<String, Value> {
    let extra = table.get("extra", |node| match (&node.data, node.json()) {
        (Data::Table(_), Value::Object(fields)) => Ok(fields),
        _ => Err(Fault::wrong_type("a table of fields")),
    });
    extra.unwrap_or_default()
}

/// Notes keys that are written into the file, without showing them.
fn refuse_secrets(table: &mut TableReader<'_>) {
    for word in SECRETS {
        // Asked for only where it is written, so that it is no valid key.
        if !table.content().contains_key(word) {
            continue;
        }
        let Some(Entry { key, .. }) = table.entry(word) else {
            continue;
        };
        let name = table.name(word);
        // The line itself would show the key.
        let hidden = Source::text(key.source.named.name(), format!("{word} = ***"), "".into());
        let place = Origin::new(&hidden, 0..word.len());
        table.note(
            Problem::at(
                &place,
                ProblemKind::NotAllowed,
                format!("`{name}`: keys do not belong into files that are shared"),
                "a key in a file",
            )
            .help(
                "name the environment variable that holds it in `key_env`, or a file that holds \
                 it alone in `key_file`",
            ),
        );
    }
}
