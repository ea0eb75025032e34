//! The models of a scenario.

use std::sync::Arc;

use rounds_models::{LanguageModel, Rule, ScriptedModel, ScriptedRules, ServerOptions};

use super::candle::{candle_model, candle_sizes};
use super::openai::{openai_model, openai_price, openai_sizes};
use super::recording::{in_file, recording};
use crate::run::RunError;
use crate::schema::ModelSpec;

/// The model that a table `[models.NAME]` describes.
///
/// # Errors
/// [`RunError::Input`] when a file that it names cannot be used.
pub(crate) fn live_model(spec: &ModelSpec) -> Result<Arc<dyn LanguageModel>, RunError> {
    match spec {
        ModelSpec::Candle(spec) => candle_model(spec),
        ModelSpec::OpenAi(spec) => openai_model(spec),
        ModelSpec::Scripted {
            script: Some(path),
            delay_ms,
            ..
        } => {
            let mut rules = ScriptedRules::open(path).map_err(|e| in_file(path, &e))?;
            if *delay_ms != [0, 0] {
                rules.delay_ms = *delay_ms;
            }
            let model = ScriptedModel::new(rules).map_err(|e| in_file(path, &e))?;
            Ok(Arc::new(model))
        }
        ModelSpec::Scripted {
            script: None,
            replies,
            delay_ms,
        } => {
            let rule = Rule {
                replies: replies.clone(),
                ..Rule::default()
            };
            let rules = ScriptedRules {
                delay_ms: *delay_ms,
                rules: vec![rule],
                ..ScriptedRules::default()
            };
            let model =
                ScriptedModel::new(rules).map_err(|error| RunError::Input(error.to_string()))?;
            Ok(Arc::new(model))
        }
        ModelSpec::Replay { calls } => Ok(Arc::new(recording(calls)?)),
        ModelSpec::Trajectory(_) => Err(RunError::Input(
            "a trajectory model acts and does not speak".to_owned(),
        )),
    }
}

/// Sizes of the server in front of a model.
pub(crate) fn sizes(spec: &ModelSpec) -> ServerOptions {
    match spec {
        ModelSpec::Candle(spec) => candle_sizes(spec),
        ModelSpec::OpenAi(spec) => openai_sizes(spec),
        ModelSpec::Scripted { .. } | ModelSpec::Replay { .. } | ModelSpec::Trajectory(_) => {
            ServerOptions::default()
        }
    }
}

/// Whether making or asking the model takes anything, or tells anybody: it is made only to be
/// asked.
pub(crate) fn is_dear(spec: &ModelSpec) -> bool {
    matches!(spec, ModelSpec::OpenAi(_) | ModelSpec::Candle(_))
}

/// Price of a token of a prompt and of one of a reply in US dollars; `None` where it is not known.
pub(crate) fn price(spec: &ModelSpec) -> Option<[f64; 2]> {
    match spec {
        ModelSpec::Scripted { script, .. } => {
            let rules = script
                .as_ref()
                .and_then(|path| ScriptedRules::open(path).ok());
            Some(rules.map_or([0.0; 2], |rules| {
                rules.usd_per_1k_tokens.map(|usd| usd / 1000.0)
            }))
        }
        ModelSpec::Candle(_) | ModelSpec::Replay { .. } | ModelSpec::Trajectory(_) => {
            Some([0.0; 2])
        }
        ModelSpec::OpenAi(spec) => openai_price(spec),
    }
}
