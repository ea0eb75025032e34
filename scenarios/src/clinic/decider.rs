//! Who decides: the policies and models of a scenario.

use std::path::Path;
use std::sync::Arc;

use rounds_agents::clinic::{Consulting, ConsultingRules, MissingTest};
use rounds_environments::clinic::knowledge::Knowledge;
use rounds_environments::clinic::naming::CodeNamer;
use rounds_models::{LanguageModel, ModelServer, ReplayModel, ServerOptions};
use rounds_policies::clinic::consultation::{KnowledgeDoctor, SpokenDoctor, SpokenModerator};
use rounds_policies::clinic::knowledge_based::{
    KnowledgeClinician, KnowledgeConfig, QuestionPolicy,
};
use rounds_policies::clinic::plan::{Move, Plan};
use rounds_policies::clinic::reading::Fidelity;
use rounds_policies::clinic::spoken::SpokenClinician;
use rounds_policies::clinic::task::{Action, Observation};
use rounds_policies::policy::Decider;
use rounds_policies::spoken::SpokenOptions;

use super::build::Cassette;
use super::models::live_model;
use super::outside::{human, process};
use super::patients::behaviour;
use super::recording::in_file;
use crate::run::RunError;
use crate::schema::{
    self, ClinicScenario, DoctorBias, KnowledgeSpec, PatientsSpec, PolicySpec, Questions, Side,
};

/// How often an unreadable reply is asked again.
const RE_ASKS: u32 = 2;

/// Builds what decides for the clinicians of a scenario.
pub(super) fn decider(
    scenario: &ClinicScenario<'_>,
    policy: &PolicySpec,
    knowledge: &Arc<Knowledge>,
    cassette: &Cassette,
) -> Result<Decider<Observation, Action>, RunError> {
    match policy {
        PolicySpec::Knowledge(spec) => {
            let clinician = clinician(scenario, spec, knowledge)?;
            Ok(Decider::Direct(Arc::new(clinician)))
        }
        PolicySpec::Plan { moves } => {
            let moves: Result<Vec<Move>, RunError> = moves
                .iter()
                .map(|text| {
                    let read = Move::read(text, knowledge);
                    read.map_err(|error| RunError::Input(format!("{text:?}: {error}")))
                })
                .collect();
            Ok(Decider::Direct(Arc::new(Plan::new(moves?))))
        }
        PolicySpec::Scripted {
            model,
            behaviour: bias,
        }
        | PolicySpec::Model {
            model,
            behaviour: bias,
        } => Ok(Decider::Model {
            policy: Arc::new(SpokenClinician {
                knowledge: Some(Arc::clone(knowledge)),
                list_length: scenario.team.list_length as usize,
                options: SpokenOptions {
                    addition: addition(bias.as_deref())?,
                    ..SpokenOptions::default()
                },
                ..SpokenClinician::default()
            }),
            server: server(scenario, model, cassette)?,
            re_asks: RE_ASKS,
        }),
        PolicySpec::Process(spec) => process(scenario.team, spec, knowledge, cassette),
        PolicySpec::Human => human(scenario.team, knowledge, cassette),
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

/// Builds who speaks for the doctor of a consultation, and who compares diagnoses.
pub(super) fn consulting(
    scenario: &ClinicScenario<'_>,
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
        PolicySpec::Scripted {
            model,
            behaviour: bias,
        }
        | PolicySpec::Model {
            model,
            behaviour: bias,
        } => Decider::Model {
            policy: {
                rules.additions.doctor = addition(bias.as_deref())?;
                Arc::new(SpokenDoctor::default())
            },
            server: server(scenario, model, cassette)?,
            re_asks: RE_ASKS,
        },
        PolicySpec::Plan { .. } | PolicySpec::Process(_) | PolicySpec::Human => {
            return Err(RunError::Input(
                "the protocol agentclinic is played by policies of kind knowledge, scripted and \
                 model; plans, programs and people play dynamicare"
                    .to_owned(),
            ));
        }
    };
    let fidelity = match scenario.environment.fidelity {
        schema::Fidelity::Strict => Fidelity::Strict,
        schema::Fidelity::AsPublished => Fidelity::AsPublished,
    };
    let moderator = match &scenario.team.moderator {
        Some(model) => Some(Decider::Model {
            policy: Arc::new(SpokenModerator {
                fidelity,
                ..SpokenModerator::default()
            }) as _,
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

/// What a bias adds to the instructions of a language model.
fn addition(bias: Option<&Path>) -> Result<Arc<str>, RunError> {
    Ok(match bias {
        Some(path) => behaviour(path, Side::Doctor)?.prompt.into(),
        None => "".into(),
    })
}

/// The file of titles that the patients of a scenario come with.
fn titles<'a>(scenario: &ClinicScenario<'a>) -> Option<&'a Path> {
    match &scenario.environment.patients {
        PatientsSpec::AgentClinic { titles, .. } | PatientsSpec::Fhir { titles, .. } => {
            titles.as_deref()
        }
        _ => None,
    }
}

fn clinician(
    scenario: &ClinicScenario<'_>,
    spec: &KnowledgeSpec,
    knowledge: &Arc<Knowledge>,
) -> Result<KnowledgeClinician, RunError> {
    let input = |error: &dyn std::fmt::Display| RunError::Input(error.to_string());
    let team = &scenario.team;
    let bias = match &spec.behaviour {
        Some(path) => behaviour(path, Side::Doctor)?.bias,
        None => DoctorBias::default(),
    };
    let biased = knowledge.with_priors(&bias.priors).map_err(|error| {
        let path = spec.behaviour.as_deref().unwrap_or(Path::new(""));
        RunError::Input(format!("{}: knowledge.priors: {error}", path.display()))
    })?;
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
    KnowledgeClinician::new(knowledge, config).map_err(|error| input(&error))
}

/// Starts the model of this name; calls that were recorded are answered from the recording.
pub(super) fn server(
    scenario: &ClinicScenario<'_>,
    model: &str,
    cassette: &Cassette,
) -> Result<Arc<ModelServer>, RunError> {
    let spec = scenario
        .models
        .get(model)
        .ok_or_else(|| RunError::Input(format!("there is no model {model:?}")))?;
    let answering = answering(cassette, None, || live_model(spec))?;
    Ok(Arc::new(ModelServer::start(
        answering,
        ServerOptions::default(),
    )))
}
