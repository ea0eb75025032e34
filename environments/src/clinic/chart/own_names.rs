//! The names that a record itself gives its examinations, tests and sections.
//!
//! This is a second step, for what the keyword rules do not find: the rules know the sections of
//! one kind of record, a record knows its own.

use std::collections::BTreeSet;

use serde_json::Value;

use super::words::{common_words, covers};
use crate::clinic::dialogue::Target;
use crate::clinic::record::{EXAMINATIONS, PatientRecord, TESTS};

/// Which side of a patient is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The whole chart.
    Chart,
    /// What the patient can tell.
    Told,
    /// What is examined and measured.
    Measured,
}

/// Sections of what is examined and measured beside the series and the dated reports.
const MEASURED: [&str; 6] = [
    EXAMINATIONS,
    TESTS,
    "Physical Exam",
    "ECG",
    "Echo",
    "Radiology",
];

impl Side {
    /// Whether a section, the first part of a dotted path, belongs to this side.
    pub(super) fn admits(self, record: &PatientRecord, section: &str) -> bool {
        let first = section.split('.').next().unwrap_or(section);
        let measured = MEASURED.contains(&section)
            || MEASURED.contains(&first)
            || record.series.contains_key(section);
        match self {
            Self::Chart => true,
            Self::Told => !measured,
            Self::Measured => measured,
        }
    }
}

/// A word that a question about an examination holds.
const EXAM: &str = "exam";
/// The examinations that need no such word.
const VITAL: &str = "vital";

/// One place of a record and the words of its name.
struct Named<'a> {
    target: Target,
    path: Vec<&'a str>,
    words: BTreeSet<String>,
    value: Option<&'a Value>,
}

/// What a record's own names give for a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Own<'a> {
    /// The place.
    pub(super) target: Target,
    /// What stands there; `None` for a series, which is looked up by its time.
    pub(super) value: Option<&'a Value>,
}

/// The places of `record` whose names `question` holds, in the order of the record: the most
/// specific ones. On the measured side the question is itself a name: it may also be a part of the
/// record's name, or stand for parts that the record has.
pub(super) fn find<'a>(record: &'a PatientRecord, question: &str, side: Side) -> Vec<Own<'a>> {
    let mut asked = common_words(question);
    if side == Side::Measured {
        asked.remove(EXAM);
    }
    if asked.is_empty() {
        return Vec::new();
    }
    let named = named_places(record, side);
    let mut found: Vec<&Named<'_>> = most_specific(&named, |n| n.words.is_subset(&asked));
    if found.is_empty() && side == Side::Measured {
        found = outermost(&named, |n| asked.is_subset(&n.words));
    }
    if found.is_empty() {
        let stands = covers().iter().filter(|group| asked.contains(&group.of));
        let parts: Vec<BTreeSet<String>> = stands
            .flat_map(|group| &group.parts)
            .map(|part| part.split(' ').map(str::to_owned).collect())
            .collect();
        let rest: BTreeSet<&String> = asked.iter().filter(|word| is_group(word)).collect();
        // A question on one region is not answered by all images there are.
        if rest.len() == asked.len() || side != Side::Measured {
            found = outermost(&named, |n| {
                parts.iter().any(|part| part.is_subset(&n.words))
            });
        }
    }
    found
        .into_iter()
        .map(|named| Own {
            target: named.target.clone(),
            value: named.value,
        })
        .collect()
}

fn is_group(word: &str) -> bool {
    covers().iter().any(|group| group.of == word)
}

/// The chosen places that hold no other chosen place and whose words are not those of a more
/// specific one.
fn most_specific<'n, 'a>(
    named: &'n [Named<'a>],
    chosen: impl Fn(&Named<'_>) -> bool,
) -> Vec<&'n Named<'a>> {
    let all: Vec<&Named<'_>> = named.iter().filter(|n| chosen(n)).collect();
    let beaten = |n: &Named<'_>| {
        all.iter().any(|other| {
            let inside = other.path.len() > n.path.len() && other.path.starts_with(&n.path);
            let narrower = other.words.len() > n.words.len() && n.words.is_subset(&other.words);
            inside || narrower
        })
    };
    all.iter().filter(|n| !beaten(n)).copied().collect()
}

/// The chosen places that lie in no other chosen place.
fn outermost<'n, 'a>(
    named: &'n [Named<'a>],
    chosen: impl Fn(&Named<'_>) -> bool,
) -> Vec<&'n Named<'a>> {
    let all: Vec<&Named<'_>> = named.iter().filter(|n| chosen(n)).collect();
    let inner = |n: &Named<'_>| {
        let holds = |other: &&&Named<'_>| {
            other.path.len() < n.path.len() && n.path.starts_with(&other.path)
        };
        all.iter().any(|other| holds(&other))
    };
    all.iter().filter(|n| !inner(n)).copied().collect()
}

fn named_places(record: &PatientRecord, side: Side) -> Vec<Named<'_>> {
    let mut out = Vec::new();
    for (section, value) in &record.text {
        if side.admits(record, section) {
            walk(
                &mut out,
                vec![section],
                value,
                section == EXAMINATIONS,
                side,
            );
        }
    }
    if side != Side::Told {
        for (section, labels) in &record.series {
            for label in labels.keys() {
                out.push(Named {
                    target: Target {
                        section: section.clone(),
                        field: Some(label.clone()),
                    },
                    path: vec![section, label],
                    words: common_words(label),
                    value: None,
                });
            }
        }
    }
    out.retain(|named| !named.words.is_empty());
    out
}

fn walk<'a>(
    out: &mut Vec<Named<'a>>,
    path: Vec<&'a str>,
    value: &'a Value,
    examined: bool,
    side: Side,
) {
    let name = path.last().copied().unwrap_or_default();
    let mut words = common_words(name);
    let vital = words.contains(VITAL);
    let mut exempt = !examined || vital;
    if side == Side::Measured {
        words.remove(EXAM);
        exempt = true;
    }
    if !words.is_empty() && !exempt {
        // "Chest pain" is no question about the examination of the chest.
        words.insert(EXAM.to_owned());
    }
    let (field, above) = path.split_last().unwrap_or((&"", &[]));
    let target = if above.is_empty() {
        Target {
            section: (*field).to_owned(),
            field: None,
        }
    } else {
        Target {
            section: above.join("."),
            field: Some((*field).to_owned()),
        }
    };
    out.push(Named {
        target,
        path: path.clone(),
        words,
        value: Some(value),
    });
    // Below the vital signs, every name speaks for itself.
    parts(out, &path, value, examined && !vital, side);
}

/// Goes through lists, whose positions have no names.
fn parts<'a>(
    out: &mut Vec<Named<'a>>,
    path: &[&'a str],
    value: &'a Value,
    examined: bool,
    side: Side,
) {
    match value {
        Value::Object(parts) => {
            for (name, part) in parts {
                let mut below = path.to_vec();
                below.push(name);
                walk(out, below, part, examined, side);
            }
        }
        Value::Array(items) => {
            for item in items {
                parts(out, path, item, examined, side);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
