//! Reads `episodes.parquet` back: the rows of a finished run without its scenario.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;

use super::error::RunError;
use super::score::EpisodeRow;

/// Name of the table.
const EPISODES: &str = "episodes.parquet";
/// Columns that are no metrics.
const NAMED: [&str; 4] = ["episode", "case", "outcome", "reason"];

/// The metrics that the table of a run has, by name.
///
/// # Errors
/// [`RunError`] when there is no table or it cannot be read.
pub fn table_metrics(run: &Path) -> Result<Vec<String>, RunError> {
    let table = open(run)?;
    let schema = table.metadata().file_metadata().schema();
    let names = schema.get_fields().iter().map(|field| field.name());
    let metrics = names.filter(|name| !NAMED.contains(name));
    Ok(metrics.map(str::to_owned).collect())
}

/// The rows of the table of a run with the metrics that `keep` wants.
///
/// # Errors
/// [`RunError`] when there is no table, it cannot be read, or is not one of episodes.
pub fn read_episodes(run: &Path, keep: impl Fn(&str) -> bool) -> Result<Vec<EpisodeRow>, RunError> {
    let mut rows = Vec::new();
    for row in EpisodeRows::open(run)? {
        let mut row = row?;
        row.metrics.retain(|name, _| keep(name));
        rows.push(row);
    }
    Ok(rows)
}

/// Reads the rows of the table of a run one after another.
pub(crate) struct EpisodeRows {
    run: PathBuf,
    rows: RowIter<'static>,
}

impl EpisodeRows {
    /// Opens the table of a run.
    ///
    /// # Errors
    /// [`RunError`] when there is none or it cannot be read.
    pub(crate) fn open(run: &Path) -> Result<Self, RunError> {
        Ok(Self {
            run: run.to_owned(),
            rows: open(run)?.into_iter(),
        })
    }
}

impl Iterator for EpisodeRows {
    type Item = Result<EpisodeRow, RunError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = match self.rows.next()? {
            Ok(read) => read,
            Err(error) => return Some(Err(damaged(&self.run, &error))),
        };
        let mut row = EpisodeRow::default();
        for (name, field) in read.get_column_iter() {
            match (name.as_str(), field) {
                ("episode", Field::Int(episode)) => row.episode = *episode as u32,
                ("case", Field::Str(case)) => row.case.clone_from(case),
                ("outcome", Field::Str(outcome)) => row.outcome.clone_from(outcome),
                ("reason", Field::Str(reason)) => row.reason = Some(reason.clone()),
                (name, Field::Double(value)) => {
                    row.metrics.insert(name.to_owned(), Some(*value));
                }
                (name, Field::Null) if !NAMED.contains(&name) => {
                    row.metrics.insert(name.to_owned(), None);
                }
                _ => {}
            }
        }
        Some(Ok(row))
    }
}

fn open(run: &Path) -> Result<SerializedFileReader<File>, RunError> {
    let path = run.join(EPISODES);
    if !path.exists() {
        return Err(RunError::NoRun {
            path: run.to_owned(),
            what: "table of episodes",
            why: format!(
                "expected a file {EPISODES}; rounds score {} makes it",
                run.display()
            ),
        });
    }
    let file = File::open(&path).map_err(RunError::file(&path, "cannot be read"))?;
    SerializedFileReader::new(file).map_err(|error| damaged(run, &error))
}

fn damaged(run: &Path, error: &ParquetError) -> RunError {
    RunError::Damaged {
        path: run.join(EPISODES),
        line: None,
        why: format!("this is no table of episodes: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tables::write_tables;

    #[test]
    fn what_was_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let row = |episode, hit, reason: Option<&str>| EpisodeRow {
            episode,
            case: format!("case {episode}"),
            outcome: "done".to_owned(),
            reason: reason.map(str::to_owned),
            limit: None,
            metrics: [("hit@1".to_owned(), hit), ("mrr.x".to_owned(), Some(0.5))].into(),
        };
        let rows = [row(0, Some(1.0), None), row(1, None, Some("why"))];
        write_tables(folder.path(), &rows, &[]).unwrap();
        assert_eq!(read_episodes(folder.path(), |_| true).unwrap(), rows);
        assert_eq!(table_metrics(folder.path()).unwrap(), ["hit@1", "mrr.x"]);
        let one = read_episodes(folder.path(), |name| name == "hit@1").unwrap();
        assert_eq!(one[1].metrics, [("hit@1".to_owned(), None)].into());
        std::fs::write(folder.path().join(EPISODES), "no table").unwrap();
        let error = read_episodes(folder.path(), |_| true).unwrap_err();
        assert!(error.is_input() && error.to_string().contains(EPISODES));
    }
}
