//! Files that models answer from, and what is wrong with them.

use std::path::Path;

use rounds_models::ReplayModel;

use crate::run::RunError;

/// The calls of an earlier run, to answer from alone.
///
/// # Errors
/// [`RunError::Input`] when the file cannot be used or holds no call.
pub(crate) fn recording(calls: &Path) -> Result<ReplayModel, RunError> {
    let model = ReplayModel::open(calls).map_err(|error| in_file(calls, &error))?;
    if model.is_empty() {
        let why = format!("{}: expected at least one call, got none", calls.display());
        return Err(RunError::Input(why));
    }
    Ok(model)
}

/// What is wrong with a file, with all its causes; the file is named once.
pub(crate) fn in_file(path: &Path, error: &dyn std::error::Error) -> RunError {
    let shown = path.display().to_string();
    let mut text = error.to_string();
    if !text.contains(&shown) {
        text = format!("{shown}: {text}");
    }
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {}", cause.to_string().trim_end());
        source = cause.source();
    }
    RunError::Input(text)
}
