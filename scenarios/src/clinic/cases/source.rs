//! The patients of scripted cases.

use std::sync::Arc;

use rounds_agents::clinic::VisitLimits;
use rounds_environments::clinic::case::{CasePatient, Manner, Person};
use rounds_environments::clinic::chart::{ChartOptions, ChartPatient};
use rounds_environments::clinic::dialogue::{Answer, Introduction, Question};
use rounds_environments::clinic::knowledge::{Knowledge, KnowledgePatient, Noise};
use rounds_environments::clinic::patient::{Account, Patient, Truth};
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use serde_json::Value;

use super::book::CaseBook;
use crate::schema::CasePatientSpec;

/// How the patients are played.
#[derive(Debug, Clone, Default)]
pub(crate) struct Played {
    /// Parts of the person that are played in place of the case's own.
    pub(crate) person: Person,
    /// Noise of the answers, then temperaments.
    pub(crate) manners: Vec<Manner>,
    /// How charts are read.
    pub(crate) chart: ChartOptions,
}

/// Makes the patients of a book of cases.
pub(crate) struct CaseSource {
    /// The cases.
    pub(crate) book: Arc<CaseBook>,
    /// What the doctors know.
    pub(crate) knowledge: Arc<Knowledge>,
    /// How the patients are played.
    pub(crate) played: Played,
}

impl CaseSource {
    /// Limits of the visit of `episode` that are its case's own.
    pub(crate) fn limits(&self, episode: EpisodeIx) -> VisitLimits {
        let case = self.book.of_episode(episode.0);
        case.map_or_else(VisitLimits::default, |(case, _)| case.limits())
    }

    /// The patient of `episode`.
    ///
    /// # Errors
    /// [`EnvironmentError::Failed`] when there is no such episode or its patient cannot be made.
    pub(crate) fn patient(
        &self,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Box<dyn Patient>, EnvironmentError> {
        let failed = |why: String| EnvironmentError::Failed(why);
        let (case, _) = self
            .book
            .of_episode(episode.0)
            .ok_or_else(|| failed(format!("there is no episode {episode}")))?;
        if let Some((script, index)) = &case.script {
            let fixed = match &case.spec.patient {
                CasePatientSpec::Script { fixed, .. } => fixed.as_slice(),
                _ => &[],
            };
            return Ok(Box::new(CasePatient::new(
                Arc::clone(script),
                Arc::clone(index),
                Arc::clone(&self.knowledge),
                &without(&self.played.person, fixed),
                self.played.manners.clone(),
                (seed, episode),
            )));
        }
        let inner: Box<dyn Patient> = match (&case.spec.patient, &case.record) {
            (CasePatientSpec::Drawn { condition, seed }, _) => {
                let d = self.knowledge.find_condition(condition);
                let d = d.ok_or_else(|| failed(format!("there is no condition {condition:?}")))?;
                let noise = self.played.manners.first();
                let noise = noise.map_or_else(Noise::default, |manner| Noise {
                    unknown: manner.unknown,
                    flipped: manner.flipped,
                });
                // The draw is the case's own, whatever the episode.
                let knowledge = Arc::clone(&self.knowledge);
                let drawn =
                    KnowledgePatient::draw_given(knowledge, d, RunSeed(*seed), EpisodeIx(0), noise);
                Box::new(drawn?)
            }
            (_, Some(record)) => Box::new(
                ChartPatient::new(
                    record,
                    Some(Arc::clone(&self.knowledge)),
                    self.played.chart.clone(),
                )
                .map_err(|error| failed(error.to_string()))?,
            ),
            _ => return Err(failed(format!("case {:?} has no patient", case.spec.id))),
        };
        Ok(Box::new(Named {
            inner,
            case: case.spec.id.clone(),
            truth: case.truth.clone(),
        }))
    }
}

/// `person` without the parts that a case fixes.
fn without(person: &Person, fixed: &[String]) -> Person {
    let free = |part: &str| !fixed.iter().any(|fixed| fixed == part);
    let text = |part: &str, value: &Option<String>| value.clone().filter(|_| free(part));
    Person {
        age: person.age.filter(|_| free("age")),
        sex: text("sex", &person.sex),
        ethnicity: text("ethnicity", &person.ethnicity),
        language: text("language", &person.language),
        insurance: text("insurance", &person.insurance),
    }
}

/// A patient under the name and with the truth of its case.
struct Named {
    inner: Box<dyn Patient>,
    case: String,
    truth: Truth,
}

impl Patient for Named {
    fn case(&self) -> &str {
        &self.case
    }

    fn introduction(&self) -> &Introduction {
        self.inner.introduction()
    }

    fn answer(&self, question: &Question, at_min: f64) -> Answer {
        self.inner.answer(question, at_min)
    }

    fn account(&self, told: bool) -> Account {
        self.inner.account(told)
    }

    fn truth(&self) -> &Truth {
        &self.truth
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), EnvironmentError> {
        self.inner.set(key, value)
    }
}
