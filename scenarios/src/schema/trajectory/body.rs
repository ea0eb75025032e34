//! The `[environment]` table of bodies that MuJoCo simulates.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::schema::paths::PathKind;
use crate::schema::reader::TableReader;
use crate::schema::typed::typed;

/// Settings of a body. They can be read in every build, so that a scenario can be checked and described where MuJoCo is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BodySpec {
    /// A folder of models to take instead of those of the project.
    pub models: Option<PathBuf>,
    /// Steps after which an episode is cut.
    pub step_limit: u32,
}

impl Default for BodySpec {
    fn default() -> Self {
        Self {
            models: None,
            step_limit: 1000,
        }
    }
}

/// Reads the keys beside `kind`.
pub(super) fn read_body(table: &mut TableReader<'_>) -> Option<BodySpec> {
    let models = match table.content().contains_key("models") {
        true => Some(table.path("models", PathKind::Folder)?),
        false => None,
    };
    let read = typed(
        table,
        &BodySpec::default(),
        &["kind", "models"],
        |body| match body.step_limit {
            0 => Err((
                "step_limit".to_owned(),
                "expected at least 1, got 0".to_owned(),
            )),
            _ => Ok(()),
        },
    )?;
    Some(BodySpec { models, ..read })
}
