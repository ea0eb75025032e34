//! The checks of a case as questions to a person.

use serde::{Deserialize, Serialize};

use super::words::plain_words;
use crate::clinic::cases::Case;
use crate::schema::Decides;

/// Which checks are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checks {
    /// Those of a judge.
    Judge,
    /// Predicates too, where a transcript can answer them.
    All,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Id of the check.
    pub check: String,
    /// What it is about.
    pub axis: String,
    /// Decided by a judge rather than a predicate.
    pub judge: bool,
    /// What is asked, answered by yes, no or cannot tell; yes is "met".
    pub text: String,
}

/// The questions about a visit of `case`, in the order of its checks.
pub fn questions(case: &Case, checks: Checks) -> Vec<Question> {
    let mut out = Vec::new();
    for check in &case.spec.checks {
        let text = match &check.decides {
            Decides::Judge(judge) => judge.question.clone(),
            Decides::When { .. } if checks == Checks::Judge => continue,
            Decides::When { text, expression } => match plain_words(expression) {
                Some(words) => format!("Does this hold: {words}? [{text}]"),
                None => continue,
            },
        };
        out.push(Question {
            check: check.id.clone(),
            axis: check.axis.clone(),
            judge: matches!(check.decides, Decides::Judge(_)),
            text,
        });
    }
    out
}

/// Checks of `case` that nobody can answer by a transcript.
pub fn left_out(case: &Case) -> usize {
    let checks = case.spec.checks.iter();
    checks
        .filter(|check| check.when().is_some_and(|when| plain_words(when).is_none()))
        .count()
}
