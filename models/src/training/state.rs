//! What a plugin must remember between runs.

use std::collections::BTreeMap;

/// Numbers of one kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
    /// Counts.
    U64(Vec<u64>),
}

/// State of a plugin by key: kept bit for bit in checkpoints.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State(pub BTreeMap<String, Values>);

impl State {
    /// Adds `values` under `key`.
    pub fn put(&mut self, key: impl Into<String>, values: Values) {
        self.0.insert(key.into(), values);
    }

    /// The 32-bit floats under `key`; a sentence of what is wrong otherwise.
    ///
    /// # Errors
    /// When the key is missing, has another kind or another length.
    pub fn f32s(&self, key: &str, len: usize) -> Result<&[f32], String> {
        match self.0.get(key) {
            Some(Values::F32(values)) if values.len() == len => Ok(values),
            found => Err(Self::missing(key, "32-bit floats", len, found)),
        }
    }

    /// The 64-bit floats under `key`.
    ///
    /// # Errors
    /// As [`State::f32s`].
    pub fn f64s(&self, key: &str, len: usize) -> Result<&[f64], String> {
        match self.0.get(key) {
            Some(Values::F64(values)) if values.len() == len => Ok(values),
            found => Err(Self::missing(key, "64-bit floats", len, found)),
        }
    }

    /// The counts under `key`.
    ///
    /// # Errors
    /// As [`State::f32s`].
    pub fn u64s(&self, key: &str, len: usize) -> Result<&[u64], String> {
        match self.0.get(key) {
            Some(Values::U64(values)) if values.len() == len => Ok(values),
            found => Err(Self::missing(key, "counts", len, found)),
        }
    }

    fn missing(key: &str, kind: &str, len: usize, found: Option<&Values>) -> String {
        let found = match found {
            None => "nothing".to_owned(),
            Some(Values::F32(values)) => format!("{} 32-bit floats", values.len()),
            Some(Values::F64(values)) => format!("{} 64-bit floats", values.len()),
            Some(Values::U64(values)) => format!("{} counts", values.len()),
        };
        format!("state {key:?}: expected {len} {kind}, got {found}")
    }
}
