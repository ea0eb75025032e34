//! JSON schemas of replies.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// A JSON schema of a reply: written once, then shared by all requests, bodies and records that
/// repeat it.
///
/// # Examples
/// ```
/// # use rounds_models::Schema;
/// let schema = Schema::new(&serde_json::json!({"type": "boolean"}));
/// assert_eq!(schema.text(), r#"{"type":"boolean"}"#);
/// assert_eq!(schema.value()["type"], "boolean");
/// ```
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Schema(#[serde(serialize_with = "as_it_is")] Arc<RawValue>);

fn as_it_is<S: serde::Serializer>(raw: &Arc<RawValue>, to: S) -> Result<S::Ok, S::Error> {
    raw.as_ref().serialize(to)
}

impl Schema {
    /// The schema `value`, its keys in their order.
    pub fn new(value: &Value) -> Self {
        // A value can always be written; what allows everything would stand for one that cannot.
        let raw = to_raw_value(value).unwrap_or_else(|_| RawValue::TRUE.to_owned());
        Self(raw.into())
    }

    /// The schema as JSON.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// The schema as a value; reads the text anew.
    pub fn value(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_default()
    }
}

/// Equal when the values are.
impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text() || self.value() == other.value()
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(from).map(|raw| Self(raw.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_stays_as_it_is_written_and_white_space_changes_none() {
        let value = json!({"b": 1, "a": [true]});
        let schema = Schema::new(&value);
        assert_eq!(schema.text(), r#"{"b":1,"a":[true]}"#);
        assert_eq!(schema.value(), value);
        assert_eq!(serde_json::to_value(&schema).unwrap(), value);
        let spaced: Schema = serde_json::from_str(r#"{ "b": 1, "a": [ true ] }"#).unwrap();
        assert_eq!(schema, spaced);
        assert_eq!(schema, serde_json::from_value(value).unwrap());
        assert_ne!(schema, Schema::new(&json!({"b": 2})));
    }
}
