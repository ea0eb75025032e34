//! `history.jsonl`: one line per step and evaluation, without times, so that equal runs write
//! equal files.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::write_whole;
use super::{Evaluation, StepReport, TrainError};

/// A line of the history.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    Step(StepReport),
    Evaluation(Evaluation),
}

impl Line {
    fn step(&self) -> u64 {
        match self {
            Self::Step(report) => report.step,
            Self::Evaluation(evaluation) => evaluation.step,
        }
    }
}

/// The open history of a run.
#[derive(Debug)]
pub(crate) struct History {
    path: PathBuf,
    file: File,
}

impl History {
    /// Opens the history in `folder` and forgets what is after `step`.
    pub(crate) fn open(folder: &Path, step: u64) -> Result<Self, TrainError> {
        let path = folder.join("history.jsonl");
        let mut kept = String::new();
        if path.exists() {
            let text = fs::read(&path).map_err(TrainError::file(&path, "read it"))?;
            // A killed run may leave half a line; lines after the checkpoint will be written again.
            for line in String::from_utf8_lossy(&text).lines() {
                match serde_json::from_str::<Line>(line) {
                    Ok(read) if read.step() <= step && step > 0 => {
                        kept.push_str(line);
                        kept.push('\n');
                    }
                    _ => break,
                }
            }
        }
        write_whole(&path, kept.as_bytes())?;
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(TrainError::file(&path, "open it"))?;
        Ok(Self { path, file })
    }

    /// Adds a line.
    pub(crate) fn add(&mut self, line: &Line) -> Result<(), TrainError> {
        let mut text =
            serde_json::to_string(line).map_err(|error| TrainError::damaged(&self.path, error))?;
        text.push('\n');
        self.file
            .write_all(text.as_bytes())
            .map_err(TrainError::file(&self.path, "write it"))
    }
}
