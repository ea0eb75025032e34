//! The project's own format: a safetensors file whose header says where the data come from.
//!
//! Arrays `observations`, `actions`, `rewards`, `terminals`, `timeouts`, and `last_observations` where they are known, as
//! in D4RL but for the last, which holds of the following observations those alone that are not there anyway. Numbers are in
//! single precision where that loses nothing, else in double precision. The entry `rounds` of the file's metadata is JSON:
//! schema, header, number of episodes and the return of each.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, View};
use serde::{Deserialize, Serialize};

use super::arrays::Array;
use super::error::DataError;
use super::flat::{Flat, Loaded};
use super::header::Header;
use super::trajectories::{End, Trajectories};

/// What the metadata of a file says it is.
const SCHEMA: &str = "rounds.trajectories/1";
/// Name of the entry of the metadata.
const ENTRY: &str = "rounds";
/// Returns may differ from the file's by this share, for sums are made in other orders by other programs.
const TOLERANCE: f64 = 1e-6;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    schema: String,
    header: Header,
    episodes: usize,
    returns: Vec<f64>,
}

/// An array on its way into a file.
struct Kept {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Kept {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

fn numbers(shape: Vec<usize>, numbers: &[f64]) -> Kept {
    let exact = |number: &f64| f64::from(*number as f32) == *number;
    let (dtype, bytes) = match numbers.iter().all(exact) {
        true => {
            let bytes = numbers.iter().flat_map(|n| (*n as f32).to_le_bytes());
            (Dtype::F32, bytes.collect())
        }
        false => (
            Dtype::F64,
            numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        ),
    };
    Kept {
        dtype,
        shape,
        bytes,
    }
}

/// For each step whether its episode ends there in this way.
fn flags(data: &Trajectories, end: End) -> Kept {
    let mut bytes = vec![0; data.steps()];
    let mut stop = 0;
    for episode in data.iter() {
        stop += episode.steps();
        bytes[stop - 1] = u8::from(episode.end == end);
    }
    Kept {
        dtype: Dtype::BOOL,
        shape: vec![data.steps()],
        bytes,
    }
}

/// Writes a data set. A file that was there is replaced once the new one is whole.
///
/// # Errors
/// [`DataError::In`] with what went wrong.
pub fn write(path: &Path, data: &Trajectories) -> Result<(), DataError> {
    let metadata = Metadata {
        schema: SCHEMA.to_owned(),
        header: data.header().clone(),
        episodes: data.episodes(),
        returns: data.returns(),
    };
    let (steps, observation) = (data.steps(), data.observation_size());
    let mut tensors = vec![
        (
            "observations",
            numbers(vec![steps, observation], data.observations()),
        ),
        (
            "actions",
            numbers(vec![steps, data.action_size()], data.actions()),
        ),
        ("rewards", numbers(vec![steps], data.rewards())),
        ("terminals", flags(data, End::Terminal)),
        ("timeouts", flags(data, End::Timeout)),
    ];
    if let Some(last) = data.last_observations() {
        let shape = vec![data.episodes(), observation];
        tensors.push(("last_observations", numbers(shape, last)));
    }
    let written = serde_json::to_string(&metadata)
        .map_err(|error| DataError::Format(error.to_string()))
        .and_then(|metadata| {
            let metadata = HashMap::from([(ENTRY.to_owned(), metadata)]);
            safetensors::serialize_to_file(tensors, Some(metadata), path).map_err(fault)
        });
    written.map_err(DataError::at(path))
}

/// Reads a data set.
///
/// # Errors
/// [`DataError::In`] with what is wrong: no such file, not of the format, arrays that are missing or do not fit, a number that
/// is none, returns that are not those that the file names, no episode.
pub fn read(path: &Path) -> Result<Loaded, DataError> {
    let read = || {
        let bytes = fs::read(path)?;
        let (_, described) = SafeTensors::read_metadata(&bytes).map_err(fault)?;
        let entry = described.metadata().as_ref().and_then(|all| all.get(ENTRY));
        let Some(entry) = entry else {
            let why = format!("expected an entry {ENTRY:?} in the metadata, found none");
            return Err(DataError::Format(why));
        };
        let metadata: Metadata = serde_json::from_str(entry)
            .map_err(|error| DataError::Format(format!("metadata {ENTRY:?}: {error}")))?;
        if metadata.schema != SCHEMA {
            let got = metadata.schema;
            let why = format!("expected the schema {SCHEMA:?}, got {got:?}");
            return Err(DataError::Format(why));
        }
        arrays(&SafeTensors::deserialize(&bytes).map_err(fault)?, metadata)
    };
    read().map_err(DataError::at(path))
}

fn fault(error: safetensors::SafeTensorError) -> DataError {
    match error {
        safetensors::SafeTensorError::IoError(error) => DataError::Io(error),
        other => DataError::Format(format!("not a safetensors file: {other}")),
    }
}

fn arrays(file: &SafeTensors<'_>, metadata: Metadata) -> Result<Loaded, DataError> {
    let flat = Flat {
        observations: numbers_of(file, "observations")?,
        actions: numbers_of(file, "actions")?,
        rewards: numbers_of(file, "rewards")?,
        terminals: flags_of(file, "terminals")?,
        timeouts: Some(flags_of(file, "timeouts")?),
        next_observations: None,
    };
    let mut loaded = flat.cut(metadata.header, usize::MAX)?;
    if file.names().contains(&"last_observations") {
        let last = numbers_of(file, "last_observations")?;
        loaded.data = loaded.data.with_last(last)?;
    }
    let returns = loaded.data.returns();
    let same = |(got, named): (&f64, &f64)| (got - named).abs() <= TOLERANCE * (1.0 + named.abs());
    let whole = metadata.episodes == returns.len() && metadata.returns.len() == returns.len();
    if !whole || !returns.iter().zip(&metadata.returns).all(same) {
        let why = "expected the episodes and returns that the metadata names, got others";
        return Err(DataError::Format(why.to_owned()));
    }
    Ok(loaded)
}

fn tensor<'a>(file: &SafeTensors<'a>, array: &'static str) -> Result<TensorView<'a>, DataError> {
    let found = file.tensor(array);
    found.map_err(|_| DataError::Missing { array })
}

fn numbers_of(file: &SafeTensors<'_>, array: &'static str) -> Result<Array<f64>, DataError> {
    let tensor = tensor(file, array)?;
    let bytes = tensor.data();
    let items = match tensor.dtype() {
        Dtype::F32 => {
            let each = bytes.as_chunks::<4>().0.iter();
            each.map(|b| f64::from(f32::from_le_bytes(*b))).collect()
        }
        Dtype::F64 => {
            let each = bytes.as_chunks::<8>().0.iter();
            each.map(|b| f64::from_le_bytes(*b)).collect()
        }
        other => {
            let why = format!("array {array}: expected f32 or f64, got {other:?}");
            return Err(DataError::Format(why));
        }
    };
    Ok(Array {
        shape: tensor.shape().to_vec(),
        items,
    })
}

fn flags_of(file: &SafeTensors<'_>, array: &'static str) -> Result<Array<bool>, DataError> {
    let tensor = tensor(file, array)?;
    if !matches!(tensor.dtype(), Dtype::BOOL | Dtype::U8) {
        let got = tensor.dtype();
        let why = format!("array {array}: expected bool or u8, got {got:?}");
        return Err(DataError::Format(why));
    }
    Ok(Array {
        shape: tensor.shape().to_vec(),
        items: tensor.data().iter().map(|flag| *flag != 0).collect(),
    })
}

#[cfg(test)]
#[path = "native_tests.rs"]
mod tests;
