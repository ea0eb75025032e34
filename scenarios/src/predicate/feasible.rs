//! Whether any visit can meet a predicate, and whether any can fail to.
//!
//! Statements become a few variables with the values at which anything changes (the numbers of
//! the text and their neighbours); all combinations are tried. What the variables do not know of
//! each other counts as possible, so "never" and "always" are certain and "either" is not.

use super::expression::{Act, Atom, Expression, Level, Name, Number, StopReason};

/// What the protocol allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranges {
    /// Most rounds, and so most questions.
    pub rounds: u32,
    /// Longest list of diagnoses.
    pub list: u32,
    /// Most members of a team.
    pub team: u32,
}

/// Whether a predicate can be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feasible {
    /// Some visits meet it and others do not.
    Either,
    /// Every visit meets it.
    Always,
    /// No visit meets it.
    Never,
}

/// Combinations tried at most.
const MOST: usize = 20_000;

/// Whether visits within `ranges` can meet `expression`.
pub fn feasible(expression: &Expression, ranges: Ranges) -> Feasible {
    let mut variables = Variables {
        ranges,
        keys: Vec::new(),
        values: Vec::new(),
    };
    expression.atoms(&mut |atom, _| variables.add(atom));
    let combinations = variables
        .values
        .iter()
        .try_fold(1_usize, |all, values| all.checked_mul(values.len()));
    if combinations.is_none_or(|all| all > MOST) {
        return Feasible::Either;
    }
    let (mut met, mut failed) = (false, false);
    let mut places = vec![0; variables.keys.len()];
    loop {
        let now: Vec<f64> = places
            .iter()
            .zip(&variables.values)
            .map(|(&p, v)| v[p])
            .collect();
        if variables.possible(&now) {
            match variables.holds(expression, &now) {
                true => met = true,
                false => failed = true,
            }
        }
        let next = places
            .iter_mut()
            .zip(&variables.values)
            .any(|(place, values)| {
                *place += 1;
                if *place < values.len() {
                    return true;
                }
                *place = 0;
                false
            });
        if (met && failed) || !next {
            break;
        }
    }
    match (met, failed) {
        (true, false) => Feasible::Always,
        (false, true) => Feasible::Never,
        _ => Feasible::Either,
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Key {
    /// How often an act happened.
    Count(Act),
    Number(Number),
    /// Place of the truth, or of a name, in the list; 0 when it is not there.
    Rank(Level, Option<String>),
    /// Position in [`StopReason::NAMES`].
    Stop,
    /// Anything else, by its text.
    Flag(String),
}

struct Variables {
    ranges: Ranges,
    keys: Vec<Key>,
    values: Vec<Vec<f64>>,
}

/// Acts without the places of their names.
fn same(act: &Act) -> Act {
    let strip = |name: &Name| Name {
        written: String::new(),
        plain: name.plain.clone(),
        span: 0..0,
    };
    match act {
        Act::Asked { topic, by } => Act::Asked {
            topic: strip(topic),
            by: by.as_ref().map(strip),
        },
        Act::Ordered { topic, by } => Act::Ordered {
            topic: strip(topic),
            by: by.as_ref().map(strip),
        },
        Act::Told(topic) => Act::Told(strip(topic)),
        Act::Diagnosed => Act::Diagnosed,
        Act::Referred(to) => Act::Referred(to.as_ref().map(strip)),
    }
}

fn flag(atom: &Atom) -> Key {
    Key::Flag(match atom {
        Atom::Before(first, second) => format!("{:?} before {:?}", same(first), same(second)),
        Atom::Within(rounds, act) => format!("{:?} within {rounds}", same(act)),
        Atom::Said(role, regex) => format!("{role:?} said {regex}"),
        Atom::Repeated(topic) => format!("repeated {:?}", topic.as_ref().map(|t| &t.plain)),
        Atom::Specialist(name) => format!("specialist {}", name.plain),
        Atom::Joined(name) => format!("joined {}", name.plain),
        Atom::Left(name) => format!("left {}", name.plain),
        _ => format!("{atom:?}"),
    })
}

impl Variables {
    fn add(&mut self, atom: &Atom) {
        match atom {
            Atom::Happened(act) => self.add_count(act, 1.0),
            Atom::Count(act, _, value) => self.add_count(act, *value),
            Atom::Before(first, second) => {
                self.add_count(first, 1.0);
                self.add_count(second, 1.0);
                self.put(flag(atom), &[0.0, 1.0]);
            }
            Atom::Within(_, act) => {
                self.add_count(act, 1.0);
                self.put(flag(atom), &[0.0, 1.0]);
            }
            Atom::Number(number, _, value) => {
                let most = match number {
                    Number::Rounds | Number::Questions | Number::Orders => {
                        f64::from(self.ranges.rounds)
                    }
                    Number::TeamSize => f64::from(self.ranges.team),
                    Number::Cost | Number::Minutes | Number::Calls => f64::INFINITY,
                };
                let near = around(*value, most);
                self.put(Key::Number(*number), &near);
            }
            Atom::Diagnosis { level, name, .. } => {
                self.add_stop();
                let places: Vec<f64> = (0..=self.ranges.list).map(f64::from).collect();
                let name = name.as_ref().map(|name| name.plain.clone());
                self.put(Key::Rank(*level, name), &places);
            }
            Atom::Stopped(..) => self.add_stop(),
            Atom::Said(..)
            | Atom::Repeated(_)
            | Atom::Specialist(_)
            | Atom::Joined(_)
            | Atom::Left(_)
            | Atom::Leaked => self.put(flag(atom), &[0.0, 1.0]),
        }
    }

    fn add_stop(&mut self) {
        let reasons: Vec<f64> = (0..StopReason::NAMES.len()).map(|at| at as f64).collect();
        self.put(Key::Stop, &reasons);
    }

    fn add_count(&mut self, act: &Act, value: f64) {
        let most = match act {
            Act::Asked { .. } | Act::Ordered { .. } => f64::from(self.ranges.rounds),
            // The introduction tells too.
            Act::Told(_) => f64::from(self.ranges.rounds) + 1.0,
            Act::Diagnosed | Act::Referred(_) => 1.0,
        };
        if matches!(act, Act::Diagnosed | Act::Referred(_)) {
            self.add_stop();
        }
        self.put(Key::Count(same(act)), &around(value, most));
    }

    fn put(&mut self, key: Key, values: &[f64]) {
        let at = match self.keys.iter().position(|known| *known == key) {
            Some(at) => at,
            None => {
                self.keys.push(key);
                self.values.push(Vec::new());
                self.keys.len() - 1
            }
        };
        for value in values {
            if !self.values[at].contains(value) {
                self.values[at].push(*value);
            }
        }
    }

    fn get(&self, key: &Key, now: &[f64]) -> f64 {
        let at = self.keys.iter().position(|known| known == key);
        at.and_then(|at| now.get(at)).copied().unwrap_or(0.0)
    }

    fn stop(&self, now: &[f64]) -> Option<StopReason> {
        let at = self.keys.iter().position(|known| *known == Key::Stop)?;
        StopReason::NAMES
            .get(now[at] as usize)
            .map(|(_, reason)| *reason)
    }

    /// Whether the values go together.
    fn possible(&self, now: &[f64]) -> bool {
        let stop = self.stop(now);
        let diagnosed =
            stop.is_none_or(|s| matches!(s, StopReason::Diagnosed | StopReason::Forced));
        self.keys.iter().zip(now).all(|(key, &value)| match key {
            Key::Count(Act::Diagnosed) => (value > 0.0) == diagnosed,
            Key::Count(Act::Referred(to)) => {
                let referred = stop.is_none_or(|s| s == StopReason::Referred);
                if to.is_none() {
                    (value > 0.0) == referred
                } else {
                    value == 0.0 || referred
                }
            }
            Key::Rank(..) => value == 0.0 || diagnosed,
            _ => true,
        })
    }

    fn holds(&self, expression: &Expression, now: &[f64]) -> bool {
        match expression {
            Expression::Atom(atom, _) => self.atom(atom, now),
            Expression::Not(inner) => !self.holds(inner, now),
            Expression::All(parts) => parts.iter().all(|part| self.holds(part, now)),
            Expression::One(parts) => parts.iter().any(|part| self.holds(part, now)),
        }
    }

    fn atom(&self, atom: &Atom, now: &[f64]) -> bool {
        let count = |act: &Act| self.get(&Key::Count(same(act)), now);
        match atom {
            Atom::Happened(act) => count(act) > 0.0,
            Atom::Count(act, comparison, value) => comparison.holds(count(act), *value),
            Atom::Before(first, second) => {
                let happened = count(first) > 0.0 && same(first) != same(second);
                // Whether the second came first is open only where both happened.
                happened && (count(second) == 0.0 || self.get(&flag(atom), now) > 0.0)
            }
            Atom::Within(rounds, act) => {
                let early = *rounds > 0 || matches!(act, Act::Told(_));
                early && count(act) > 0.0 && self.get(&flag(atom), now) > 0.0
            }
            Atom::Number(number, comparison, value) => {
                comparison.holds(self.get(&Key::Number(*number), now), *value)
            }
            Atom::Diagnosis { rank, level, name } => {
                let name = name.as_ref().map(|name| name.plain.clone());
                let place = self.get(&Key::Rank(*level, name), now);
                place > 0.0 && rank.0.holds(place, f64::from(rank.1))
            }
            Atom::Stopped(reason, is) => (self.stop(now) == Some(*reason)) == *is,
            other => self.get(&flag(other), now) > 0.0,
        }
    }
}

/// The values from 0 to `most` at which a comparison with `value` changes, and both ends.
fn around(value: f64, most: f64) -> Vec<f64> {
    let whole = value.floor();
    let mut values = vec![0.0, value, whole - 1.0, whole, whole + 1.0, whole + 2.0];
    if most.is_finite() {
        values.push(most);
    }
    values.retain(|v| (0.0..=most).contains(v));
    values
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn of(text: &str) -> Feasible {
        let ranges = Ranges {
            rounds: 10,
            list: 10,
            team: 5,
        };
        feasible(&parse(text).unwrap(), ranges)
    }

    #[test]
    fn what_no_visit_can_meet_is_found() {
        for text in [
            "rounds > 10",
            "rounds > 5 and rounds < 4",
            "diagnosis(rank>10)",
            "diagnosis(rank<1)",
            "asked(fever) and not asked(fever)",
            "before(asked(fever), asked(fever))",
            "before(asked(fever), asked(cough)) and not asked(fever)",
            "within(0, asked(fever))",
            "team_size > 5",
            "count(asked(fever)) > 10",
            "count(asked(fever)) < 0",
            "diagnosis(rank<=3) and referred()",
            "stop_reason == forced and stop_reason == diagnosed",
            "diagnosis(rank<=3) and not diagnosis(rank<=10)",
            "diagnosed() and stop_reason == aborted",
        ] {
            assert_eq!(of(text), Feasible::Never, "{text}");
        }
    }

    #[test]
    fn what_every_visit_meets_is_found() {
        for text in [
            "rounds <= 10",
            "asked(fever) or not asked(fever)",
            "cost >= 0",
            "not within(0, ordered(any))",
            "not diagnosis(rank<=3) or diagnosis(rank<=5)",
        ] {
            assert_eq!(of(text), Feasible::Always, "{text}");
        }
    }

    #[test]
    fn what_can_be_either_is_left_alone() {
        for text in [
            "asked(fever)",
            "rounds <= 9",
            "not diagnosis(rank<=10)",
            "before(asked(fever), asked(cough))",
            "before(asked(fever), asked(cough)) or before(asked(cough), asked(fever))",
            "cost > 1000",
            "within(1, asked(fever)) and questions == 10",
            "repeated()",
            "referred(\"emergency\") or stop_reason == forced",
            "count(told(fever)) > 10",
        ] {
            assert_eq!(of(text), Feasible::Either, "{text}");
        }
        let many: Vec<String> = (0..20).map(|n| format!("said(doctor, /{n}/)")).collect();
        assert_eq!(of(&many.join(" or ")), Feasible::Either);
    }
}
