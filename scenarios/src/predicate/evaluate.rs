//! Whether a predicate holds of a visit, and which events decided it.

use super::course::{Course, Done, Kind};
use super::expression::{Act, Atom, Comparison, Expression, Level, Name, Number, Role};
use super::lexicon::plain_name;
use crate::clinic::Tally;
use crate::run::EventLine;

/// Whether a predicate holds, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holds {
    /// It does.
    pub met: bool,
    /// Positions of the events that decided it, in order; empty when nothing of the kind happened.
    pub events: Vec<usize>,
}

impl Holds {
    fn new(met: bool, mut events: Vec<usize>) -> Self {
        events.sort_unstable();
        events.dedup();
        Self { met, events }
    }
}

/// Names of the truth shorter than this are words that mean other things too.
const SHORTEST_NAME: usize = 4;

/// Decides a predicate by the events of a visit.
pub fn evaluate(expression: &Expression, course: &Course<'_>) -> Holds {
    match expression {
        Expression::Atom(atom, _) => decide(atom, course),
        Expression::Not(inner) => {
            let inner = evaluate(inner, course);
            Holds {
                met: !inner.met,
                ..inner
            }
        }
        Expression::All(parts) => joined(parts, course, true),
        Expression::One(parts) => joined(parts, course, false),
    }
}

/// All parts (`all`) or one of them. The first part that settles it names the events; when none
/// does, all parts together.
fn joined(parts: &[Expression], course: &Course<'_>, all: bool) -> Holds {
    let mut events = Vec::new();
    for part in parts {
        let holds = evaluate(part, course);
        if holds.met != all {
            return holds;
        }
        events.extend(holds.events);
    }
    Holds::new(all, events)
}

fn decide(atom: &Atom, course: &Course<'_>) -> Holds {
    match atom {
        Atom::Happened(act) => match matching(act, course).next() {
            Some(done) => Holds::new(true, vec![done.event]),
            None => Holds::default(),
        },
        Atom::Before(first, second) => {
            let at = |act| matching(act, course).map(|done| done.event).next();
            let events: Vec<usize> = [at(first), at(second)].into_iter().flatten().collect();
            let met = match (at(first), at(second)) {
                (Some(first), Some(second)) => first < second,
                (first, _) => first.is_some(),
            };
            Holds::new(met, events)
        }
        Atom::Within(rounds, act) => match matching(act, course).next() {
            Some(done) => Holds::new(course.events[done.event].round <= *rounds, vec![done.event]),
            None => Holds::default(),
        },
        Atom::Count(act, comparison, value) => {
            let events: Vec<usize> = matching(act, course).map(|done| done.event).collect();
            Holds::new(comparison.holds(events.len() as f64, *value), events)
        }
        Atom::Repeated(topic) => repeated(topic.as_ref(), course),
        Atom::Said(role, regex) => {
            let side = match role {
                Role::Doctor => "doctor",
                Role::Patient => "patient",
            };
            let says = |event: &EventLine| {
                event.side == side && event.text("text").is_some_and(|text| regex.is_match(text))
            };
            first_event(course, says)
        }
        Atom::Diagnosis { rank, level, name } => diagnosis(*rank, *level, name.as_ref(), course),
        Atom::Specialist(name) => first_member(&course.members, name),
        Atom::Joined(name) => first_member(&course.joined, name),
        Atom::Left(name) => first_member(&course.left, name),
        Atom::Number(number, comparison, value) => {
            let (got, events) = measure(*number, course);
            Holds::new(comparison.holds(got, *value), events)
        }
        Atom::Stopped(reason, is) => match course.stop {
            Some((stop, at)) => Holds::new((stop == *reason) == *is, vec![at]),
            None => Holds::new(!is, Vec::new()),
        },
        Atom::Leaked => leaked(course),
    }
}

fn matching<'c, 'a>(act: &'c Act, course: &'c Course<'a>) -> impl Iterator<Item = &'c Done<'a>> {
    let (kind, topic, by) = match act {
        Act::Asked { topic, by } => (Kind::Asked, Some(topic), by.as_ref()),
        Act::Ordered { topic, by } => (Kind::Ordered, Some(topic), by.as_ref()),
        Act::Told(topic) => (Kind::Told, Some(topic), None),
        Act::Diagnosed => (Kind::Diagnosed, None, None),
        Act::Referred(to) => (Kind::Referred, to.as_ref(), None),
    };
    course.done.iter().filter(move |done| {
        done.kind == kind
            && topic.is_none_or(|t| t.is_any() || done.topics.iter().any(|d| *d == t.plain))
            && by.is_none_or(|by| plain_name(done.by) == by.plain)
    })
}

fn repeated(topic: Option<&Name>, course: &Course<'_>) -> Holds {
    let mut seen: Vec<&str> = Vec::new();
    let mut events = Vec::new();
    let asked = course.done.iter();
    for done in asked.filter(|d| matches!(d.kind, Kind::Asked | Kind::Ordered)) {
        // A question that no topic is found in is compared by its words.
        let own = course.events[done.event].text("text").unwrap_or_default();
        let words = if done.topics.is_empty() {
            Some(own)
        } else {
            None
        };
        let topics = done.topics.iter().map(|topic| &**topic).chain(words);
        let topics = topics.filter(|t| topic.is_none_or(|topic| topic.plain == **t));
        let mut again = false;
        for topic in topics {
            again |= seen.contains(&topic);
            seen.push(topic);
        }
        if again {
            events.push(done.event);
        }
    }
    Holds::new(!events.is_empty(), events)
}

fn diagnosis(
    (comparison, rank): (Comparison, u32),
    level: Level,
    name: Option<&Name>,
    course: &Course<'_>,
) -> Holds {
    let at = course.done.iter().find(|d| d.kind == Kind::Diagnosed);
    let met = (1_u32..).zip(&course.list).any(|(place, listed)| {
        comparison.holds(f64::from(place), f64::from(rank))
            && match name {
                Some(name) => plain_name(listed.name) == name.plain,
                None => course.lexicon.meets(listed.name, listed.code, level),
            }
    });
    let end = course.stop.map(|(_, at)| at);
    Holds::new(met, at.map(|done| done.event).or(end).into_iter().collect())
}

fn first_member(of: &[(usize, &str)], name: &Name) -> Holds {
    let found = of
        .iter()
        .find(|(_, who)| name.is_any() || plain_name(who) == name.plain);
    Holds::new(
        found.is_some(),
        found.map(|(at, _)| *at).into_iter().collect(),
    )
}

fn first_event(course: &Course<'_>, says: impl Fn(&EventLine) -> bool) -> Holds {
    let found = course.events.iter().position(says);
    Holds::new(found.is_some(), found.into_iter().collect())
}

/// A number of the visit, and the event at which it came to its value.
fn measure(number: Number, course: &Course<'_>) -> (f64, Vec<usize>) {
    let count = |wanted: &dyn Fn(Kind) -> bool| {
        let events: Vec<usize> = course
            .done
            .iter()
            .filter(|done| wanted(done.kind))
            .map(|done| done.event)
            .collect();
        (
            events.len() as f64,
            events.last().copied().into_iter().collect(),
        )
    };
    match number {
        Number::Questions => count(&|kind| matches!(kind, Kind::Asked | Kind::Ordered)),
        Number::Orders => count(&|kind| kind == Kind::Ordered),
        Number::Rounds => last(course, |event| Some(f64::from(event.round)), f64::max),
        Number::Minutes => last(course, |event| event.minute, f64::max),
        Number::Cost => last(
            course,
            |e| e.number("cost").filter(|_| e.kind == "answered"),
            |sum, cost| sum + cost,
        ),
        Number::Calls => {
            let mut tally = Tally::default();
            for event in course.events {
                tally.add(event);
            }
            (
                tally.calls(),
                course.stop.map(|(_, at)| at).into_iter().collect(),
            )
        }
        Number::TeamSize => {
            let proposals = |round| {
                let of_round = |e: &&EventLine| e.kind == "proposed" && e.round == round;
                course.events.iter().filter(of_round).count() as f64
            };
            // A team that was given is only known by what it proposes.
            let size = |e: &EventLine| match e.kind.as_str() {
                "triaged" | "coordinated" => Some(e.texts("team").len() as f64),
                "asked" => Some(proposals(e.round)),
                _ => None,
            };
            last(course, size, f64::max)
        }
    }
}

/// Folds what `of` says of each event; the event at which the value changed last.
fn last(
    course: &Course<'_>,
    of: impl Fn(&EventLine) -> Option<f64>,
    fold: impl Fn(f64, f64) -> f64,
) -> (f64, Vec<usize>) {
    let (mut value, mut changed) = (0.0, None);
    for (at, event) in course.events.iter().enumerate() {
        if let Some(next) = of(event) {
            let next = fold(value, next);
            if next != value {
                (value, changed) = (next, Some(at));
            }
        }
    }
    (value, changed.into_iter().collect())
}

/// Whether a name of the truth stands in the words of either side before the visit's end.
fn leaked(course: &Course<'_>) -> Holds {
    let names: Vec<String> = course
        .lexicon
        .truth
        .iter()
        .filter(|name| name.len() >= SHORTEST_NAME)
        .map(|name| format!("_{name}_"))
        .collect();
    let says = |event: &EventLine| {
        let spoken = matches!(event.kind.as_str(), "introduced" | "asked" | "answered");
        let text = event.text("text").filter(|_| spoken);
        text.is_some_and(|text| {
            let text = format!("_{}_", plain_name(text));
            names.iter().any(|name| text.contains(name))
        })
    };
    first_event(course, says)
}
