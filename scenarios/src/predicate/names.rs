//! Whether the names of a predicate are names of the case.

use std::ops::Range;

use rounds_environments::nearest::nearest;

use super::expression::{Act, Atom, Expression, Name};
use super::lexicon::{Lexicon, plain_name};

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameProblem {
    /// There is no such topic.
    UnknownTopic,
    /// The topic is told, not ordered; or ordered, not asked.
    WrongAct,
    /// There is no such speciality.
    UnknownSpeciality,
}

/// A name that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameFault {
    /// What is wrong.
    pub problem: NameProblem,
    /// Bytes of the predicate.
    pub span: Range<usize>,
    /// The fault in words.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

/// Every name of `expression` that the case does not have, in the order of the text.
pub fn check_names(expression: &Expression, lexicon: &Lexicon) -> Vec<NameFault> {
    let mut faults = Vec::new();
    expression.atoms(&mut |atom, _| match atom {
        Atom::Happened(act) | Atom::Within(_, act) | Atom::Count(act, ..) => {
            check_act(act, lexicon, &mut faults);
        }
        Atom::Before(first, second) => {
            check_act(first, lexicon, &mut faults);
            check_act(second, lexicon, &mut faults);
        }
        Atom::Repeated(Some(topic)) => {
            known_topic(topic, lexicon, &mut faults);
        }
        Atom::Specialist(name) | Atom::Joined(name) | Atom::Left(name) => {
            check_speciality(name, lexicon, &mut faults);
        }
        Atom::Repeated(None)
        | Atom::Said(..)
        | Atom::Diagnosis { .. }
        | Atom::Number(..)
        | Atom::Stopped(..)
        | Atom::Leaked => {}
    });
    faults
}

fn check_act(act: &Act, lexicon: &Lexicon, faults: &mut Vec<NameFault>) {
    let (topic, by, wants_test) = match act {
        Act::Asked { topic, by } => (topic, by, Some(false)),
        Act::Ordered { topic, by } => (topic, by, Some(true)),
        Act::Told(topic) => (topic, &None, None),
        Act::Diagnosed | Act::Referred(_) => return,
    };
    if let Some(by) = by {
        check_speciality(by, lexicon, faults);
    }
    let is_test = known_topic(topic, lexicon, faults);
    if let (Some(is_test), Some(wanted)) = (is_test, wants_test)
        && is_test != wanted
    {
        let (what, right) = match is_test {
            true => ("is a test, which is ordered", "ordered"),
            false => ("is no test, so it is asked", "asked"),
        };
        faults.push(NameFault {
            problem: NameProblem::WrongAct,
            span: topic.span.clone(),
            what: format!("`{}` {what}", topic.written),
            help: format!("write `{right}({})`", topic.written),
        });
    }
}

/// Whether a topic is a test; notes when there is no such topic.
fn known_topic(topic: &Name, lexicon: &Lexicon, faults: &mut Vec<NameFault>) -> Option<bool> {
    if topic.is_any() {
        return None;
    }
    let known = lexicon.is_test(&topic.plain);
    if known.is_none() {
        let near = nearest(&topic.plain, lexicon.names());
        faults.push(NameFault {
            problem: NameProblem::UnknownTopic,
            span: topic.span.clone(),
            what: format!("unknown topic `{}`", topic.written),
            help: near.map_or_else(
                || "name a topic of the case, or the id of a finding".to_owned(),
                |near| format!("did you mean `{near}`?"),
            ),
        });
    }
    known
}

fn check_speciality(name: &Name, lexicon: &Lexicon, faults: &mut Vec<NameFault>) {
    let specialities = lexicon.knowledge.specialities();
    let mut known: Vec<String> = specialities.iter().map(|s| plain_name(s)).collect();
    known.extend(["generalist", "general_practitioner", "coordinator"].map(str::to_owned));
    if name.is_any() || known.contains(&name.plain) {
        return;
    }
    let near = nearest(&name.plain, known.iter().map(String::as_str));
    faults.push(NameFault {
        problem: NameProblem::UnknownSpeciality,
        span: name.span.clone(),
        what: format!("unknown speciality `{}`", name.written),
        help: near.map_or_else(
            || format!("expected one of {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        ),
    });
}
