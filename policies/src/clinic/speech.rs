//! How a patient comes to its answer in words: a state for each question.
//!
//! What was found in the record is checked for whether it answers the question; if it does, it is
//! put in words, else the whole record is asked. Whether a finding is present, what the answer
//! costs and how long it takes stay what the record says; only the words, and for a question that
//! the record does not answer the kind, come from whoever speaks.
//!
//! Deviation: the answer about a finding of the knowledge base needs no check, and a question for
//! which nothing was found goes to the whole record at once: two calls at most (inferred).
//!
//! # Source
//! DynamiCare card, section 3.

use rounds_environments::clinic::dialogue::{Answer, AnswerKind, AnswerSource, Question};
use rounds_environments::clinic::patient::Account;

use super::reading::says_unknown;
use super::respond::{PatientTask, Said};

/// What is asked of whoever speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Whether the found content suffices.
    Suffices,
    /// The answer from that content.
    Answer,
    /// The answer from the whole record.
    Fallback,
}

/// A question on its way to an answer in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Speech {
    question: Question,
    recorded: Answer,
    step: Step,
}

/// What comes after a reply.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// The next request.
    Ask(Speech),
    /// The answer.
    Answer(Question, Answer),
}

impl Speech {
    /// The way to the answer of a model, for which `recorded` was found.
    pub fn new(question: Question, recorded: Answer) -> Self {
        let step = match (&question, recorded.kind) {
            (Question::Finding(_), _) => Step::Answer,
            (Question::Text(_), AnswerKind::Value) => Step::Suffices,
            (Question::Text(_), _) => Step::Fallback,
        };
        Self {
            question,
            recorded,
            step,
        }
    }

    /// The way to the answer of a person, who is asked once.
    pub fn of_person(question: Question, recorded: Answer) -> Self {
        Self {
            question,
            recorded,
            step: Step::Answer,
        }
    }

    /// What is asked now. `account` is what the patient may know.
    pub fn task(&self, account: impl FnOnce() -> Account) -> PatientTask {
        let (question, recorded) = (self.question.clone(), self.recorded.clone());
        match self.step {
            Step::Suffices => PatientTask::Suffices { question, recorded },
            Step::Answer => PatientTask::Answer { question, recorded },
            Step::Fallback => PatientTask::Fallback {
                question,
                account: account(),
            },
        }
    }

    /// What comes after a reply.
    pub fn hear(self, said: Said) -> Heard {
        let to = |step| {
            Heard::Ask(Self {
                step,
                ..self.clone()
            })
        };
        match (self.step, said) {
            (Step::Suffices, Said::Suffices(true)) => to(Step::Answer),
            (Step::Suffices, _) => to(Step::Fallback),
            (Step::Answer, said) => Heard::Answer(self.question, said.over(self.recorded)),
            (Step::Fallback, Said::Words(text)) => {
                let (kind, source) = match says_unknown(&text) {
                    true => (AnswerKind::NotRecorded, AnswerSource::Unavailable),
                    false => (AnswerKind::Value, AnswerSource::Fallback),
                };
                let answer = Answer {
                    kind,
                    source,
                    text: Some(text),
                    ..self.recorded
                };
                Heard::Answer(self.question, answer)
            }
            (Step::Fallback, _) => Heard::Answer(self.question, self.recorded),
        }
    }
}

#[cfg(test)]
mod tests {
    use rounds_environments::clinic::knowledge::FindingIx;

    use super::*;

    fn recorded(kind: AnswerKind) -> Answer {
        Answer {
            present: Some(true),
            cost: 3.0,
            source: AnswerSource::Chart,
            ..Answer::empty(kind)
        }
    }

    fn text(kind: AnswerKind) -> Speech {
        Speech::new(Question::Text("Fever?".into()), recorded(kind))
    }

    fn next(heard: Heard) -> Speech {
        match heard {
            Heard::Ask(speech) => speech,
            Heard::Answer(..) => panic!("expected a further request"),
        }
    }

    fn answer(heard: Heard) -> Answer {
        match heard {
            Heard::Answer(_, answer) => answer,
            Heard::Ask(_) => panic!("expected an answer"),
        }
    }

    #[test]
    fn content_that_suffices_is_put_in_words_and_stays_what_it_is() {
        let speech = text(AnswerKind::Value);
        let task = speech.task(Account::default);
        assert!(matches!(task, PatientTask::Suffices { .. }));
        let speech = next(speech.hear(Said::Suffices(true)));
        assert!(matches!(
            speech.task(Account::default),
            PatientTask::Answer { .. }
        ));
        let said = answer(speech.hear(Said::Words("Yes, since Monday.".into())));
        assert_eq!(said.text.as_deref(), Some("Yes, since Monday."));
        assert_eq!((said.present, said.cost), (Some(true), 3.0));
        assert_eq!(said.source, AnswerSource::Chart);
    }

    #[test]
    fn what_does_not_suffice_goes_to_the_whole_record() {
        let speech = next(text(AnswerKind::Value).hear(Said::Suffices(false)));
        let mut asked = false;
        let task = speech.task(|| {
            asked = true;
            Account::default()
        });
        assert!(asked && matches!(task, PatientTask::Fallback { .. }));
        let known = answer(speech.clone().hear(Said::Words("For a week.".into())));
        assert_eq!(
            (known.kind, known.source),
            (AnswerKind::Value, AnswerSource::Fallback)
        );
        let unknown = answer(speech.clone().hear(Said::Words("I don't remember.".into())));
        assert_eq!(unknown.source, AnswerSource::Unavailable);
        assert_eq!(unknown.kind, AnswerKind::NotRecorded);
        assert_eq!(
            answer(speech.hear(Said::AsRecorded)),
            recorded(AnswerKind::Value)
        );
    }

    #[test]
    fn findings_need_no_check_and_what_was_not_found_no_content() {
        let finding = Speech::new(Question::Finding(FindingIx(0)), recorded(AnswerKind::Value));
        let none = text(AnswerKind::NotUnderstood);
        let task = |speech: &Speech| speech.task(Account::default);
        assert!(matches!(task(&finding), PatientTask::Answer { .. }));
        assert!(matches!(task(&none), PatientTask::Fallback { .. }));
    }
}
