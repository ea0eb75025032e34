//! What a record can be asked for, as topics of a case.

use std::collections::BTreeSet;

use rounds_environments::clinic::chart::section_cost;
use rounds_environments::clinic::record::PatientRecord;
use serde::Deserialize;

use crate::predicate::plain_name;

/// Words for a section of records.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SectionWords {
    /// The section.
    pub(super) section: String,
    /// Words that questions use for it.
    pub(super) aliases: Vec<String>,
    /// Its text is what a patient would tell.
    #[serde(default)]
    pub(super) fact: bool,
}

#[derive(Debug, Deserialize)]
struct Known {
    topics: Vec<SectionWords>,
}

/// A topic of a skeleton. Its name is that by which a look-up in the record is known to checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OfferedTopic {
    /// Its name.
    pub(super) id: String,
    /// It is ordered rather than asked for.
    pub(super) test: bool,
    /// Words for it.
    pub(super) aliases: Vec<String>,
    /// The section that it is a value of, if it is not a whole section.
    pub(super) within: Option<String>,
}

/// Sections for which there are words.
pub(super) fn known_sections() -> Vec<SectionWords> {
    let known: Known = toml::from_str(include_str!("templates/topics.toml"))
        .expect("the topics of this program are TOML");
    known.topics
}

/// The topics that `record` has. Of a restricted one, whole sections with known names alone.
pub(super) fn offered(record: &PatientRecord, restricted: bool) -> Vec<OfferedTopic> {
    let known = known_sections();
    let mut topics = Topics::default();
    for words in &known {
        if has_section(record, &words.section) {
            topics.add(&words.section, &words.section, &words.aliases, None);
        }
    }
    if restricted {
        return topics.all;
    }
    for section in record.series.keys() {
        topics.add(section, section, &[section.to_lowercase()], None);
    }
    let tests = record.series.iter();
    for (section, labels) in tests.filter(|(section, _)| section_cost(section).test) {
        for label in labels.keys() {
            topics.add(section, label, std::slice::from_ref(label), Some(section));
        }
    }
    topics.all
}

fn has_section(record: &PatientRecord, section: &str) -> bool {
    match section {
        "ECG" => !record.ecg.is_empty(),
        "Echo" => !record.echo.is_empty(),
        "Radiology" => !record.radiology.is_empty(),
        _ => record.series.contains_key(section) || record.text.contains_key(section),
    }
}

#[derive(Default)]
struct Topics {
    all: Vec<OfferedTopic>,
    taken: BTreeSet<String>,
}

impl Topics {
    fn add(&mut self, section: &str, name: &str, aliases: &[String], within: Option<&String>) {
        let id = plain_name(name);
        // "any" stands for every topic in a predicate.
        let bare = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let usable = !id.is_empty() && id != "any" && id.chars().all(bare);
        if usable && self.taken.insert(id.clone()) {
            self.all.push(OfferedTopic {
                id,
                test: section_cost(section).test,
                aliases: aliases.to_vec(),
                within: within.cloned(),
            });
        }
    }
}
