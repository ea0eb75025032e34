//! D4RL: one HDF5 file of flat arrays.

use std::path::Path;

use hdf5::Group;

use super::arrays::Array;
use super::error::DataError;
use super::flat::{Flat, Loaded};
use super::hdf5_file::{dataset, flags, numbers, open};
use super::header::Header;
use super::score::published;

/// Reads a D4RL file: `observations`, `actions`, `rewards` and `terminals`, and `timeouts` and `next_observations` where
/// they are there. Where there are no timeouts, episodes have `most_steps`, 1000 in the source.
///
/// The environment is named after the file, so a file called `hopper-medium-v2.hdf5` finds its published reference.
///
/// # Errors
/// [`DataError::In`] with what is wrong: no such file, not of the format, arrays that are missing or do not fit, a number that
/// is none, no finished episode.
///
/// # Source
/// Trajectory card, sections 4.1 and 7.4.
pub fn read_d4rl(path: &Path, most_steps: usize) -> Result<Loaded, DataError> {
    let read = || {
        let file = open(path)?;
        let flat = Flat {
            observations: required(&file, "observations")?,
            actions: required(&file, "actions")?,
            rewards: required(&file, "rewards")?,
            terminals: match dataset(&file, "terminals")? {
                Some(terminals) => flags(&terminals)?,
                None => return Err(DataError::Missing { array: "terminals" }),
            },
            timeouts: dataset(&file, "timeouts")?
                .as_ref()
                .map(flags)
                .transpose()?,
            next_observations: dataset(&file, "next_observations")?
                .as_ref()
                .map(numbers)
                .transpose()?,
        };
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let header = Header {
            reference: published(&name),
            environment: name.into_owned(),
            collector: "D4RL".to_owned(),
            ..Header::default()
        };
        flat.cut(header, most_steps)
    };
    read().map_err(DataError::at(path))
}

fn required(group: &Group, array: &'static str) -> Result<Array<f64>, DataError> {
    match dataset(group, array)? {
        Some(found) => numbers(&found),
        None => Err(DataError::Missing { array }),
    }
}
