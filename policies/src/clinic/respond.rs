//! A patient whose answers somebody gives: what it is asked, and what it says.

use std::borrow::Cow;
use std::sync::Arc;

use rounds_environments::clinic::dialogue::{Answer, AnswerKind, Question};
use rounds_environments::clinic::knowledge::{FindingKind, Knowledge};
use rounds_environments::clinic::patient::Account;
use rounds_environments::ids::AgentId;
use rounds_environments::streams::RunSeed;
use rounds_models::{CallKey, Desk, Message, ModelRequest, Typed};
use serde_json::{Value, json};

use super::spoken::request::answer_text;
use super::task::DoctorView;
use crate::policy::{Ask, ModelPolicy, PolicyError, Reading};

/// The patient among the agents of an episode: above every clinician's number.
pub const PATIENT: AgentId = AgentId(u32::MAX);

/// What is wanted of whoever speaks for a patient, with what was said before.
#[derive(Debug, Clone, PartialEq)]
pub struct Consultation {
    /// What was said before.
    pub view: Arc<DoctorView>,
    /// What is wanted.
    pub task: PatientTask,
}

/// What is wanted of whoever speaks for a patient.
#[derive(Debug, Clone, PartialEq)]
pub enum PatientTask {
    /// It introduces itself.
    Introduce {
        /// What it may know.
        account: Account,
        /// Its introduction without a model.
        recorded: Arc<str>,
    },
    /// Whether what was found in the record answers the question.
    Suffices {
        /// The question.
        question: Question,
        /// The answer of the record.
        recorded: Answer,
    },
    /// It answers.
    Answer {
        /// The question.
        question: Question,
        /// The answer of the record.
        recorded: Answer,
    },
    /// It answers from all that it knows.
    Fallback {
        /// The question.
        question: Question,
        /// What it may know.
        account: Account,
    },
}

/// What the patient says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// What the record says.
    AsRecorded,
    /// Yes, no or unknown, and in which words, where there are some.
    Own(Option<bool>, Option<Arc<str>>),
    /// What the record says, in these words.
    Words(Arc<str>),
    /// Whether what was found answers the question.
    Suffices(bool),
}

impl Said {
    /// The answer that the doctors get in place of the recorded one.
    pub fn over(self, recorded: Answer) -> Answer {
        match self {
            Self::AsRecorded | Self::Suffices(_) => recorded,
            Self::Words(text) => Answer {
                text: Some(text),
                ..recorded
            },
            Self::Own(present, text) => {
                let kind = match (present, &text) {
                    (None, None) => AnswerKind::NotRecorded,
                    _ => AnswerKind::Value,
                };
                Answer {
                    kind,
                    present,
                    text,
                    targets: Vec::new(),
                    ..recorded
                }
            }
        }
    }
}

/// Whether a person can answer: what examinations and tests show comes from the record.
pub fn is_for_a_person(question: &Question, knowledge: &Knowledge) -> bool {
    match question {
        Question::Text(_) => true,
        Question::Finding(e) => knowledge.findings().get(e.index()).is_some_and(|finding| {
            matches!(finding.kind, FindingKind::Symptom | FindingKind::Antecedent)
        }),
    }
}

/// A patient whose answers come from outside.
#[derive(Debug, Clone)]
pub struct OutsidePatient {
    /// Words of the questions.
    pub knowledge: Arc<Knowledge>,
}

impl ModelPolicy<Consultation, Said> for OutsidePatient {
    fn request(&self, _: RunSeed, ask: &Ask<Consultation>) -> Result<ModelRequest, PolicyError> {
        let seen = &ask.observation;
        let PatientTask::Answer { question, recorded } = &seen.task else {
            let why = "expected a question: a person is asked nothing else as the patient";
            return Err(PolicyError::Failed(why.to_owned()));
        };
        let (finding, question) = match question {
            Question::Text(text) => (None, &**text),
            Question::Finding(e) => match self.knowledge.findings().get(e.index()) {
                Some(finding) => (Some(&finding.id), finding.question.as_str()),
                None => (None, ""),
            },
        };
        let content = json!({
            "episode": ask.key.episode,
            "round": ask.key.round,
            "task": "answer",
            "want": ["answer"],
            "introduction": &*seen.view.introduction.text,
            "finding": finding,
            "question": question,
            "recorded": answer_text(recorded),
        });
        Ok(ModelRequest {
            key: CallKey {
                episode: ask.key.episode,
                agent: ask.key.agent,
                round: ask.key.round,
                purpose: Cow::Borrowed("answer"),
                number: ask.key.number,
                attempt: 0,
            },
            messages: vec![Message::new("user", content.to_string())],
            schema: None,
            temperature: 0.0,
            max_tokens: 0,
            seed: 0,
        })
    }

    fn read(&self, _: &Ask<Consultation>, reply: &str) -> Reading<Said> {
        let value: Value = serde_json::from_str(reply).unwrap_or_default();
        match value.get("answer") {
            Some(Value::Null) => Reading::Action(Said::AsRecorded),
            Some(Value::String(text)) if !text.trim().is_empty() => Reading::Action(said(text)),
            _ => Reading::AskAgain(format!(
                "expected an object with `answer`, which is yes, no, unknown, words or null, got {reply}"
            )),
        }
    }

    fn neutral(&self, _: &Ask<Consultation>) -> Result<Said, PolicyError> {
        Err(PolicyError::Garbage("no answer of the patient".to_owned()))
    }
}

/// Yes, no and unknown by the first word; further words are kept as they are.
fn said(text: &str) -> Said {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(text.len());
    let present = match text[..end].to_lowercase().as_str() {
        "yes" | "y" => Some(true),
        "no" | "n" => Some(false),
        _ => None,
    };
    let alone = text[end..].chars().all(|c| !c.is_alphanumeric());
    let plain = alone && (present.is_some() || text[..end].eq_ignore_ascii_case("unknown"));
    Said::Own(present, (!plain).then(|| text.into()))
}

/// The patient at the terminal.
#[derive(Debug, Clone, Copy, Default)]
pub struct PatientDesk;

impl Desk for PatientDesk {
    fn show(&self, request: &ModelRequest) -> String {
        let text = request.messages.first().map_or("", |m| m.content.as_str());
        let seen: Value = serde_json::from_str(text).unwrap_or_default();
        let word = |key: &str| seen[key].as_str().unwrap_or_default().to_owned();
        let first = match seen["round"].as_u64() {
            Some(0 | 1) => format!("You are the patient. {}\n", word("introduction")),
            _ => String::new(),
        };
        format!(
            "{first}The doctor asks: {}\n(yes, no, unknown, or words; nothing says what the record says, \"{}\")",
            word("question"),
            word("recorded")
        )
    }

    fn take(&self, _: &ModelRequest, line: &str) -> Typed {
        let answer = |value: Value| Typed::Reply(json!({ "answer": value }).to_string());
        match line.to_lowercase().as_str() {
            "quit" | "exit" => Typed::Quit,
            "help" | "?" => Typed::Say(
                "  yes, no, unknown, an answer in words, nothing for that of the record, quit"
                    .to_owned(),
            ),
            "" => answer(Value::Null),
            _ => answer(line.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_says_yes_or_no() {
        assert_eq!(said("Yes."), Said::Own(Some(true), None));
        assert_eq!(said("n"), Said::Own(Some(false), None));
        assert_eq!(said("unknown"), Said::Own(None, None));
        let words = |text: &str| Some(Arc::from(text));
        assert_eq!(
            said("no, never"),
            Said::Own(Some(false), words("no, never"))
        );
        assert_eq!(said("notably"), Said::Own(None, words("notably")));
        assert_eq!(
            said("only at night"),
            Said::Own(None, words("only at night"))
        );
    }

    #[test]
    fn an_own_answer_keeps_cost_and_time_alone() {
        let recorded = Answer {
            present: Some(true),
            cost: 3.0,
            turnaround_min: 5.0,
            ..Answer::empty(AnswerKind::Value)
        };
        assert_eq!(Said::AsRecorded.over(recorded.clone()), recorded);
        let own = Said::Own(None, None).over(recorded);
        assert_eq!((own.kind, own.present), (AnswerKind::NotRecorded, None));
        assert_eq!((own.cost, own.turnaround_min), (3.0, 5.0));
    }
}
