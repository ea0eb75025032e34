//! How a policy speaks, from its table.

use std::sync::Arc;

use rounds_policies::language::LanguageOptions;
use rounds_policies::prompts::Prompts;
use rounds_policies::spoken::SpokenOptions;

use super::recording::in_file;
use crate::run::RunError;
use crate::schema::{LanguageSpec, PlayerSpec, SpeakerSpec};

/// The prompts of whoever speaks: ours, or those of its folder.
///
/// # Errors
/// [`RunError::Input`] when a prompt of its folder cannot be used.
pub(crate) fn prompts_of(spec: &SpeakerSpec) -> Result<Arc<Prompts>, RunError> {
    match &spec.prompts {
        Some(folder) => Prompts::with_folder(folder).map_err(|e| in_file(folder, &e)),
        None => Ok(Prompts::builtin()),
    }
}

/// The options of a language policy over those of its role.
///
/// # Errors
/// [`RunError::Input`] when a prompt of its folder cannot be used.
pub(crate) fn spoken_options(
    spec: &LanguageSpec,
    role: SpokenOptions,
) -> Result<SpokenOptions, RunError> {
    Ok(SpokenOptions {
        most_chars: spec.most_chars as usize,
        ..speaking(&spec.speaker, role)?
    })
}

fn speaking(spec: &SpeakerSpec, role: SpokenOptions) -> Result<SpokenOptions, RunError> {
    Ok(SpokenOptions {
        prompts: prompts_of(spec)?,
        temperature: spec.temperature.unwrap_or(role.temperature),
        max_tokens: spec.max_tokens.unwrap_or(role.max_tokens),
        structured: spec.structured,
        ..role
    })
}

/// The options of agents that ask a language model for each action.
///
/// # Errors
/// [`RunError::Input`] when a prompt of its folder cannot be used.
pub(crate) fn player_options(spec: &PlayerSpec) -> Result<LanguageOptions, RunError> {
    Ok(LanguageOptions {
        spoken: speaking(&spec.speaker, SpokenOptions::default())?,
        re_asks: spec.speaker.re_asks,
        history: spec.history,
    })
}
