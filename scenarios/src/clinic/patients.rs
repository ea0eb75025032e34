//! Where the patients of a scenario come from, and what records teach.

use std::path::Path;
use std::sync::Arc;

use rounds_agents::clinic::{PatientSource, VisitLimits};
use rounds_environments::clinic::case::Manner;
use rounds_environments::clinic::chart::{self, ChartOptions, ChartPatient};
use rounds_environments::clinic::knowledge::{
    Knowledge, KnowledgePatient, LearnOptions, Noise, learn,
};
use rounds_environments::clinic::naming::synonym_pairs;
use rounds_environments::clinic::patient::Patient;
use rounds_environments::clinic::record::{Part, Record, RecordSet, shared_subjects};
use rounds_environments::clinic::titles::TitleTable;
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use serde_json::{Value, json};

use super::accuracy::key;
use super::cases::{CaseBook, CaseSource, Played, SCORER};
use super::sources;
use crate::hash::{sha256, sha256_of, sha256_of_model};
use crate::run::RunError;
use crate::schema::{
    self, Answers, BehaviourSpec, ClinicScenario, LearnedSpec, ModelSpec, PatientsSpec, PolicySpec,
    Side, Tests, Visible, load_behaviour,
};
use crate::speech::prompts_of;

/// Share of subjects that `part = "test"` holds out.
const TEST_SHARE: f64 = 0.3;
/// Share of common words from which a name counts as that of a diagnosis.
const NAME_THRESHOLD: f64 = 0.75;
/// Episodes of a run at most: tables number them in 32 bits with a sign.
const MOST_EPISODES: u32 = i32::MAX as u32;

/// Adds the content hashes of the files that a run depends on.
pub(super) fn add_hashes(
    data: &mut Value,
    scenario: &ClinicScenario<'_>,
    learned: Option<&LearnedSpec>,
) -> Result<(), RunError> {
    let unread = |(path, source)| RunError::File {
        path,
        what: "cannot be read",
        source,
    };
    let hash = |path: &Path| sha256_of(path).map_err(unread);
    match &scenario.environment.patients {
        PatientsSpec::BuiltinKnowledge => {}
        PatientsSpec::Knowledge(path) | PatientsSpec::Records { folder: path, .. } => {
            data["sha256"] = json!(hash(path)?);
        }
        PatientsSpec::AgentClinic {
            file: path, titles, ..
        }
        | PatientsSpec::Fhir { path, titles, .. } => {
            data["sha256"] = json!(hash(path)?);
            if let Some(titles) = titles {
                data["titles"] = json!({"sha256": hash(titles)?});
            }
        }
        // Each case has a hash of its own.
        PatientsSpec::Cases { knowledge, .. } => {
            if let Some(path) = knowledge {
                data["sha256"] = json!(hash(path)?);
            }
        }
    }
    if let Some(path) = &scenario.environment.behaviour {
        data["behaviour"] = json!({"sha256": hash(path)?});
    }
    if let Some(learned) = learned {
        data["learned"] = json!({"sha256": hash(&learned.records)?});
    }
    for policy in scenario.team.policies() {
        let Some(PolicySpec::Process(process)) = scenario.policies.get(policy) else {
            continue;
        };
        for file in process.files() {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            data["process"][&*name] = json!({"sha256": hash(&file)?});
        }
    }
    for name in scenario.team.policies() {
        if let Some(PolicySpec::Language(spec)) = scenario.policies.get(name) {
            data["prompts"][name] = json!({"sha256": prompts_of(&spec.speaker)?.hash()});
        }
    }
    if let Answers::Language(spec) = &scenario.environment.patient {
        data["prompts"]["patient"] = json!({"sha256": prompts_of(&spec.speaker)?.hash()});
    }
    for (name, model) in scenario.models {
        let path = match model {
            ModelSpec::Scripted { script, .. } => script.as_ref(),
            ModelSpec::Replay { calls } => Some(calls),
            ModelSpec::OpenAi(spec) => spec.prices.as_ref(),
            ModelSpec::Trajectory(_) => None,
            ModelSpec::Candle(spec) => {
                if spec.path.exists() {
                    let hash = sha256_of_model(&spec.path);
                    let hash = hash.map_err(unread)?;
                    data["models"][name] = json!({"sha256": hash});
                }
                None
            }
        };
        if let Some(path) = path {
            data["models"][name] = json!({"sha256": hash(path)?});
        }
    }
    Ok(())
}

/// Where patients come from, loaded.
pub(super) enum Patients {
    Drawn(Arc<Knowledge>),
    Recorded {
        set: Arc<RecordSet>,
        chosen: Vec<Arc<Record>>,
    },
    Scripted(Arc<CaseBook>),
}

impl Patients {
    pub(super) fn load(scenario: &ClinicScenario<'_>) -> Result<Self, RunError> {
        let input = |error: &dyn std::fmt::Display| RunError::Input(error.to_string());
        Ok(match &scenario.environment.patients {
            PatientsSpec::BuiltinKnowledge => Self::Drawn(Knowledge::builtin()),
            PatientsSpec::Knowledge(path) => {
                Self::Drawn(Knowledge::load(path).map_err(|e| input(&e))?)
            }
            PatientsSpec::Records { folder, part } => {
                let set = RecordSet::load(folder).map_err(|e| input(&e))?;
                Self::recorded(set, folder, *part, scenario.seed)?
            }
            PatientsSpec::AgentClinic { file, titles, part } => {
                let set = sources::agentclinic(file, titles.as_deref())?;
                Self::recorded(set, file, *part, scenario.seed)?
            }
            PatientsSpec::Fhir {
                path,
                titles,
                visit,
                part,
            } => {
                let set = sources::fhir(path, titles.as_deref(), *visit)?;
                Self::recorded(set, path, *part, scenario.seed)?
            }
            PatientsSpec::Cases { files, knowledge } => {
                let knowledge = match knowledge {
                    Some(path) => Knowledge::load(path).map_err(|e| input(&e))?,
                    None => Knowledge::builtin(),
                };
                let (repeats, most) = (scenario.repeats, scenario.episodes);
                Self::Scripted(Arc::new(CaseBook::load(files, &knowledge, repeats, most)?))
            }
        })
    }

    fn recorded(
        set: RecordSet,
        path: &Path,
        part: schema::Part,
        seed: RunSeed,
    ) -> Result<Self, RunError> {
        let chosen = part_of(&set, part, seed);
        if chosen.is_empty() {
            return Err(RunError::Input(format!(
                "{}: no record falls into part {:?}",
                path.display(),
                part.as_str()
            )));
        }
        let set = Arc::new(set);
        Ok(Self::Recorded { set, chosen })
    }

    /// Names of diagnoses with their codes, for patients whose truth is codes: the titles in the
    /// records, then what the doctors call the conditions.
    pub(super) fn titles(
        &self,
        knowledge: &Knowledge,
    ) -> Result<Option<Arc<TitleTable>>, RunError> {
        let Self::Recorded { set, .. } = self else {
            return Ok(None);
        };
        let entries = set.records.iter().flat_map(|r| &r.patient.diagnoses);
        let coded: Vec<(String, &str)> = entries
            .flat_map(|entry| {
                let names = [&entry.long_title, &entry.short_title];
                let titles = names.into_iter().flatten();
                titles.map(|title| (key(&entry.icd9_code, title), title.as_str()))
            })
            .collect();
        let titles = coded.iter().map(|(code, title)| (code.as_str(), *title));
        let conditions = knowledge.conditions().iter();
        let common = synonym_pairs();
        let common = common
            .iter()
            .map(|(code, name)| (code.as_str(), name.as_str()));
        let synonyms = conditions
            .filter_map(|c| Some((c.codes.first()?.as_str(), c.name.as_str())))
            .chain(common);
        TitleTable::new(titles, synonyms, NAME_THRESHOLD)
            .map(|table| Some(Arc::new(table)))
            .map_err(|error| RunError::Input(error.to_string()))
    }

    /// The cases, where patients are played from cases.
    pub(super) fn book(&self) -> Option<&Arc<CaseBook>> {
        match self {
            Self::Scripted(book) => Some(book),
            Self::Drawn(_) | Self::Recorded { .. } => None,
        }
    }

    /// Episodes, description for the manifest, restricted or not.
    pub(super) fn describe(
        &self,
        scenario: &ClinicScenario<'_>,
    ) -> Result<(u32, Value, bool), RunError> {
        if let Self::Scripted(book) = self {
            let hashes = book.cases().iter().map(|case| {
                let spec = &case.spec;
                (spec.id.clone(), json!(spec.hash))
            });
            let hashes: serde_json::Map<String, Value> = hashes.collect();
            let data = json!({
                "suite": sha256(Value::Object(hashes.clone()).to_string()),
                "cases": hashes,
                "scorer": SCORER,
                "knowledge": book.knowledge.name(),
            });
            let episodes = u32::try_from(book.episodes()).unwrap_or(MOST_EPISODES);
            return Ok((episodes, data, book.restricted()));
        }
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
            Self::Scripted(_) => (0, Value::Null, false),
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

    /// The patients of the episodes.
    pub(super) fn source(
        self,
        knowledge: &Arc<Knowledge>,
        scenario: &ClinicScenario<'_>,
    ) -> Result<Arc<dyn PatientSource>, RunError> {
        let noise = Noise {
            unknown: scenario.environment.noise.unknown,
            flipped: scenario.environment.noise.flipped,
        };
        let (chart, tests) = (chart_options(scenario), scenario.environment.tests);
        if let Self::Scripted(book) = self {
            return Ok(Arc::new(Scripted {
                source: CaseSource {
                    book,
                    knowledge: Arc::clone(knowledge),
                    played: played(scenario, noise, chart)?,
                },
                tests,
            }));
        }
        Ok(Arc::new(Source {
            patients: self,
            knowledge: Arc::clone(knowledge),
            repeats: scenario.repeats.max(1),
            noise,
            chart,
            tests,
        }))
    }
}

/// How the patients of cases are played.
fn played(
    scenario: &ClinicScenario<'_>,
    noise: Noise,
    chart: ChartOptions,
) -> Result<Played, RunError> {
    let environment = &scenario.environment;
    let mut manners = vec![Manner {
        unknown: noise.unknown,
        flipped: noise.flipped,
        ..Manner::default()
    }];
    if let Some(path) = &environment.behaviour {
        manners.push(behaviour(path, Side::Patient)?.manner);
    }
    Ok(Played {
        person: environment.person.clone(),
        manners,
        chart,
    })
}

/// The behaviour in a file, which must be of this side.
pub(super) fn behaviour(path: &Path, side: Side) -> Result<BehaviourSpec, RunError> {
    let spec = load_behaviour(path).map_err(|error| RunError::Settings(Box::new(error)))?;
    if spec.side == side {
        return Ok(spec);
    }
    Err(RunError::Input(format!(
        "{}: expected a behaviour of the {}, got one of the {}",
        path.display(),
        side.as_str(),
        spec.side.as_str()
    )))
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

/// What the training records teach; no subject may be among the patients too.
pub(super) fn learn_from(
    learned: &LearnedSpec,
    patients: &Patients,
    scenario: &ClinicScenario<'_>,
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

fn chart_options(scenario: &ClinicScenario<'_>) -> ChartOptions {
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

/// Patients of cases.
struct Scripted {
    source: CaseSource,
    tests: Tests,
}

impl PatientSource for Scripted {
    fn patient(
        &self,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Box<dyn Patient>, EnvironmentError> {
        let mut patient = self.source.patient(seed, episode)?;
        if self.tests == Tests::Down {
            patient.set("tests", &json!("down"))?;
        }
        Ok(patient)
    }

    fn limits(&self, episode: EpisodeIx) -> VisitLimits {
        self.source.limits(episode)
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
            Patients::Scripted(_) => Err(EnvironmentError::Failed(
                "cases have patients of their own".to_owned(),
            )),
        }
    }
}
