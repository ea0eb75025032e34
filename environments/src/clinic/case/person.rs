//! Who a patient is, in the words that the doctors hear.

use serde::Serialize;

/// Demographics of a patient; what is not given is not said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Person {
    /// Age in completed years.
    pub age: Option<u32>,
    /// Sex: `F`, `M` or another word.
    pub sex: Option<String>,
    /// Ethnicity.
    pub ethnicity: Option<String>,
    /// Language.
    pub language: Option<String>,
    /// Insurance.
    pub insurance: Option<String>,
}

impl Person {
    /// Names of the parts, in the order of the fields.
    pub const PARTS: [&str; 5] = ["age", "sex", "ethnicity", "language", "insurance"];

    /// A part as text; `None` when it is not given or there is no such part.
    pub fn part(&self, name: &str) -> Option<String> {
        match name {
            "age" => self.age.map(|age| age.to_string()),
            "sex" => self.sex.clone(),
            "ethnicity" => self.ethnicity.clone(),
            "language" => self.language.clone(),
            "insurance" => self.insurance.clone(),
            _ => None,
        }
    }

    /// The same person with the parts of `other` that are given.
    pub fn changed_by(&self, other: &Self) -> Self {
        let text = |mine: &Option<String>, theirs: &Option<String>| {
            theirs.clone().or_else(|| mine.clone())
        };
        Self {
            age: other.age.or(self.age),
            sex: text(&self.sex, &other.sex),
            ethnicity: text(&self.ethnicity, &other.ethnicity),
            language: text(&self.language, &other.language),
            insurance: text(&self.insurance, &other.insurance),
        }
    }

    /// Whether the person has a finding that says who it is; `None` where it does not say so.
    pub fn finding(&self, id: &str) -> Option<bool> {
        let man = || self.sex.as_deref().map(|sex| sex == "M");
        let woman = || self.sex.as_deref().map(|sex| sex == "F");
        match id {
            "female_sex" => woman(),
            "over_sixty" => self.age.map(|age| age > 60),
            "male_over_fifty" => Some(man()? && self.age? > 50),
            "pregnancy" | "heavy_periods" if man() == Some(true) => Some(false),
            _ => None,
        }
    }

    /// One sentence about the person; empty when nothing is given.
    pub fn sentence(&self) -> String {
        let age = self.age;
        let child = age.is_some_and(|age| age < 18);
        let noun = match (self.sex.as_deref(), child) {
            (Some("F"), false) => "woman",
            (Some("F"), true) => "girl",
            (Some("M"), false) => "man",
            (Some("M"), true) => "boy",
            (Some(other), _) => other,
            (None, false) => "person",
            (None, true) => "child",
        };
        let mut parts = Vec::new();
        if age.is_some() || self.sex.is_some() {
            parts.push(match age {
                Some(age) => format!("{age}-year-old {noun}"),
                None => noun.to_owned(),
            });
        }
        for (name, value) in [
            ("ethnicity", &self.ethnicity),
            ("language", &self.language),
            ("insurance", &self.insurance),
        ] {
            if let Some(value) = value {
                parts.push(format!("{name}: {value}"));
            }
        }
        if parts.is_empty() {
            String::new()
        } else {
            format!("({}.)", parts.join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_given_is_said() {
        assert_eq!(Person::default().sentence(), "");
        let mut person = Person {
            age: Some(54),
            sex: Some("M".to_owned()),
            ..Person::default()
        };
        assert_eq!(person.sentence(), "(54-year-old man.)");
        person.language = Some("Spanish".to_owned());
        let girl = person.changed_by(&Person {
            age: Some(9),
            sex: Some("F".to_owned()),
            ..Person::default()
        });
        assert_eq!(girl.sentence(), "(9-year-old girl; language: Spanish.)");
        assert_eq!(girl.part("age").as_deref(), Some("9"));
        assert_eq!(
            (girl.finding("female_sex"), girl.finding("over_sixty")),
            (Some(true), Some(false))
        );
        assert_eq!(
            (person.finding("pregnancy"), girl.finding("pregnancy")),
            (Some(false), None)
        );
        assert_eq!(Person::default().finding("male_over_fifty"), None);
    }
}
