//! The settings of the loop: read by its own types, with every mistake at its place.

use rounds_models::training::{TrainConfig, TrainError};

use crate::schema::diagnostics::{Problem, ProblemKind};
use crate::schema::document::{Data, Entry, Node};
use crate::schema::reader::TableReader;
use crate::schema::source::Origin;

/// The table of the settings.
const TABLE: &str = "training";

/// Reads `[training]`; `seed` is that of the file.
pub(super) fn read_settings(root: &mut TableReader<'_>, seed: u64) -> Option<TrainConfig> {
    let entry = root.entry(TABLE);
    let note = |path: &str, kind, message: String| {
        let label = message.clone();
        let place = entry.and_then(|entry| place_of(entry, path));
        let name = match path {
            "" | "." => TABLE.to_owned(),
            path => format!("{TABLE}.{path}"),
        };
        root.note(match place {
            Some(place) => Problem::at(&place, kind, format!("`{name}` cannot be used"), label),
            None => Problem::without_place(kind, format!("{name}: {label}")),
        });
    };
    if let Some(place) = entry.and_then(|entry| exact(&entry.value, "seed")) {
        let problem = Problem::at(
            &place,
            ProblemKind::UnknownKey,
            format!("unknown key `{TABLE}.seed`"),
            "no such key",
        );
        root.note(problem.help("the seed stands at the top of the file"));
        return None;
    }
    let written = match entry.map(|entry| &entry.value) {
        None => serde_json::json!({}),
        Some(node) => node.json(),
    };
    let read: Result<TrainConfig, _> = serde_path_to_error::deserialize(written);
    let mut config = match read {
        Ok(config) => config,
        Err(error) => {
            let path = error.path().to_string();
            note(
                &path,
                ProblemKind::UnknownValue,
                error.into_inner().to_string(),
            );
            return None;
        }
    };
    config.seed = seed;
    match config.validate() {
        Ok(()) => Some(config),
        Err(TrainError::Config { key, want, got }) => {
            let message = format!("expected {want}, got {got}");
            note(&key, ProblemKind::OutOfRange, message);
            None
        }
        Err(error) => {
            note("", ProblemKind::OutOfRange, error.to_string());
            None
        }
    }
}

/// Where `path` (keys parted by points) is written, or as much of it as is.
fn place_of(entry: &Entry, path: &str) -> Option<Origin> {
    let mut place = entry.key.clone();
    let mut node = &entry.value;
    for key in path.split('.').filter(|key| !key.is_empty()) {
        let Data::Table(table) = &node.data else {
            break;
        };
        let Some(next) = table.get(key) else { break };
        node = &next.value;
        place = match node.data {
            Data::Table(_) => next.key.clone(),
            _ => node.origin.clone(),
        };
    }
    Some(place)
}

/// Where `key` is written, if it is.
fn exact(node: &Node, key: &str) -> Option<Origin> {
    match &node.data {
        Data::Table(table) => table.get(key).map(|entry| entry.key.clone()),
        _ => None,
    }
}
