//! From a scenario to a running clinic.

use std::sync::Arc;

use bevy_app::App;
use rounds_agents::clinic::{
    Clinic, ClinicPlugin, Coordination, PatientSource, TimelineEntry, VisitConfig,
};
use rounds_environments::clinic::chart::{self, ChartOptions, ChartPatient};
use rounds_environments::clinic::knowledge::{
    Knowledge, KnowledgePatient, LearnOptions, Noise, learn,
};
use rounds_environments::clinic::patient::Patient;
use rounds_environments::clinic::record::{Part, Record, RecordSet, shared_subjects};
use rounds_environments::clinic::titles::TitleTable;
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_models::{
    LanguageModel, ModelServer, ReplayModel, ScriptedModel, ScriptedRules, ServerOptions,
};
use rounds_policies::clinic::knowledge_based::{
    KnowledgeClinician, KnowledgeConfig, QuestionPolicy,
};
use rounds_policies::clinic::spoken::SpokenClinician;
use rounds_policies::clinic::task::{Action, Observation, Speciality};
use rounds_policies::policy::Decider;
use serde_json::{Value, json};

use super::coverage::DecisiveFindings;
use super::recording::{in_file, recording};
use super::score::VisitScore;
use crate::run::{Experiment, Manifest, RunError};
use crate::schema::{
    self, Arm, KnowledgeSpec, LearnedSpec, ModelSpec, PatientsSpec, PolicySpec, Questions,
    Scenario, ScenarioSet, TeamKind, Tests, Visible,
};

/// Share of subjects that `part = "test"` holds out.
const TEST_SHARE: f64 = 0.3;
/// Share of common words from which a name counts as that of a diagnosis.
const NAME_THRESHOLD: f64 = 0.75;
/// Episodes of a run at most: tables number them in 32 bits with a sign.
const MOST_EPISODES: u32 = i32::MAX as u32;
/// What everything clinical says of itself.
pub const NOTICE: &str = "Research software, not for clinical use.";

/// Calls that were recorded before, from which slow decisions are answered.
#[derive(Debug, Clone, Default)]
pub struct Cassette {
    /// `calls.jsonl` of an earlier try or run.
    pub calls: Option<std::path::PathBuf>,
    /// Calls that are not recorded are made; otherwise they fail.
    pub live: bool,
}

/// A clinic that is ready to run, and what stories and reports need of it.
pub struct BuiltClinic {
    /// What is run.
    pub experiment: Experiment,
    /// What the doctors know.
    pub knowledge: Arc<Knowledge>,
    clinic: Clinic,
    decider: Decider<Observation, Action>,
}

impl BuiltClinic {
    /// What all visits share, and who decides: to wrap either and [`install`] the result.
    pub fn clinic_parts(&self) -> (Clinic, Decider<Observation, Action>) {
        (self.clinic.clone(), self.decider.clone())
    }
}

/// Adds a clinic to each world of an experiment.
pub fn install(
    clinic: Clinic,
    decider: Decider<Observation, Action>,
) -> Arc<dyn Fn(&mut App) + Send + Sync> {
    Arc::new(move |app: &mut App| {
        app.add_plugins(ClinicPlugin {
            clinic: clinic.clone(),
            decider: decider.clone(),
        });
    })
}

/// Builds the clinic of one arm.
///
/// # Errors
/// [`RunError::Input`] when data that the scenario names cannot be used.
pub fn build(set: &ScenarioSet, arm: &Arm, cassette: &Cassette) -> Result<BuiltClinic, RunError> {
    let scenario = &arm.scenario;
    let policy = scenario
        .policies
        .get(&scenario.team.policy)
        .ok_or_else(|| RunError::Input(format!("there is no policy {:?}", scenario.team.policy)))?;
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
    };
    let decider = decider(scenario, policy, &knowledge, cassette)?;
    let visit = visit_config(scenario, &knowledge);
    let (episodes, data, restricted) = patients.describe(scenario)?;
    let titles = patients.titles(&knowledge)?;
    let decisive = match &patients {
        Patients::Drawn(own) => Some(Arc::new(DecisiveFindings::new(own))),
        Patients::Recorded { .. } => None,
    };
    let source: Arc<dyn PatientSource> = Arc::new(Source {
        patients,
        knowledge: Arc::clone(&knowledge),
        repeats: scenario.repeats.max(1),
        noise: Noise {
            unknown: scenario.environment.noise.unknown,
            flipped: scenario.environment.noise.flipped,
        },
        chart: chart_options(scenario),
        tests: scenario.environment.tests,
    });
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
    };
    let manifest = Manifest {
        schema: "rounds.manifest/1".to_owned(),
        scenario: scenario.name.clone(),
        arm: arm.name.clone(),
        seed: scenario.seed.0,
        episodes,
        hash: set.hash.clone(),
        resolved: set.resolved_toml.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        data,
        restricted,
        notice: NOTICE.to_owned(),
    };
    let experiment = Experiment {
        manifest,
        in_flight: scenario.limits.in_flight.max(1) as usize,
        install: install(clinic.clone(), decider.clone()),
        score: Arc::new(VisitScore { decisive, titles }),
    };
    Ok(BuiltClinic {
        experiment,
        knowledge,
        clinic,
        decider,
    })
}

/// Where patients come from, loaded.
enum Patients {
    Drawn(Arc<Knowledge>),
    Recorded {
        set: Arc<RecordSet>,
        chosen: Vec<Arc<Record>>,
    },
}

impl Patients {
    fn load(scenario: &Scenario) -> Result<Self, RunError> {
        let input = |error: &dyn std::fmt::Display| RunError::Input(error.to_string());
        Ok(match &scenario.environment.patients {
            PatientsSpec::BuiltinKnowledge => Self::Drawn(Knowledge::builtin()),
            PatientsSpec::Knowledge(path) => {
                Self::Drawn(Knowledge::load(path).map_err(|e| input(&e))?)
            }
            PatientsSpec::Records { folder, part } => {
                let set = Arc::new(RecordSet::load(folder).map_err(|e| input(&e))?);
                let chosen = part_of(&set, *part, scenario.seed);
                if chosen.is_empty() {
                    return Err(RunError::Input(format!(
                        "{}: no record falls into part {:?}",
                        folder.display(),
                        part.as_str()
                    )));
                }
                Self::Recorded { set, chosen }
            }
        })
    }

    /// Names of diagnoses with their codes, for patients whose truth is codes: the titles in the
    /// records, then what the doctors call the conditions.
    fn titles(&self, knowledge: &Knowledge) -> Result<Option<Arc<TitleTable>>, RunError> {
        let Self::Recorded { set, .. } = self else {
            return Ok(None);
        };
        let entries = set.records.iter().flat_map(|r| &r.patient.diagnoses);
        let titles = entries.flat_map(|entry| {
            let names = [&entry.long_title, &entry.short_title];
            let titles = names.into_iter().flatten();
            titles.map(|title| (entry.icd9_code.as_str(), title.as_str()))
        });
        let conditions = knowledge.conditions().iter();
        let synonyms =
            conditions.filter_map(|c| Some((c.codes.first()?.as_str(), c.name.as_str())));
        TitleTable::new(titles, synonyms, NAME_THRESHOLD)
            .map(|table| Some(Arc::new(table)))
            .map_err(|error| RunError::Input(error.to_string()))
    }

    /// Episodes, description for the manifest, restricted or not.
    fn describe(&self, scenario: &Scenario) -> Result<(u32, Value, bool), RunError> {
        let (by_default, data, restricted) = match self {
            Self::Drawn(knowledge) => (
                schema::DEFAULT_EPISODES,
                json!({"knowledge": knowledge.name(), "conditions": knowledge.conditions().len(),
                       "findings": knowledge.findings().len()}),
                false,
            ),
            Self::Recorded { set, chosen } => (
                chosen.len() as u32,
                json!({"records": chosen.len(), "of": set.records.len()}),
                set.restricted,
            ),
        };
        let (cases, repeats) = (
            scenario.episodes.unwrap_or(by_default),
            scenario.repeats.max(1),
        );
        let episodes = cases
            .checked_mul(repeats)
            .filter(|all| *all <= MOST_EPISODES);
        let episodes = episodes.ok_or_else(|| {
            RunError::Input(format!(
                "`episodes` times `repeats` is {cases} x {repeats}, expected at most {MOST_EPISODES}"
            ))
        })?;
        Ok((episodes, data, restricted))
    }
}

fn part_of(set: &RecordSet, part: schema::Part, seed: RunSeed) -> Vec<Arc<Record>> {
    let chosen: Vec<&Record> = match part {
        schema::Part::All => set.records.iter().collect(),
        schema::Part::Train => set.split(Part::Train, TEST_SHARE, seed.0),
        schema::Part::Test => set.split(Part::Test, TEST_SHARE, seed.0),
    };
    chosen
        .into_iter()
        .map(|record| Arc::new(record.clone()))
        .collect()
}

fn learn_from(
    learned: &LearnedSpec,
    patients: &Patients,
    scenario: &Scenario,
) -> Result<Arc<Knowledge>, RunError> {
    let set =
        RecordSet::load(&learned.records).map_err(|error| RunError::Input(error.to_string()))?;
    let training: Vec<Record> = part_of(&set, learned.part, scenario.seed)
        .iter()
        .map(|record| (**record).clone())
        .collect();
    if let Patients::Recorded { chosen, .. } = patients {
        let tested: Vec<Record> = chosen.iter().map(|record| (**record).clone()).collect();
        let shared = shared_subjects(&training, &tested);
        if let Some(subject) = shared.first() {
            return Err(RunError::Input(format!(
                "{}: subject {subject} is both among the records to learn from and among the patients; \
                 set part = \"train\" for one and part = \"test\" for the other",
                learned.records.display()
            )));
        }
    }
    learn(&training, &LearnOptions::default())
        .map(Arc::new)
        .map_err(|error| RunError::Input(error.to_string()))
}

fn decider(
    scenario: &Scenario,
    policy: &PolicySpec,
    knowledge: &Arc<Knowledge>,
    cassette: &Cassette,
) -> Result<Decider<Observation, Action>, RunError> {
    let input = |error: &dyn std::fmt::Display| RunError::Input(error.to_string());
    match policy {
        PolicySpec::Knowledge(spec) => {
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
            let clinician =
                KnowledgeClinician::new(Arc::clone(knowledge), config).map_err(|e| input(&e))?;
            Ok(Decider::Direct(Arc::new(clinician)))
        }
        PolicySpec::Scripted { model } | PolicySpec::Model { model } => {
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
            Ok(Decider::Model {
                policy: Arc::new(SpokenClinician {
                    knowledge: Some(Arc::clone(knowledge)),
                    ..SpokenClinician::default()
                }),
                server: Arc::new(ModelServer::start(answering, ServerOptions::default())),
                re_asks: 2,
            })
        }
    }
}

fn visit_config(scenario: &Scenario, knowledge: &Knowledge) -> VisitConfig {
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

fn chart_options(scenario: &Scenario) -> ChartOptions {
    let environment = &scenario.environment;
    ChartOptions {
        fidelity: match environment.fidelity {
            schema::Fidelity::Strict => chart::Fidelity::Strict,
            schema::Fidelity::AsPublished => chart::Fidelity::AsPublished,
        },
        matching: match environment.matching {
            schema::Matching::Word => chart::Matching::Word,
            schema::Matching::Substring => chart::Matching::Substring,
        },
        reveal_admission_diagnosis: environment.reveal_admission_diagnosis,
        visible_until_h: match environment.visible_until {
            Visible::All => None,
            Visible::Hours(hours) => Some(hours),
        },
        ..ChartOptions::default()
    }
}

/// Patients by episode: repeats of a case follow one another.
struct Source {
    patients: Patients,
    knowledge: Arc<Knowledge>,
    repeats: u32,
    noise: Noise,
    chart: ChartOptions,
    tests: Tests,
}

impl PatientSource for Source {
    fn patient(
        &self,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Box<dyn Patient>, EnvironmentError> {
        let mut patient = self.fresh(seed, EpisodeIx(episode.0 / self.repeats))?;
        if self.tests == Tests::Down {
            patient.set("tests", &json!("down"))?;
        }
        Ok(patient)
    }
}

impl Source {
    fn fresh(&self, seed: RunSeed, case: EpisodeIx) -> Result<Box<dyn Patient>, EnvironmentError> {
        match &self.patients {
            Patients::Drawn(knowledge) => Ok(Box::new(KnowledgePatient::draw(
                Arc::clone(knowledge),
                seed,
                case,
                self.noise,
            ))),
            Patients::Recorded { chosen, .. } => {
                let record = &chosen[case.index() % chosen.len()];
                ChartPatient::new(
                    record,
                    Some(Arc::clone(&self.knowledge)),
                    self.chart.clone(),
                )
                .map(|patient| Box::new(patient) as Box<dyn Patient>)
                .map_err(|error| EnvironmentError::Failed(error.to_string()))
            }
        }
    }
}
