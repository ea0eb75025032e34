//! Every object of a schema that has fixed keys, each in the smallest file that holds it.

use serde_json::{Map, Value, json};

use super::validate::resolved;

/// A step from the top of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Key(String),
    First,
}

/// An object with fixed keys.
pub(crate) struct Place {
    pub(crate) path: Vec<Step>,
    /// A file that has it, as small as can be.
    pub(crate) file: Value,
    /// Its keys.
    pub(crate) keys: Map<String, Value>,
    /// Keys of this object and of all that could stand in its place.
    pub(crate) all_keys: Vec<String>,
    /// Words of `kind` of all that could stand in its place.
    pub(crate) kinds: Vec<Value>,
}

impl Place {
    /// The name of a key as messages have it.
    pub(crate) fn name(&self, key: &str) -> String {
        let mut name = String::new();
        for step in self.path.iter().chain([&Step::Key(key.to_owned())]) {
            match step {
                Step::Key(key) if name.is_empty() => name.push_str(key),
                Step::Key(key) => name.push_str(&format!(".{key}")),
                Step::First => name.push_str("[0]"),
            }
        }
        name
    }

    /// The file with another value of a key.
    pub(crate) fn with(&self, key: &str, value: Value) -> Value {
        let mut file = self.file.clone();
        object(at(&mut file, &self.path)).insert(key.to_owned(), value);
        file
    }
}

fn object(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().unwrap()
}

fn at<'a>(file: &'a mut Value, path: &[Step]) -> &'a mut Value {
    let mut value = file;
    for step in path {
        value = match step {
            Step::Key(key) => object(value)
                .entry(key.as_str())
                .or_insert_with(|| json!({})),
            Step::First => {
                if !value.is_array() {
                    *value = json!([{}]);
                }
                &mut value[0]
            }
        };
    }
    value
}

/// The forms that a file can have: one, unless the top of the schema names several.
pub(crate) fn forms(root: &Value) -> Vec<Value> {
    let variants = root.get("anyOf").and_then(Value::as_array);
    let variants = variants.filter(|_| root.get("properties").is_none());
    variants.cloned().unwrap_or_else(|| vec![root.clone()])
}

/// All objects with fixed keys in a file of the form `schema`, of which `file` is one.
pub(crate) fn places(root: &Value, schema: &Value, file: &Value) -> Vec<Place> {
    let mut out = Vec::new();
    let keys: Vec<String> = forms(root)
        .iter()
        .flat_map(|form| {
            let form = resolved(root, form);
            let keys = form.get("properties").and_then(Value::as_object).cloned();
            keys.into_iter().flatten().map(|(key, _)| key)
        })
        .collect();
    walk(root, schema, &[], file, Some((&keys, &[])), &mut out);
    out
}

fn walk(
    root: &Value,
    schema: &Value,
    path: &[Step],
    file: &Value,
    siblings: Option<(&[String], &[Value])>,
    out: &mut Vec<Place>,
) {
    let schema = resolved(root, schema);
    let mut file = file.clone();
    if let Some(keys) = schema.get("properties").and_then(Value::as_object) {
        let there = file.pointer(&pointer(path)).is_some_and(Value::is_object);
        if !path.is_empty() && (siblings.is_some() || !there) {
            *at(&mut file, path) = smallest(root, &Value::Object(schema.clone()));
        }
        let own: Vec<String> = keys.keys().cloned().collect();
        let (all_keys, kinds) = siblings.map_or((own, Vec::new()), |(keys, kinds)| {
            (keys.to_vec(), kinds.to_vec())
        });
        assert_eq!(schema["additionalProperties"], false, "{path:?}");
        out.push(Place {
            path: path.to_vec(),
            file: file.clone(),
            keys: keys.clone(),
            all_keys,
            kinds,
        });
        let needed = schema.get("anyOf").and_then(Value::as_array);
        let needed: Vec<&Value> = needed
            .into_iter()
            .flatten()
            .filter_map(|variant| variant["required"].as_array()?.first())
            .collect();
        for (key, inner) in keys {
            let mut file = file.clone();
            // Of things that exclude each other the others make way.
            if !path.is_empty() && needed.contains(&&json!(key)) {
                object(at(&mut file, path)).retain(|other, _| !needed.contains(&&json!(other)));
            }
            let path = [path, &[Step::Key(key.clone())]].concat();
            walk(root, inner, &path, &file, None, out);
        }
    } else if let Some(variants) = schema.get("oneOf").and_then(Value::as_array) {
        let variants: Vec<Map<String, Value>> = variants
            .iter()
            .map(|variant| resolved(root, variant))
            .collect();
        let keys: Vec<String> = variants
            .iter()
            .flat_map(|variant| variant["properties"].as_object().unwrap().keys().cloned())
            .collect();
        let kinds: Vec<Value> = variants
            .iter()
            .filter_map(|variant| variant["properties"].get("kind")?.get("const").cloned())
            .collect();
        for variant in variants {
            let variant = Value::Object(variant);
            walk(root, &variant, path, &file, Some((&keys, &kinds)), out);
        }
    } else if let Some(inner) = schema
        .get("additionalProperties")
        .filter(|inner| inner.is_object())
    {
        let path = [path, &[Step::Key("doctor".to_owned())]].concat();
        walk(root, inner, &path, &file, None, out);
    } else if let Some(inner) = schema.get("items") {
        let path = [path, &[Step::First]].concat();
        walk(root, inner, &path, &file, None, out);
    }
}

fn pointer(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Key(key) => format!("/{key}"),
        Step::First => "/0".to_owned(),
    });
    steps.collect()
}

/// The smallest value that `schema` allows.
pub(crate) fn smallest(root: &Value, schema: &Value) -> Value {
    let schema = resolved(root, schema);
    let first = |word: &str| schema.get(word).and_then(|list| list.get(0));
    if let Some(value) = schema.get("const").or(first("examples")).or(first("enum")) {
        return value.clone();
    }
    if let Some(keys) = schema.get("properties") {
        let needed = [
            schema.get("required"),
            first("anyOf").and_then(|v| v.get("required")),
        ];
        let needed = needed
            .into_iter()
            .flatten()
            .filter_map(Value::as_array)
            .flatten();
        let pairs = needed.map(|key| {
            let key = key.as_str().unwrap();
            (key.to_owned(), smallest(root, &keys[key]))
        });
        return Value::Object(pairs.collect());
    }
    if let Some(variant) = first("oneOf").or(first("anyOf")) {
        return smallest(root, variant);
    }
    match schema["type"].as_str().unwrap_or_default() {
        "object" => match schema.get("additionalProperties") {
            Some(inner) => json!({"doctor": smallest(root, inner)}),
            None => json!({}),
        },
        "array" => json!([smallest(root, &schema["items"])]),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(false),
        _ => json!("x"),
    }
}
