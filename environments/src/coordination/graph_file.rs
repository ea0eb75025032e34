//! Edge lists and weight matrices in text files.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::graph_kind::GraphKind;
use crate::text::read_text;

/// Why a graph file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GraphFileError {
    /// The file.
    #[error("{}", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A line.
    #[error("{}:{line}: expected {expected}, got {got}", .path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What should stand there.
        expected: String,
        /// What stands there.
        got: String,
    },
}

/// Reads edges: a pair of agents from 0 on each line, `#` begins a comment.
///
/// # Errors
/// [`GraphFileError`] with file and line when the file cannot be read, or a line is not two different
/// agents below `agents`.
pub fn read_edges(path: &Path, agents: usize) -> Result<GraphKind, GraphFileError> {
    let mut edges = Vec::new();
    for (line, text) in lines(path)? {
        let fault = || GraphFileError::Line {
            path: path.to_owned(),
            line,
            expected: format!("two different agents below {agents}"),
            got: text.clone(),
        };
        match numbers::<usize>(&text).as_deref() {
            Some(&[a, b]) if a != b && a < agents && b < agents => edges.push((a, b)),
            _ => return Err(fault()),
        }
    }
    Ok(GraphKind::Edges { edges })
}

/// Reads a weight matrix: a row on each line, `#` begins a comment.
///
/// # Errors
/// [`GraphFileError`] with file and line when the file cannot be read, a line is not `agents` numbers,
/// or there is another number of rows. Whether the matrix is doubly stochastic is checked when the
/// graph is made.
pub fn read_weights(path: &Path, agents: usize) -> Result<GraphKind, GraphFileError> {
    let mut weights = Vec::new();
    let mut last = 1;
    for (line, text) in lines(path)? {
        last = line;
        let row = numbers::<f64>(&text).filter(|row| row.len() == agents);
        let Some(row) = row.filter(|_| weights.len() < agents) else {
            let expected = match weights.len() < agents {
                true => format!("{agents} numbers"),
                false => format!("no more than {agents} rows"),
            };
            return Err(GraphFileError::Line {
                path: path.to_owned(),
                line,
                expected,
                got: text,
            });
        };
        weights.push(row);
    }
    if weights.len() < agents {
        return Err(GraphFileError::Line {
            path: path.to_owned(),
            line: last,
            expected: format!("{agents} rows"),
            got: format!("the end after {}", weights.len()),
        });
    }
    Ok(GraphKind::Weights { weights })
}

/// Lines with something on them, with their numbers and without comments.
fn lines(path: &Path) -> Result<Vec<(usize, String)>, GraphFileError> {
    let text = read_text(path).map_err(|source| GraphFileError::Read {
        path: path.to_owned(),
        source,
    })?;
    let told = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or(""));
    let numbered = told
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim().to_owned()));
    Ok(numbered.filter(|(_, line)| !line.is_empty()).collect())
}

fn numbers<T: FromStr>(line: &str) -> Option<Vec<T>> {
    line.split_whitespace()
        .map(|word| word.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("graph.txt");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn pairs_are_read_and_comments_are_not() {
        let (_folder, path) = file("# a path\n0 1\n\n 1\t2 # the last\n");
        let edges = vec![(0, 1), (1, 2)];
        assert_eq!(read_edges(&path, 3).unwrap(), GraphKind::Edges { edges });
        let (_folder, path) = file("0.5 0.5\n0.5 0.5");
        let weights = vec![vec![0.5; 2]; 2];
        assert_eq!(
            read_weights(&path, 2).unwrap(),
            GraphKind::Weights { weights }
        );
    }

    #[test]
    fn faults_name_file_and_line() {
        for text in [
            "0 1\n1 x",
            "0 1\n1",
            "0 1\n1 1",
            "0 1\n0 3",
            "0 1\n0 1 2",
            "0 1\n-1 0",
        ] {
            let (_folder, path) = file(text);
            let told = read_edges(&path, 3).unwrap_err().to_string();
            assert!(
                told.contains("graph.txt:2: expected two different agents below 3"),
                "{told}"
            );
        }
        for text in ["1 0\n0", "1 0\n0 y", "1 0", "# nothing\n1 0\n0 1\n0 0"] {
            let (_folder, path) = file(text);
            let told = read_weights(&path, 2).unwrap_err().to_string();
            assert!(told.contains("graph.txt:"), "{told}");
        }
        let none = read_edges(Path::new("nowhere/graph.txt"), 3).unwrap_err();
        assert!(matches!(none, GraphFileError::Read { .. }));
    }
}
