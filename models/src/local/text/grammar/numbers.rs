//! Keeps numbers within what a double holds exactly.
//!
//! A schema that asks for a number and no more lets `1e999` pass, which is JSON and yet no number
//! to any program that reads it, and an untrained model goes on with digits for long.

use serde_json::Value;

/// Greatest size of a number whose schema does not bound it.
const BOUND: f64 = 1e15;

/// Bounds every number in `schema` that its schema leaves unbounded on a side by
/// plus or minus [`BOUND`], which also leaves exponents out.
pub(super) fn bound(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let number = |kind: &Value| kind == "number" || kind == "integer";
    let numeric = match object.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(number),
        Some(kind) => number(kind),
        None => false,
    };
    if numeric {
        let real = |key: &str| object.get(key).and_then(Value::as_f64);
        let least = real("minimum").or_else(|| real("exclusiveMinimum"));
        let most = real("maximum").or_else(|| real("exclusiveMaximum"));
        // A bound beyond ours on the other side stands alone.
        if least.is_none() && most.is_none_or(|most| most > -BOUND) {
            object.insert("minimum".to_owned(), (-BOUND as i64).into());
        }
        if most.is_none() && least.is_none_or(|least| least < BOUND) {
            object.insert("maximum".to_owned(), (BOUND as i64).into());
        }
    }
    for (keyword, value) in object.iter_mut() {
        match (keyword.as_str(), value) {
            (
                "properties" | "patternProperties" | "$defs" | "definitions",
                Value::Object(parts),
            ) => {
                parts.values_mut().for_each(bound);
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems" | "items", Value::Array(parts)) => {
                parts.iter_mut().for_each(bound);
            }
            ("items" | "additionalItems" | "additionalProperties", part) => bound(part),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_open_sides_of_numbers_are_bounded() {
        let mut schema = json!({"properties": {
            "a": {"type": ["string", "integer"], "minimum": 0},
            "b": {"items": [{"type": "number"}], "additionalItems": {"exclusiveMaximum": -1e20, "type": "number"}},
            "c": {"type": "string", "const": {"type": "number"}}}});
        bound(&mut schema);
        let limit = 1_000_000_000_000_000_i64;
        let want = json!({"properties": {
            "a": {"type": ["string", "integer"], "minimum": 0, "maximum": limit},
            "b": {"items": [{"type": "number", "minimum": -limit, "maximum": limit}],
                "additionalItems": {"exclusiveMaximum": -1e20, "type": "number"}},
            "c": {"type": "string", "const": {"type": "number"}}}});
        assert_eq!(schema, want);
    }
}
