//! The settings of the loop: read by its own types, with every mistake at its place.

use rounds_models::training::{TrainConfig, TrainError};

use crate::schema::diagnostics::{Problem, ProblemKind};
use crate::schema::reader::TableReader;
use crate::schema::typed::typed;

/// The table of the settings.
const TABLE: &str = "training";

/// Reads `[training]`; `seed` is that of the file.
pub(super) fn read_settings(root: &mut TableReader<'_>, seed: u64) -> Option<TrainConfig> {
    let config = match root.table(TABLE) {
        Some(table) => read(&table)?,
        None if root.entry(TABLE).is_some() => return None,
        None => TrainConfig::default(),
    };
    Some(TrainConfig { seed, ..config })
}

fn read(table: &TableReader<'_>) -> Option<TrainConfig> {
    if let Some(entry) = table.content().get("seed") {
        let problem = Problem::at(
            &entry.key,
            ProblemKind::UnknownKey,
            format!("unknown key `{TABLE}.seed`"),
            "no such key",
        );
        table.note(problem.help("the seed stands at the top of the file"));
        return None;
    }
    typed(table, &TrainConfig::default(), &[], |config| {
        config.validate().map_err(|error| match error {
            TrainError::Config { key, want, got } => (key, format!("expected {want}, got {got}")),
            error => (String::new(), error.to_string()),
        })
    })
}
