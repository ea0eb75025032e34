//! Typed access to the keys of a JSON object, with errors that name the key.

use serde_json::{Map, Value};

use super::ConfigError;

/// One JSON object and the path that leads to it.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: &'a str,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(map: &'a Map<String, Value>, path: &'a str) -> Self {
        Self { map, path }
    }

    /// The key with the path before it.
    pub(crate) fn name(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// The value, if the key is there and not null.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// Whether the key is there, be it null.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    pub(crate) fn invalid(&self, key: &str, expected: &str, found: &Value) -> ConfigError {
        ConfigError::invalid(self.name(key), expected, shortened(found))
    }

    fn missing(&self, key: &str, expected: &str) -> ConfigError {
        ConfigError::Missing {
            key: self.name(key),
            expected: expected.to_owned(),
        }
    }

    /// A whole number of at least one and at most [`LARGEST_SIZE`].
    pub(crate) fn size(&self, key: &str) -> Result<Option<usize>, ConfigError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.as_u64().and_then(|n| usize::try_from(n).ok()) {
            Some(n) if (1..=LARGEST_SIZE).contains(&n) => Ok(Some(n)),
            _ => Err(self.invalid(key, SIZE, value)),
        }
    }

    pub(crate) fn need_size(&self, key: &str) -> Result<usize, ConfigError> {
        self.size(key)?.ok_or_else(|| self.missing(key, SIZE))
    }

    /// A whole number that may be zero.
    pub(crate) fn count(&self, key: &str) -> Result<Option<usize>, ConfigError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.as_u64().and_then(|n| usize::try_from(n).ok()) {
            Some(n) => Ok(Some(n)),
            None => Err(self.invalid(key, "a whole number of at least 0", value)),
        }
    }

    /// A finite number above zero.
    pub(crate) fn positive(&self, key: &str) -> Result<Option<f64>, ConfigError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.as_f64() {
            Some(x) if x.is_finite() && x > 0.0 => Ok(Some(x)),
            _ => Err(self.invalid(key, POSITIVE, value)),
        }
    }

    pub(crate) fn need_positive(&self, key: &str) -> Result<f64, ConfigError> {
        self.positive(key)?
            .ok_or_else(|| self.missing(key, POSITIVE))
    }

    pub(crate) fn flag(&self, key: &str, default: bool) -> Result<bool, ConfigError> {
        match self.get(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(value) => Err(self.invalid(key, "true or false", value)),
        }
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, ConfigError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(value) => Err(self.invalid(key, "a string", value)),
        }
    }

    pub(crate) fn object(&self, key: &str) -> Result<Option<&'a Map<String, Value>>, ConfigError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(value) => Err(self.invalid(key, "an object", value)),
        }
    }

    /// A token id; -1 stands for none, as in some old files.
    pub(crate) fn token(&self, key: &str) -> Result<Option<u32>, ConfigError> {
        let tokens = self.tokens(key)?;
        match tokens.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            _ => Err(self.invalid(key, "one token id", self.get(key).unwrap_or(&Value::Null))),
        }
    }

    /// A token id or a list of them.
    pub(crate) fn tokens(&self, key: &str) -> Result<Vec<u32>, ConfigError> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let one = std::slice::from_ref(value);
        let list = value.as_array().map_or(one, Vec::as_slice);
        let mut out = Vec::new();
        for item in list {
            if item.as_i64() == Some(-1) {
                continue;
            }
            let id = item.as_u64().and_then(|n| u32::try_from(n).ok());
            out.push(id.ok_or_else(|| self.invalid(key, "token ids", value))?);
        }
        Ok(out)
    }
}

/// Larger sizes are mistakes, and their products could overflow.
pub(crate) const LARGEST_SIZE: usize = 1 << 24;

const SIZE: &str = "a whole number from 1 to 16777216";
const POSITIVE: &str = "a number above 0";

/// The value as JSON, cut after 80 characters: errors must stay readable.
pub(crate) fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
