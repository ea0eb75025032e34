//! Tables that are read by types of serde, with every mistake at its place.

use rounds_environments::nearest::nearest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

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
            note(reader, &path, ProblemKind::UnknownValue, &why);
            None
        }
    }
}

/// Lays a written value over a default: tables key by key, but for alternatives, which have a `kind` or a `name`.
fn lay(whole: &mut Value, key: &str, written: Value) {
    let Value::Object(whole) = whole else { return };
    match (whole.get_mut(key), written) {
        (Some(old @ Value::Object(_)), Value::Object(new))
            if !new.contains_key("kind") && !new.contains_key("name") =>
        {
            for (key, value) in new {
                lay(old, &key, value);
            }
        }
        (_, written) => {
            whole.insert(key.to_owned(), written);
        }
    }
}

/// Notes that what stands at `path` cannot be used.
pub(super) fn note(reader: &TableReader<'_>, path: &str, kind: ProblemKind, why: &str) {
    let path = if path == "." { "" } else { path };
    let name = match path {
        "" => reader.name("").trim_end_matches('.').to_owned(),
        path => reader.name(path),
    };
    let unknown = unknown_key(why);
    let place = place_of(reader.content(), path);
    let mut problem = match place {
        Some(place) => Problem::at(&place, kind, format!("`{name}` cannot be used"), why),
        None => Problem::at(
            reader.place(),
            kind,
            format!("`{name}` cannot be used"),
            why,
        ),
    };
    if let Some((key, known)) = unknown
        && let Some(near) = nearest(key, known)
    {
        problem = problem.help(format!("did you mean `{near}`?"));
    }
    reader.note(problem);
}

/// The key that serde does not know, and those that it knows.
fn unknown_key(why: &str) -> Option<(&str, impl Iterator<Item = &str>)> {
    let rest = why
        .strip_prefix("unknown field `")
        .or_else(|| why.strip_prefix("unknown variant `"))?;
    let (key, rest) = rest.split_once('`')?;
    Some((key, rest.split('`').skip(1).step_by(2)))
}

/// Where `path` (keys parted by points) is written, or as much of it as is; an array as a whole.
pub(super) fn place_of(table: &Table, path: &str) -> Option<Origin> {
    let (mut table, mut place) = (table, None);
    let keys = path.split('.').filter_map(|key| key.split('[').next());
    for key in keys.filter(|key| !key.is_empty()) {
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
