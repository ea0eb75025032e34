//! Files of a source, plain or gzipped.

use std::io::{Error, ErrorKind, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::manifest::SourceFile;

/// First bytes of a gzipped file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads a text file, gzipped or plain, with the hash and length of what lies on disk.
///
/// # Errors
/// What the system says; for bytes that are not UTF-8, the line that holds the first of them.
pub fn read_source(path: &Path) -> Result<(String, SourceFile), Error> {
    if path.is_dir() {
        let message = "this is a folder, expected a file";
        return Err(Error::new(ErrorKind::IsADirectory, message));
    }
    let stored = std::fs::read(path)?;
    let file = SourceFile {
        sha256: format!("{:x}", Sha256::digest(&stored)),
        bytes: stored.len() as u64,
        rows: 0,
    };
    let bytes = if stored.starts_with(&GZIP) {
        let mut plain = Vec::new();
        MultiGzDecoder::new(stored.as_slice()).read_to_end(&mut plain)?;
        plain
    } else {
        stored
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = error.utf8_error().valid_up_to();
        let lines = error.as_bytes()[..before].split(|byte| *byte == b'\n');
        let message = format!("line {} is not UTF-8 text", lines.count());
        Error::new(ErrorKind::InvalidData, message)
    })?;
    Ok((text, file))
}
