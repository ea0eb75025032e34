//! From a scenario to a running clinic.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy_app::App;
use rounds_agents::clinic::{
    Clinic, ClinicPlugin, Coordination, Protocol, RespondentPlugin, TimelineEntry, VisitConfig,
    Voice,
};
use rounds_environments::clinic::knowledge::Knowledge;
use rounds_policies::clinic::respond::{Consultation, Said};
use rounds_policies::clinic::task::Speciality;
use rounds_policies::policy::Decider;

use super::cases::CaseScore;
use super::coverage::DecisiveFindings;
use super::decider::{consulting, deciders, policy_of};
use super::outside::human_patient;
use super::patients::{Patients, add_hashes, learn_from};
use super::score::{SCORER, VisitScore};
use super::spoken::spoken_patient;
use crate::run::{Experiment, Manifest, RunError, Score};
use crate::schema::{
    self, Answers, Arm, ClinicScenario, KnowledgeSpec, PolicySpec, ScenarioSet, TeamKind,
};
use crate::speech::{Cassette, Speakers};

/// What everything clinical says of itself.
pub const NOTICE: &str = "Research software, not for clinical use.";

/// A clinic that is ready to run, and what stories and reports need of it.
pub struct BuiltClinic {
    /// What is run.
    pub experiment: Experiment,
    /// What the doctors know.
    pub knowledge: Arc<Knowledge>,
    /// How visits of cases are scored, where patients are played from cases.
    pub cases: Option<Arc<CaseScore>>,
    clinic: Clinic,
    protocol: Protocol,
}

impl BuiltClinic {
    /// What all visits share, and who decides: to wrap either and [`install`] the result.
    pub fn clinic_parts(&self) -> (Clinic, Protocol) {
        (self.clinic.clone(), self.protocol.clone())
    }
}

/// Adds a clinic to each world of an experiment.
pub fn install(
    clinic: Clinic,
    protocol: impl Into<Protocol>,
) -> Arc<dyn Fn(&mut App) + Send + Sync> {
    let protocol = protocol.into();
    Arc::new(move |app: &mut App| {
        app.add_plugins(ClinicPlugin {
            clinic: clinic.clone(),
            protocol: protocol.clone(),
        });
    })
}

/// Builds the clinic of one arm.
///
/// # Errors
/// [`RunError::Input`] when data that the scenario names cannot be used.
pub fn build(set: &ScenarioSet, arm: &Arm, cassette: &Cassette) -> Result<BuiltClinic, RunError> {
    let Some(scenario) = &arm.scenario.clinic() else {
        return Err(RunError::Input(format!(
            "the scenario {} is not of the clinic",
            arm.scenario.name
        )));
    };
    let policy = policy_of(scenario, &scenario.team.policy)?;
    let patients = Patients::load(scenario)?;
    let learned = match policy {
        PolicySpec::Knowledge(KnowledgeSpec {
            learned: Some(learned),
            ..
        }) => Some(learned),
        _ => None,
    };
    let knowledge = match (&patients, learned) {
        (_, Some(learned)) => learn_from(learned, &patients, scenario)?,
        (Patients::Drawn(knowledge), None) => Arc::clone(knowledge),
        (Patients::Recorded { .. }, None) => Knowledge::builtin(),
        (Patients::Scripted(book), None) => Arc::clone(&book.knowledge),
    };
    let speakers = Speakers::new(scenario.models, cassette);
    let (protocol, cast) = match scenario.team.protocol {
        schema::Protocol::DynamiCare => deciders(scenario, &knowledge, &speakers, cassette)?,
        schema::Protocol::AgentClinic => {
            let consulting = consulting(scenario, &knowledge, &speakers)?;
            (consulting.into(), BTreeMap::new())
        }
    };
    let visit = visit_config(scenario, &knowledge);
    let (episodes, mut data, restricted) = patients.describe(scenario)?;
    add_hashes(&mut data, scenario, learned)?;
    if patients.book().is_none() {
        data["scorer"] = SCORER.into();
    }
    let titles = patients.titles(&knowledge)?;
    let decisive = match &patients {
        Patients::Drawn(own) => Some(Arc::new(DecisiveFindings::new(own))),
        Patients::Recorded { .. } | Patients::Scripted(_) => None,
    };
    let visit_score = VisitScore { decisive, titles };
    let cases = patients.book().map(|book| {
        Arc::new(CaseScore {
            book: Arc::clone(book),
            visit: visit_score.clone(),
            judgements: None,
        })
    });
    let score: Arc<dyn Score> = match &cases {
        Some(cases) => Arc::<CaseScore>::clone(cases),
        None => Arc::new(visit_score),
    };
    let source = patients.source(&knowledge, scenario)?;
    let timeline: Arc<[TimelineEntry]> = scenario
        .timeline
        .iter()
        .map(|entry| TimelineEntry {
            at_min: entry.at_min,
            set: entry
                .set
                .iter()
                .map(|(key, value)| {
                    (
                        key.strip_prefix("environment.").unwrap_or(key).to_owned(),
                        value.clone(),
                    )
                })
                .collect(),
        })
        .collect();
    let clinic = Clinic {
        knowledge: Arc::clone(&knowledge),
        patients: source,
        visit,
        timeline,
        cast: Arc::new(cast),
    };
    let manifest = Manifest {
        data,
        restricted,
        notice: NOTICE.to_owned(),
        ..Manifest::new(
            &arm.scenario.name,
            &arm.name,
            scenario.seed.0,
            episodes,
            set.resolved_toml.clone(),
            set.hash.clone(),
        )
    };
    let experiment = Experiment {
        manifest,
        in_flight: match arm.scenario.asks_a_person() {
            true => 1,
            false => scenario.limits.in_flight.max(1) as usize,
        },
        install: match &scenario.environment.patient {
            Answers::Record => install(clinic.clone(), protocol.clone()),
            Answers::Human => {
                let person = human_patient(&knowledge, cassette)?;
                let family = install(clinic.clone(), protocol.clone());
                spoken_for(family, person, Voice::Person)
            }
            Answers::Language(spec) => {
                let patient = spoken_patient(scenario, spec, &knowledge, &speakers)?;
                let family = install(clinic.clone(), protocol.clone());
                spoken_for(family, patient, Voice::Model)
            }
        },
        score,
        limits: scenario.limits.hard,
    };
    Ok(BuiltClinic {
        experiment,
        cases,
        knowledge,
        clinic,
        protocol,
    })
}

/// Adds whoever speaks for the patients to each world of `family`.
fn spoken_for(
    family: Arc<dyn Fn(&mut App) + Send + Sync>,
    decider: Decider<Consultation, Said>,
    voice: Voice,
) -> Arc<dyn Fn(&mut App) + Send + Sync> {
    Arc::new(move |app: &mut App| {
        family(app);
        let decider = decider.clone();
        app.add_plugins(RespondentPlugin { decider, voice });
    })
}

fn visit_config(scenario: &ClinicScenario<'_>, knowledge: &Knowledge) -> VisitConfig {
    let team = &scenario.team;
    let everybody = || {
        (0..knowledge.specialities().len() as u32)
            .map(|ix| Speciality::Known(rounds_environments::clinic::knowledge::SpecialityIx(ix)))
    };
    let (coordination, given, triage, max_members) = match team.kind {
        TeamKind::Dynamic => (
            Coordination::Dynamic,
            Vec::new(),
            team.triage,
            team.max_members,
        ),
        TeamKind::Static => (
            Coordination::Fixed,
            Vec::new(),
            team.triage,
            team.max_members,
        ),
        TeamKind::SoloFixed => (Coordination::Fixed, Vec::new(), 1, 1),
        TeamKind::SoloReplaceable => (Coordination::Dynamic, Vec::new(), 1, 1),
        TeamKind::All => (Coordination::Given, everybody().collect(), 0, u32::MAX),
        TeamKind::Generalist => (Coordination::Given, vec![Speciality::Generalist], 0, 1),
    };
    VisitConfig {
        coordination,
        given,
        triage: triage.min(max_members) as usize,
        max_members: max_members as usize,
        agree_threshold: team.agree_threshold,
        list_length: team.list_length as usize,
        solo_stop_level: team.solo_stop_level.min(5) as u8,
        max_rounds: scenario.limits.rounds,
        minutes_per_question: scenario.environment.minutes_per_question,
        max_minutes: scenario.limits.minutes,
        max_cost: scenario.limits.cost,
    }
}
