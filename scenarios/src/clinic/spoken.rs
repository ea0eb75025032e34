//! Patients and policies that speak through a language model.

use std::sync::Arc;

use rounds_environments::clinic::knowledge::Knowledge;
use rounds_policies::clinic::respond::{Consultation, Said};
use rounds_policies::clinic::spoken::SpokenPatient;
use rounds_policies::policy::Decider;
use rounds_policies::prompts::Prompts;
use rounds_policies::spoken::SpokenOptions;

use super::build::Cassette;
use super::decider::server;
use super::patients::behaviour;
use crate::run::RunError;
use crate::schema::{ClinicScenario, Side, SpokenSpec};

/// The settings of a table as a policy takes them.
///
/// # Errors
/// [`RunError::Input`] when its prompts cannot be used.
pub(super) fn spoken_options(
    spec: &SpokenSpec,
    addition: Arc<str>,
) -> Result<SpokenOptions, RunError> {
    let prompts = match &spec.prompts {
        Some(folder) => {
            Prompts::with_folder(folder).map_err(|error| RunError::Input(error.to_string()))?
        }
        None => Prompts::builtin(),
    };
    Ok(SpokenOptions {
        prompts,
        temperature: spec.temperature,
        max_tokens: spec.max_tokens,
        most_chars: spec.most_chars as usize,
        structured: spec.structured,
        addition,
    })
}

/// A model speaks for the patients, with the temperament that they have.
pub(super) fn spoken_patient(
    scenario: &ClinicScenario<'_>,
    (model, spec): (&str, &SpokenSpec),
    knowledge: &Arc<Knowledge>,
    cassette: &Cassette,
) -> Result<Decider<Consultation, Said>, RunError> {
    let addition = match &scenario.environment.behaviour {
        Some(path) => behaviour(path, Side::Patient)?.prompt.into(),
        None => "".into(),
    };
    let patient = SpokenPatient {
        knowledge: Arc::clone(knowledge),
        options: spoken_options(spec, addition)?,
    };
    Ok(Decider::Model {
        policy: Arc::new(patient),
        server: server(scenario, model, cassette)?,
        re_asks: spec.re_asks,
    })
}
