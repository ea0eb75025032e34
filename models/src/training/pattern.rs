//! Names of parameters, selected by pattern.

use serde::{Deserialize, Serialize};

/// A name with `*` for any run of characters: `*.q_proj.weight`, `model.layers.0.*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NamePattern(pub String);

impl NamePattern {
    /// Whether the whole of `name` fits the pattern.
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else {
            return false;
        };
        let parts: Vec<&str> = parts.collect();
        let Some((last, middle)) = parts.split_last() else {
            return rest.is_empty();
        };
        for part in middle {
            let Some(at) = rest.find(part) else {
                return false;
            };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last)
    }
}

impl From<&str> for NamePattern {
    fn from(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_run_of_characters() {
        let cases = [
            ("a.b", "a.b", true),
            ("a.b", "a.bc", false),
            ("*", "", true),
            ("*.weight", "x.weight", true),
            ("*.weight", "x.weights", false),
            ("model.*.q*.weight", "model.layers.0.q_proj.weight", true),
            ("a*a", "a", false),
            ("a*b*c", "a-c-b", false),
            ("a*b*c", "a-b-c", true),
            ("*bias*", "q.bias", true),
        ];
        for (pattern, name, fits) in cases {
            assert_eq!(
                NamePattern::from(pattern).matches(name),
                fits,
                "{pattern} {name}"
            );
        }
    }
}
