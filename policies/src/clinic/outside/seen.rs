//! An observation as JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rounds_environments::clinic::dialogue::{AnswerKind, Question};
use rounds_environments::clinic::knowledge::{FindingIx, Knowledge};
use serde::Serialize;

use crate::clinic::spoken::request::{answer_text, diagnosis_name, purpose, speciality_name};
use crate::clinic::task::{Content, Exchange, Observation, Proposal, Task};
use crate::policy::AskKey;

/// One observation; the order of the fields is that of the line.
#[derive(Serialize)]
struct Seen<'a> {
    episode: u32,
    agent: u32,
    round: u32,
    number: u32,
    seed: u32,
    task: &'static str,
    want: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    most: Option<usize>,
    speciality: String,
    team: Vec<String>,
    introduction: &'a str,
    complaint: Option<&'a str>,
    known: Known<'a>,
    exchanges: Vec<Told<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<Proposed<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<&'a str>,
    question: &'a str,
    kind: AnswerKind,
    present: Option<bool>,
    answer: Cow<'a, str>,
    cost: f64,
}

#[derive(Serialize)]
struct Proposed<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    content: Cow<'a, [Cow<'a, str>]>,
    confidence: f64,
    rationale: &'a str,
}

/// Findings with what is known of them, by id.
struct Known<'a>(BTreeMap<FindingIx, Option<bool>>, &'a Knowledge);

impl Serialize for Known<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(e, present)| (id(*e, self.1), present)))
    }
}

/// What a decision on `task` may be, as keys of its object.
pub(super) fn wanted(task: &Task) -> &'static [&'static str] {
    match task {
        Task::Triage { .. } | Task::Coordinate { .. } => &["team"],
        Task::Confidence => &["confidence"],
        Task::Vote { .. } => &["vote"],
        Task::Solo { diagnose: false } => &["ask", "refer"],
        Task::Solo { diagnose: true } | Task::Propose { forced: true } => &["diagnose", "refer"],
        Task::Propose { forced: false } => &["ask", "diagnose", "refer"],
    }
}

/// The observation as one line of JSON. `seed` is for the decider's own random numbers.
pub(super) fn line(key: AskKey, seed: u32, seen: &Observation, knowledge: &Knowledge) -> String {
    let view = &seen.view;
    let mut known = BTreeMap::new();
    for (e, present) in view.findings() {
        let entry = known.entry(e).or_insert(present);
        *entry = present.or(*entry);
    }
    let line = Seen {
        episode: key.episode.0,
        agent: key.agent.0,
        round: key.round.0,
        number: key.number,
        seed,
        task: purpose(&seen.task),
        want: wanted(&seen.task),
        most: match seen.task {
            Task::Triage { most } | Task::Coordinate { most } => Some(most),
            _ => None,
        },
        speciality: speciality_name(&seen.speciality, Some(knowledge)),
        team: seen
            .team
            .iter()
            .map(|member| speciality_name(member, Some(knowledge)))
            .collect(),
        introduction: &view.introduction.text,
        complaint: view.introduction.complaint.map(|e| id(e, knowledge)),
        known: Known(known, knowledge),
        exchanges: view
            .exchanges
            .iter()
            .map(|exchange| told(exchange, knowledge))
            .collect(),
        proposal: match &seen.task {
            Task::Vote { proposal } => Some(proposed(proposal, knowledge)),
            _ => None,
        },
    };
    // Text, numbers and maps with text keys can always be written; the empty object is refused.
    serde_json::to_string(&line).unwrap_or_else(|_| "{}".to_owned())
}

fn told<'a>(exchange: &'a Exchange, knowledge: &'a Knowledge) -> Told<'a> {
    let (finding, question) = question_words(&exchange.question, knowledge);
    let answer = &exchange.answer;
    Told {
        finding,
        question,
        kind: answer.kind,
        present: answer.present,
        answer: match &answer.text {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(answer_text(answer)),
        },
        cost: answer.cost,
    }
}

fn proposed<'a>(proposal: &'a Proposal, knowledge: &'a Knowledge) -> Proposed<'a> {
    let (kind, content) = match &proposal.content {
        Content::Question(question) => {
            let (finding, words) = question_words(question, knowledge);
            ("ask", vec![Cow::Borrowed(finding.unwrap_or(words))])
        }
        Content::Diagnoses(list) => {
            let name = |d| Cow::Owned(diagnosis_name(d, Some(knowledge)));
            ("diagnose", list.iter().map(name).collect())
        }
        Content::Refer(referral) => ("refer", vec![Cow::Borrowed(&*referral.to)]),
    };
    Proposed {
        kind,
        content: Cow::Owned(content),
        confidence: proposal.confidence,
        rationale: &proposal.rationale,
    }
}

fn question_words<'a>(
    question: &'a Question,
    knowledge: &'a Knowledge,
) -> (Option<&'a str>, &'a str) {
    match question {
        Question::Text(text) => (None, text),
        Question::Finding(e) => match knowledge.findings().get(e.index()) {
            Some(finding) => (Some(&finding.id), &finding.question),
            None => (None, ""),
        },
    }
}

fn id(e: FindingIx, knowledge: &Knowledge) -> &str {
    knowledge
        .findings()
        .get(e.index())
        .map_or("", |finding| &finding.id)
}
