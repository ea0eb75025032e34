//! Names of diagnoses as codes: exact title, then synonym, then the share of common words.

use std::collections::{BTreeMap, BTreeSet};

/// How a name was mapped.
#[derive(Debug, Clone, PartialEq)]
pub enum TitleMatch {
    /// The normalised name is a title.
    Exact {
        /// The code.
        code: String,
    },
    /// The normalised name is a synonym.
    Synonym {
        /// The code.
        code: String,
    },
    /// The title with the greatest share of common words.
    Tokens {
        /// The code.
        code: String,
        /// Twice the common words over all words of both, 0 to 1.
        score: f64,
    },
    /// Nothing is near enough.
    Unmapped,
}

impl TitleMatch {
    /// The code, where there is one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Exact { code } | Self::Synonym { code } | Self::Tokens { code, .. } => Some(code),
            Self::Unmapped => None,
        }
    }
}

/// Why a table of titles was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TitleError {
    /// The threshold is not a share.
    #[error("title threshold: expected a number above 0 and up to 1, got {got}")]
    Threshold {
        /// The value that was given.
        got: f64,
    },
}

/// Titles and synonyms by their normal form.
#[derive(Debug, Clone, PartialEq)]
pub struct TitleTable {
    titles: BTreeMap<String, String>,
    synonyms: BTreeMap<String, String>,
    tokens: Vec<(BTreeSet<String>, String)>,
    threshold: f64,
}

impl TitleTable {
    /// A table of `(code, title)` and `(code, synonym)` pairs. Of two entries with one normal
    /// form the first counts.
    ///
    /// # Errors
    /// [`TitleError::Threshold`] when `threshold` is not within 0 (excluded) and 1.
    pub fn new<'a>(
        titles: impl IntoIterator<Item = (&'a str, &'a str)>,
        synonyms: impl IntoIterator<Item = (&'a str, &'a str)>,
        threshold: f64,
    ) -> Result<Self, TitleError> {
        if !(threshold > 0.0 && threshold <= 1.0) {
            return Err(TitleError::Threshold { got: threshold });
        }
        let mut table = Self {
            titles: BTreeMap::new(),
            synonyms: BTreeMap::new(),
            tokens: Vec::new(),
            threshold,
        };
        for (code, title) in titles {
            let normal = normalise(title);
            if !normal.is_empty() && !table.titles.contains_key(&normal) {
                table.tokens.push((words(&normal), code.to_owned()));
                table.titles.insert(normal, code.to_owned());
            }
        }
        for (code, synonym) in synonyms {
            let entry = table.synonyms.entry(normalise(synonym));
            entry.or_insert_with(|| code.to_owned());
        }
        Ok(table)
    }

    /// The code of a name. Of equal scores the first title of the table wins.
    ///
    /// # Source
    /// DynamiCare card, section 7.
    pub fn map(&self, name: &str) -> TitleMatch {
        let normal = normalise(name);
        if let Some(code) = self.titles.get(&normal) {
            return TitleMatch::Exact { code: code.clone() };
        }
        if let Some(code) = self.synonyms.get(&normal) {
            return TitleMatch::Synonym { code: code.clone() };
        }
        let asked = words(&normal);
        let mut best: Option<(f64, &str)> = None;
        for (title, code) in &self.tokens {
            let common = title.intersection(&asked).count();
            let score = 2.0 * common as f64 / (title.len() + asked.len()) as f64;
            if score >= self.threshold && best.is_none_or(|(most, _)| score > most) {
                best = Some((score, code));
            }
        }
        best.map_or(TitleMatch::Unmapped, |(score, code)| TitleMatch::Tokens {
            code: code.to_owned(),
            score,
        })
    }

    /// Share of `names` that have no code; `None` without names.
    pub fn unmapped_share(&self, names: &[String]) -> Option<f64> {
        let lost = names
            .iter()
            .filter(|n| self.map(n).code().is_none())
            .count();
        (!names.is_empty()).then(|| lost as f64 / names.len() as f64)
    }
}

/// British spellings and what they become.
const SPELLINGS: [(&str, &str); 9] = [
    ("haem", "hem"),
    ("anaem", "anem"),
    ("aemia", "emia"),
    ("oedema", "edema"),
    ("oesoph", "esoph"),
    ("rrhoea", "rrhea"),
    ("ischaem", "ischem"),
    ("tumour", "tumor"),
    ("paed", "ped"),
];

/// Words of codes' titles that say nothing.
const EMPTY: [&str; 3] = ["unspecified", "nos", "nec"];

/// Normal form of a name: lower case, no punctuation, American spelling, roman numerals as
/// digits, without words such as `unspecified`.
pub fn normalise(name: &str) -> String {
    let mut text = name.to_lowercase();
    for (british, american) in SPELLINGS {
        text = text.replace(british, american);
    }
    text.replace('\'', "")
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !EMPTY.contains(word))
        .map(|word| match word {
            "i" => "1",
            "ii" => "2",
            "iii" => "3",
            "iv" => "4",
            "v" => "5",
            other => other,
        })
        .collect::<Vec<_>>()
        .join(" ")
}

fn words(normal: &str) -> BTreeSet<String> {
    normal
        .split(' ')
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> TitleTable {
        let titles = [
            ("2859", "Anemia, unspecified"),
            ("486", "Pneumonia, organism unspecified"),
            ("25000", "Diabetes mellitus type II"),
        ];
        TitleTable::new(titles, [("41001", "heart attack")], 0.6).unwrap()
    }

    #[test]
    fn names_are_mapped_in_three_steps() {
        let table = table();
        let code = |name: &str| table.map(name).code().map(str::to_owned);
        assert!(matches!(table.map("ANAEMIA"), TitleMatch::Exact { .. }));
        assert_eq!(code("diabetes mellitus, type 2").as_deref(), Some("25000"));
        assert!(matches!(
            table.map("Heart attack"),
            TitleMatch::Synonym { .. }
        ));
        assert!(matches!(table.map("pneumonia"), TitleMatch::Tokens { .. }));
        assert_eq!(table.map("broken arm"), TitleMatch::Unmapped);
        assert_eq!(table.map(""), TitleMatch::Unmapped);
    }

    #[test]
    fn the_unmapped_are_counted() {
        let names = ["anemia".to_owned(), "broken arm".to_owned()];
        assert_eq!(table().unmapped_share(&names), Some(0.5));
        assert_eq!(table().unmapped_share(&[]), None);
        assert!(TitleTable::new([], [], 0.0).is_err());
    }
}
