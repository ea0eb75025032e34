//! The output folder of an import: written beside its place and renamed at the end.

use std::ffi::OsString;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Why a folder of records could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The folder is in use.
    #[error("{} exists and is not an empty folder; choose another output", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file or folder could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A folder that is removed again unless it is finished.
pub(crate) struct Output {
    target: PathBuf,
    partial: PathBuf,
    finished: bool,
}

impl Output {
    /// Prepares an output; refuses a target that exists and is not an empty folder.
    pub(crate) fn create(target: &Path) -> Result<Self, OutputError> {
        check_free(target)?;
        let in_use = || OutputError::InUse {
            path: target.to_owned(),
        };
        let name = target.file_name().ok_or_else(in_use)?;
        let mut partial_name = OsString::from(".");
        partial_name.push(name);
        partial_name.push(format!(".partial-{}", std::process::id()));
        let partial = target.with_file_name(partial_name);
        fs::create_dir_all(&partial).map_err(|source| unwritable(&partial, source))?;
        Ok(Self {
            target: target.to_owned(),
            partial,
            finished: false,
        })
    }

    /// Writes a value as one file, on one line or over several.
    pub(crate) fn write<T: Serialize>(
        &self,
        name: &str,
        value: &T,
        pretty: bool,
    ) -> Result<(), OutputError> {
        let path = self.partial.join(name);
        let failed = |source| unwritable(&path, source);
        let mut file = BufWriter::new(fs::File::create(&path).map_err(failed)?);
        let written = if pretty {
            serde_json::to_writer_pretty(&mut file, value)
        } else {
            serde_json::to_writer(&mut file, value)
        };
        written
            .map_err(std::io::Error::from)
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.flush())
            .map_err(failed)
    }

    /// Puts the folder in its place.
    pub(crate) fn finish(mut self) -> Result<(), OutputError> {
        check_free(&self.target)?;
        let failed = |source| unwritable(&self.target, source);
        if self.target.exists() {
            fs::remove_dir(&self.target).map_err(failed)?;
        }
        fs::rename(&self.partial, &self.target).map_err(failed)?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.finished {
            // The import has failed already; its own error tells more than this one would.
            drop(fs::remove_dir_all(&self.partial));
        }
    }
}

/// Refuses a target that exists and is not an empty folder.
fn check_free(target: &Path) -> Result<(), OutputError> {
    if !target.exists() {
        return Ok(());
    }
    let empty = target.is_dir()
        && fs::read_dir(target)
            .map_err(|source| OutputError::Read {
                path: target.to_owned(),
                source,
            })?
            .next()
            .is_none();
    if empty {
        Ok(())
    } else {
        Err(OutputError::InUse {
            path: target.to_owned(),
        })
    }
}

fn unwritable(path: &Path, source: std::io::Error) -> OutputError {
    OutputError::Write {
        path: path.to_owned(),
        source,
    }
}
