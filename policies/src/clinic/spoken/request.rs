//! What a model is told and what data it gets.

use rounds_environments::clinic::dialogue::{Answer, AnswerKind, Question};
use rounds_environments::clinic::knowledge::Knowledge;
use serde_json::{Value, json};

use crate::clinic::task::{Content, Diagnosis, Observation, Proposal, Speciality, Task};
use crate::prompts::{self, Role};

/// Name of the call's purpose.
pub(in crate::clinic) fn purpose(task: &Task) -> &'static str {
    match task {
        Task::Triage { .. } => "triage",
        Task::Confidence => "confidence",
        Task::Solo { .. } => "solo",
        Task::Propose { .. } => "propose",
        Task::Vote { .. } => "vote",
        Task::Coordinate { .. } => "coordinate",
    }
}

/// The role whose prompts are used for a task.
pub(super) fn role(task: &Task) -> &'static Role {
    match task {
        Task::Triage { .. } => &prompts::TRIAGE,
        Task::Confidence => &prompts::CONFIDENCE,
        Task::Solo { .. } => &prompts::SOLO,
        Task::Propose { .. } => &prompts::PROPOSE,
        Task::Vote { .. } => &prompts::VOTE,
        Task::Coordinate { .. } => &prompts::COORDINATE,
    }
}

/// Variables of the system template. A speciality that only a model named is none here: it stands
/// with the data, so that no words of a model become instructions.
pub(super) fn instructions(
    observation: &Observation,
    knowledge: Option<&Knowledge>,
    list_length: usize,
    addition: &str,
) -> Value {
    let speciality = match &observation.speciality {
        Speciality::Named(_) => Value::Null,
        known => speciality_name(known, knowledge).into(),
    };
    match &observation.task {
        Task::Triage { most } | Task::Coordinate { most } => {
            json!({"most": most, "addition": addition})
        }
        Task::Confidence | Task::Vote { .. } => {
            json!({"speciality": speciality, "addition": addition})
        }
        Task::Solo { diagnose } | Task::Propose { forced: diagnose } => json!({
            "speciality": speciality,
            "diagnose": diagnose,
            "list_length": list_length,
            "addition": addition,
        }),
    }
}

/// Variables of the user template. Exchanges are cut from the oldest until at most `most_chars` characters of
/// them are left; their number is told.
pub(super) fn data(
    observation: &Observation,
    knowledge: Option<&Knowledge>,
    most_chars: usize,
) -> Value {
    let view = &observation.view;
    let mut left = most_chars;
    let mut exchanges: Vec<Value> = view
        .exchanges
        .iter()
        .rev()
        .map(|x| {
            (
                question_text(&x.question, knowledge),
                answer_text(&x.answer),
            )
        })
        .map_while(|(question, answer)| {
            left = left.checked_sub(question.chars().count() + answer.chars().count())?;
            Some(json!({ "question": question, "answer": answer }))
        })
        .collect();
    exchanges.reverse();
    let omitted = view.exchanges.len() - exchanges.len();
    let team: Vec<String> = observation
        .team
        .iter()
        .map(|member| speciality_name(member, knowledge))
        .collect();
    let mut data = json!({
        "introduction": &*view.introduction.text,
        "omitted_exchanges": omitted,
        "exchanges": exchanges,
        "team": team,
        "speciality": match observation.task {
            Task::Triage { .. } | Task::Coordinate { .. } => Value::Null,
            _ => speciality_name(&observation.speciality, knowledge).into(),
        },
    });
    match &observation.task {
        Task::Vote { proposal } => data["proposal"] = proposal_data(proposal, knowledge),
        Task::Solo { diagnose } | Task::Propose { forced: diagnose } => {
            data["diagnose"] = (*diagnose).into();
        }
        Task::Triage { .. } | Task::Confidence | Task::Coordinate { .. } => {}
    }
    data
}

fn proposal_data(proposal: &Proposal, knowledge: Option<&Knowledge>) -> Value {
    let (kind, content) = match &proposal.content {
        Content::Question(question) => ("question", json!(question_text(question, knowledge))),
        Content::Diagnoses(list) => {
            let names: Vec<String> = list.iter().map(|d| diagnosis_name(d, knowledge)).collect();
            ("diagnosis", json!(names))
        }
        Content::Refer(referral) => ("refer", json!(&*referral.to)),
    };
    json!({ "type": kind, "content": content, "rationale": &*proposal.rationale })
}

/// A speciality in words.
pub(in crate::clinic) fn speciality_name(
    speciality: &Speciality,
    knowledge: Option<&Knowledge>,
) -> String {
    match speciality {
        Speciality::Generalist => "General practice".to_owned(),
        Speciality::Named(name) => name.to_string(),
        Speciality::Known(s) => knowledge
            .and_then(|k| k.specialities().get(s.index()))
            .cloned()
            .unwrap_or_else(|| format!("speciality {}", s.0)),
    }
}

/// A diagnosis in words.
pub(in crate::clinic) fn diagnosis_name(
    diagnosis: &Diagnosis,
    knowledge: Option<&Knowledge>,
) -> String {
    match diagnosis {
        Diagnosis::Named(name) => name.to_string(),
        Diagnosis::Known(d, _) => knowledge
            .and_then(|k| k.conditions().get(d.index()))
            .map_or_else(|| format!("condition {}", d.0), |c| c.name.clone()),
    }
}

/// A question in words.
pub(super) fn question_text(question: &Question, knowledge: Option<&Knowledge>) -> String {
    match question {
        Question::Text(text) => text.to_string(),
        Question::Finding(e) => knowledge
            .and_then(|k| k.findings().get(e.index()))
            .map_or_else(|| format!("finding {}", e.0), |f| f.question.clone()),
    }
}

/// An answer in words.
pub(in crate::clinic) fn answer_text(answer: &Answer) -> String {
    if let Some(text) = &answer.text {
        return text.to_string();
    }
    let words = match (answer.kind, answer.present) {
        (_, Some(true)) => "yes",
        (_, Some(false)) => "no",
        (AnswerKind::NotUnderstood, None) => "the question was not understood",
        (AnswerKind::NotRecorded | AnswerKind::Value, None) => "not known or not recorded",
    };
    words.to_owned()
}
