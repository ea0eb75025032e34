//! Keyword rules: which items of the record a question names.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::clinic::dialogue::Target;

/// How a keyword is looked for in a question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// As a whole word: no ASCII letter or digit on either side.
    #[default]
    Word,
    /// Anywhere, as in the published program.
    Substring,
}

/// One rule: any of its keywords adds all of its targets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Keywords, lower case.
    pub keywords: Vec<String>,
    /// What the rule adds.
    pub targets: Vec<Target>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    rule: Vec<Rule>,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    toml::from_str::<RuleFile>(include_str!("rules.toml"))
        .expect("the embedded rules are well-formed: a test reads them")
        .rule
});

/// The embedded rules, in their order.
pub fn rules() -> &'static [Rule] {
    &RULES
}

/// The targets that `question` names, without repeats, sorted by section, then field (the whole
/// section first). When no rule fires: every section of `section_names` whose lower-cased name
/// is contained in the question.
///
/// # Source
/// DynamiCare card, section 3, step 1, and section 5, slip 4.
pub fn match_targets(question: &str, matching: Matching, section_names: &[&str]) -> Vec<Target> {
    let question = question.to_lowercase();
    let holds = |keyword: &String| match matching {
        Matching::Word => contains_word(&question, keyword),
        Matching::Substring => question.contains(keyword.as_str()),
    };
    let mut targets: BTreeSet<Target> = rules()
        .iter()
        .filter(|rule| rule.keywords.iter().any(holds))
        .flat_map(|rule| rule.targets.iter().cloned())
        .collect();
    if targets.is_empty() {
        targets = section_names
            .iter()
            .filter(|name| !name.is_empty() && question.contains(&name.to_lowercase()))
            .map(|name| Target {
                section: (*name).to_owned(),
                field: None,
            })
            .collect();
    }
    targets.into_iter().collect()
}

/// Whether `word` occurs in `text` with no ASCII letter or digit on either side. Case matters.
pub fn contains_word(text: &str, word: &str) -> bool {
    if word.is_empty() {
        return false;
    }
    let free = |b: Option<&u8>| b.is_none_or(|b| !b.is_ascii_alphanumeric());
    let bytes = text.as_bytes();
    text.match_indices(word).any(|(at, _)| {
        free(at.checked_sub(1).and_then(|i| bytes.get(i))) && free(bytes.get(at + word.len()))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::tests::{golden, say_read};
    use super::*;

    fn targets(value: &Value) -> Vec<Target> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| Target {
                section: pair[0].as_str().unwrap().to_owned(),
                field: pair[1].as_str().map(str::to_owned),
            })
            .collect()
    }

    #[test]
    fn golden_section_match() {
        let Some(file) = golden("section_match.json") else {
            return;
        };
        let expected: Vec<Rule> = file["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| Rule {
                keywords: serde_json::from_value(rule["keywords"].clone()).unwrap(),
                targets: targets(&rule["targets"]),
            })
            .collect();
        assert_eq!(rules(), expected);
        let sections: BTreeSet<&str> = rules()
            .iter()
            .flat_map(|rule| rule.targets.iter().map(|t| t.section.as_str()))
            .collect();
        let sections: Vec<&str> = sections.into_iter().collect();
        let cases = file["cases"].as_array().unwrap();
        for case in cases {
            let question = case["question"].as_str().unwrap();
            for (key, matching) in [("word", Matching::Word), ("substring", Matching::Substring)] {
                assert_eq!(
                    match_targets(question, matching, &sections),
                    targets(&case[key]),
                    "{question:?}, {key}"
                );
            }
        }
        say_read("section_match.json", cases.len());
    }

    #[test]
    fn a_named_section_is_taken_when_no_rule_fires() {
        let found = match_targets("any travel notes?", Matching::Word, &["Travel", "Diet"]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].section, "Travel");
    }

    #[test]
    fn words_have_free_sides() {
        assert!(contains_word("the o2 flow", "o2 flow"));
        assert!(!contains_word("dosage", "age"));
        assert!(!contains_word("age", ""));
    }
}
