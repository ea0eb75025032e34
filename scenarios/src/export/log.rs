//! One arm of a finished run as one log.

use std::fs;
use std::io;
use std::path::Path;

use super::calls::CallReader;
use super::checks::Checks;
use super::facts::Facts;
use super::gate::Gate;
use super::header::{Header, score_names};
use super::ids::{SampleNames, log_id};
use super::sample::{SampleParts, sample};
use super::sink::{LogFormat, Sink, beside, leftovers};
use crate::compare::Side;
use crate::run::{EpisodeReader, EpisodeRow, EpisodeRows, RunDirectory, RunError};
use crate::statistics::Summary;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Samples, one an episode.
    pub samples: u64,
    /// Model events, one an attempt of a call.
    pub calls: u64,
    /// Whether text of restricted records was kept out.
    pub kept_out: bool,
}

/// Writes `side`, of which `summary` is the summary, as a log for Inspect AI into the new file
/// `out`. Text of restricted records is kept out unless `record_text`.
///
/// # Errors
/// [`RunError::Input`] when `out` exists or the summary has no such arm; [`RunError`] when
/// something cannot be read or written; then there is no file `out`.
///
/// # Determinism
/// The same run gives the same bytes.
pub fn export_inspect(
    side: &Side,
    summary: &Summary,
    out: &Path,
    format: LogFormat,
    record_text: bool,
) -> Result<Exported, RunError> {
    let partial = beside(out, ".writing");
    let written = write(side, summary, &partial, format, record_text).and_then(|exported| {
        vacant(out)?;
        fs::rename(&partial, out).map_err(RunError::file(out, "cannot be put in place"))?;
        Ok(exported)
    });
    written.inspect_err(|_| {
        for file in leftovers(&partial) {
            // The error of writing is the one to tell.
            let _ = fs::remove_file(file);
        }
    })
}

/// Refuses a file that exists.
pub(crate) fn vacant(out: &Path) -> Result<(), RunError> {
    match out.exists() {
        true => Err(RunError::Input(format!(
            "{}: the file exists; name another with --out",
            out.display()
        ))),
        false => Ok(()),
    }
}

fn write(
    side: &Side,
    summary: &Summary,
    partial: &Path,
    format: LogFormat,
    record_text: bool,
) -> Result<Exported, RunError> {
    let arm = summary.arms.iter().find(|arm| arm.name == side.arm);
    let arm = arm.ok_or_else(|| {
        let known: Vec<&str> = summary.arms.iter().map(|arm| arm.name.as_str()).collect();
        RunError::Input(format!(
            "{}: its summary.json is of other arms: expected {:?}, got {}; rounds score {} makes \
             it anew",
            side.folder.display(),
            side.arm,
            known.join(", "),
            side.folder.display()
        ))
    })?;
    let gate = match side.restricted() && !record_text {
        true => Gate::Closed,
        false => Gate::Open,
    };
    let facts = Facts::read(side, gate)?;
    let log = log_id(side)?;
    let header = Header::new(&log, side, summary, arm, &facts, gate);
    let names = score_names(side, arm);
    let checks = Checks::read(&side.folder, &side.arm)?;
    let mut ids = SampleNames::default();
    let failed = |error: io::Error| RunError::file(partial, "cannot be written")(error);
    let mut sink = Sink::open(partial, format, &header).map_err(failed)?;
    let mut exported = Exported {
        samples: 0,
        calls: 0,
        kept_out: gate == Gate::Closed,
    };
    for part in &side.parts {
        let mut rows = EpisodeRows::open(&part.folder)?;
        let mut calls = CallReader::open(&part.folder)?;
        for episode in EpisodeReader::open(&part.folder.join(RunDirectory::EVENTS))? {
            let episode = episode?;
            let row = row_of(&mut rows, episode.episode, &part.folder)?;
            let (id, epoch) = ids.next(side, part, &row, gate);
            let calls = calls.of(episode.episode)?;
            exported.samples += 1;
            exported.calls += calls.len() as u64;
            let text = sample(SampleParts {
                id: id.clone(),
                epoch,
                log: &log,
                arm: &side.arm,
                seed: part.manifest.seed,
                model: &header.model,
                episode: &episode,
                row: &row,
                calls,
                checks: checks.of(part.manifest.seed, episode.episode),
                names: &names,
                gate,
            });
            sink.add(&id, epoch, &text).map_err(failed)?;
        }
    }
    sink.close(&header).map_err(failed)?;
    Ok(exported)
}

/// The row of an episode; tables are in the order of the log.
fn row_of(rows: &mut EpisodeRows, episode: u32, run: &Path) -> Result<EpisodeRow, RunError> {
    match rows.next().transpose()? {
        Some(row) if row.episode == episode => Ok(row),
        other => Err(RunError::Damaged {
            path: run.join("episodes.parquet"),
            line: None,
            why: format!(
                "expected episode {episode} as in the log, got {}; rounds score makes the table anew",
                other.map_or("the end".to_owned(), |row| format!(
                    "episode {}",
                    row.episode
                ))
            ),
        }),
    }
}
