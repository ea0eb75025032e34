//! `generation_config.json`.

use serde_json::{Map, Value, json};

use crate::local::transformer::config::{ConfigError, TransformerConfig, fields::Fields};

/// How a checkpoint's authors want replies to be drawn; absent keys are `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Generation {
    /// The token that begins a text.
    pub bos: Option<u32>,
    /// The tokens that end a text.
    pub eos: Vec<u32>,
    /// The token that fills rows.
    pub pad: Option<u32>,
    /// False asks for the likeliest token always.
    pub do_sample: Option<bool>,
    /// Divides the logits.
    pub temperature: Option<f64>,
    /// How many tokens are kept.
    pub top_k: Option<usize>,
    /// The share of probability that is kept.
    pub top_p: Option<f64>,
    /// Tokens below this share of the likeliest are dropped.
    pub min_p: Option<f64>,
    /// Above one: tokens of the text so far become less likely.
    pub repetition_penalty: Option<f64>,
}

impl Generation {
    /// All tokens that end a text, of the configuration and of these settings.
    pub fn all_eos(&self, config: &TransformerConfig) -> Vec<u32> {
        let mut all = config.eos.clone();
        for id in &self.eos {
            if !all.contains(id) {
                all.push(*id);
            }
        }
        all
    }

    /// Reads a parsed `generation_config.json`.
    ///
    /// # Errors
    /// [`ConfigError`] names the key whose value does not fit.
    pub fn from_hf(json: &Value) -> Result<Self, ConfigError> {
        let Some(map) = json.as_object() else {
            return Err(ConfigError::NotAnObject {
                found: json.to_string(),
            });
        };
        let fields = Fields::new(map, "");
        let number = |key: &str, least: f64| -> Result<Option<f64>, ConfigError> {
            let Some(value) = fields.get(key) else {
                return Ok(None);
            };
            match value.as_f64() {
                Some(x) if x.is_finite() && x >= least => Ok(Some(x)),
                _ => Err(fields.invalid(key, &format!("a number of at least {least}"), value)),
            }
        };
        Ok(Self {
            bos: fields.token("bos_token_id")?,
            eos: fields.tokens("eos_token_id")?,
            pad: fields.token("pad_token_id")?,
            do_sample: fields
                .get("do_sample")
                .map(|_| fields.flag("do_sample", false))
                .transpose()?,
            temperature: number("temperature", 0.0)?,
            top_k: fields.count("top_k")?,
            top_p: number("top_p", 0.0)?,
            min_p: number("min_p", 0.0)?,
            repetition_penalty: fields.positive("repetition_penalty")?,
        })
    }

    /// Writes `generation_config.json`; `None` leaves a key out.
    pub fn to_hf(&self) -> Value {
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| {
            if !value.is_null() {
                map.insert(key.to_owned(), value);
            }
        };
        put("bos_token_id", json!(self.bos));
        match self.eos.as_slice() {
            [] => {}
            [one] => put("eos_token_id", json!(one)),
            many => put("eos_token_id", json!(many)),
        }
        put("pad_token_id", json!(self.pad));
        put("do_sample", json!(self.do_sample));
        put("temperature", json!(self.temperature));
        put("top_k", json!(self.top_k));
        put("top_p", json!(self.top_p));
        put("min_p", json!(self.min_p));
        put("repetition_penalty", json!(self.repetition_penalty));
        Value::Object(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let json = json!({
            "bos_token_id": 1, "eos_token_id": [2, 3], "pad_token_id": 0, "do_sample": true,
            "temperature": 0.6, "top_k": 20, "top_p": 0.95, "min_p": 0.0,
            "repetition_penalty": 1.05, "transformers_version": "4.51.0"
        });
        let generation = Generation::from_hf(&json).unwrap();
        assert_eq!(generation.eos, [2, 3]);
        assert_eq!(
            Generation::from_hf(&generation.to_hf()).unwrap(),
            generation
        );
        let none = Generation::from_hf(&json!({})).unwrap();
        assert_eq!(none, Generation::default());
    }

    #[test]
    fn bad_values_name_the_key() {
        let error = Generation::from_hf(&json!({"temperature": "hot"})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "config: key `temperature`: expected a number of at least 0, got \"hot\""
        );
    }
}
