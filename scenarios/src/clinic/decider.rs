//! Who decides: the policies and models of a scenario.

use std::path::Path;
use std::sync::Arc;

use rounds_agents::clinic::{Consulting, ConsultingRules, MissingTest};
use rounds_environments::clinic::knowledge::Knowledge;
use rounds_environments::clinic::naming::CodeNamer;
use rounds_models::{
    LanguageModel, ModelServer, ReplayModel, ScriptedModel, ScriptedRules, ServerOptions,
};
use rounds_policies::clinic::consultation::{KnowledgeDoctor, SpokenDoctor, SpokenModerator};
use rounds_policies::clinic::knowledge_based::{
    KnowledgeClinician, KnowledgeConfig, QuestionPolicy,
};
use rounds_policies::clinic::reading::Fidelity;
use rounds_policies::clinic::spoken::SpokenClinician;
use rounds_policies::clinic::task::{Action, Observation};
use rounds_policies::policy::Decider;

use super::build::Cassette;
use super::recording::{in_file, recording};
use crate::run::RunError;
use crate::schema::{
    self, KnowledgeSpec, ModelSpec, PatientsSpec, PolicySpec, Questions, Scenario,
};

/// How often an unreadable reply is asked again.
const RE_ASKS: u32 = 2;

/// Builds what decides for the clinicians of a scenario.
pub(super) fn decider(
    scenario: &Scenario,
    policy: &PolicySpec,
    knowledge: &Arc<Knowledge>,
    cassette: &Cassette,
) -> Result<Decider<Observation, Action>, RunError> {
    match policy {
        PolicySpec::Knowledge(spec) => {
            let clinician = clinician(scenario, spec, knowledge)?;
            Ok(Decider::Direct(Arc::new(clinician)))
        }
        PolicySpec::Scripted { model } | PolicySpec::Model { model } => Ok(Decider::Model {
            policy: Arc::new(SpokenClinician {
                knowledge: Some(Arc::clone(knowledge)),
                ..SpokenClinician::default()
            }),
            server: server(scenario, model, cassette)?,
            re_asks: RE_ASKS,
        }),
    }
}

/// Builds who speaks for the doctor of a consultation, and who compares diagnoses.
pub(super) fn consulting(
    scenario: &Scenario,
    policy: &PolicySpec,
    knowledge: &Arc<Knowledge>,
    cassette: &Cassette,
) -> Result<Consulting, RunError> {
    let namer =
        CodeNamer::new(titles(scenario)).map_err(|error| RunError::Input(error.to_string()))?;
    let mut rules = ConsultingRules::new(Arc::new(namer));
    rules.missing_test = match scenario.team.missing_test {
        schema::MissingTest::Normal => MissingTest::Normal,
        schema::MissingTest::NotAvailable => MissingTest::NotAvailable,
    };
    let doctor = match policy {
        PolicySpec::Knowledge(spec) => {
            let clinician = clinician(scenario, spec, knowledge)?;
            Decider::Direct(Arc::new(KnowledgeDoctor::new(
                Arc::clone(knowledge),
                clinician,
            )))
        }
        PolicySpec::Scripted { model } | PolicySpec::Model { model } => Decider::Model {
            policy: Arc::new(SpokenDoctor::default()),
            server: server(scenario, model, cassette)?,
            re_asks: RE_ASKS,
        },
    };
    let fidelity = match scenario.environment.fidelity {
        schema::Fidelity::Strict => Fidelity::Strict,
        schema::Fidelity::AsPublished => Fidelity::AsPublished,
    };
    let moderator = match &scenario.team.moderator {
        Some(model) => Some(Decider::Model {
            policy: Arc::new(SpokenModerator { fidelity }) as _,
            server: server(scenario, model, cassette)?,
            re_asks: RE_ASKS,
        }),
        None => None,
    };
    Ok(Consulting {
        rules,
        doctor,
        moderator,
    })
}

/// The file of titles that the patients of a scenario come with.
fn titles(scenario: &Scenario) -> Option<&Path> {
    match &scenario.environment.patients {
        PatientsSpec::AgentClinic { titles, .. } | PatientsSpec::Fhir { titles, .. } => {
            titles.as_deref()
        }
        _ => None,
    }
}

fn clinician(
    scenario: &Scenario,
    spec: &KnowledgeSpec,
    knowledge: &Arc<Knowledge>,
) -> Result<KnowledgeClinician, RunError> {
    let team = &scenario.team;
    let config = KnowledgeConfig {
        questions: match spec.questions {
            Questions::Gain => QuestionPolicy::Gain,
            Questions::GainPerCost => QuestionPolicy::GainPerCost,
            Questions::Random => QuestionPolicy::Random,
            Questions::Fixed => QuestionPolicy::Fixed,
            Questions::None => QuestionPolicy::None,
            Questions::All => QuestionPolicy::All,
        },
        stop_at: spec.stop_at,
        min_gain: spec.min_gain,
        noise: spec
            .noise_aware
            .then_some(scenario.environment.noise.flipped),
        add_at: team.add_at,
        remove_below: team.remove_below,
        list_length: team.list_length as usize,
    };
    KnowledgeClinician::new(Arc::clone(knowledge), config)
        .map_err(|error| RunError::Input(error.to_string()))
}

/// Starts the model of this name; calls that were recorded are answered from the recording.
fn server(
    scenario: &Scenario,
    model: &str,
    cassette: &Cassette,
) -> Result<Arc<ModelServer>, RunError> {
    let input = |error: &dyn std::fmt::Display| RunError::Input(error.to_string());
    let spec = scenario
        .models
        .get(model)
        .ok_or_else(|| RunError::Input(format!("there is no model {model:?}")))?;
    let live: Arc<dyn LanguageModel> = match spec {
        ModelSpec::Scripted {
            script: Some(path),
            delay_ms,
            ..
        } => {
            let mut rules = ScriptedRules::open(path).map_err(|e| in_file(path, &e))?;
            if *delay_ms != [0, 0] {
                rules.delay_ms = *delay_ms;
            }
            Arc::new(ScriptedModel::new(rules).map_err(|e| in_file(path, &e))?)
        }
        ModelSpec::Scripted {
            script: None,
            replies,
            delay_ms,
        } => {
            let rule = rounds_models::Rule {
                replies: replies.clone(),
                ..Default::default()
            };
            let rules = ScriptedRules {
                delay_ms: *delay_ms,
                rules: vec![rule],
                ..Default::default()
            };
            Arc::new(ScriptedModel::new(rules).map_err(|e| input(&e))?)
        }
        ModelSpec::Replay { calls } => Arc::new(recording(calls)?),
    };
    let answering: Arc<dyn LanguageModel> = match &cassette.calls {
        Some(calls) => {
            let recorded = ReplayModel::open(calls).map_err(|e| in_file(calls, &e))?;
            Arc::new(recorded.with_inner(cassette.live.then_some(live)))
        }
        None => live,
    };
    Ok(Arc::new(ModelServer::start(
        answering,
        ServerOptions::default(),
    )))
}
