//! A policy that follows a written plan, move by move.

use std::sync::Arc;

use rounds_environments::clinic::dialogue::Question;
use rounds_environments::clinic::knowledge::Knowledge;
use rounds_environments::nearest::nearest;
use rounds_environments::streams::RunSeed;

use super::task::{Action, Content, Diagnosis, Observation, Proposal, Referral, Speciality, Task};
use crate::policy::{Ask, Decisions, Policy, PolicyError};

/// One move of a plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Move {
    /// A question or an order.
    Ask(Question),
    /// The list of diagnoses.
    Diagnose(Vec<Arc<str>>),
    /// A referral.
    Refer(Arc<str>),
}

/// Why a text is no move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// It begins with another word.
    #[error("expected ask, order, say, diagnose or refer, got {got:?}{}", near.as_ref().map(|near| format!("; did you mean {near:?}?")).unwrap_or_default())]
    Word {
        /// The word.
        got: String,
        /// The nearest one.
        near: Option<String>,
    },
    /// Nothing follows the word.
    #[error("expected {0} after the first word, got nothing")]
    Empty(&'static str),
}

impl Move {
    /// Reads `ask TOPIC`, `order TEST`, `say WORDS`, `diagnose A; B; C` or `refer WHOM`. A topic
    /// that is a finding of `knowledge` is asked for by it, any other in words.
    ///
    /// # Errors
    /// [`MoveError`] for another first word, or when nothing follows it.
    pub fn read(text: &str, knowledge: &Knowledge) -> Result<Self, MoveError> {
        let (word, rest) = text
            .trim()
            .split_once(char::is_whitespace)
            .unwrap_or((text.trim(), ""));
        let rest = rest.trim();
        let needed = |what| match rest.is_empty() {
            true => Err(MoveError::Empty(what)),
            false => Ok(rest),
        };
        match word {
            "ask" | "order" => {
                let topic = needed("a topic")?;
                Ok(Self::Ask(match knowledge.find_finding(topic) {
                    Some(finding) => Question::Finding(finding),
                    None => Question::Text(topic.replace('_', " ").into()),
                }))
            }
            "say" => Ok(Self::Ask(Question::Text(needed("words")?.into()))),
            "diagnose" => {
                let names = needed("a diagnosis")?.split(';').map(str::trim);
                let names: Vec<Arc<str>> = names
                    .filter(|name| !name.is_empty())
                    .map(Arc::from)
                    .collect();
                match names.is_empty() {
                    true => Err(MoveError::Empty("a diagnosis")),
                    false => Ok(Self::Diagnose(names)),
                }
            }
            "refer" => Ok(Self::Refer(needed("to whom")?.into())),
            other => Err(MoveError::Word {
                got: other.to_owned(),
                near: nearest(other, ["ask", "order", "say", "diagnose", "refer"])
                    .map(str::to_owned),
            }),
        }
    }

    fn ends(&self) -> bool {
        !matches!(self, Self::Ask(_))
    }
}

/// Follows a plan: the move after as many as were answered; when an answer is forced, the final
/// move. A plan that has no move left fails its episode.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    moves: Vec<Move>,
}

impl Plan {
    /// The plan of these moves.
    pub fn new(moves: Vec<Move>) -> Self {
        Self { moves }
    }

    fn next(&self, seen: &Observation, forced: bool) -> Result<&Move, PolicyError> {
        let at = seen.view.exchanges.len();
        let next = match forced {
            true => self.moves.iter().skip(at).find(|m| m.ends()),
            false => self.moves.get(at),
        };
        next.ok_or_else(|| {
            PolicyError::Failed(format!(
                "the plan has {} moves and none for this: expected a final diagnose or refer",
                self.moves.len()
            ))
        })
    }

    fn proposal(&self, seen: &Observation, forced: bool) -> Result<Action, PolicyError> {
        let named = |name: &Arc<str>| Diagnosis::Named(Arc::clone(name));
        let content = match self.next(seen, forced)? {
            Move::Ask(question) => Content::Question(question.clone()),
            Move::Diagnose(names) => Content::Diagnoses(names.iter().map(named).collect()),
            Move::Refer(to) => Content::Refer(Referral {
                to: Arc::clone(to),
                reason: "".into(),
                list: Vec::new(),
            }),
        };
        Ok(Action::Proposal(Some(Proposal {
            content,
            confidence: 3.0,
            rationale: "".into(),
        })))
    }

    fn answer(&self, seen: &Observation) -> Result<Action, PolicyError> {
        match &seen.task {
            Task::Triage { .. } => Ok(Action::Team(vec![Speciality::Generalist])),
            Task::Coordinate { .. } => Ok(Action::Team(seen.team.to_vec())),
            Task::Vote { .. } => Ok(Action::Vote(Some(true))),
            Task::Confidence => {
                let level = if self.next(seen, false)?.ends() { 5 } else { 1 };
                Ok(Action::Confidence(Some(level)))
            }
            Task::Solo { diagnose } => self.proposal(seen, *diagnose),
            Task::Propose { forced } => self.proposal(seen, *forced),
        }
    }
}

impl Policy<Observation, Action> for Plan {
    fn decide(&self, _seed: RunSeed, batch: &[Ask<Observation>]) -> Decisions<Action> {
        Ok(batch
            .iter()
            .map(|ask| self.answer(&ask.observation))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_are_read_from_words() {
        let knowledge = Knowledge::builtin();
        let read = |text| Move::read(text, &knowledge);
        let fever = knowledge.find_finding("fever").unwrap();
        assert_eq!(read("ask fever"), Ok(Move::Ask(Question::Finding(fever))));
        assert_eq!(
            read(" order ct_angiography "),
            Ok(Move::Ask(Question::Text("ct angiography".into())))
        );
        assert_eq!(
            read("diagnose GERD; ; Peptic ulcer"),
            Ok(Move::Diagnose(vec!["GERD".into(), "Peptic ulcer".into()]))
        );
        assert_eq!(read("refer"), Err(MoveError::Empty("to whom")));
        let error = read("diagnos GERD").unwrap_err();
        assert!(
            error.to_string().contains("did you mean \"diagnose\"?"),
            "{error}"
        );
    }
}
