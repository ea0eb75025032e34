//! Ratings as people hand them back: one CSV file or several, checked before anything counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rounds_environments::nearest::nearest;

use super::sheet::COLUMNS;

/// What a person says to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Yes: the check is met.
    Yes,
    /// No.
    No,
    /// The transcript does not tell.
    CannotTell,
}

impl Verdict {
    /// Whether the check is met; `None` when that is not determined.
    pub fn met(self) -> Option<bool> {
        match self {
            Self::Yes => Some(true),
            Self::No => Some(false),
            Self::CannotTell => None,
        }
    }
}

/// One rating.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    /// What was said.
    pub verdict: Verdict,
    /// Its line, as `FILE, line N`.
    place: String,
}

/// Ratings by rater and item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ratings(pub BTreeMap<String, BTreeMap<String, Rating>>);

/// Why ratings cannot be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RatingError {
    /// The file cannot be read as CSV.
    #[error("{}{}: cannot be read as CSV: {why}", path.display(), line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Line, from 1, where it is known.
        line: Option<u64>,
        /// What is wrong.
        why: String,
    },
    /// A column is missing.
    #[error("{}, line 1: expected a column {missing:?}, got {got}{near}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// What is missing.
        missing: &'static str,
        /// The columns that are there.
        got: String,
        /// The nearest of them, in words.
        near: String,
    },
    /// An item is not of the sheet.
    #[error("{}, line {line}: {item:?} is no item of the sheet{near}", path.display())]
    Item {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What stands there.
        item: String,
        /// The nearest item, in words.
        near: String,
    },
    /// A verdict is none.
    #[error("{}, line {line}: expected yes, no, cannot tell or nothing, got {got:?}{near}", path.display())]
    Verdict {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What stands there.
        got: String,
        /// The nearest verdict, in words.
        near: String,
    },
    /// One rater says two things of one item.
    #[error("{}, line {line}: {rater} says otherwise of {item} in {first}; keep one of the two", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// The rater.
        rater: String,
        /// The item.
        item: String,
        /// Where the first verdict stands.
        first: String,
    },
    /// Nothing is rated.
    #[error("{files}: no verdict is filled in")]
    Empty {
        /// The files.
        files: String,
    },
}

/// Reads ratings of the items `known`. Rows without a verdict are not rated; a row without a
/// rater is of the one that the file is named after.
///
/// # Errors
/// [`RatingError`] for the first thing that is wrong; then nothing is taken.
pub fn read_ratings<'a>(
    files: &[PathBuf],
    known: impl Iterator<Item = &'a str> + Clone,
) -> Result<Ratings, RatingError> {
    let mut ratings = Ratings::default();
    for path in files {
        read_file(path, known.clone(), &mut ratings)?;
    }
    if ratings.0.is_empty() {
        let files: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
        return Err(RatingError::Empty {
            files: files.join(", "),
        });
    }
    Ok(ratings)
}

fn read_file<'a>(
    path: &Path,
    known: impl Iterator<Item = &'a str> + Clone,
    ratings: &mut Ratings,
) -> Result<(), RatingError> {
    let unreadable = |line: Option<u64>, why: String| RatingError::Unreadable {
        path: path.to_owned(),
        line,
        why,
    };
    let bytes = std::fs::read(path).map_err(|error| unreadable(None, error.to_string()))?;
    // Spreadsheets put a mark before UTF-8, and some of them semicolons between cells.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let head = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let semicolons = !head.contains(&b',') && head.contains(&b';');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if semicolons { b';' } else { b',' })
        .from_reader(bytes);
    let broken = |error: &csv::Error| {
        let line = error.position().map(csv::Position::line);
        unreadable(line, csv_fault(error))
    };
    let head = reader.headers().map_err(|error| broken(&error))?.clone();
    let column = |name: &str| head.iter().position(|title| title.trim() == name);
    let needed = |name: &'static str| {
        column(name).ok_or_else(|| RatingError::Column {
            path: path.to_owned(),
            missing: name,
            got: head.iter().collect::<Vec<_>>().join(", "),
            near: match nearest(name, head.iter().filter(|title| !COLUMNS.contains(title))) {
                Some(near) => format!("; is it {near:?}?"),
                None => String::new(),
            },
        })
    };
    let (item_at, verdict_at) = (needed("item")?, needed("verdict")?);
    let rater_at = column("rater");
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    for row in reader.records() {
        let row = row.map_err(|error| broken(&error))?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |at: usize| row.get(at).unwrap_or_default().trim();
        let item = cell(item_at);
        if !known.clone().any(|known| known == item) {
            return Err(RatingError::Item {
                path: path.to_owned(),
                line,
                item: item.to_owned(),
                near: did_you_mean(nearest(item, known.clone())),
            });
        }
        let Some(verdict) = read_verdict(cell(verdict_at), path, line)? else {
            continue;
        };
        let rater = match rater_at.map(cell) {
            Some(rater) if !rater.is_empty() => rater.to_owned(),
            _ => stem.clone().into_owned(),
        };
        let of_rater = ratings.0.entry(rater.clone()).or_default();
        match of_rater.get(item) {
            Some(first) if first.verdict != verdict => {
                return Err(RatingError::Twice {
                    path: path.to_owned(),
                    line,
                    rater,
                    item: item.to_owned(),
                    first: first.place.clone(),
                });
            }
            Some(_) => {}
            None => {
                let place = format!("{}, line {line}", path.display());
                of_rater.insert(item.to_owned(), Rating { verdict, place });
            }
        }
    }
    Ok(())
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"))
}

fn read_verdict(text: &str, path: &Path, line: u64) -> Result<Option<Verdict>, RatingError> {
    match text.to_lowercase().as_str() {
        "" => Ok(None),
        "yes" => Ok(Some(Verdict::Yes)),
        "no" => Ok(Some(Verdict::No)),
        "cannot tell" | "unsure" => Ok(Some(Verdict::CannotTell)),
        other => Err(RatingError::Verdict {
            path: path.to_owned(),
            line,
            got: text.to_owned(),
            near: did_you_mean(nearest(other, ["yes", "no", "cannot tell", "unsure"])),
        }),
    }
}

/// What is wrong with a row, without the position that stands before it already.
fn csv_fault(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "the text is not UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("expected {expected_len} cells, got {len}"),
        _ => error.to_string(),
    }
}
