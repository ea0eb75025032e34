//! Files that are whole or not there.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::TrainError;
use super::data::hex;

/// Writes `bytes` to `path` and to the disk: a reader finds the old file or the new one.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let mut file = File::create(partial).map_err(TrainError::file(partial, "create it"))?;
    file.write_all(bytes)
        .map_err(TrainError::file(partial, "write it"))?;
    file.sync_all()
        .map_err(TrainError::file(partial, "write it to the disk"))?;
    fs::rename(partial, path).map_err(TrainError::file(path, "put it in place"))
}

/// Makes sure that what was written to `path` is on the disk.
pub(crate) fn sync(path: &Path) -> Result<(), TrainError> {
    let file = File::open(path).map_err(TrainError::file(path, "open it"))?;
    file.sync_all()
        .map_err(TrainError::file(path, "write it to the disk"))
}

/// SHA-256 of a file, in hexadecimal digits.
pub(crate) fn digest(path: &Path) -> Result<String, TrainError> {
    let mut file = File::open(path).map_err(TrainError::file(path, "open it"))?;
    let mut hash = Sha256::new();
    let mut piece = vec![0_u8; 1 << 20];
    loop {
        match file
            .read(&mut piece)
            .map_err(TrainError::file(path, "read it"))?
        {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&piece[..n]),
        }
    }
}
