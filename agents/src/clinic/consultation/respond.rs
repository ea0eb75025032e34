//! How patient and measurement side answer words.

use std::sync::Arc;

use rounds_environments::clinic::dialogue::{Answer, AnswerKind, Question};
use rounds_environments::clinic::knowledge::{FindingIx, Knowledge};
use rounds_environments::clinic::patient::Patient;
use rounds_policies::clinic::consultation::Speaker;

use super::rules::MissingTest;

/// The finding whose question (for the patient) or name (for the measurement side) the words are.
pub(super) fn named_finding(knowledge: &Knowledge, to: Speaker, words: &str) -> Option<FindingIx> {
    let words = words.trim();
    let mut findings = knowledge.findings().iter();
    let at = findings.position(|finding| match to {
        Speaker::Measurement => finding.name.eq_ignore_ascii_case(words),
        Speaker::Doctor | Speaker::Patient => finding.question.trim().eq_ignore_ascii_case(words),
    })?;
    Some(FindingIx(at as u32))
}

/// The answer of one side to words, and the question as data: that of a finding where the words
/// name one.
pub(super) fn respond(
    patient: &dyn Patient,
    knowledge: &Knowledge,
    missing: MissingTest,
    to: Speaker,
    words: &Arc<str>,
    now_min: f64,
) -> (Question, Answer) {
    let finding = named_finding(knowledge, to, words);
    let question = finding.map_or_else(|| Question::Text(Arc::clone(words)), Question::Finding);
    let answer = match to {
        Speaker::Measurement => measured(patient, finding, missing, words, now_min),
        Speaker::Doctor | Speaker::Patient => match finding {
            Some(_) => patient.answer(&question, now_min),
            None => patient.tell(words, now_min),
        },
    };
    (question, with_words(answer, to, words))
}

/// A result by its name, else the finding of that name, else what is said of a missing test.
fn measured(
    patient: &dyn Patient,
    finding: Option<FindingIx>,
    missing: MissingTest,
    test: &str,
    now_min: f64,
) -> Answer {
    let asked = |ix| patient.answer(&Question::Finding(ix), now_min);
    let mut answer = patient.measure(test, now_min);
    match finding.map(asked) {
        Some(known) if answer.kind == AnswerKind::Value => {
            answer.present = answer.present.or(known.present);
        }
        Some(known) => answer = known,
        None => {}
    }
    if answer.kind != AnswerKind::Value {
        answer.text = Some(missing.words().into());
        // What is said to be normal is taken for absent, as published.
        if missing == MissingTest::Normal && finding.is_some() {
            answer.present = Some(false);
        }
    }
    answer
}

/// Words for an answer that has none.
fn with_words(mut answer: Answer, to: Speaker, words: &str) -> Answer {
    if answer.text.is_none() {
        let said = match (to, answer.present) {
            (Speaker::Measurement, Some(true)) => format!("{words}: yes."),
            (Speaker::Measurement, Some(false)) => format!("{words}: no."),
            (_, Some(true)) => "Yes.".to_owned(),
            (_, Some(false)) => "No.".to_owned(),
            (_, None) => "I do not know.".to_owned(),
        };
        answer.text = Some(said.into());
    }
    answer
}
