//! The policy: one decision for each task of the clinic.

use std::sync::Arc;

use rounds_environments::clinic::dialogue::Question;
use rounds_environments::clinic::knowledge::{Knowledge, SpecialityIx};
use rounds_environments::streams::RunSeed;

use super::config::{ConfigError, KnowledgeConfig, QuestionPolicy};
use super::coordinator::{next_team, ranked};
use super::facts::{Ancestors, Facts};
use super::questions;
use super::specialist::Specialist;
use crate::clinic::belief::Scope;
use crate::clinic::task::{
    Action, Content, DoctorView, Observation, Proposal, Referral, Speciality, Task,
};
use crate::policy::{Ask, AskKey, Policy, PolicyError};

/// Clinicians of every speciality, the triage doctor and the coordinator, by rule.
///
/// # Determinism
/// Decisions follow from the observation alone, save [`QuestionPolicy::Random`], which draws from
/// the agent's own stream.
#[derive(Debug, Clone)]
pub struct KnowledgeClinician {
    knowledge: Arc<Knowledge>,
    config: KnowledgeConfig,
    specialists: Vec<Specialist>,
    generalist: Specialist,
    coarse: Scope,
    ancestors: Ancestors,
}

impl KnowledgeClinician {
    /// Prepares the beliefs of all specialities.
    ///
    /// # Errors
    /// [`ConfigError`] when a setting is out of range.
    pub fn new(knowledge: Arc<Knowledge>, config: KnowledgeConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let specialists = (0..knowledge.specialities().len() as u32)
            .map(|s| {
                Scope::specialist(&knowledge, SpecialityIx(s), config.noise).map(Specialist::new)
            })
            .collect::<Result<_, _>>()?;
        let generalist = Specialist::new(Scope::generalist(&knowledge, config.noise)?);
        let coarse = Scope::coarse(&knowledge, config.noise)?;
        Ok(Self {
            ancestors: Ancestors::new(&knowledge),
            knowledge,
            config,
            specialists,
            generalist,
            coarse,
        })
    }

    /// The settings.
    pub fn config(&self) -> &KnowledgeConfig {
        &self.config
    }

    /// A name that the knowledge base has becomes its position.
    fn resolve(&self, speciality: &Speciality) -> Result<Speciality, PolicyError> {
        let unknown = |what: String| {
            PolicyError::Failed(format!(
                "speciality {what} does not exist in knowledge base {}",
                self.knowledge.name()
            ))
        };
        match speciality {
            Speciality::Generalist => Ok(Speciality::Generalist),
            Speciality::Known(s) if s.index() < self.specialists.len() => Ok(Speciality::Known(*s)),
            Speciality::Known(s) => Err(unknown(s.0.to_string())),
            Speciality::Named(name) => self
                .knowledge
                .find_speciality(name)
                .map(Speciality::Known)
                .ok_or_else(|| unknown(format!("{name:?}"))),
        }
    }

    fn specialist(&self, speciality: &Speciality) -> Result<&Specialist, PolicyError> {
        Ok(match self.resolve(speciality)? {
            Speciality::Known(s) => &self.specialists[s.index()],
            Speciality::Generalist | Speciality::Named(_) => &self.generalist,
        })
    }

    fn answer(
        &self,
        seed: RunSeed,
        key: AskKey,
        seen: &Observation,
        facts: &Facts,
    ) -> Result<Action, PolicyError> {
        // Anchored clinicians count what the patient came with more than once.
        let introduced = &seen.view.introduction.observed;
        let again = (1..self.config.anchoring).flat_map(|_| introduced);
        let again = again.map(|&(e, present)| (e, Some(present)));
        let known = || facts.known().chain(again.clone());
        let shares = || ranked(&self.coarse, &self.coarse.posterior(known()));
        match &seen.task {
            Task::Triage { most: 0 } | Task::Coordinate { most: 0 } => Err(PolicyError::Failed(
                "team size: expected at least 1, got 0".to_owned(),
            )),
            Task::Triage { most } => Ok(Action::Team(
                shares()
                    .into_iter()
                    .take(*most)
                    .map(|(s, _)| Speciality::Known(s))
                    .collect(),
            )),
            Task::Coordinate { most } => {
                let team = seen
                    .team
                    .iter()
                    .map(|member| self.resolve(member))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(Action::Team(next_team(
                    &self.config,
                    &shares(),
                    &team,
                    *most,
                )))
            }
            Task::Confidence | Task::Solo { .. } | Task::Propose { .. } | Task::Vote { .. } => {
                let member = self.specialist(&seen.speciality)?;
                let posterior = member.scope.posterior(known());
                let referral = || self.referral(&shares(), member, &posterior);
                self.member(seed, key, &seen.task, facts, (member, &posterior), referral)
            }
        }
    }

    fn member(
        &self,
        seed: RunSeed,
        key: AskKey,
        task: &Task,
        facts: &Facts,
        (member, posterior): (&Specialist, &[f64]),
        referral: impl FnOnce() -> Content,
    ) -> Result<Action, PolicyError> {
        let question = || {
            questions::next(
                &self.config,
                &member.scope,
                &member.order,
                posterior,
                facts,
                || key.stream(seed),
            )
        };
        let sure = self.config.questions != QuestionPolicy::All
            && member.top(posterior) >= self.config.stop_at;
        let due = match task {
            Task::Vote { proposal } => {
                return self.vote(proposal, facts, member, posterior);
            }
            Task::Confidence => {
                let level =
                    if sure || !questions::any(&self.config, &member.scope, posterior, facts) {
                        5
                    } else {
                        1 + (3.0 * member.top(posterior)).min(2.0) as u8
                    };
                return Ok(Action::Confidence(Some(level)));
            }
            Task::Solo { diagnose } => *diagnose,
            Task::Propose { forced } => *forced || sure,
            Task::Triage { .. } | Task::Coordinate { .. } => {
                return Err(PolicyError::Failed(
                    "team tasks are not a member's".to_owned(),
                ));
            }
        };
        let asked = if due { None } else { question() };
        let proposal = match asked {
            Some((e, gain)) => Some(Proposal {
                content: Content::Question(Question::Finding(e)),
                confidence: member.question_confidence(posterior, gain),
                rationale: Arc::from(""),
            }),
            None if member.top(posterior) < self.config.refer_below => Some(Proposal {
                content: referral(),
                confidence: 1.0 + 4.0 * (1.0 - member.top(posterior)),
                rationale: Arc::from(""),
            }),
            None => member
                .content(posterior, self.config.list_length)
                .map(|content| Proposal {
                    content,
                    confidence: 1.0 + 4.0 * member.top(posterior),
                    rationale: Arc::from(""),
                }),
        };
        Ok(Action::Proposal(proposal))
    }

    /// A referral to the speciality of greatest share.
    fn referral(
        &self,
        shares: &[(SpecialityIx, f64)],
        member: &Specialist,
        posterior: &[f64],
    ) -> Content {
        let first = shares
            .first()
            .and_then(|(s, _)| self.knowledge.specialities().get(s.index()));
        let top = member.top(posterior);
        Content::Refer(Referral {
            to: first.map_or("a specialist", String::as_str).into(),
            reason: format!("no condition is likelier than {:.0} %", 100.0 * top).into(),
            list: member.list(posterior, self.config.list_length),
        })
    }

    /// A question in words cannot be judged by rule: abstains.
    fn vote(
        &self,
        proposal: &Proposal,
        facts: &Facts,
        member: &Specialist,
        posterior: &[f64],
    ) -> Result<Action, PolicyError> {
        let vote = match &proposal.content {
            Content::Diagnoses(_) => Some(member.accepts_diagnosis(posterior)),
            Content::Question(Question::Text(_)) => None,
            Content::Refer(_) => Some(
                member.top(posterior) < self.config.refer_below
                    || member.accepts_diagnosis(posterior),
            ),
            Content::Question(Question::Finding(e)) => Some(
                member
                    .accepts_question(posterior, facts, *e)
                    .ok_or_else(|| {
                        PolicyError::Failed(format!("finding {} does not exist", e.0))
                    })?,
            ),
        };
        Ok(Action::Vote(vote))
    }
}

impl Policy<Observation, Action> for KnowledgeClinician {
    fn decide(
        &self,
        seed: RunSeed,
        batch: &[Ask<Observation>],
    ) -> Result<Vec<Result<Action, PolicyError>>, PolicyError> {
        let mut last: Option<(&Arc<DoctorView>, Result<Facts, PolicyError>)> = None;
        let mut actions = Vec::with_capacity(batch.len());
        for ask in batch {
            let view = &ask.observation.view;
            let facts = match last.take() {
                Some((seen, facts)) if Arc::ptr_eq(seen, view) => facts,
                _ => Facts::read(&self.knowledge, &self.ancestors, view),
            };
            actions.push(match &facts {
                Ok(facts) => self.answer(seed, ask.key, &ask.observation, facts),
                Err(error) => Err(error.clone()),
            });
            last = Some((view, facts));
        }
        Ok(actions)
    }
}
