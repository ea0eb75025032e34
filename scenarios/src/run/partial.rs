//! The files of a run that is not finished: what of them is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde_json::Value;

use super::directory::RunDirectory;
use super::error::RunError;

/// Where the lines of one episode are in `events.partial.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Block {
    pub(super) episode: u32,
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// Whether a limit of the whole run cut episodes of a finished run, or a server failed them, so that
/// these can be run to their end.
pub(super) fn is_cut(path: &Path) -> Result<bool, RunError> {
    let events = path.join(RunDirectory::EVENTS);
    let file = File::open(&events).map_err(RunError::file(&events, "cannot be read"))?;
    let mut cut = false;
    for line in BufReader::with_capacity(1 << 18, file).lines() {
        let line = line.map_err(RunError::file(&events, "cannot be read"))?;
        // Most lines are of other kinds, and need not be parsed.
        cut = cut
            || (line.contains("\"limit\":\"run.") || line.contains("\"passing\":true"))
                && serde_json::from_str(&line).is_ok_and(|event| is_worth_another_try(&event));
    }
    Ok(cut)
}

/// Makes a finished run partial again.
pub(super) fn reopen(path: &Path) -> Result<(), RunError> {
    // The calls first: without the log the run would count as one that never finished.
    for (whole, partial) in [
        (RunDirectory::CALLS, RunDirectory::CALLS_PARTIAL),
        (RunDirectory::EVENTS, RunDirectory::PARTIAL),
    ] {
        let whole = path.join(whole);
        if whole.exists() {
            fs::rename(&whole, path.join(partial))
                .map_err(RunError::file(&whole, "cannot be opened again"))?;
        }
    }
    Ok(())
}

/// Whether an event says that a limit of the whole run ended its episode, or a server that failed.
fn is_worth_another_try(event: &Value) -> bool {
    let limit = event.get("limit").and_then(Value::as_str);
    let passing = event.get("passing").and_then(Value::as_bool);
    event.get("kind").and_then(Value::as_str) == Some("ended")
        && (passing == Some(true) || limit.is_some_and(|limit| limit.starts_with("run.")))
}

/// Finds the whole episodes of a partial log and where the last of them ends. Episodes are
/// appended in one piece, so whatever follows is one that was cut. Those that a limit of the whole
/// run cut, or that a server failed, are left out: they are to be run again.
pub(super) fn whole_blocks(path: &Path) -> Result<(Vec<Block>, u64), RunError> {
    let file = File::open(path).map_err(RunError::file(path, "cannot be read"))?;
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let mut blocks = Vec::new();
    let (mut at, mut start, mut end) = (0_u64, 0_u64, 0_u64);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(RunError::file(path, "cannot be read"))?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok((blocks, end));
        }
        at += read as u64;
        let Ok(event) = serde_json::from_slice::<Value>(&line) else {
            return Ok((blocks, end));
        };
        if event.get("schema").is_some() {
            start = at;
            end = at;
        } else if event.get("kind").and_then(Value::as_str) == Some("ended")
            && let Some(episode) = event.get("e").and_then(Value::as_u64)
        {
            if !is_worth_another_try(&event) {
                blocks.push(Block {
                    episode: episode as u32,
                    offset: start,
                    length: at - start,
                });
            }
            start = at;
            end = at;
        }
    }
}

/// Ends a line that a killed writer left unfinished, so that the next one stands alone.
pub(super) fn end_torn_line(path: &Path) -> Result<(), RunError> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(RunError::file(path, "cannot be opened"))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .map_err(RunError::file(path, "cannot be read"))?;
    let whole = bytes
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |at| at + 1);
    file.set_len(whole as u64)
        .map_err(RunError::file(path, "cannot be cut to its last whole line"))
}
