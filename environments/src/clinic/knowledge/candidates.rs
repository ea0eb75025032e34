//! Findings that records can tell of: abnormal laboratory items, drugs, complaint words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::base::{Finding, FindingKind, Probe};
use crate::clinic::chart::{COMPLAINT, evaluate, section_cost};
use crate::clinic::dialogue::Target;
use crate::clinic::record::PatientRecord;

/// Shortest complaint word and drug name that is counted.
const SHORTEST: usize = 3;

/// Words of complaints that say nothing.
const COMMON: [&str; 10] = [
    "and", "the", "with", "for", "from", "not", "has", "had", "was", "post",
];

/// Abnormal laboratory items, drugs and complaint words that are present in `min_support` or more
/// of the records, in this order, each kind by name.
pub(super) fn supported_findings(seen: &[PatientRecord], min_support: usize) -> Vec<Finding> {
    let mut labs: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut drugs: BTreeMap<String, usize> = BTreeMap::new();
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    for record in seen {
        for (section, labels) in &record.series {
            for label in labels.keys() {
                let probe = lab_probe(section, label);
                if section_cost(section).test && evaluate(record, &probe) == Some(true) {
                    *labs.entry((section, label)).or_default() += 1;
                }
            }
        }
        let names: BTreeSet<String> = record
            .prescriptions
            .iter()
            .filter_map(|p| words_of(&p.drug).next())
            .collect();
        for name in names {
            *drugs.entry(name).or_default() += 1;
        }
        let complaint = record.text.get(COMPLAINT).and_then(Value::as_str);
        let said: BTreeSet<String> = words_of(complaint.unwrap_or_default()).collect();
        for word in said {
            *words.entry(word).or_default() += 1;
        }
    }
    let enough = |n: usize| n >= min_support.max(1);
    let labs = labs.into_iter().filter(|(_, n)| enough(*n));
    let drugs = drugs.into_iter().filter(|(_, n)| enough(*n));
    let words = words.into_iter().filter(|(_, n)| enough(*n));
    labs.map(|((section, label), _)| lab(section, label))
        .chain(drugs.map(|(name, _)| drug(name)))
        .chain(words.map(|(word, _)| complaint_word(word)))
        .collect()
}

/// Words in lower case, without short and common ones.
fn words_of(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.len() >= SHORTEST && !word.bytes().all(|b| b.is_ascii_digit()))
        .map(str::to_ascii_lowercase)
        .filter(|word| !COMMON.contains(&word.as_str()))
}

fn lab_probe(section: &str, label: &str) -> Probe {
    Probe::AbnormalLab(Target {
        section: section.to_owned(),
        field: Some(label.to_owned()),
    })
}

fn lab(section: &str, label: &str) -> Finding {
    let cost = section_cost(section);
    Finding {
        id: format!("lab:{section}/{label}"),
        name: format!("abnormal {label}"),
        kind: FindingKind::Test,
        question: format!("Is your {label} ({section}) abnormal?"),
        parent: None,
        cost: cost.cost,
        turnaround_min: cost.turnaround_min,
        probe: Some(lab_probe(section, label)),
    }
}

fn asked(kind: FindingKind, id: String, name: String, question: String, probe: Probe) -> Finding {
    let cost = section_cost(COMPLAINT);
    Finding {
        id,
        name,
        kind,
        question,
        parent: None,
        cost: cost.cost,
        turnaround_min: cost.turnaround_min,
        probe: Some(probe),
    }
}

fn drug(name: String) -> Finding {
    asked(
        FindingKind::Antecedent,
        format!("drug:{name}"),
        format!("takes {name}"),
        format!("Do you take {name}?"),
        Probe::Drug(name),
    )
}

fn complaint_word(word: String) -> Finding {
    asked(
        FindingKind::Symptom,
        format!("complaint:{word}"),
        word.clone(),
        format!("Do you complain of {word}?"),
        Probe::Word {
            section: COMPLAINT.to_owned(),
            word,
        },
    )
}
