//! Files and folders that settings name: reading them, and what to say when they are not there.

use std::path::{Path, PathBuf};

use rounds_environments::nearest::nearest;
use rounds_environments::text::read_text;

/// Whether a path names a file or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A file or a folder.
    Either,
}

impl PathKind {
    /// Whether `path` is there and of this kind.
    pub(crate) fn fits(self, path: &Path) -> bool {
        match self {
            Self::File => path.is_file(),
            Self::Folder => path.is_dir(),
            Self::Either => path.is_file() || path.is_dir(),
        }
    }

    /// The kind in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Either => "a file or a folder",
        }
    }
}

/// What is at `path` where something else was wanted.
pub(crate) fn found_at(path: &Path) -> &'static str {
    if path.is_dir() {
        "which is a folder"
    } else if path.exists() {
        "which is a file"
    } else {
        "which is not there"
    }
}

/// The neighbour of `path` that was probably meant.
pub(crate) fn nearest_path(path: &Path, wanted: PathKind) -> Option<PathBuf> {
    let folder = path.parent()?;
    let listed = match folder.as_os_str().is_empty() {
        true => std::fs::read_dir("."),
        false => std::fs::read_dir(folder),
    };
    let mut names: Vec<String> = listed
        .ok()?
        .filter_map(Result::ok)
        .filter(|entry| wanted.fits(&entry.path()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    let got = path.file_name()?.to_str()?;
    nearest(got, names.iter().map(String::as_str)).map(|name| folder.join(name))
}

/// Reads the text of a file of settings.
///
/// # Errors
/// What to say of the file, after its name.
pub(crate) fn read_settings(path: &Path) -> Result<String, String> {
    if path.is_dir() {
        return Err("this is a folder, expected a file".to_owned());
    }
    read_text(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    })
}
