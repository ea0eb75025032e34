//! Models behind servers, from their tables.

use std::sync::Arc;

use rounds_models::{LanguageModel, ServerOptions};

use crate::run::RunError;
use crate::schema::OpenAiSpec;

/// The model of a table.
///
/// # Errors
/// [`RunError::Input`] when a key is missing, or an option or a file cannot be used.
#[cfg(feature = "openai")]
pub(super) fn openai_model(spec: &OpenAiSpec) -> Result<Arc<dyn LanguageModel>, RunError> {
    use super::recording::in_file;
    use rounds_models::openai::{OpenAiModel, Prices};

    let mut prices = Prices::built_in().map_err(|error| RunError::Input(error.to_string()))?;
    if let Some(path) = &spec.prices {
        prices = prices.and_file(path).map_err(|e| in_file(path, &e))?;
    }
    let options = with_key(options(spec), spec)?;
    let model = OpenAiModel::new(options, &prices)
        .map_err(|fault| RunError::Input(format!("the model {:?}: {fault}", spec.model)))?;
    Ok(Arc::new(model))
}

/// This build has no such models.
///
/// # Errors
/// Always.
#[cfg(not(feature = "openai"))]
pub(super) fn openai_model(spec: &OpenAiSpec) -> Result<Arc<dyn LanguageModel>, RunError> {
    Err(RunError::Input(format!(
        "the model {:?} is behind a server, which this build cannot ask: build with --features openai",
        spec.model
    )))
}

/// Price of a token of a prompt and of one of a reply in US dollars, where it is known.
#[cfg(feature = "openai")]
pub(super) fn openai_price(spec: &OpenAiSpec) -> Option<[f64; 2]> {
    use rounds_models::openai::Prices;

    let prices = Prices::built_in().ok()?;
    let prices = match &spec.prices {
        Some(path) => prices.and_file(path).ok()?,
        None => prices,
    };
    let price = prices.of(&spec.model)?;
    Some([price.prompt / 1e6, price.completion / 1e6])
}

/// A build that asks no server knows no price.
#[cfg(not(feature = "openai"))]
pub(super) fn openai_price(_: &OpenAiSpec) -> Option<[f64; 2]> {
    None
}

/// Sizes of the server in front of the model.
#[cfg(feature = "openai")]
pub(super) fn openai_sizes(spec: &OpenAiSpec) -> ServerOptions {
    options(spec).server()
}

/// Sizes of the server in front of the model.
#[cfg(not(feature = "openai"))]
pub(super) fn openai_sizes(_: &OpenAiSpec) -> ServerOptions {
    ServerOptions::default()
}

#[cfg(feature = "openai")]
fn with_key(
    mut options: rounds_models::openai::OpenAiOptions,
    spec: &OpenAiSpec,
) -> Result<rounds_models::openai::OpenAiOptions, RunError> {
    use rounds_models::openai::{Key, Secret};

    options.key = match (&spec.key_env, &spec.key_file, &spec.base_url) {
        (Some(name), ..) => Key::Variable(name.clone()),
        (None, Some(path), _) => {
            let key = std::fs::read_to_string(path)
                .map_err(RunError::file(path, "the key cannot be read"))?;
            Key::Given(Secret::new(key.trim()))
        }
        // A key goes to another server than that of OpenAI only where its scenario says so.
        (None, None, Some(_)) => Key::None,
        (None, None, None) => options.key,
    };
    Ok(options)
}

#[cfg(feature = "openai")]
fn options(spec: &OpenAiSpec) -> rounds_models::openai::OpenAiOptions {
    use std::time::Duration;

    use rounds_models::openai::{
        Backoff, Caching, LengthField, OpenAiOptions, RateLimits, ResponseFormat,
    };

    use crate::schema;

    let seconds = |s: f64| Duration::try_from_secs_f64(s).unwrap_or(Duration::MAX);
    let default = OpenAiOptions::new(spec.model.as_str());
    OpenAiOptions {
        base_url: spec.base_url.clone(),
        stop: spec.stop.clone(),
        logprobs: spec.logprobs,
        response_format: match spec.response_format {
            schema::ResponseFormat::JsonSchema => ResponseFormat::JsonSchema { strict: false },
            schema::ResponseFormat::StrictJsonSchema => ResponseFormat::JsonSchema { strict: true },
            schema::ResponseFormat::JsonObject => ResponseFormat::JsonObject,
            schema::ResponseFormat::None => ResponseFormat::None,
        },
        length_field: match spec.length_field {
            schema::LengthField::MaxTokens => LengthField::MaxTokens,
            schema::LengthField::MaxCompletionTokens => LengthField::MaxCompletionTokens,
        },
        send_seed: spec.send_seed,
        send_temperature: spec.send_temperature,
        send_call_key: spec.send_call_key,
        extra: spec.extra.clone(),
        attempts: spec.attempts,
        backoff: Backoff {
            first: seconds(spec.first_pause_s),
            longest: seconds(spec.longest_pause_s),
            patience: seconds(spec.patience_s),
        },
        timeout: seconds(spec.timeout_s),
        connect_timeout: seconds(spec.connect_timeout_s),
        limits: RateLimits {
            concurrency: spec.concurrency as usize,
            requests_per_minute: spec.requests_per_minute,
            tokens_per_minute: spec.tokens_per_minute,
            ..RateLimits::default()
        },
        caching: match (&spec.cache_file, spec.cache) {
            (Some(path), _) => Caching::File(path.clone()),
            (None, true) => Caching::Memory,
            (None, false) => Caching::Off,
        },
        certificates: spec.certificates.clone(),
        ..default
    }
}
