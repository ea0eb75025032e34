//! Writes a merged tree as TOML that can be read again, and values as JSON.

use std::path::Path;

use super::document::{Data, Entry, Node, Table};
use super::source::Origin;

impl Node {
    /// The value as JSON. Numbers that JSON cannot hold become strings.
    pub(crate) fn json(&self) -> serde_json::Value {
        match &self.data {
            Data::String(text) | Data::Datetime(text) => text.clone().into(),
            Data::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => number.into(),
                (_, Ok(number)) => number.into(),
                _ => number.to_string().into(),
            },
            Data::Float(number) if number.is_finite() => (*number).into(),
            Data::Float(number) => number.to_string().into(),
            Data::Boolean(value) => (*value).into(),
            Data::Array(items) => items.iter().map(Self::json).collect(),
            Data::Table(table) => {
                let pairs = table
                    .iter()
                    .map(|(key, entry)| (key.clone(), entry.value.json()));
                serde_json::Value::Object(pairs.collect())
            }
        }
    }
}

/// A key as TOML: bare where that is allowed.
pub(crate) fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(is_bare) {
        name.to_owned()
    } else {
        string(name)
    }
}

fn string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A whole tree as TOML, keys in alphabetical order.
pub(crate) fn document(table: &Table) -> String {
    let mut out = String::new();
    section(table, "", &mut out);
    out
}

/// The arrays and tables of a table stand behind its plain values, under headers of their own.
fn section(table: &Table, prefix: &str, out: &mut String) {
    for (name, Entry { value, .. }) in table {
        if !has_header(value) {
            out.push_str(&format!("{} = {}\n", key(name), inline(value)));
        }
    }
    for (name, Entry { value, .. }) in table {
        let path = format!("{prefix}{}", key(name));
        match &value.data {
            Data::Table(inner) => {
                out.push_str(&format!("\n[{path}]\n"));
                section(inner, &format!("{path}."), out);
            }
            Data::Array(items) if has_header(value) => {
                for item in items {
                    if let Data::Table(inner) = &item.data {
                        out.push_str(&format!("\n[[{path}]]\n"));
                        section(inner, &format!("{path}."), out);
                    }
                }
            }
            _ => {}
        }
    }
}

fn has_header(value: &Node) -> bool {
    match &value.data {
        Data::Table(_) => true,
        Data::Array(items) => {
            !items.is_empty() && items.iter().all(|item| matches!(item.data, Data::Table(_)))
        }
        _ => false,
    }
}

fn inline(value: &Node) -> String {
    match &value.data {
        Data::String(text) => string(text),
        Data::Integer(number) => number.to_string(),
        Data::Float(number) => toml::Value::Float(*number).to_string(),
        Data::Boolean(value) => value.to_string(),
        Data::Datetime(text) => text.clone(),
        Data::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Data::Table(table) => {
            let pairs = table.iter();
            let pairs: Vec<String> = pairs
                .map(|(name, entry)| format!("{} = {}", key(name), inline(&entry.value)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}

/// Makes the paths in a tree absolute, so that it can be read from any folder.
pub(crate) fn absolute_paths(table: &mut Table) {
    absolute_below(table, &mut Vec::new());
}

/// Writes down the working directories of programs, which are those of the files that name them.
pub(crate) fn name_folders(table: &mut Table) {
    let Some(Data::Table(policies)) = table.get_mut("policies").map(|e| &mut e.value.data) else {
        return;
    };
    for policy in policies.values_mut() {
        if let Data::Table(policy) = &mut policy.value.data
            && let Some(command) = policy.get("command")
            && !policy.contains_key("folder")
        {
            let mut folder = command.clone();
            folder.value.data = Data::String(".".to_owned());
            folder.value.origin = command.value.origin.clone();
            policy.insert("folder".to_owned(), folder);
        }
    }
}

fn absolute_below(table: &mut Table, above: &mut Vec<String>) {
    for (name, entry) in table {
        above.push(name.clone());
        let node = &mut entry.value;
        let absolute = match &mut node.data {
            Data::Table(inner) => {
                absolute_below(inner, above);
                None
            }
            Data::String(text) if is_path(above, text) => Some(absolute(&node.origin, text)),
            Data::Array(items) => {
                for item in items {
                    if let Data::String(text) = &mut item.data
                        && is_path(above, text)
                    {
                        *text = absolute(&item.origin, text);
                    }
                }
                None
            }
            _ => None,
        };
        if let Some(path) = absolute {
            node.data = Data::String(path);
        }
        above.pop();
    }
}

fn absolute(origin: &Origin, text: &str) -> String {
    let path = origin.resolve(text);
    let path = std::path::absolute(&path).unwrap_or(path);
    Path::display(&path).to_string()
}

fn is_path(keys: &[String], text: &str) -> bool {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    match keys.as_slice() {
        ["environment", "patients", "knowledge"] => text != "builtin",
        [
            "environment",
            "patients",
            "records" | "cases" | "agentclinic" | "fhir" | "titles",
        ]
        | ["environment", "behaviour"]
        | ["environment", "patient", "prompts"]
        | ["policies", _, "behaviour" | "folder" | "prompts"]
        | ["policies", _, "learned", "records"]
        // Those of a case.
        | ["patient", "record" | "records" | "agentclinic"] => true,
        [
            "models",
            _,
            "path" | "script" | "calls" | "key_file" | "cache_file" | "prices" | "certificates",
        ] => true,
        _ => false,
    }
}
