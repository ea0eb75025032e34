//! Who decides: the policies and models of a scenario.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rounds_agents::clinic::{Consulting, ConsultingRules, MissingTest, PRACTITIONER, Protocol};
use rounds_environments::clinic::knowledge::Knowledge;
use rounds_environments::clinic::naming::CodeNamer;
use rounds_environments::nearest::nearest;
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

use super::outside::{human, process};
use super::patients::behaviour;
use crate::run::RunError;
use crate::schema::{
    self, ClinicScenario, DoctorBias, KnowledgeSpec, PatientsSpec, PolicySpec, Questions, Side,
};
use crate::speech::{Cassette, Speakers, spoken_options};

/// How often an unreadable verdict is asked again.
const RE_ASKS: u32 = 2;

/// Builds what decides for the clinicians of a scenario: one decider, or several and whom each
/// of them decides for.
pub(super) fn deciders(
    scenario: &ClinicScenario<'_>,
    knowledge: &Arc<Knowledge>,
    speakers: &Speakers<'_>,
    cassette: &Cassette,
) -> Result<(Protocol, BTreeMap<String, usize>), RunError> {
    let team = scenario.team;
    let mut names = vec![team.policy.as_str()];
    let mut cast = BTreeMap::new();
    for (member, policy) in &team.members {
        let known = names.iter().position(|name| name == policy);
        let index = known.unwrap_or_else(|| {
            names.push(policy);
            names.len() - 1
        });
        cast.insert(member_name(scenario, knowledge, member)?, index);
    }
    let deciders: Result<Vec<_>, RunError> = names
        .into_iter()
        .map(|name| decider(scenario, name, knowledge, speakers, cassette))
        .collect();
    let mut deciders = deciders?;
    let protocol = match (deciders.len(), deciders.pop()) {
        (1, Some(only)) => Protocol::DynamiCare(only),
        (_, last) => {
            deciders.extend(last);
            Protocol::Mixed(deciders)
        }
    };
    Ok((protocol, cast))
}

/// The name of a member in lower case. Where the knowledge base alone names who is called, others
/// than its specialities never come.
fn member_name(
    scenario: &ClinicScenario<'_>,
    knowledge: &Knowledge,
    member: &str,
) -> Result<String, RunError> {
    let lower = member.to_lowercase();
    let team = scenario.team;
    let caller = team
        .members
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(PRACTITIONER))
        .map_or(&team.policy, |(_, policy)| policy);
    let free = !matches!(
        scenario.policies.get(caller),
        Some(PolicySpec::Knowledge(_) | PolicySpec::Plan { .. })
    );
    let specialities = knowledge.specialities().iter().map(String::as_str);
    let mut known = specialities.chain([PRACTITIONER, "generalist"]);
    if free || known.clone().any(|name| name.eq_ignore_ascii_case(member)) {
        return Ok(lower);
    }
    let near = nearest(member, known.clone());
    let help = near.map_or_else(
        || {
            format!(
                "expected one of {}",
                known.by_ref().collect::<Vec<_>>().join(", ")
            )
        },
        |near| format!("did you mean {near:?}?"),
    );
    Err(RunError::Input(format!(
        "agents.team.members: nobody of the speciality {member:?} is ever called; {help}"
    )))
}

fn decider(
    scenario: &ClinicScenario<'_>,
    name: &str,
    knowledge: &Arc<Knowledge>,
    speakers: &Speakers<'_>,
    cassette: &Cassette,
) -> Result<Decider<Observation, Action>, RunError> {
    match policy_of(scenario, name)? {
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
        PolicySpec::Language(spec) => {
            let options = spoken_options(spec, SpokenClinician::default().options)?;
            Ok(Decider::Model {
                policy: Arc::new(SpokenClinician {
                    knowledge: Some(Arc::clone(knowledge)),
                    fidelity: fidelity(scenario),
                    list_length: scenario.team.list_length as usize,
                    options: SpokenOptions {
                        addition: addition(spec.behaviour.as_deref())?,
                        ..options
                    },
                }),
                server: speakers.server(&spec.speaker.model)?,
                re_asks: spec.speaker.re_asks,
            })
        }
        PolicySpec::Process(spec) => process(scenario.team, name, spec, knowledge, cassette),
        PolicySpec::Human => human(scenario.team, name, knowledge, cassette),
    }
}

/// The policy of this name.
pub(super) fn policy_of<'a>(
    scenario: &ClinicScenario<'a>,
    name: &str,
) -> Result<&'a PolicySpec, RunError> {
    let policy = scenario.policies.get(name);
    policy.ok_or_else(|| RunError::Input(format!("there is no policy {name:?}")))
}

pub(super) fn fidelity(scenario: &ClinicScenario<'_>) -> Fidelity {
    match scenario.environment.fidelity {
        schema::Fidelity::Strict => Fidelity::Strict,
        schema::Fidelity::AsPublished => Fidelity::AsPublished,
    }
}

/// Builds who speaks for the doctor of a consultation, and who compares diagnoses.
pub(super) fn consulting(
    scenario: &ClinicScenario<'_>,
    knowledge: &Arc<Knowledge>,
    speakers: &Speakers<'_>,
) -> Result<Consulting, RunError> {
    let namer =
        CodeNamer::new(titles(scenario)).map_err(|error| RunError::Input(error.to_string()))?;
    let mut rules = ConsultingRules::new(Arc::new(namer));
    rules.missing_test = match scenario.team.missing_test {
        schema::MissingTest::Normal => MissingTest::Normal,
        schema::MissingTest::NotAvailable => MissingTest::NotAvailable,
    };
    let doctor = match policy_of(scenario, &scenario.team.policy)? {
        PolicySpec::Knowledge(spec) => {
            let clinician = clinician(scenario, spec, knowledge)?;
            Decider::Direct(Arc::new(KnowledgeDoctor::new(
                Arc::clone(knowledge),
                clinician,
            )))
        }
        PolicySpec::Language(spec) => {
            rules.additions.doctor = addition(spec.behaviour.as_deref())?;
            Decider::Model {
                policy: Arc::new(SpokenDoctor {
                    options: spoken_options(spec, SpokenDoctor::default().options)?,
                }),
                server: speakers.server(&spec.speaker.model)?,
                re_asks: spec.speaker.re_asks,
            }
        }
        PolicySpec::Plan { .. } | PolicySpec::Process(_) | PolicySpec::Human => {
            return Err(RunError::Input(
                "the protocol agentclinic is played by policies of kind knowledge and language; \
                 plans, programs and people play dynamicare"
                    .to_owned(),
            ));
        }
    };
    let moderator = match &scenario.team.moderator {
        Some(model) => Some(Decider::Model {
            policy: Arc::new(SpokenModerator {
                fidelity: fidelity(scenario),
                ..SpokenModerator::default()
            }) as _,
            server: speakers.server(model)?,
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
