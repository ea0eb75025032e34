//! Predicates in plain words, for people who rate a visit by its transcript.

use crate::predicate::{Act, Atom, Comparison, Expression, Name, Number, Role};

/// A predicate as a statement about the visit; `None` when a transcript cannot answer it, since
/// it speaks of the truth, the team, the cost or how the program ended the visit.
pub fn plain_words(expression: &Expression) -> Option<String> {
    Some(match expression {
        Expression::Atom(atom, _) => of_atom(atom)?,
        Expression::Not(inner) => format!("it is not so that {}", part(inner)?),
        Expression::All(parts) => joined(parts, " and ")?,
        Expression::One(parts) => joined(parts, " or ")?,
    })
}

fn joined(parts: &[Expression], between: &str) -> Option<String> {
    let parts: Option<Vec<String>> = parts.iter().map(part).collect();
    Some(parts?.join(between))
}

/// A part of a longer statement: what has parts itself stands in brackets.
fn part(expression: &Expression) -> Option<String> {
    let words = plain_words(expression)?;
    Some(match expression {
        Expression::All(_) | Expression::One(_) => format!("({words})"),
        Expression::Atom(..) | Expression::Not(_) => words,
    })
}

fn of_atom(atom: &Atom) -> Option<String> {
    Some(match atom {
        Atom::Happened(act) => of_act(act)?,
        Atom::Before(first, second) => format!(
            "{}, and not before that {}",
            of_act(first)?,
            of_act(second)?
        ),
        Atom::Within(rounds, act) => format!(
            "{} within the first {rounds} exchanges with the patient",
            of_act(act)?
        ),
        Atom::Count(act, comparison, times) => {
            format!(
                "this happened {} {times} times: {}",
                compared(*comparison),
                of_act(act)?
            )
        }
        Atom::Repeated(Some(topic)) if !topic.is_any() => {
            format!("the doctor asked about {} again", name(topic))
        }
        Atom::Repeated(_) => "the doctor asked about something again".to_owned(),
        Atom::Said(role, pattern) => {
            let who = match role {
                Role::Doctor => "doctor",
                Role::Patient => "patient",
            };
            format!("the {who} said something that matches /{pattern}/")
        }
        Atom::Number(Number::Questions, comparison, value) => format!(
            "the doctor asked or ordered {} {value} times in all",
            compared(*comparison)
        ),
        Atom::Number(Number::Orders, comparison, value) => {
            format!("the doctor ordered {} {value} tests", compared(*comparison))
        }
        Atom::Diagnosis { .. }
        | Atom::Leaked
        | Atom::Specialist(_)
        | Atom::Joined(_)
        | Atom::Left(_)
        | Atom::Stopped(..)
        | Atom::Number(..) => return None,
    })
}

/// An act; one of a certain speciality is not told, since a transcript does not say who spoke.
fn of_act(act: &Act) -> Option<String> {
    Some(match act {
        Act::Asked { by: Some(_), .. } | Act::Ordered { by: Some(_), .. } => return None,
        Act::Asked { topic, .. } if topic.is_any() => "the doctor asked anything".to_owned(),
        Act::Asked { topic, .. } => format!("the doctor asked about {}", name(topic)),
        Act::Ordered { topic, .. } if topic.is_any() => "the doctor ordered a test".to_owned(),
        Act::Ordered { topic, .. } => format!("the doctor ordered this test: {}", name(topic)),
        Act::Told(topic) if topic.is_any() => "the patient gave an answer with content".to_owned(),
        Act::Told(topic) => format!("the patient told about {}", name(topic)),
        Act::Diagnosed => "the doctor made a diagnosis".to_owned(),
        Act::Referred(Some(to)) if !to.is_any() => {
            format!("the doctor referred the patient to {}", name(to))
        }
        Act::Referred(_) => "the doctor referred the patient".to_owned(),
    })
}

fn name(name: &Name) -> String {
    name.written.replace('_', " ")
}

fn compared(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Below => "fewer than",
        Comparison::AtMost => "at most",
        Comparison::Above => "more than",
        Comparison::AtLeast => "at least",
        Comparison::Equal => "exactly",
        Comparison::Unequal => "other than",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::parse;

    fn words(text: &str) -> Option<String> {
        plain_words(&parse(text).unwrap())
    }

    #[test]
    fn what_a_transcript_shows_is_told_in_words() {
        assert_eq!(
            words("before(asked(leg_swelling), ordered(ct))").unwrap(),
            "the doctor asked about leg swelling, and not before that the doctor ordered this \
             test: ct"
        );
        assert_eq!(
            words("not (ordered(ct) or count(asked(any)) > 3)").unwrap(),
            "it is not so that (the doctor ordered this test: ct or this happened more than 3 \
             times: the doctor asked anything)"
        );
        assert_eq!(
            words("questions <= 4").unwrap(),
            "the doctor asked or ordered at most 4 times in all"
        );
    }

    #[test]
    fn what_the_sheet_hides_is_not_asked() {
        for hidden in [
            "diagnosis(rank<=3)",
            "leaked(truth)",
            "team_size > 2",
            "cost < 100",
            "asked(travel, by = cardiology)",
            "asked(travel) and specialist(cardiology) joined",
        ] {
            assert_eq!(words(hidden), None, "{hidden}");
        }
    }
}
