//! Refuses schemas with keywords that the grammar would not keep.

use serde_json::Value;

use super::error::GrammarError;

/// Keywords that are kept.
const KEPT: [&str; 27] = [
    "$ref",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "required",
    "type",
];

/// Keywords that ask nothing of a value.
const NOTES: [&str; 15] = [
    "$anchor",
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "contentEncoding",
    "contentMediaType",
    "default",
    "definitions",
    "description",
    "examples",
    "id",
    "readOnly",
    "title",
    "writeOnly",
];

/// Checks that every keyword of `schema` and its parts is one that is kept.
///
/// # Errors
/// [`GrammarError::Keyword`] for the first one that is not, [`GrammarError::Form`] where a part is
/// no schema.
pub(super) fn check(schema: &Value, path: &str) -> Result<(), GrammarError> {
    let form = |path: &str, want| GrammarError::Form {
        path: path.to_owned(),
        want,
    };
    let object = match schema {
        Value::Bool(_) => return Ok(()),
        Value::Object(object) => object,
        _ => return Err(form(path, "an object or a boolean")),
    };
    for (keyword, value) in object {
        let known = |list: &[&str]| list.contains(&keyword.as_str());
        if !known(&KEPT) && !known(&NOTES) {
            return Err(GrammarError::Keyword {
                keyword: keyword.clone(),
                path: path.to_owned(),
            });
        }
        let below = format!("{path}/{}", pointer(keyword));
        match keyword.as_str() {
            "properties" | "patternProperties" | "$defs" | "definitions" => {
                let parts = value
                    .as_object()
                    .ok_or_else(|| form(&below, "an object of schemas"))?;
                for (name, part) in parts {
                    check(part, &format!("{below}/{}", pointer(name)))?;
                }
            }
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
                let parts = value
                    .as_array()
                    .ok_or_else(|| form(&below, "a list of schemas"))?;
                check_list(parts, &below)?;
            }
            "items" if value.is_array() => {
                check_list(value.as_array().map_or(&[], Vec::as_slice), &below)?;
            }
            "items" | "additionalItems" | "additionalProperties" => check(value, &below)?,
            "$ref" => {
                let to = value.as_str().ok_or_else(|| form(&below, "a string"))?;
                if !to.starts_with('#') {
                    return Err(form(&below, "a reference within the schema, from #"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_list(parts: &[Value], path: &str) -> Result<(), GrammarError> {
    for (index, part) in parts.iter().enumerate() {
        check(part, &format!("{path}/{index}"))?;
    }
    Ok(())
}

/// A name as a part of a JSON pointer.
fn pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keywords_are_named_with_their_path() {
        let cases = [
            (json!({"not": {}}), "\"not\" at # is"),
            (
                json!({"properties": {"a/b": {"items": [{}, {"uniqueItems": true}]}}}),
                "\"uniqueItems\" at #/properties/a~1b/items/1 is",
            ),
            (
                json!({"anyOf": [{"$defs": {"x": {"if": {}}}}]}),
                "\"if\" at #/anyOf/0/$defs/x is",
            ),
            (json!({"x-guidance": {}}), "\"x-guidance\" at #"),
            (
                json!({"additionalProperties": {"contains": {}}}),
                "#/additionalProperties is",
            ),
            (json!({"allOf": {}}), "#/allOf: expected a list"),
            (json!([]), "#: expected an object"),
            (
                json!({"$ref": "https://example.org/a"}),
                "#/$ref: expected a reference within",
            ),
        ];
        for (schema, want) in cases {
            let error = check(&schema, "#").unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }

    #[test]
    fn values_of_enum_and_const_are_no_schemas() {
        let schema = json!({"enum": [{"not": 1}], "const": {"if": 2}, "default": {"else": 3},
            "properties": {"not": {"type": "string", "description": "x"}}});
        assert!(check(&schema, "#").is_ok());
    }
}
