//! What models cost.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::wire::Counts;

const SCHEMA: &str = "rounds.prices/1";
const BUILT_IN: &str = include_str!("../../prices.toml");

/// Why a list of prices cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PriceError {
    /// The file cannot be read.
    #[error("cannot read the prices {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The text is no list of prices.
    #[error("the prices {} cannot be used: {why}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Where and why.
        why: String,
    },
}

/// Price of a model in US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Tokens of prompts.
    pub prompt: f64,
    /// Tokens of prompts that the server had read before; as [`Price::prompt`] where not given.
    pub cached_prompt: Option<f64>,
    /// Tokens of replies.
    pub completion: f64,
}

impl Price {
    /// Cost of a call in US dollars.
    pub(super) fn of(&self, counts: &Counts) -> f64 {
        let cached = counts.cached_tokens();
        let fresh = (counts.prompt_tokens - cached) as f64 * self.prompt;
        let cached = cached as f64 * self.cached_prompt.unwrap_or(self.prompt);
        (fresh + cached + counts.completion_tokens as f64 * self.completion) / 1e6
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    models: BTreeMap<String, Price>,
}

/// Prices by name of the model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prices(BTreeMap<String, Price>);

impl Prices {
    /// The prices that come with the program.
    ///
    /// # Errors
    /// [`PriceError::Wrong`] when they are damaged.
    pub fn built_in() -> Result<Self, PriceError> {
        Self::default().and(BUILT_IN, Path::new("built in"))
    }

    /// These prices, with those of a file added or put in their place.
    ///
    /// # Errors
    /// [`PriceError`] when the file cannot be read or used.
    pub fn and_file(self, path: &Path) -> Result<Self, PriceError> {
        let text = std::fs::read_to_string(path).map_err(|source| PriceError::Read {
            path: path.to_owned(),
            source,
        })?;
        self.and(&text, path)
    }

    fn and(mut self, text: &str, path: &Path) -> Result<Self, PriceError> {
        let wrong = |why: String| PriceError::Wrong {
            path: path.to_owned(),
            why,
        };
        let file: File = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if file.schema != SCHEMA {
            return Err(wrong(format!(
                "expected schema {SCHEMA:?}, got {:?}",
                file.schema
            )));
        }
        for (model, price) in &file.models {
            let parts = [
                Some(price.prompt),
                price.cached_prompt,
                Some(price.completion),
            ];
            if let Some(odd) = parts
                .into_iter()
                .flatten()
                .find(|p| !p.is_finite() || *p < 0.0)
            {
                return Err(wrong(format!(
                    "{model:?}: expected a price of at least 0, got {odd}"
                )));
            }
        }
        self.0.extend(file.models);
        Ok(self)
    }

    /// The price of a model; a dated version such as `NAME-2025-01-31` costs what `NAME` costs
    /// unless it is listed itself.
    pub fn of(&self, model: &str) -> Option<Price> {
        let undated = || {
            let at = model.len().checked_sub("-2025-01-31".len())?;
            let (name, date) = model.split_at_checked(at)?;
            let fits = |(found, form): (u8, u8)| match form {
                b'-' => found == b'-',
                _ => found.is_ascii_digit(),
            };
            let dated = date.bytes().zip("-2025-01-31".bytes()).all(fits);
            self.0.get(name).filter(|_| dated)
        };
        self.0.get(model).or_else(undated).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_their_dated_versions_have_prices() {
        let prices = Prices::built_in().unwrap();
        let prompt = |model| prices.of(model).map(|price| price.prompt);
        assert_eq!(prompt("gpt-4o"), Some(2.5));
        assert_eq!(prompt("gpt-4o-2024-08-06"), Some(2.5));
        assert_eq!(prompt("gpt-4o-2024-05-13"), Some(5.0));
        assert_eq!(prompt("gpt-4o-audio"), None);
        assert_eq!(prompt("gpt-4o-x024-08-06"), None);
        assert_eq!(prompt("ééééé"), None);
    }

    #[test]
    fn a_call_costs_its_tokens_and_cached_ones_less() {
        let counts: Counts = serde_json::from_str(
            r#"{"prompt_tokens": 1000, "completion_tokens": 10,
                "prompt_tokens_details": {"cached_tokens": 600}}"#,
        )
        .unwrap();
        let price = Price {
            prompt: 2.0,
            cached_prompt: Some(0.5),
            completion: 8.0,
        };
        let expected = (400.0 * 2.0 + 600.0 * 0.5 + 10.0 * 8.0) / 1e6;
        assert!((price.of(&counts) - expected).abs() < 1e-15);
        let full = Price {
            cached_prompt: None,
            ..price
        };
        assert!((full.of(&counts) - 2080.0 / 1e6).abs() < 1e-15);
    }

    #[test]
    fn a_file_overrides_and_is_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prices.toml");
        let with = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Prices::built_in().unwrap().and_file(&path)
        };
        let good = "schema = \"rounds.prices/1\"\n[models]\n\"gpt-4o\" = { prompt = 1, completion = 2 }\n\
                    mine = { prompt = 0, completion = 0 }";
        let prices = with(good).unwrap();
        assert_eq!(prices.of("gpt-4o").unwrap().completion, 2.0);
        assert_eq!(prices.of("mine").unwrap().prompt, 0.0);
        assert!(prices.of("gpt-5").is_some());
        let error = |text: &str| with(text).unwrap_err().to_string();
        assert!(error(&good.replace("prompt = 0", "prompt = -1")).contains("\"mine\": expected"));
        assert!(error(&good.replace("prices/1", "prices/2")).contains("got \"rounds.prices/2\""));
        assert!(error(&good.replace("prompt = 0", "promt = 0")).contains("promt"));
        std::fs::remove_file(&path).unwrap();
        let missing = Prices::default().and_file(&path);
        assert!(matches!(missing, Err(PriceError::Read { .. })));
    }
}
