//! Proposals: refused when they are none, and put into the log.

use rounds_environments::clinic::dialogue::Question;
use rounds_environments::clinic::knowledge::Knowledge;
use rounds_policies::clinic::task::{Content, Diagnosis, Proposal, Referral};
use rounds_policies::policy::PolicyError;
use serde::Serialize;

use super::ready::Ready;

/// Id and words of a question.
pub(super) fn question_words<'a>(
    knowledge: &'a Knowledge,
    question: &'a Question,
) -> (Option<&'a str>, &'a str) {
    match question {
        Question::Finding(e) => (
            Some(&knowledge.finding(*e).id),
            &knowledge.finding(*e).question,
        ),
        Question::Text(text) => (None, text),
    }
}

/// A diagnosis as the log keeps it.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Listed<'a> {
    Known {
        name: &'a str,
        code: Option<&'a str>,
        p: f64,
    },
    Named {
        name: &'a str,
    },
}

/// The list as the log keeps it: without repeats (first occurrence counts), cut to `most`.
pub(super) fn distinct<'a>(
    knowledge: &'a Knowledge,
    list: &'a [Diagnosis],
    most: usize,
) -> Vec<Listed<'a>> {
    let mut seen: Vec<String> = Vec::new();
    let mut out = Vec::new();
    for diagnosis in list {
        let listed = match diagnosis {
            Diagnosis::Known(d, p) => {
                let condition = knowledge.condition(*d);
                Listed::Known {
                    name: &condition.name,
                    code: condition.codes.first().map(String::as_str),
                    p: *p,
                }
            }
            Diagnosis::Named(name) => Listed::Named { name },
        };
        let (Listed::Known { name, .. } | Listed::Named { name }) = listed;
        let folded = name.trim().to_lowercase();
        if folded.is_empty() || seen.contains(&folded) {
            continue;
        }
        seen.push(folded);
        out.push(listed);
        if out.len() == most {
            break;
        }
    }
    out
}

/// Logs what a member of the team proposed.
pub(super) fn log_proposal(ready: &mut Ready, position: usize, proposal: &Proposal) {
    let name = ready
        .clinic
        .speciality_name(&ready.visit.team[position].speciality);
    let Some(mut event) =
        ready
            .log
            .event(ready.visit.round, ready.now_min, "doctor", name, "proposed")
    else {
        return;
    };
    event.add("confidence", &proposal.confidence);
    match &proposal.content {
        Content::Question(question) => {
            let (id, text) = question_words(&ready.clinic.knowledge, question);
            event
                .add("type", "question")
                .add("content", id.unwrap_or(text));
        }
        Content::Refer(referral) => {
            event.add("type", "refer").add("content", &*referral.to);
        }
        Content::Diagnoses(list) => {
            event.add("type", "diagnosis");
            event.add(
                "content",
                &list.first().map(|diagnosis| match diagnosis {
                    Diagnosis::Known(d, _) => ready.clinic.knowledge.condition(*d).name.as_str(),
                    Diagnosis::Named(name) => name,
                }),
            );
        }
    }
    if !proposal.rationale.is_empty() {
        event.add("rationale", &*proposal.rationale);
    }
}

/// Refuses what is no proposal: references that do not exist, numbers that are none, an empty list.
pub(super) fn check_proposal(
    knowledge: &Knowledge,
    proposal: &Proposal,
) -> Result<(), PolicyError> {
    if !proposal.confidence.is_finite() {
        return Err(PolicyError::Garbage(format!(
            "confidence must be a number, got {}",
            proposal.confidence
        )));
    }
    match &proposal.content {
        Content::Question(Question::Finding(e)) if e.index() >= knowledge.findings().len() => Err(
            PolicyError::Garbage(format!("there is no finding number {}", e.0)),
        ),
        Content::Question(Question::Text(text)) if text.trim().is_empty() => {
            Err(PolicyError::Garbage("the question is empty".to_owned()))
        }
        Content::Question(_) => Ok(()),
        Content::Refer(Referral { to, list, .. }) => {
            if to.trim().is_empty() {
                return Err(PolicyError::Garbage(
                    "a referral must say to whom, got an empty name".to_owned(),
                ));
            }
            check_list(knowledge, list)
        }
        Content::Diagnoses(list) => {
            if list.is_empty() {
                return Err(PolicyError::Garbage(
                    "the list of diagnoses is empty".to_owned(),
                ));
            }
            check_list(knowledge, list)
        }
    }
}

fn check_list(knowledge: &Knowledge, list: &[Diagnosis]) -> Result<(), PolicyError> {
    for diagnosis in list {
        match diagnosis {
            Diagnosis::Known(d, _) if d.index() >= knowledge.conditions().len() => {
                return Err(PolicyError::Garbage(format!(
                    "there is no condition number {}",
                    d.0
                )));
            }
            Diagnosis::Known(_, p) if !(0.0..=1.0 + 1e-9).contains(p) => {
                return Err(PolicyError::Garbage(format!(
                    "a probability must be within 0 and 1, got {p}"
                )));
            }
            _ => {}
        }
    }
    Ok(())
}
