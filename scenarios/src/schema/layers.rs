//! Layers of settings: chains of files, arguments of the command line, tables of dotted keys,
//! and how one is laid over another.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    diagnostics::{Problem, ProblemKind},
    document::{Data, Entry, Node, Table, parse},
    paths::{PathKind, nearest_path, read_settings},
    scenario::SCHEMA,
    source::{Origin, Source},
};

/// Lays `upper` over `lower`: tables are merged key by key, everything else is replaced.
pub(crate) fn merge(lower: &mut Table, upper: Table) {
    merge_at(lower, upper, &mut Vec::new());
}

fn merge_at(lower: &mut Table, upper: Table, path: &mut Vec<String>) {
    for (key, entry) in upper {
        path.push(key.clone());
        match lower.get_mut(&key) {
            Some(known) => match (&mut known.value.data, entry.value.data) {
                (Data::Table(inner), Data::Table(over)) => {
                    let gone = replaced_alternatives(path, inner, &over);
                    inner.retain(|key, _| !gone.contains(&key.as_str()) && !gone.contains(&"*"));
                    merge_at(inner, over, path);
                }
                (known_data, data) => {
                    *known_data = data;
                    known.value.origin = entry.value.origin;
                    known.key = entry.key;
                }
            },
            None => {
                lower.insert(key, entry);
            }
        }
        path.pop();
    }
}

/// Keys of the table at `path` that lose their meaning when `upper` is laid over `lower`
/// (`*`: all): another kind of policy or model, another source of patients or replies.
fn replaced_alternatives(path: &[String], lower: &Table, upper: &Table) -> &'static [&'static str] {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let word = |table: &Table| match table.get("kind").map(|entry| &entry.value.data) {
        Some(Data::String(kind)) => Some(kind.clone()),
        _ => None,
    };
    match path.as_slice() {
        ["policies" | "models", _] => match (word(lower), word(upper)) {
            (Some(before), Some(after)) if before != after => &["*"],
            _ if upper.contains_key("script") => &["replies"],
            _ if upper.contains_key("replies") => &["script"],
            _ => &[],
        },
        ["environment", "patients"] if upper.contains_key("cases") => {
            &["records", "agentclinic", "fhir", "titles", "visit", "part"]
        }
        ["environment", "patients"] if upper.contains_key("knowledge") => {
            &["records", "agentclinic", "fhir", "titles", "visit", "part"]
        }
        ["environment", "patients"] if upper.contains_key("records") => &[
            "knowledge",
            "cases",
            "agentclinic",
            "fhir",
            "titles",
            "visit",
        ],
        ["environment", "patients"] if upper.contains_key("agentclinic") => {
            &["knowledge", "cases", "records", "fhir", "visit"]
        }
        ["environment", "patients"] if upper.contains_key("fhir") => {
            &["knowledge", "cases", "records", "agentclinic"]
        }
        _ => &[],
    }
}

/// The tree that a table of dotted keys stands for: `{ "a.b" = 1 }` is `{ a = { b = 1 } }`.
///
/// # Errors
/// A key that is not a TOML key, or that lies below a key which has a value of its own.
pub(crate) fn overlay(set: &Table) -> Result<Table, Problem> {
    let mut out = Table::new();
    for (key, entry) in set {
        let parts = key_parts(key).ok_or_else(|| {
            let message = format!("`{key}` is not a key");
            let label = "expected names with dots between them";
            Problem::at(&entry.key, ProblemKind::Syntax, message, label)
        })?;
        insert(&mut out, &parts, entry)?;
    }
    Ok(out)
}

fn insert(out: &mut Table, parts: &[String], entry: &Entry) -> Result<(), Problem> {
    let Some((first, rest)) = parts.split_first() else {
        return Ok(());
    };
    let twice = |other: &Origin| {
        let message = format!("`{}` is set twice", parts.join("."));
        Problem::at(other, ProblemKind::Duplicate, message, "set again here")
    };
    if rest.is_empty() {
        let value = match &entry.value.data {
            Data::Table(inner) => Node {
                data: Data::Table(overlay(inner)?),
                origin: entry.value.origin.clone(),
            },
            _ => entry.value.clone(),
        };
        match (
            out.get_mut(first).map(|known| &mut known.value.data),
            &value.data,
        ) {
            (None, _) => {
                let key = entry.key.clone();
                out.insert(first.clone(), Entry { key, value });
            }
            (Some(Data::Table(known)), Data::Table(more)) => merge(known, more.clone()),
            (Some(_), _) => return Err(twice(&entry.key)),
        }
        return Ok(());
    }
    let inner = out.entry(first.clone()).or_insert_with(|| Entry {
        key: entry.key.clone(),
        value: Node {
            data: Data::Table(Table::new()),
            origin: entry.key.clone(),
        },
    });
    match &mut inner.value.data {
        Data::Table(inner) => insert(inner, rest, entry),
        _ => Err(twice(&entry.key)),
    }
}

/// Parts of a dotted key, by the rules of TOML; `None` when it is not one.
fn key_parts(key: &str) -> Option<Vec<String>> {
    let source = Source::argument("key", format!("{key} = 0"));
    let mut table = parse(&source).ok()?;
    let mut parts = Vec::new();
    loop {
        if table.len() != 1 {
            return None;
        }
        let (part, entry) = table.pop_first()?;
        parts.push(part);
        match entry.value.data {
            Data::Table(inner) => table = inner,
            _ => return Some(parts),
        }
    }
}

/// The values of a tree by their full keys; empty tables are values.
pub(crate) fn flatten(table: &Table) -> BTreeMap<String, Node> {
    fn walk(table: &Table, prefix: &str, out: &mut BTreeMap<String, Node>) {
        for (key, entry) in table {
            let name = format!("{prefix}{}", super::write::key(key));
            match &entry.value.data {
                Data::Table(inner) if !inner.is_empty() => walk(inner, &format!("{name}."), out),
                _ => {
                    out.insert(name, entry.value.clone());
                }
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(table, "", &mut out);
    out
}

/// Reads `key=value` of the command line: the value as TOML, or as a string when it is none.
///
/// # Errors
/// Text without `=`, or whose key is not a TOML key.
pub(crate) fn assignment(flag: &str, text: &str) -> Result<Table, Problem> {
    let source = Source::argument(flag, text.to_owned());
    let whole = Origin::new(&source, 0..text.len());
    let wrong = |label: &str| {
        let message = format!("`{flag}` takes `key=value`");
        Problem::at(&whole, ProblemKind::Syntax, message, label)
            .help(format!("for example `{flag} agents.team.max_members=3`"))
    };
    let Some((key, value)) = text.split_once('=') else {
        return Err(wrong("no `=` in this"));
    };
    let one_line = !text.contains(['\n', '\r']);
    if one_line
        && !key.trim_start().starts_with('[')
        && let Ok(table) = parse(&source)
    {
        return Ok(table);
    }
    let parts = key_parts(key).ok_or_else(|| wrong("the part before `=` is not a key"))?;
    let start = key.len() + 1;
    let entry = Entry {
        key: Origin::new(&source, 0..key.len()),
        value: Node {
            data: Data::String(value.to_owned()),
            origin: Origin::new(&source, start..text.len()),
        },
    };
    let mut out = Table::new();
    insert(&mut out, &parts, &entry)?;
    Ok(out)
}

/// Reads a file with the files that it extends, the farthest as the lowest layer.
///
/// # Errors
/// A file that cannot be read, is not TOML, or extends itself.
pub(crate) fn chain(path: &Path) -> Result<(Table, Arc<Source>), Problem> {
    let wrong = |kind, why: &str| {
        let message = format!("{}: {why}", path.display());
        Problem::without_place(kind, message)
    };
    let text = read_settings(path).map_err(|why| {
        let problem = wrong(ProblemKind::MissingFile, &why);
        let near = nearest_path(path, PathKind::File).filter(|_| !path.exists());
        match near {
            Some(near) => problem.help(format!("did you mean `{}`?", near.display())),
            None => problem,
        }
    })?;
    let source = Source::file(path, text);
    let table = extended(&source, &mut vec![identity(path)])?;
    if table.is_empty() {
        let why = "the file holds no settings, expected a scenario";
        return Err(wrong(ProblemKind::MissingKey, why)
            .help(format!("a scenario begins with `schema = {SCHEMA:?}`")));
    }
    Ok((table, source))
}

/// Reads a text with the files that it extends.
///
/// # Errors
/// As [`chain`].
pub(crate) fn extended(source: &Arc<Source>, above: &mut Vec<PathBuf>) -> Result<Table, Problem> {
    let mut table = parse(source)?;
    let Some(entry) = table.remove("extends") else {
        return Ok(table);
    };
    let place = &entry.value.origin;
    let Data::String(written) = &entry.value.data else {
        let label = format!("expected a path, got {}", entry.value.data.describe());
        let message = "wrong type of `extends`";
        return Err(Problem::at(place, ProblemKind::WrongType, message, label));
    };
    let path = place.resolve(written);
    let text = read_settings(&path).map_err(|why| {
        let message = "cannot read the file that this one extends";
        let label = format!("{}: {why}", path.display());
        let problem = Problem::at(place, ProblemKind::MissingFile, message, label);
        let near = nearest_path(&path, PathKind::File).filter(|_| !path.exists());
        match near {
            Some(near) => problem.help(format!("did you mean `{}`?", near.display())),
            None => problem,
        }
    })?;
    let identity = identity(&path);
    if above.contains(&identity) {
        let label = format!("{} is read already", path.display());
        let message = "the file extends itself";
        return Err(Problem::at(place, ProblemKind::Cycle, message, label)
            .help("let the chain of `extends` end at a file without `extends`"));
    }
    above.push(identity);
    let mut lower = extended(&Source::file(&path, text), above)?;
    merge(&mut lower, table);
    Ok(lower)
}

/// What two paths to one file have in common.
fn identity(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
