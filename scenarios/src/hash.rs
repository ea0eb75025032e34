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

/// SHA-256 of the weights of a model and all that belongs to them: of a file, or of the names and contents of
/// all files of a folder, in order.
///
/// # Errors
/// When something cannot be read, with its path.
pub(crate) fn sha256_of_model(path: &Path) -> Result<String, (PathBuf, std::io::Error)> {
    let located = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    let stream = |path: &Path| {
        let mut hasher = Sha256::new();
        let mut file = fs::File::open(path).map_err(located(path))?;
        std::io::copy(&mut file, &mut hasher).map_err(located(path))?;
        Ok(format!("{:x}", hasher.finalize()))
    };
    if !path.is_dir() {
        return stream(path);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(located(path))? {
        let file = entry.map_err(located(path))?.path();
        if file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        let name = file.file_name().unwrap_or_default();
        hasher.update(sha256(name.as_encoded_bytes()));
        hasher.update(stream(&file)?);
    }
    Ok(format!("{:x}", hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_model_sees_every_file_and_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("config.json"), "{}").unwrap();
        fs::write(at("model.safetensors"), "weights").unwrap();
        let mut seen = vec![sha256_of_model(folder.path()).unwrap()];
        fs::write(at("model.safetensors"), "other").unwrap();
        seen.push(sha256_of_model(folder.path()).unwrap());
        fs::rename(at("model.safetensors"), at("model-1.safetensors")).unwrap();
        seen.push(sha256_of_model(folder.path()).unwrap());
        seen.push(sha256_of_model(&at("config.json")).unwrap());
        assert_eq!(seen.last(), Some(&sha256("{}")));
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count);
        assert!(sha256_of_model(&at("none")).is_err());
    }
}
