//! Content hashes.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// SHA-256 in lower-case hex.
pub(crate) fn sha256(content: impl AsRef<[u8]>) -> String {
    format!("{:x}", Sha256::digest(content))
}

/// SHA-256 of a file or, for a folder, of the names and contents of its JSON files, in order.
///
/// # Errors
/// When something cannot be read, with its path.
pub(crate) fn sha256_of(path: &Path) -> Result<String, (PathBuf, std::io::Error)> {
    let read = |path: &Path| fs::read(path).map_err(|error| (path.to_owned(), error));
    if !path.is_dir() {
        return Ok(sha256(read(path)?));
    }
    let entries = fs::read_dir(path).map_err(|error| (path.to_owned(), error))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        let name = file.file_name().unwrap_or_default();
        hasher.update(sha256(name.as_encoded_bytes()));
        hasher.update(sha256(read(&file)?));
    }
    Ok(format!("{:x}", hasher.finalize()))
}
