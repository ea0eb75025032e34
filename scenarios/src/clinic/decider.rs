//! Who decides: the policies and models of a scenario.

use std::sync::Arc;

use rounds_environments::clinic::knowledge::Knowledge;
use rounds_models::{LanguageModel, ModelServer, ReplayModel, ServerOptions};
use rounds_policies::clinic::knowledge_based::{
    KnowledgeClinician, KnowledgeConfig, QuestionPolicy,
};
use rounds_policies::clinic::plan::{Move, Plan};
use rounds_policies::clinic::spoken::SpokenClinician;
use rounds_policies::clinic::task::{Action, Observation};
use rounds_policies::policy::Decider;

use super::build::Cassette;
use super::models::live_model;
use super::outside::{human, process};
use super::patients::behaviour;
use super::recording::in_file;
use crate::run::RunError;
use crate::schema::{DoctorBias, PolicySpec, Questions, Scenario, Side};

/// Builds what decides for the clinicians of a scenario.
pub(super) fn decider(
    scenario: &Scenario,
    policy: &PolicySpec,
    knowledge: &Arc<Knowledge>,
    cassette: &Cassette,
) -> Result<Decider<Observation, Action>, RunError> {
    let input = |error: &dyn std::fmt::Display| RunError::Input(error.to_string());
    match policy {
        PolicySpec::Knowledge(spec) => {
            let team = &scenario.team;
            let bias = match &spec.behaviour {
                Some(path) => behaviour(path, Side::Doctor)?.bias,
                None => DoctorBias::default(),
            };
            let biased = knowledge.with_priors(&bias.priors).map_err(|e| input(&e))?;
            let knowledge = match bias.priors.is_empty() {
                true => Arc::clone(knowledge),
                false => Arc::new(biased),
            };
            let config = KnowledgeConfig {
                questions: match spec.questions {
                    Questions::Gain => QuestionPolicy::Gain,
                    Questions::GainPerCost => QuestionPolicy::GainPerCost,
                    Questions::Random => QuestionPolicy::Random,
                    Questions::Fixed => QuestionPolicy::Fixed,
                    Questions::None => QuestionPolicy::None,
                    Questions::All => QuestionPolicy::All,
                },
                stop_at: bias.stop_at.unwrap_or(spec.stop_at),
                min_gain: spec.min_gain,
                noise: spec
                    .noise_aware
                    .then_some(scenario.environment.noise.flipped),
                add_at: team.add_at,
                remove_below: team.remove_below,
                list_length: team.list_length as usize,
                refer_below: spec.refer_below,
                anchoring: bias.anchoring.unwrap_or(spec.anchoring) as usize,
            };
            let clinician = KnowledgeClinician::new(knowledge, config).map_err(|e| input(&e))?;
            Ok(Decider::Direct(Arc::new(clinician)))
        }
        PolicySpec::Plan { moves } => {
            let moves: Result<Vec<Move>, RunError> = moves
                .iter()
                .map(|text| {
                    Move::read(text, knowledge).map_err(|e| input(&format!("{text:?}: {e}")))
                })
                .collect();
            Ok(Decider::Direct(Arc::new(Plan::new(moves?))))
        }
        PolicySpec::Scripted { model } | PolicySpec::Model { model } => {
            let spec = scenario
                .models
                .get(model)
                .ok_or_else(|| RunError::Input(format!("there is no model {model:?}")))?;
            let live = live_model(spec)?;
            Ok(Decider::Model {
                policy: Arc::new(SpokenClinician {
                    knowledge: Some(Arc::clone(knowledge)),
                    ..SpokenClinician::default()
                }),
                server: Arc::new(ModelServer::start(
                    answering(cassette, None, || Ok(live))?,
                    ServerOptions::default(),
                )),
                re_asks: 2,
            })
        }
        PolicySpec::Process(spec) => process(&scenario.team, spec, knowledge, cassette),
        PolicySpec::Human => human(&scenario.team, knowledge, cassette),
    }
}

/// What answers: the recording, `live` for what it does not hold, or `live` alone.
///
/// A recording of several models is cut to the calls of `name`.
pub(super) fn answering(
    cassette: &Cassette,
    name: Option<&str>,
    live: impl FnOnce() -> Result<Arc<dyn LanguageModel>, RunError>,
) -> Result<Arc<dyn LanguageModel>, RunError> {
    let Some(calls) = &cassette.calls else {
        return live();
    };
    let mut recorded = ReplayModel::open(calls).map_err(|e| in_file(calls, &e))?;
    if let Some(name) = name {
        recorded = recorded.for_model(name);
    }
    let inner = if cassette.live { Some(live()?) } else { None };
    Ok(Arc::new(recorded.with_inner(inner)))
}
