//! Tables that are read by types of serde, with every mistake at its place.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::diagnostics::{Problem, ProblemKind};
use super::document::{Data, Table};
use super::reader::TableReader;
use super::source::Origin;

/// Reads a whole table as a `T`, whose keys that are not written are those of `default`; the keys in `others` are
/// read elsewhere. `check` says which key (parts joined by points) has a value that is not allowed, and why.
pub(super) fn typed<T: Serialize + DeserializeOwned>(
    reader: &TableReader<'_>,
    default: &T,
    others: &[&str],
    check: impl FnOnce(&T) -> Result<(), (String, String)>,
) -> Option<T> {
    let table = reader.content();
    let mut whole = serde_json::to_value(default).ok()?;
    for (key, entry) in table
        .iter()
        .filter(|(key, _)| !others.contains(&key.as_str()))
    {
        lay(&mut whole, key, entry.value.json());
    }
    let read: Result<T, _> = serde_path_to_error::deserialize(whole);
    match read {
        Ok(value) => match check(&value) {
            Ok(()) => Some(value),
            Err((path, why)) => {
                note(reader, &path, ProblemKind::OutOfRange, &why);
                None
            }
        },
        Err(error) => {
            let path = error.path().to_string();
            let why = error.into_inner().to_string();
            note_fault(reader, &path, &why);
            None
        }
    }
}

/// Whether a written table is another alternative than the default: those have a `kind`, a `name`, or one key alone.
fn chooses(old: &Value, new: &Map<String, Value>) -> bool {
    let alone = |map: &Map<String, Value>| map.len() == 1;
    let old = old.as_object();
    let other = old.is_some_and(|old| alone(old) && alone(new) && old.keys().ne(new.keys()));
    new.contains_key("kind") || new.contains_key("name") || other
}

/// Lays a written value over a default: tables key by key, but for alternatives.
fn lay(whole: &mut Value, key: &str, written: Value) {
    let Value::Object(whole) = whole else { return };
    match (whole.get_mut(key), written) {
        (Some(old @ Value::Object(_)), Value::Object(new)) if !chooses(old, &new) => {
            for (key, value) in new {
                lay(old, &key, value);
            }
        }
        (_, written) => {
            whole.insert(key.to_owned(), written);
        }
    }
}

/// Notes what serde says of what stands at `path`, in the words of other tables.
fn note_fault(reader: &TableReader<'_>, path: &str, why: &str) {
    let path = if path == "." { "" } else { path };
    if let Some((key, known)) = unknown("unknown field `", why) {
        // Paths end before the key within alternatives.
        let whole = match path == key || path.ends_with(&format!(".{key}")) {
            true => path.to_owned(),
            false => joined(path, key),
        };
        let place = key_of(reader.content(), &whole);
        let place = place.unwrap_or_else(|| reader.place().clone());
        let name = reader.name(&whole);
        let message = format!("unknown key `{name}`");
        let problem = Problem::at(&place, ProblemKind::UnknownKey, message, "no such key");
        return reader.note(problem.suggest(key, "valid keys", &known));
    }
    if let Some((word, known)) = unknown("unknown variant `", why) {
        // The kind of an alternative is a key in its table.
        let kind = joined(path, "kind");
        let path = match key_of(reader.content(), &kind) {
            Some(_) => &kind,
            None => path,
        };
        let place = place_of(reader.content(), path);
        let place = place.unwrap_or_else(|| reader.place().clone());
        let message = format!("unknown value of `{}`", reader.name(path));
        let label = format!("`{word}` is none of them");
        let problem = Problem::at(&place, ProblemKind::UnknownValue, message, label);
        return reader.note(problem.suggest(word, "valid values", &known));
    }
    let kind = match why {
        _ if why.starts_with("invalid type") => ProblemKind::WrongType,
        _ if why.starts_with("invalid value") => ProblemKind::OutOfRange,
        _ if why.starts_with("missing field") => ProblemKind::MissingKey,
        _ => ProblemKind::UnknownValue,
    };
    note(reader, path, kind, why);
}

fn joined(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

/// Notes that what stands at `path` cannot be used.
pub(super) fn note(reader: &TableReader<'_>, path: &str, kind: ProblemKind, why: &str) {
    let name = match path {
        "" => reader.name("").trim_end_matches('.').to_owned(),
        path => reader.name(path),
    };
    let message = match kind {
        ProblemKind::OutOfRange => format!("`{name}` is out of range"),
        ProblemKind::WrongType => format!("wrong type of `{name}`"),
        _ => format!("`{name}` cannot be used"),
    };
    let place = place_of(reader.content(), path);
    let place = place.unwrap_or_else(|| reader.place().clone());
    reader.note(Problem::at(&place, kind, message, why));
}

/// What serde does not know after `words`, and what it knows.
fn unknown<'a>(words: &str, why: &'a str) -> Option<(&'a str, Vec<&'a str>)> {
    let (key, rest) = why.strip_prefix(words)?.split_once('`')?;
    Some((key, rest.split('`').skip(1).step_by(2).collect()))
}

/// Where the key at the end of `path` (keys parted by points, numbers in brackets) is written.
fn key_of(table: &Table, path: &str) -> Option<Origin> {
    let (outer, key) = match path.rsplit_once('.') {
        Some((outer, key)) => (outer, key),
        None => ("", path),
    };
    let mut table = table;
    for part in outer.split('.').filter(|part| !part.is_empty()) {
        let (key, number) = match part.split_once('[') {
            Some((key, number)) => (key, Some(number.trim_end_matches(']').parse().ok()?)),
            None => (part, None),
        };
        let mut data = &table.get(key)?.value.data;
        if let (Data::Array(items), Some(number)) = (data, number) {
            let number: usize = number;
            data = &items.get(number)?.data;
        }
        match data {
            Data::Table(inner) => table = inner,
            _ => return None,
        }
    }
    table.get(key).map(|entry| entry.key.clone())
}

/// Where `path` (keys parted by points) is written, or as much of it as is; an array as a whole.
pub(super) fn place_of(table: &Table, path: &str) -> Option<Origin> {
    let (mut table, mut place) = (table, None);
    for key in path.split('.').filter(|key| !key.is_empty()) {
        // An array is told of as a whole.
        let key = key.split('[').next().unwrap_or(key);
        let Some(entry) = table.get(key) else { break };
        match &entry.value.data {
            Data::Table(inner) => {
                place = Some(entry.key.clone());
                table = inner;
            }
            _ => return Some(entry.value.origin.clone()),
        }
    }
    place
}
