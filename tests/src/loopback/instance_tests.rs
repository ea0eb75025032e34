use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::loopback::draw::stream;

fn made(schema: &Value, seed: u64) -> Value {
    instance(schema, &mut stream(seed, &["schema"])).unwrap()
}

fn error(schema: &Value) -> String {
    instance(schema, &mut stream(1, &[]))
        .unwrap_err()
        .to_string()
}

/// Checks `value` by hand-written rules of the keywords that the tests use.
fn satisfies(value: &Value, schema: &Value) -> bool {
    let at_least = |key: &str, n: f64| schema.get(key).is_none_or(|v| n >= v.as_f64().unwrap());
    let at_most = |key: &str, n: f64| schema.get(key).is_none_or(|v| n <= v.as_f64().unwrap());
    if let Some(values) = schema.get("enum") {
        return values.as_array().unwrap().contains(value);
    }
    match schema["type"].as_str().unwrap() {
        "object" => {
            let properties = &schema["properties"];
            let required = schema["required"].as_array().unwrap();
            required
                .iter()
                .all(|name| value.get(name.as_str().unwrap()).is_some())
                && value
                    .as_object()
                    .unwrap()
                    .iter()
                    .all(|(name, value)| satisfies(value, &properties[name]))
        }
        "array" => {
            let items = value.as_array().unwrap();
            let length = items.len() as f64;
            at_least("minItems", length)
                && at_most("maxItems", length)
                && items.iter().all(|item| satisfies(item, &schema["items"]))
        }
        "string" => value.as_str().is_some_and(|text| {
            at_least("minLength", text.len() as f64) && at_most("maxLength", text.len() as f64)
        }),
        "integer" => value.as_i64().is_some_and(|n| {
            at_least("minimum", n as f64)
                && at_most("maximum", n as f64)
                && n % schema["multipleOf"].as_i64().unwrap_or(1) == 0
        }),
        "number" => value
            .as_f64()
            .is_some_and(|n| at_least("minimum", n) && at_most("maximum", n)),
        "boolean" => value.is_boolean(),
        kind => panic!("no rule for {kind}"),
    }
}

#[test]
fn instances_satisfy_their_schema_and_differ_by_stream() {
    let schema = json!({
        "type": "object",
        "required": ["kind", "team", "confidence", "share", "sure", "why", "code"],
        "properties": {
            "kind": {"enum": ["question", "diagnosis"]},
            "team": {"type": "array", "minItems": 2, "maxItems": 5, "items": {"type": "string"}},
            "confidence": {"type": "integer", "minimum": 1, "maximum": 5},
            "share": {"type": "number", "minimum": 0.0, "maximum": 1.0},
            "sure": {"type": "boolean"},
            "why": {"type": "string", "minLength": 30, "maxLength": 33},
            "code": {"type": "integer", "minimum": -20, "maximum": -5, "multipleOf": 5},
            "optional": {"type": "string"},
        },
    });
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        let value = made(&schema, seed);
        assert!(satisfies(&value, &schema), "{value}");
        assert_eq!(value, made(&schema, seed));
        assert!(value.get("optional").is_none());
        assert_eq!(value["team"].as_array().unwrap().len(), 2);
        seen.insert(format!("{}{}", value["kind"], value["confidence"]));
    }
    assert_eq!(seen.len(), 10);
}

#[test]
fn alternatives_references_and_fixed_values() {
    let schema = json!({
        "type": "object",
        "required": ["vote", "next", "day", "pair", "maybe", "both"],
        "properties": {
            "vote": {"const": "AGREE"},
            "next": {"$ref": "#/$defs/tree"},
            "day": {"type": "string", "format": "date"},
            "pair": {"prefixItems": [{"const": 1}, {"const": 2}], "type": "array", "minItems": 2},
            "maybe": {"type": ["integer", "null"]},
            "both": {"allOf": [
                {"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}},
                {"type": "object", "required": ["b"], "properties": {"b": {"const": 2}}},
            ]},
        },
        "$defs": {"tree": {"anyOf": [{"type": "null"}, {
            "type": "object",
            "required": ["left", "list"],
            "properties": {
                "left": {"$ref": "#/$defs/tree"},
                "list": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
            },
        }]}},
    });
    let mut maybe = BTreeSet::new();
    for seed in 0..50 {
        let value = made(&schema, seed);
        assert_eq!(value["vote"], "AGREE");
        assert!(value["day"].as_str().unwrap().starts_with("2030-01-"));
        assert_eq!(value["pair"], json!([1, 2]));
        assert_eq!(value["both"], json!({"a": 1, "b": 2}));
        maybe.insert(value["maybe"].is_null());
    }
    assert_eq!(maybe.len(), 2);
}

#[test]
fn unique_items_differ() {
    let schema = json!({"type": "array", "minItems": 3, "uniqueItems": true,
        "items": {"enum": ["a", "b", "c"]}});
    let mut items: Vec<String> = made(&schema, 3)
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    items.sort();
    items.dedup();
    assert_eq!(items.len(), 3);
}

#[test]
fn schemas_without_instance_say_where_and_why() {
    let under =
        |schema: Value| json!({"type": "object", "required": ["x"], "properties": {"x": schema}});
    let cases = [
        (json!({"pattern": "^a"}), "pattern is not supported"),
        (json!({"enum": []}), "empty list"),
        (json!({"type": "vector"}), "JSON type"),
        (json!({"$ref": "#/$defs/none"}), "$ref"),
        (
            json!({"type": "array", "minItems": 3, "maxItems": 2}),
            "minItems is above",
        ),
        (json!({"type": "array", "minItems": 1e30}), "whole number"),
        (
            json!({"type": "integer", "minimum": 3, "maximum": 2}),
            "between its bounds",
        ),
        (
            json!({"type": "array", "minItems": 2, "uniqueItems": true, "items": {"const": 1}}),
            "too few",
        ),
        (json!({"$ref": "#/properties/x"}), "deeper than"),
        (json!(false), "false"),
        (json!(4), "a schema"),
    ];
    for (schema, part) in cases {
        let error = error(&under(schema));
        assert!(error.contains("at /x") && error.contains(part), "{error}");
    }
}
