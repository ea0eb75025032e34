//! The folder of a source: its tables, and what was read of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::ImportError;
use super::options::Progress;
use super::table::Table;
use crate::clinic::record::SourceFile;

/// Rows between two reports of progress.
const REPORT_ROWS: u64 = 1 << 18;

/// SHA-256 of the official PATIENTS.csv of the open demo, version 1.4.
const DEMO_PATIENTS_SHA256: &str =
    "f65803a46bcb88127574bfd0b70d78d4123783d05bb411e70d4c9629edd7b703";

/// The folder of a source.
pub(super) struct Source<'p> {
    folder: PathBuf,
    tables: BTreeMap<String, PathBuf>,
    has_licence: bool,
    progress: &'p mut dyn FnMut(Progress<'_>),
    /// Files read to their end.
    pub(super) files: BTreeMap<String, SourceFile>,
    /// Optional tables that are not there.
    pub(super) missing: Vec<String>,
    /// What was left out, for people.
    pub(super) warnings: Vec<String>,
}

impl<'p> Source<'p> {
    /// Lists the tables of a folder; a plain file goes before a packed one of the same table.
    pub(super) fn open(
        folder: &Path,
        progress: &'p mut dyn FnMut(Progress<'_>),
    ) -> Result<Self, ImportError> {
        let unreadable = |source| ImportError::Read {
            path: folder.to_owned(),
            source,
        };
        let mut tables = BTreeMap::new();
        let mut has_licence = false;
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            entries.push(entry.map_err(unreadable)?.path());
        }
        entries.sort();
        for path in entries {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let name = name.to_ascii_uppercase();
            has_licence |= name.starts_with("README") || name.starts_with("LICENSE");
            if let Some(table) = name.strip_suffix(".CSV") {
                tables.insert(table.to_owned(), path);
            } else if let Some(table) = name.strip_suffix(".CSV.GZ") {
                tables.entry(table.to_owned()).or_insert(path);
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            tables,
            has_licence,
            progress,
            files: BTreeMap::new(),
            missing: Vec::new(),
            warnings: Vec::new(),
        })
    }

    /// Opens a table that the import needs.
    pub(super) fn required(&self, name: &str) -> Result<Table, ImportError> {
        match self.tables.get(name) {
            Some(path) => Table::open(name, path),
            None => Err(ImportError::MissingTable {
                table: name.to_owned(),
                folder: self.folder.clone(),
            }),
        }
    }

    /// Opens a table that may be absent, and notes when it is.
    pub(super) fn optional(&mut self, name: &str) -> Result<Option<Table>, ImportError> {
        if let Some(path) = self.tables.get(name) {
            return Table::open(name, path).map(Some);
        }
        if !self.missing.iter().any(|missing| missing == name) {
            self.missing.push(name.to_owned());
        }
        Ok(None)
    }

    /// Goes to the next row of a table and reports progress from time to time.
    #[inline]
    pub(super) fn advance(&mut self, table: &mut Table) -> Result<bool, ImportError> {
        let more = table.next_row()?;
        let (rows, bytes, total_bytes) = table.position();
        if !more || rows.is_multiple_of(REPORT_ROWS) {
            (self.progress)(Progress {
                table: table.name(),
                rows,
                bytes,
                total_bytes,
            });
        }
        Ok(more)
    }

    /// Notes a table that was read to its end, and gives its number of rows.
    pub(super) fn close(&mut self, table: Table) -> u64 {
        let name = table.name().to_owned();
        let file = table.into_source_file();
        let rows = file.rows;
        self.files.insert(name, file);
        rows
    }

    /// True when the patients are those of the open demo and there are no notes.
    ///
    /// `subjects` is the number of patients with their lowest and highest subject number.
    pub(super) fn is_open_demo(&self, subjects: (usize, u64, u64)) -> bool {
        let known_file = self
            .files
            .get("PATIENTS")
            .is_some_and(|file| file.sha256 == DEMO_PATIENTS_SHA256);
        let same_subjects = subjects == (100, 10_006, 44_228) && self.has_licence;
        let notes = self.files.get("NOTEEVENTS").map_or(0, |file| file.rows);
        (known_file || same_subjects) && notes == 0
    }
}
