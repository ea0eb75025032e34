//! JSON Schemas (draft 2020-12) of the files that people write, for editors.
//!
//! The schemas stand in `schemas/`; parts that several kinds of file share are in `parts.json`.
//! Three things are filled in here, so that they follow the reader: a value of `enum` such as
//! `"@TeamKind"` is the list of words that the reader knows by this name,
//! `{"from": PART, "without": [KEY, …]}` is a part without some of its keys, none required, and
//! `{"variants": PART}` in a list stands for all variants of a part.
//! Tests hold every key, word, default and range of the schemas against the reader.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::schema::words;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// `rounds.scenario/1`.
    Scenario,
    /// `rounds.suite/1`.
    Suite,
    /// `rounds.case/1`.
    Case,
    /// `rounds.behaviour/1`.
    Behaviour,
    /// `rounds.self-test/1`.
    SelfTest,
    /// `rounds.training/1`.
    Training,
}

/// The JSON Schema of a kind of file, with the shared parts that it needs under `$defs`.
pub fn schema(kind: FileKind) -> Value {
    let text = match kind {
        FileKind::Scenario => include_str!("schemas/scenario.json"),
        FileKind::Suite => include_str!("schemas/suite.json"),
        FileKind::Case => include_str!("schemas/case.json"),
        FileKind::Behaviour => include_str!("schemas/behaviour.json"),
        FileKind::SelfTest => include_str!("schemas/self-test.json"),
        FileKind::Training => include_str!("schemas/training.json"),
    };
    let parts = read(include_str!("schemas/parts.json"));
    let mut root = read(text);
    fill(&mut root, &parts);
    let mut needed: Map<String, Value> = Map::new();
    let mut open: BTreeSet<String> = references(&root);
    while let Some(name) = open.pop_first() {
        let mut part = parts[&name].clone();
        fill(&mut part, &parts);
        let further = references(&part).into_iter();
        needed.insert(name, part);
        open.extend(further.filter(|name| !needed.contains_key(name)));
    }
    needed.sort_keys();
    if !needed.is_empty() {
        root["$defs"] = Value::Object(needed);
    }
    root
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("the schemas of this program are JSON")
}

/// Replaces what stands for lists of words and for changed parts.
fn fill(value: &mut Value, parts: &Value) {
    if let Some(from) = value.get("from").and_then(Value::as_str) {
        let mut part = parts[from].clone();
        let without = value["without"].as_array().cloned().unwrap_or_default();
        if let Some(part) = part.as_object_mut() {
            part.remove("required");
            if let Some(properties) = part.get_mut("properties").and_then(Value::as_object_mut) {
                properties.retain(|key, _| !without.contains(&json!(key)));
            }
        }
        *value = part;
    }
    match value {
        Value::Object(map) => {
            let list = map.get("enum").and_then(Value::as_str);
            let list = list.and_then(|name| words(name.strip_prefix('@')?));
            if let Some(list) = list {
                map.insert("enum".to_owned(), json!(list));
            }
            map.values_mut().for_each(|inner| fill(inner, parts));
        }
        Value::Array(items) => {
            let each = std::mem::take(items).into_iter();
            items.extend(each.flat_map(|item| match item["variants"].as_str() {
                Some(of) => parts[of]["oneOf"].as_array().cloned().unwrap_or_default(),
                None => vec![item],
            }));
            items.iter_mut().for_each(|inner| fill(inner, parts));
        }
        _ => {}
    }
}

/// Names of the parts that `value` refers to.
fn references(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(map) => {
            let own = map.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|path| path.strip_prefix("#/$defs/"));
            let mut all: BTreeSet<String> = own.map(str::to_owned).into_iter().collect();
            map.values().for_each(|inner| all.extend(references(inner)));
            all
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}
