//! A text that is never shown.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// Placeholder keys of servers that need none, such as `EMPTY`, are shorter and no secrets.
const SHORTEST_SECRET: usize = 8;

/// A key. It prints as `***` and cannot be written to a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// The text with `***` in every place of the key.
    pub(super) fn scrub(&self, text: String) -> String {
        if self.0.len() >= SHORTEST_SECRET && text.contains(&self.0) {
            return text.replace(&self.0, "***");
        }
        text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed_and_is_taken_out_of_texts() {
        let key = Secret::new("sk-0123456789");
        assert_eq!(
            format!("{key} {key:?} {:#?}", Some(&key)),
            "*** *** Some(\n    ***,\n)"
        );
        let text = key.scrub("Incorrect key sk-0123456789, sk-0123456789!".to_owned());
        assert_eq!(text, "Incorrect key ***, ***!");
        assert_eq!(Secret::new("none").scrub("none".to_owned()), "none");
        assert_eq!(Secret::new("").scrub("a".to_owned()), "a");
    }
}
