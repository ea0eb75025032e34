//! Names of examinations and tests in one form: lower case, singular, `_` and `-` as spaces, one
//! word for all synonyms.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameFile {
    same: Vec<Same>,
    covers: Vec<Covers>,
    empty: Vec<String>,
    openings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Same {
    is: String,
    words: Vec<String>,
}

/// What stands for a name that a record does not have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Covers {
    /// The name.
    pub(super) of: String,
    /// Its parts.
    pub(super) parts: Vec<String>,
}

/// The embedded names, phrases as words.
struct Names {
    /// Phrases and what they mean, the longest first.
    phrases: Vec<(Vec<String>, Vec<String>)>,
    covers: Vec<Covers>,
    empty: BTreeSet<String>,
    openings: Vec<String>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let file: NameFile = toml::from_str(include_str!("names.toml"))
        .expect("the embedded names are well-formed: a test reads them");
    let mut phrases: Vec<(Vec<String>, Vec<String>)> = file
        .same
        .iter()
        .flat_map(|same| {
            let is: Vec<String> = same.is.split(' ').map(str::to_owned).collect();
            let words = same.words.iter();
            words.map(move |phrase| (plain(phrase), is.clone()))
        })
        .collect();
    phrases.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len()));
    Names {
        phrases,
        covers: file.covers,
        empty: file.empty.into_iter().collect(),
        openings: file.openings,
    }
});

/// The parts that stand for names which records do not have.
pub(super) fn covers() -> &'static [Covers] {
    &NAMES.covers
}

/// Whether a question asks the patient for its complaint.
pub(super) fn opens(question: &str) -> bool {
    let question = question.to_lowercase().replace('’', "'");
    NAMES
        .openings
        .iter()
        .any(|opening| question.contains(opening))
}

/// Words in lower case and the singular.
fn plain(text: &str) -> Vec<String> {
    text.to_lowercase()
        .replace("x-ray", "x ray")
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(singular)
        .collect()
}

/// A word without the `s` of the plural; `ies` becomes `y`.
fn singular(word: &str) -> String {
    let keeps = ["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    if word.len() < 4 || keeps {
        return word.to_owned();
    }
    match (word.strip_suffix("ies"), word.strip_suffix('s')) {
        (Some(stem), _) if stem.len() > 2 => format!("{stem}y"),
        (_, Some(stem)) => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// The words of a name or a question in one form, without those that say nothing.
pub(super) fn common_words(text: &str) -> BTreeSet<String> {
    let words = plain(text);
    let mut out = BTreeSet::new();
    let mut at = 0;
    while at < words.len() {
        let found = NAMES.phrases.iter().find(|(phrase, _)| {
            let rest = &words[at..];
            rest.len() >= phrase.len() && rest[..phrase.len()] == phrase[..]
        });
        match found {
            Some((phrase, is)) => {
                out.extend(is.iter().cloned());
                at += phrase.len();
            }
            None => {
                if !NAMES.empty.contains(&words[at]) {
                    out.insert(words[at].clone());
                }
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_the_same_are_the_same() {
        for names in [
            [
                "Chest_X-ray",
                "chest x ray",
                "CXR",
                "Chest_X-Ray",
                "Chest Radiographs",
            ]
            .as_slice(),
            &[
                "Blood_Tests",
                "Blood_Work",
                "Laboratory_Tests",
                "Laboratory_Studies",
                "labs",
            ],
            &[
                "MRI_Brain",
                "Brain_MRI",
                "MRI of the brain",
                "brain magnetic resonance imaging",
            ],
            &["Complete_Blood_Count", "CBC", "full blood counts"],
            &[
                "Neurologic_Examination",
                "Neurological_Examination",
                "neurological exam",
            ],
            &["Skin_Biopsy", "skin biopsies", "Biopsy of the skin"],
            &["Heart_Rate", "pulse"],
        ] {
            for name in names {
                assert_eq!(common_words(name), common_words(names[0]), "{name}");
            }
        }
        assert_ne!(common_words("Chest X-ray"), common_words("Chest CT"));
        assert_ne!(common_words("Heart rate"), common_words("Heart exam"));
        assert!(common_words("Findings").is_empty());
    }

    #[test]
    fn every_phrase_means_one_thing() {
        let mut seen = BTreeSet::new();
        for (phrase, _) in &NAMES.phrases {
            assert!(seen.insert(phrase.clone()), "{phrase:?}");
        }
    }
}
