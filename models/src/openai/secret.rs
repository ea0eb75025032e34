//! A text that is never shown.

use std::borrow::Cow;
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

    /// The text with `***` in every place of the key, also where JSON escapes its slashes.
    pub(super) fn scrub<'a>(&self, text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
        let mut text = text.into();
        if self.0.len() < SHORTEST_SECRET {
            return text;
        }
        if text.contains(&self.0) {
            text = Cow::Owned(text.replace(&self.0, "***"));
        }
        if self.0.contains('/') && text.contains("\\/") {
            text = Cow::Owned(text.replace(&self.0.replace('/', "\\/"), "***"));
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
        let text = key.scrub("Incorrect key sk-0123456789, sk-0123456789!");
        assert_eq!(text, "Incorrect key ***, ***!");
        assert_eq!(Secret::new("none").scrub("none"), "none");
        let slashed = Secret::new("ab/cd/efgh");
        assert_eq!(
            slashed.scrub(r"ab/cd/efgh, ab\/cd\/efgh, a\/b"),
            r"***, ***, a\/b"
        );
        assert_eq!(Secret::new("").scrub("a"), "a");
    }
}
