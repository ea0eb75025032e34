//! Patients that speak through a language model.

use std::sync::Arc;

use rounds_environments::clinic::knowledge::Knowledge;
use rounds_policies::clinic::respond::{Consultation, Said};
use rounds_policies::clinic::spoken::SpokenPatient;
use rounds_policies::policy::Decider;
use rounds_policies::spoken::SpokenOptions;

use super::patients::behaviour;
use crate::run::RunError;
use crate::schema::{ClinicScenario, LanguageSpec, Side};
use crate::speech::{Speakers, spoken_options};

/// Most tokens of what a patient says.
const TOKENS: u32 = 512;

/// A model speaks for the patients, with the temperament that they have.
pub(super) fn spoken_patient(
    scenario: &ClinicScenario<'_>,
    spec: &LanguageSpec,
    knowledge: &Arc<Knowledge>,
    speakers: &Speakers<'_>,
) -> Result<Decider<Consultation, Said>, RunError> {
    let addition = match &scenario.environment.behaviour {
        Some(path) => behaviour(path, Side::Patient)?.prompt.into(),
        None => "".into(),
    };
    // What a patient says must not vary (DynamiCare card, section 3).
    let role = SpokenOptions {
        temperature: 0.0,
        max_tokens: TOKENS,
        addition,
        ..SpokenOptions::default()
    };
    let patient = SpokenPatient {
        knowledge: Arc::clone(knowledge),
        options: spoken_options(spec, role)?,
    };
    Ok(Decider::Model {
        policy: Arc::new(patient),
        server: speakers.server(&spec.speaker.model)?,
        re_asks: spec.speaker.re_asks,
    })
}
