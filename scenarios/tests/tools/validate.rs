//! As much of JSON Schema as the schemas of the program use.

use regex_lite::Regex;
use serde_json::{Map, Value};

/// What of `value` is not as `schema` says, with its place.
pub(crate) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut out = Vec::new();
    check(schema, schema, value, "", &mut out);
    out
}

/// `schema` with what it refers to; its own words go before those.
pub(crate) fn resolved(root: &Value, schema: &Value) -> Map<String, Value> {
    let mut own = schema.as_object().cloned().unwrap_or_default();
    let Some(reference) = own.remove("$ref") else {
        return own;
    };
    let path = reference
        .as_str()
        .unwrap()
        .trim_start_matches('#')
        .to_owned();
    let target = root.pointer(&path);
    let mut out = resolved(
        root,
        target.unwrap_or_else(|| panic!("nothing is at {path}")),
    );
    out.extend(own);
    out
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
    let schema = resolved(root, schema);
    for (word, rule) in &schema {
        let fine = match word.as_str() {
            "type" => is_type(rule, value),
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|x| x >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|x| x <= rule.as_f64().unwrap()),
            "exclusiveMinimum" => value.as_f64().is_none_or(|x| x > rule.as_f64().unwrap()),
            "minLength" => value
                .as_str()
                .is_none_or(|s| s.len() as u64 >= rule.as_u64().unwrap()),
            "minItems" => value
                .as_array()
                .is_none_or(|a| a.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value
                .as_array()
                .is_none_or(|a| a.len() as u64 <= rule.as_u64().unwrap()),
            "pattern" => {
                let pattern = Regex::new(rule.as_str().unwrap()).unwrap();
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "required" => {
                let mut keys = rule.as_array().unwrap().iter();
                value.is_object() && keys.all(|key| value.get(key.as_str().unwrap()).is_some())
            }
            "anyOf" | "oneOf" => {
                let each = rule.as_array().unwrap().iter().map(|variant| {
                    let mut inner = Vec::new();
                    check(root, variant, value, at, &mut inner);
                    inner
                });
                let each: Vec<Vec<String>> = each.collect();
                let fitting = each.iter().filter(|faults| faults.is_empty()).count();
                let fine = if word == "oneOf" {
                    fitting == 1
                } else {
                    fitting > 0
                };
                if !fine {
                    out.extend(each.into_iter().flatten());
                }
                fine
            }
            "properties" => {
                for (key, inner) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(key) {
                        check(root, inner, value, &format!("{at}/{key}"), out);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (key, value) in value.as_object().into_iter().flatten() {
                    if known.is_some_and(|known| known.contains_key(key)) {
                        continue;
                    }
                    match rule {
                        Value::Bool(false) => out.push(format!("{at}: no key {key}")),
                        inner => check(root, inner, value, &format!("{at}/{key}"), out),
                    }
                }
                true
            }
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{at}/{number}"), out);
                }
                true
            }
            "$schema" | "$defs" | "title" | "description" | "default" | "examples" => true,
            other => panic!("this test does not know `{other}`"),
        };
        if !fine {
            out.push(format!("{at}: {word} {rule}, got {value}"));
        }
    }
}

fn is_type(rule: &Value, value: &Value) -> bool {
    if let Some(types) = rule.as_array() {
        return types.iter().any(|rule| is_type(rule, value));
    }
    match rule.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        other => panic!("this test does not know the type {other}"),
    }
}
