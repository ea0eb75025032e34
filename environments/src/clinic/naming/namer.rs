//! The table of names, and the forms of a name that are looked up.

use std::path::Path;

use serde::Deserialize;

use super::titles_file::{TitlesError, read_titles};
use crate::clinic::icd9;
use crate::clinic::knowledge::Knowledge;
use crate::clinic::record::{CodeMapping, CodeSource, DiagnosisEntry};
use crate::clinic::titles::{TitleMatch, TitleTable, normalise};

/// Share of common words from which a title counts as that of a name.
const THRESHOLD: f64 = 0.75;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SynonymFile {
    code: Vec<Synonyms>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Synonyms {
    icd9: String,
    names: Vec<String>,
}

fn synonyms() -> Vec<Synonyms> {
    toml::from_str::<SynonymFile>(include_str!("synonyms.toml"))
        .expect("the embedded synonyms are well-formed: a test reads them")
        .code
}

/// Common names beside those of the built-in conditions, each with its code.
pub fn synonym_pairs() -> Vec<(String, String)> {
    let all = synonyms().into_iter();
    all.flat_map(|entry| {
        let code = entry.icd9.replace('.', "");
        let names = entry.names.into_iter();
        names.map(move |name| (code.clone(), name))
    })
    .collect()
}

/// Finds the ICD-9-CM codes of names.
#[derive(Debug, Clone, PartialEq)]
pub struct CodeNamer {
    table: TitleTable,
}

impl CodeNamer {
    /// The built-in names, and the titles of a file where one is given.
    ///
    /// # Errors
    /// [`TitlesError`] with file and line when the file cannot be used.
    pub fn new(titles: Option<&Path>) -> Result<Self, TitlesError> {
        let mut pairs: Vec<(String, String)> = Knowledge::builtin()
            .conditions()
            .iter()
            .filter_map(|condition| {
                let code = condition.codes.first()?;
                Some((code.clone(), condition.name.clone()))
            })
            .collect();
        if let Some(path) = titles {
            pairs.extend(read_titles(path)?);
        }
        let known = synonym_pairs();
        let pairs = pairs
            .iter()
            .map(|(code, name)| (code.as_str(), name.as_str()));
        let others = known
            .iter()
            .map(|(code, name)| (code.as_str(), name.as_str()));
        let table = TitleTable::new(pairs, others, THRESHOLD)?;
        Ok(Self { table })
    }

    /// The table that names are looked up in.
    pub fn table(&self) -> &TitleTable {
        &self.table
    }

    /// The code of a name and how it was found. Forms of the name that are a title or a synonym
    /// go before one that shares words with a title.
    pub fn map(&self, name: &str) -> (Option<String>, CodeMapping) {
        let forms = forms(name);
        let found: Vec<TitleMatch> = forms.iter().map(|form| self.table.map(form)).collect();
        let whole = |at: usize| (at > 0).then(|| forms[at].clone());
        let mut nearest: Option<(usize, String, f64)> = None;
        for (at, found) in found.into_iter().enumerate() {
            let (code, by) = match found {
                TitleMatch::Exact { code } => (code, CodeSource::Title),
                TitleMatch::Synonym { code } => (code, CodeSource::Synonym),
                TitleMatch::Tokens { code, score } => {
                    if nearest.as_ref().is_none_or(|(_, _, most)| score > *most) {
                        nearest = Some((at, code, score));
                    }
                    continue;
                }
                TitleMatch::Unmapped => continue,
            };
            let form = whole(at);
            let mapping = CodeMapping {
                by,
                form,
                score: None,
            };
            return (plain(&code), mapping);
        }
        match nearest {
            Some((at, code, score)) => {
                let mapping = CodeMapping {
                    by: CodeSource::Words,
                    form: whole(at),
                    score: Some(score),
                };
                (plain(&code), mapping)
            }
            None => {
                let mapping = CodeMapping {
                    by: CodeSource::Unmapped,
                    form: None,
                    score: None,
                };
                (None, mapping)
            }
        }
    }

    /// The diagnosis of a name, with its code where there is one.
    pub fn diagnosis(&self, priority: u32, name: &str) -> DiagnosisEntry {
        let (code, mapping) = self.map(name);
        DiagnosisEntry {
            seq_num: Some(priority),
            icd9_code: code.unwrap_or_default(),
            long_title: Some(name.to_owned()),
            mapping: Some(mapping),
            ..DiagnosisEntry::default()
        }
    }

    /// Whether two names mean one diagnosis: one normal form, or one code that is that of a title
    /// or synonym on both sides. Words in common are not enough.
    pub fn same(&self, a: &str, b: &str) -> bool {
        let same_form = forms(a)
            .iter()
            .any(|form| forms(b).iter().any(|other| same_words(form, other)));
        let sure = |name: &str| match self.map(name) {
            (Some(code), mapping) if mapping.by != CodeSource::Words => Some(code),
            _ => None,
        };
        same_form || sure(a).is_some_and(|code| sure(b) == Some(code))
    }
}

fn plain(code: &str) -> Option<String> {
    icd9::normal_diagnosis(code)
}

fn same_words(a: &str, b: &str) -> bool {
    let normal = normalise(a);
    !normal.is_empty() && normal == normalise(b)
}

/// The name, the name without what stands in brackets, and what stands in brackets.
fn forms(name: &str) -> Vec<String> {
    let name = name.trim().replace('’', "'");
    let mut forms = vec![name.clone()];
    if let (Some(open), Some(close)) = (name.find('('), name.rfind(')'))
        && open < close
    {
        let outside = format!("{} {}", name[..open].trim(), name[close + 1..].trim());
        for form in [outside.trim(), name[open + 1..close].trim()] {
            if !form.is_empty() {
                forms.push(form.to_owned());
            }
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_synonym_has_a_valid_code_and_stands_once() {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for entry in synonyms() {
            assert!(
                icd9::normal_diagnosis(&entry.icd9).is_some(),
                "{}",
                entry.icd9
            );
            for name in &entry.names {
                let other = seen.insert(normalise(name), entry.icd9.clone());
                assert_eq!(other, None, "{name}");
            }
        }
        assert!(seen.len() > 100);
    }

    #[test]
    fn a_name_is_found_whole_without_brackets_and_within_them() {
        let namer = CodeNamer::new(None).unwrap();
        let map = |name: &str| namer.map(name);
        assert_eq!(map("Heart failure").1.by, CodeSource::Title);
        let (code, way) = map("Acute bronchitis (disorder)");
        assert_eq!(code.as_deref(), Some("4660"));
        assert_eq!(way.by, CodeSource::Synonym);
        assert_eq!(way.form.as_deref(), Some("Acute bronchitis"));
        let (code, way) = map("Something unheard of (COPD)");
        assert_eq!(code, map("COPD").0);
        assert_eq!(way.form.as_deref(), Some("COPD"));
        let (code, way) = map("Purple spotted sneezing illness");
        assert_eq!((code, way.by), (None, CodeSource::Unmapped));
        assert_eq!(map("").0, None);
        assert_eq!(map(")(").0, None);
    }

    #[test]
    fn the_same_diagnosis_is_known_by_form_or_code_and_not_by_words_alone() {
        let namer = CodeNamer::new(None).unwrap();
        assert!(namer.same("hirschsprung disease", "Hirschsprung's disease"));
        assert!(namer.same("Purple illness", "purple  Illness."));
        assert!(namer.same("COPD", "Chronic obstructive pulmonary disease (COPD)"));
        assert!(!namer.same("Acute bronchitis", "Chronic bronchitis"));
        assert!(!namer.same("", ""));
    }
}
