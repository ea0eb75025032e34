//! A policy that is a program of somebody's own.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{
    diagnostics::ProblemKind,
    reader::TableReader,
    values::{Fault, Range, items, string},
};

/// Most processes of one policy, and most observations of one batch.
const MOST: u32 = 4096;

/// Above zero and within a day.
const DEADLINE: Range = Range {
    allows: |x| x > 0.0 && x <= 86_400.0,
    words: "a number of seconds above 0 and at most 86400",
};

/// A program that decides; started only where the command line allows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProcessSpec {
    /// The program and its arguments. A program without a slash is looked for in `PATH`.
    pub command: Vec<String>,
    /// Its working directory, where relative paths of the command start; by default the folder of
    /// the file in which the command is written.
    pub folder: PathBuf,
    /// Seconds that it may take to answer a batch.
    pub deadline_s: f64,
    /// How often it is started again in a run.
    pub restarts: u32,
    /// How many of it run side by side, at least 1.
    pub processes: u32,
    /// Most observations of a batch, at least 1.
    pub batch: u32,
}

impl ProcessSpec {
    /// Where the program is, where that can be told before it is started.
    pub fn program(&self) -> Option<PathBuf> {
        let name = Path::new(self.command.first()?);
        if name.components().count() > 1 {
            return Some(self.folder.join(name)).filter(|path| path.is_file());
        }
        let folders = std::env::var_os("PATH")?;
        std::env::split_paths(&folders)
            .map(|folder| folder.join(name))
            .find(|path| path.is_file())
    }

    /// The files that its command names, for a run that says what it depends on.
    pub fn files(&self) -> Vec<PathBuf> {
        let arguments = self.command.iter().enumerate();
        arguments
            .filter(|(number, argument)| {
                *number > 0 || Path::new(argument).components().count() > 1
            })
            .map(|(_, argument)| self.folder.join(argument))
            .filter(|path| path.is_file())
            .collect()
    }
}

/// Reads the keys of a process beside `kind`.
pub(super) fn read_process(table: &mut TableReader<'_>) -> Option<ProcessSpec> {
    let Some(entry) = table.entry("command") else {
        table.missing("command", "command = [\"python3\", \"agent.py\"]");
        return None;
    };
    // It need not be there: a finished run is read on other machines too.
    let folder = table.get("folder", |node| Ok(node.origin.resolve(&string(node)?)));
    let folder = folder.unwrap_or_else(|| entry.value.origin.resolve("."));
    let command = table.get("command", |node| {
        const WORDS: &str = "an array of strings, the program first";
        let words = items(node).map_err(|_| Fault::wrong_type(WORDS))?;
        let words: Result<Vec<String>, Fault> = words.iter().map(string).collect();
        let words = words.map_err(|_| Fault::wrong_type(WORDS))?;
        match words.first().map(|program| program.trim()) {
            None | Some("") => Err(Fault::new(ProblemKind::OutOfRange, WORDS)),
            Some(_) => Ok(words),
        }
    });
    let spec = ProcessSpec {
        command: command.unwrap_or_default(),
        folder: std::path::absolute(&folder).unwrap_or(folder),
        deadline_s: table.number("deadline_s", DEADLINE, 10.0),
        restarts: table.count("restarts", 0, 3),
        processes: table.small("processes", 1, MOST, 1),
        batch: table.small("batch", 1, MOST, 64),
    };
    (!spec.command.is_empty()).then_some(spec)
}
