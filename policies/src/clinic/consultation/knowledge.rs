//! A knowledge-based generalist who talks.

use std::sync::Arc;

use rounds_environments::clinic::dialogue::Question;
use rounds_environments::clinic::knowledge::{FindingKind, Knowledge};
use rounds_environments::streams::RunSeed;

use super::task::{Consultation, Turn, TurnTask};
use crate::clinic::knowledge_based::KnowledgeClinician;
use crate::clinic::task::{Action, Content, Diagnosis, Observation, Referral, Speciality, Task};
use crate::policy::{Ask, Decisions, Policy, PolicyError};

/// A knowledge-based generalist who asks for findings in words, for signs and tests by the marker,
/// and names the most probable condition.
#[derive(Debug, Clone)]
pub struct KnowledgeDoctor {
    knowledge: Arc<Knowledge>,
    clinician: KnowledgeClinician,
}

impl KnowledgeDoctor {
    /// The doctor in front of `clinician`, whose base is `knowledge`.
    pub fn new(knowledge: Arc<Knowledge>, clinician: KnowledgeClinician) -> Self {
        Self {
            knowledge,
            clinician,
        }
    }

    fn words(&self, seen: &Consultation, content: &Content) -> Result<String, PolicyError> {
        let markers = &seen.brief.markers;
        match content {
            Content::Question(Question::Text(text)) => Ok(text.to_string()),
            Content::Question(Question::Finding(ix)) => {
                let finding = self.knowledge.finding(*ix);
                Ok(match finding.kind {
                    FindingKind::Sign | FindingKind::Test => markers.request(&finding.name),
                    _ => finding.question.clone(),
                })
            }
            // The protocol knows no referral: what is thought of first is named.
            Content::Diagnoses(list) | Content::Refer(Referral { list, .. }) => {
                match list.first() {
                    Some(Diagnosis::Known(condition, _)) => {
                        Ok(markers.diagnose(&self.knowledge.condition(*condition).name))
                    }
                    Some(Diagnosis::Named(name)) => Ok(markers.diagnose(name)),
                    None => Err(PolicyError::Garbage(
                        "an empty list of diagnoses".to_owned(),
                    )),
                }
            }
        }
    }
}

impl Policy<Consultation, Turn> for KnowledgeDoctor {
    fn decide(&self, seed: RunSeed, batch: &[Ask<Consultation>]) -> Decisions<Turn> {
        let team: Arc<[Speciality]> = Arc::new([Speciality::Generalist]);
        let asks: Vec<Ask<Observation>> = batch
            .iter()
            .map(|ask| Ask {
                key: ask.key,
                observation: Observation {
                    task: Task::Propose {
                        forced: !matches!(
                            ask.observation.task,
                            TurnTask::Speak { last: false, .. }
                        ),
                    },
                    speciality: Speciality::Generalist,
                    team: Arc::clone(&team),
                    view: Arc::clone(&ask.observation.view),
                },
            })
            .collect();
        let decided = self.clinician.decide(seed, &asks)?;
        let spoken = decided.into_iter().zip(batch).map(|(result, ask)| {
            let seen = &ask.observation;
            match result? {
                Action::Proposal(Some(proposal)) => self
                    .words(seen, &proposal.content)
                    .map(|words| Turn::Said(words.into())),
                _ => Err(PolicyError::Garbage("expected a proposal".to_owned())),
            }
        });
        Ok(spoken.collect())
    }
}
