//! What the calls of a run took, from its record of them.

use std::io::{BufRead, BufReader};
use std::path::Path;

use rounds_models::{CallRecord, Spent};

use super::directory::RunDirectory;
use super::error::RunError;

/// What was paid for in the folder of an interrupted run. Lines that were cut or damaged when it was
/// killed count for nothing.
///
/// # Errors
/// [`RunError::File`] when the record is there and cannot be read.
pub(super) fn spent_before(run: &Path) -> Result<Spent, RunError> {
    let mut spent = Spent::default();
    let Some(path) = RunDirectory::recorded_calls(run) else {
        return Ok(spent);
    };
    let unread = || RunError::file(&path, "cannot be read");
    let file = std::fs::File::open(&path).map_err(unread())?;
    for line in BufReader::new(file).split(b'\n') {
        let line = line.map_err(unread())?;
        match serde_json::from_slice::<CallRecord>(&line) {
            Ok(call) if !call.usage.cache_hit => spent += Spent::of(&call),
            _ => {}
        }
    }
    Ok(spent)
}
