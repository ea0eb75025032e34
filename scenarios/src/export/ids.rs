//! Ids of logs and samples: hashes of what they stand for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use sha2::{Digest, Sha256};

use super::gate::Gate;
use crate::compare::{Part, Side};
use crate::hash::sha256;
use crate::run::{EpisodeRow, RunDirectory, RunError};

/// Length of an id; Inspect's own have as many characters.
const LENGTH: usize = 22;

/// The id of something by its parts.
pub(super) fn id(parts: &[&str]) -> String {
    // `Debug` puts quotes around each part, so that text cannot slide between them.
    let mut id = sha256(format!("{parts:?}"));
    id.truncate(LENGTH);
    id
}

/// The id of a log: of the settings, the seeds and everything that happened, so that two runs of
/// a model that answers differently are two logs.
///
/// # Errors
/// [`RunError`] when a log of events cannot be read.
pub(super) fn log_id(side: &Side) -> Result<String, RunError> {
    let mut parts = vec!["log".to_owned(), side.arm.clone()];
    for part in &side.parts {
        parts.push(part.manifest.hash.clone());
        parts.push(part.manifest.seed.to_string());
        parts.push(hash_of_events(part)?);
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    Ok(id(&parts))
}

fn hash_of_events(part: &Part) -> Result<String, RunError> {
    let path = part.folder.join(RunDirectory::EVENTS);
    let mut file = File::open(&path).map_err(RunError::file(&path, "cannot be read"))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file
            .read(&mut buffer)
            .map_err(RunError::file(&path, "cannot be read"))?;
        if read == 0 {
            return Ok(format!("{:x}", hasher.finalize()));
        }
        hasher.update(&buffer[..read]);
    }
}

/// Names samples: the case is the sample, its repeats are the epochs.
#[derive(Debug, Default)]
pub(super) struct SampleNames {
    /// Number of the case and repeats so far, by its key.
    seen: BTreeMap<String, (usize, u32)>,
}

impl SampleNames {
    /// Id and epoch, from 1, of the next episode. The name of a restricted case is its number.
    pub(super) fn next(
        &mut self,
        side: &Side,
        part: &Part,
        row: &EpisodeRow,
        gate: Gate,
    ) -> (String, u32) {
        // Another seed draws other patients under the same names.
        let key = match side.parts.len() > 1 && side.draws_cases() {
            true => format!("seed {}, {}", part.manifest.seed, row.case),
            false => row.case.clone(),
        };
        let number = self.seen.len() + 1;
        let (number, epoch) = self.seen.entry(key.clone()).or_insert((number, 0));
        *epoch += 1;
        let name = match gate {
            Gate::Open => key,
            Gate::Closed => format!("case {number}"),
        };
        (name, *epoch)
    }
}
