//! Titles of codes from a CSV file, such as D_ICD_DIAGNOSES.

use std::path::{Path, PathBuf};

use crate::clinic::icd9;
use crate::clinic::record::read_source;
use crate::clinic::titles::TitleError;

const CODE: [&str; 4] = ["ICD9_CODE", "ICD9", "ICD_CODE", "CODE"];
const TITLE: [&str; 5] = ["LONG_TITLE", "SHORT_TITLE", "TITLE", "NAME", "DESCRIPTION"];

/// Why a file of titles cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TitlesError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("{}:{line}: {message}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What was expected and found.
        message: String,
    },
    /// The table of names could not be made.
    #[error(transparent)]
    Table(#[from] TitleError),
}

/// Reads pairs of code and title: a column of codes (`code`, `icd9_code`) and one or more of
/// titles (`title`, `long_title`, `short_title`), in any order and case; `.gz` as well.
///
/// # Errors
/// [`TitlesError::Read`], or [`TitlesError::Line`] with the line at fault.
pub fn read_titles(path: &Path) -> Result<Vec<(String, String)>, TitlesError> {
    let (text, _) = read_source(path).map_err(|source| TitlesError::Read {
        path: path.to_owned(),
        source,
    })?;
    let wrong = |line: u64, message: String| TitlesError::Line {
        path: path.to_owned(),
        line,
        message,
    };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header: Vec<String> = reader
        .headers()
        .map_err(|error| wrong(1, error.to_string()))?
        .iter()
        .map(|name| name.trim().to_uppercase())
        .collect();
    let code = header.iter().position(|name| CODE.contains(&name.as_str()));
    let titles: Vec<usize> = (0..header.len())
        .filter(|at| TITLE.contains(&header[*at].as_str()))
        .collect();
    let (Some(code), false) = (code, titles.is_empty()) else {
        let found = header.join(", ");
        let message = format!(
            "expected a column `code` or `icd9_code` and a column `title` or `long_title`, got {found}"
        );
        return Err(wrong(1, message));
    };
    let mut pairs = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            wrong(line, error.to_string())
        })?;
        let line = row.position().map_or(0, csv::Position::line);
        let written = row.get(code).unwrap_or_default().trim();
        let normal = icd9::normal_diagnosis(written).ok_or_else(|| {
            let message = format!("expected a diagnosis code of ICD-9-CM, got `{written}`");
            wrong(line, message)
        })?;
        for at in &titles {
            let title = row.get(*at).unwrap_or_default().trim();
            if !title.is_empty() {
                pairs.push((normal.clone(), title.to_owned()));
            }
        }
    }
    if pairs.is_empty() {
        return Err(wrong(1, "expected at least one title, got none".to_owned()));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_read_by_the_names_of_their_columns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("titles.csv");
        std::fs::write(&path, "title,Code\nGout of the toe,274.00\n").unwrap();
        let pairs = read_titles(&path).unwrap();
        assert_eq!(pairs, [("27400".to_owned(), "Gout of the toe".to_owned())]);
    }

    #[test]
    fn a_wrong_file_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("titles.csv");
        for (text, part) in [
            ("", "got "),
            ("code,what\n1,2\n", "titles.csv:1: expected a column"),
            ("code,title\n274.00,Gout\nGOUT,Gout\n", "titles.csv:3: "),
            ("code,title\n", "at least one title"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = read_titles(&path).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(read_titles(&folder.path().join("none.csv")).is_err());
    }
}
