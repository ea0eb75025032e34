//! Visits whose model is a function.

use std::sync::Arc;

use bevy_app::{App, Plugin};
use rounds_agents::clinic::{
    Clinic, ClinicPlugin, Coordination, PatientSource, RespondentPlugin, VisitConfig, Voice,
};
use rounds_agents::engine::{
    Engine, EngineError, EngineOptions, FinishedEpisode, Outcome, RunSink,
};
use rounds_environments::clinic::chart::{ChartOptions, ChartPatient};
use rounds_environments::clinic::knowledge::{Knowledge, KnowledgePatient, Noise};
use rounds_environments::clinic::patient::Patient;
use rounds_environments::clinic::record::Record;
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_models::{CallRecord, FnModel, ModelRequest, ModelServer, Schema, ServerOptions};
use rounds_policies::clinic::reading::Fidelity;
use rounds_policies::clinic::spoken::{SpokenClinician, SpokenPatient};
use rounds_policies::clinic::task::Speciality;
use rounds_policies::policy::Decider;
use serde_json::Value;

/// How often an unreadable reply is asked again.
pub(crate) const RE_ASKS: u32 = 2;

/// Where the patients come from.
pub(crate) enum Patients {
    /// The built-in knowledge base.
    Drawn,
    /// A record.
    Recorded(Arc<Record>),
}

impl PatientSource for Patients {
    fn patient(
        &self,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Box<dyn Patient>, EnvironmentError> {
        let knowledge = Knowledge::builtin();
        Ok(match self {
            Self::Drawn => {
                let noise = Noise::default();
                Box::new(KnowledgePatient::draw(knowledge, seed, episode, noise))
            }
            Self::Recorded(record) => {
                let options = ChartOptions::default();
                Box::new(ChartPatient::new(record, Some(knowledge), options).unwrap())
            }
        })
    }
}

/// The patient of a record in the published shape, without series.
pub(crate) fn recorded(patient: Value) -> Patients {
    Patients::Recorded(Arc::new(Record {
        hadm_id: 7,
        patient: serde_json::from_value(patient).unwrap(),
        ..Record::default()
    }))
}

/// A visit with the published rules but for the named ones.
pub(crate) struct Visit {
    pub(crate) patients: Patients,
    pub(crate) rules: VisitConfig,
    pub(crate) fidelity: Fidelity,
    /// The patient speaks through the model too.
    pub(crate) patient_speaks: bool,
}

impl Visit {
    /// A visit whose team triage and coordinator choose.
    pub(crate) fn dynamic(max_rounds: u32) -> Self {
        Self {
            patients: Patients::Drawn,
            rules: VisitConfig {
                triage: 5,
                max_rounds,
                ..VisitConfig::default()
            },
            fidelity: Fidelity::Strict,
            patient_speaks: false,
        }
    }

    /// A visit of a team that stays.
    pub(crate) fn of_team(names: &[&str], max_rounds: u32) -> Self {
        let given = names.iter().map(|&name| Speciality::Named(name.into()));
        let mut visit = Self::dynamic(max_rounds);
        visit.rules.coordination = Coordination::Given;
        visit.rules.given = given.collect();
        visit
    }

    /// Plays the visit with a model that answers by `answer`.
    pub(crate) fn play(
        self,
        answer: impl Fn(&ModelRequest) -> String + Send + Sync + 'static,
    ) -> Played {
        let model = FnModel::new("scripted", move |request: &ModelRequest| {
            Ok(answer(request))
        });
        let server = Arc::new(ModelServer::start(
            Arc::new(model),
            ServerOptions::default(),
        ));
        let knowledge = Knowledge::builtin();
        let clinician = SpokenClinician {
            knowledge: Some(Arc::clone(&knowledge)),
            fidelity: self.fidelity,
            list_length: self.rules.list_length,
            ..SpokenClinician::default()
        };
        let family = Family {
            clinic: Clinic {
                knowledge: Arc::clone(&knowledge),
                patients: Arc::new(self.patients),
                visit: self.rules,
                timeline: Arc::new([]),
                cast: Arc::default(),
            },
            clinicians: Decider::Model {
                policy: Arc::new(clinician),
                server: Arc::clone(&server),
                re_asks: RE_ASKS,
            },
            patient: self.patient_speaks.then(|| Decider::Model {
                policy: Arc::new(SpokenPatient::new(knowledge)) as _,
                server,
                re_asks: RE_ASKS,
            }),
        };
        let options = EngineOptions {
            seed: RunSeed(1),
            in_flight: 1,
            log: true,
        };
        let mut kept = Kept::default();
        Engine::new(options, family)
            .unwrap()
            .run(&mut (0..1).map(EpisodeIx), &mut kept)
            .unwrap();
        let episode = kept.episodes.remove(0);
        let mut calls = kept.calls;
        calls.sort_by(|a, b| a.key.cmp(&b.key));
        let text = String::from_utf8(episode.events).unwrap();
        Played {
            outcome: episode.outcome,
            events: text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
            calls,
        }
    }
}

struct Family {
    clinic: Clinic,
    clinicians:
        Decider<rounds_policies::clinic::task::Observation, rounds_policies::clinic::task::Action>,
    patient: Option<
        Decider<
            rounds_policies::clinic::respond::Consultation,
            rounds_policies::clinic::respond::Said,
        >,
    >,
}

impl Plugin for Family {
    fn build(&self, app: &mut App) {
        app.add_plugins(ClinicPlugin {
            clinic: self.clinic.clone(),
            protocol: self.clinicians.clone().into(),
        });
        if let Some(decider) = self.patient.clone() {
            let voice = Voice::Model;
            app.add_plugins(RespondentPlugin { decider, voice });
        }
    }
}

#[derive(Default)]
struct Kept {
    episodes: Vec<FinishedEpisode>,
    calls: Vec<CallRecord>,
}

impl RunSink for Kept {
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError> {
        self.episodes.push(episode);
        Ok(())
    }

    fn calls(&mut self, calls: Vec<CallRecord>) -> Result<(), EngineError> {
        self.calls.extend(calls);
        Ok(())
    }
}

/// What a visit came to.
pub(crate) struct Played {
    pub(crate) outcome: Outcome,
    pub(crate) events: Vec<Value>,
    /// In the order of their keys.
    pub(crate) calls: Vec<CallRecord>,
}

impl Played {
    /// The events of one kind.
    pub(crate) fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events
            .iter()
            .filter(move |event| event["kind"] == kind)
    }

    /// The last event of one of these kinds.
    pub(crate) fn last(&self, kinds: &[&str]) -> &Value {
        let mut events = self.events.iter().rev();
        let is = |event: &&Value| kinds.iter().any(|kind| event["kind"] == *kind);
        events.find(is).unwrap()
    }

    /// Calls without re-asks.
    pub(crate) fn first_tries(&self) -> usize {
        self.calls
            .iter()
            .filter(|call| call.key.attempt == 0)
            .count()
    }
}

/// The data of a request.
pub(crate) fn data(request: &ModelRequest) -> Value {
    serde_json::from_str(&request.messages[1].content).unwrap()
}

/// A reply that proposes a question or a list.
pub(crate) fn proposal(kind: &str, content: Value, confidence: f64, why: &str) -> String {
    serde_json::json!({
        "RESPONSE_TYPE": kind,
        "RESPONSE_CONTENT": content,
        "CONFIDENCE": format!("{confidence}"),
        "RATIONALE": why,
    })
    .to_string()
}

/// Whether a request is due to name diagnoses: its schema allows nothing else.
pub(crate) fn is_due(request: &ModelRequest) -> bool {
    let schema = request.schema.as_ref().map(Schema::value);
    let kinds = schema.map(|schema| schema["properties"]["RESPONSE_TYPE"]["enum"].clone());
    kinds == Some(serde_json::json!(["diagnosis"]))
}
