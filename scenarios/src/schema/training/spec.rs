//! The file as a whole.

use std::path::{Path, PathBuf};

use rounds_models::training::TrainConfig;

use super::data::{TrainingDataSpec, read_data};
use super::model::{ModelStart, read_start};
use super::settings::read_settings;
use crate::schema::TRAINING_SCHEMA;
use crate::schema::diagnostics::{Problem, ProblemKind, Problems, SchemaError};
use crate::schema::layers::{assignment, chain, merge};
use crate::schema::reader::TableReader;
use crate::schema::source::Origin;
use crate::schema::write::document;

/// What a model is trained on, which model, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingSpec {
    /// Name of the training.
    pub name: String,
    /// The folder that the model goes to.
    pub out: PathBuf,
    /// What it is trained on.
    pub data: TrainingDataSpec,
    /// What it begins as.
    pub start: ModelStart,
    /// The settings of the loop, with the seed of the file.
    pub config: TrainConfig,
    /// The whole file with what it extends and all changes, as TOML.
    pub resolved: String,
}

impl TrainingSpec {
    /// Loads the training file at `path`; `set` are changes as `key=value`.
    ///
    /// # Errors
    /// Every mistake of the file, at its place.
    pub fn load(path: &Path, set: &[String], seed: Option<u64>) -> Result<Self, SchemaError> {
        let (mut table, source) = chain(path)?;
        for text in set {
            merge(&mut table, assignment("--set", text)?);
        }
        if let Some(seed) = seed {
            merge(&mut table, assignment("--seed", &format!("seed={seed}"))?);
        }
        let problems = Problems::default();
        let place = Origin::new(&source, 0..0);
        let mut root = TableReader::new(&table, "", place, &problems);
        let spec = read(&mut root, document(&table));
        root.finish();
        problems.finish()?;
        spec.ok_or_else(|| {
            let message = format!("{}: the training cannot be read", path.display());
            Problem::without_place(ProblemKind::Syntax, message).into()
        })
    }
}

fn read(root: &mut TableReader<'_>, resolved: String) -> Option<TrainingSpec> {
    root.expect_schema(TRAINING_SCHEMA, "a training");
    for (key, example) in [
        ("name", "name = \"clinician\""),
        ("out", "out = \"models/clinician\""),
        ("data", "[data]` with `kind = \"text\""),
        ("model", "[model]` with `layers = 4` or `base = \"FOLDER\""),
    ] {
        if root.entry(key).is_none() {
            root.missing(key, example);
        }
    }
    let name = root.string("name");
    let seed = root.integer("seed", 0, u64::MAX, 0);
    let out = root.string("out").and_then(|text| {
        let entry = root.entry("out")?;
        Some(entry.value.origin.resolve(&text))
    });
    let data = root.table("data").and_then(read_data);
    let start = root.table("model").and_then(read_start);
    let config = read_settings(root, seed);
    Some(TrainingSpec {
        name: name?,
        out: out?,
        data: data?,
        start: start?,
        config: config?,
        resolved,
    })
}
