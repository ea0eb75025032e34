//! What became of the cases of a source: none is lost without a word.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::schema::{CodeMapping, CodeSource};

/// What became of the cases of a source of case files: `read` is `written` and `skipped`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaseCounts {
    /// Cases read: lines of a case file, patients of bundles.
    pub read: u64,
    /// Of these, those that became records.
    pub written: u64,
    /// Of these, those that did not, with the reason.
    pub skipped: Vec<SetApart>,
    /// Records whose content is that of an earlier one.
    pub repeated: Vec<Repeated>,
    /// Records without a diagnosis, with the reason: a visit to them is not scored.
    pub without_truth: Vec<SetApart>,
    /// Examinations and tests kept: leaves of their trees, and measurements.
    pub leaves: u64,
    /// Parts of the source that are not read, by kind.
    pub ignored: BTreeMap<String, u64>,
    /// Parts of the source that are kept from the record since they come with or after the
    /// diagnosis, by kind.
    pub held_back: BTreeMap<String, u64>,
    /// How the names of the diagnoses became codes.
    pub names: Named,
}

/// A case that is set apart, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SetApart {
    /// Where it stands in the source.
    pub place: String,
    /// Why.
    pub reason: String,
}

/// A case whose content is that of an earlier one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Repeated {
    /// Number of the case.
    pub case: u64,
    /// Number of the earlier one.
    pub first: u64,
}

/// How names of diagnoses became codes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Named {
    /// Names in all.
    pub names: u64,
    /// Names that are titles.
    pub by_title: u64,
    /// Names that are synonyms.
    pub by_synonym: u64,
    /// Names that share enough words with a title.
    pub by_words: u64,
    /// Names without a code.
    pub unmapped: u64,
    /// Share of the names that have no code, 0 to 1; `None` without names.
    pub unmapped_share: Option<f64>,
    /// The names without a code, each once, in the order of the source.
    pub unmapped_names: Vec<String>,
}

impl Named {
    /// Takes in one name.
    pub fn add(&mut self, name: &str, mapping: &CodeMapping) {
        self.names += 1;
        match mapping.by {
            CodeSource::Title => self.by_title += 1,
            CodeSource::Synonym => self.by_synonym += 1,
            CodeSource::Words => self.by_words += 1,
            CodeSource::Unmapped => {
                self.unmapped += 1;
                if !self.unmapped_names.iter().any(|known| known == name) {
                    self.unmapped_names.push(name.to_owned());
                }
            }
        }
        self.unmapped_share = Some(self.unmapped as f64 / self.names as f64);
    }
}
