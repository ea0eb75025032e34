//! Checkpoints: folders `step-<n>` that are whole or not there.
//!
//! Each holds `parameters.safetensors` (what is trained, by name), `state.safetensors` (what
//! optimizer, objective, hooks and groups remember) and `checkpoint.json` (step, position in the
//! data, a description of the run, digests of the other two files). Random numbers need no state: their
//! streams are keyed by seed, step and position.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView, View};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::files::{digest, sync, write_whole};
use super::{ParameterSet, Position, State, TrainError, Values};

const PARAMETERS: &str = "parameters.safetensors";
const STATE: &str = "state.safetensors";
const RECORD: &str = "checkpoint.json";
const FORMAT: u32 = 1;
/// Differences told of another run's checkpoint.
const TOLD: usize = 8;

/// What `checkpoint.json` holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    format: u32,
    /// Steps done.
    pub(crate) step: u64,
    /// Where the next row is.
    pub(crate) position: Position,
    /// What the run is: two runs with the same description take the same course.
    pub(crate) run: Value,
    parameters_sha256: String,
    state_sha256: String,
}

/// States of plugins, by the part they belong to.
pub(crate) type States = BTreeMap<String, State>;

/// Writes the checkpoint of `step` into `root` and removes all but the newest `keep`.
pub(crate) fn save(
    root: &Path,
    keep: usize,
    step: u64,
    position: Position,
    run: &Value,
    parameters: &ParameterSet,
    states: &States,
) -> Result<PathBuf, TrainError> {
    let partial = root.join(".partial");
    remove(&partial)?;
    fs::create_dir_all(&partial).map_err(TrainError::file(&partial, "create it"))?;

    let path = partial.join(PARAMETERS);
    let tensors = (0..parameters.len()).map(|place| {
        (
            &parameters.names()[place],
            Kept::parameter(parameters, place),
        )
    });
    write_tensors(&path, tensors)?;
    let parameters_sha256 = digest(&path)?;

    let path = partial.join(STATE);
    let tensors = states.iter().flat_map(|(part, state)| {
        state
            .0
            .iter()
            .map(move |(key, values)| (format!("{part}/{key}"), Kept::values(values)))
    });
    write_tensors(&path, tensors)?;
    let state_sha256 = digest(&path)?;

    let record = Record {
        format: FORMAT,
        step,
        position,
        run: run.clone(),
        parameters_sha256,
        state_sha256,
    };
    let path = partial.join(RECORD);
    let text =
        serde_json::to_vec_pretty(&record).map_err(|error| TrainError::damaged(&path, error))?;
    write_whole(&path, &text)?;

    let path = root.join(format!("step-{step:010}"));
    remove(&path)?;
    fs::rename(&partial, &path).map_err(TrainError::file(&path, "put it in place"))?;
    #[cfg(unix)]
    sync(root)?;
    for (_, old) in list(root)?.into_iter().rev().skip(keep) {
        remove(&old)?;
    }
    Ok(path)
}

/// The newest checkpoint in `root` and its step.
pub(crate) fn newest(root: &Path) -> Result<Option<(u64, PathBuf)>, TrainError> {
    Ok(list(root)?.pop())
}

/// Reads the checkpoint at `path`, sets the parameters to its values and returns the rest.
pub(crate) fn load(
    path: &Path,
    run: &Value,
    parameters: &ParameterSet,
) -> Result<(Record, States), TrainError> {
    let record_path = path.join(RECORD);
    let text = fs::read(&record_path).map_err(TrainError::file(&record_path, "read it"))?;
    let record: Record =
        serde_json::from_slice(&text).map_err(|error| TrainError::damaged(&record_path, error))?;
    if record.format != FORMAT {
        return Err(TrainError::damaged(
            record_path,
            format!("expected format {FORMAT}, got {}", record.format),
        ));
    }
    let mut differences = Vec::new();
    compare("", &record.run, &reread(run), &mut differences);
    if !differences.is_empty() {
        let more = differences.len().saturating_sub(TOLD);
        differences.truncate(TOLD);
        if more > 0 {
            differences.push(format!("{more} more"));
        }
        return Err(TrainError::OtherRun {
            path: path.to_owned(),
            differences,
        });
    }

    let states_path = path.join(STATE);
    let states = read_states(&states_path, &record.state_sha256)?;
    let path = path.join(PARAMETERS);
    let bytes = read_checked(&path, &record.parameters_sha256)?;
    let tensors =
        SafeTensors::deserialize(&bytes).map_err(|error| TrainError::damaged(&path, error))?;
    for place in 0..parameters.len() {
        let name = &parameters.names()[place];
        let view = tensors
            .tensor(name)
            .map_err(|error| TrainError::damaged(&path, error))?;
        let shape = parameters.shape(place);
        if view.shape() != shape || view.dtype() != Dtype::F32 {
            let problem = format!(
                "{name}: expected f32 {shape:?}, got {:?} {:?}",
                view.dtype(),
                view.shape()
            );
            return Err(TrainError::damaged(&path, problem));
        }
        parameters.edit(place, |values| {
            for (value, bytes) in values.iter_mut().zip(view.data().as_chunks().0) {
                *value = f32::from_le_bytes(*bytes);
            }
        })?;
    }
    Ok((record, states))
}

fn read_states(path: &Path, sha256: &str) -> Result<States, TrainError> {
    let bytes = read_checked(path, sha256)?;
    let tensors =
        SafeTensors::deserialize(&bytes).map_err(|error| TrainError::damaged(path, error))?;
    let mut states = States::new();
    for (name, view) in tensors.iter() {
        let Some((part, key)) = name.split_once('/') else {
            return Err(TrainError::damaged(
                path,
                format!("{name}: expected a part and a key"),
            ));
        };
        let values =
            values(&view).map_err(|got| TrainError::damaged(path, format!("{name}: {got}")))?;
        states.entry(part.to_owned()).or_default().put(key, values);
    }
    Ok(states)
}

fn values(view: &TensorView<'_>) -> Result<Values, String> {
    let data = view.data();
    let eight = || data.as_chunks::<8>().0.iter().copied();
    match view.dtype() {
        Dtype::F32 => Ok(Values::F32(
            data.as_chunks()
                .0
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect(),
        )),
        Dtype::F64 => Ok(Values::F64(eight().map(f64::from_le_bytes).collect())),
        Dtype::U64 => Ok(Values::U64(eight().map(u64::from_le_bytes).collect())),
        got => Err(format!("expected f32, f64 or u64, got {got:?}")),
    }
}

/// A tensor to be written; its bytes are made when their turn comes.
struct Kept<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    from: From<'a>,
}

enum From<'a> {
    Parameter(&'a ParameterSet, usize),
    Values(&'a Values),
}

impl<'a> Kept<'a> {
    fn parameter(parameters: &'a ParameterSet, place: usize) -> Self {
        let shape = parameters.shape(place).to_vec();
        Self {
            dtype: Dtype::F32,
            shape,
            from: From::Parameter(parameters, place),
        }
    }

    fn values(values: &'a Values) -> Self {
        let (dtype, len) = match values {
            Values::F32(v) => (Dtype::F32, v.len()),
            Values::F64(v) => (Dtype::F64, v.len()),
            Values::U64(v) => (Dtype::U64, v.len()),
        };
        Self {
            dtype,
            shape: vec![len],
            from: From::Values(values),
        }
    }
}

impl View for Kept<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(match self.from {
            From::Parameter(parameters, place) => parameters
                .read(place, |values| bytes_of(values, f32::to_le_bytes))
                .expect("a parameter set holds contiguous f32 tensors on the cpu"),
            From::Values(Values::F32(values)) => bytes_of(values, f32::to_le_bytes),
            From::Values(Values::F64(values)) => bytes_of(values, f64::to_le_bytes),
            From::Values(Values::U64(values)) => bytes_of(values, u64::to_le_bytes),
        })
    }

    fn data_len(&self) -> usize {
        let width = if self.dtype == Dtype::F32 { 4 } else { 8 };
        self.shape.iter().product::<usize>() * width
    }
}

fn bytes_of<T: Copy, const N: usize>(values: &[T], bytes: fn(T) -> [u8; N]) -> Vec<u8> {
    let mut out = vec![0; values.len() * N];
    for (out, value) in out.as_chunks_mut::<N>().0.iter_mut().zip(values) {
        *out = bytes(*value);
    }
    out
}

fn write_tensors<'a, S: AsRef<str> + Ord + std::fmt::Display>(
    path: &Path,
    tensors: impl IntoIterator<Item = (S, Kept<'a>)>,
) -> Result<(), TrainError> {
    safetensors::serialize_to_file(tensors, None, path)
        .map_err(|error| TrainError::damaged(path, error))?;
    sync(path)
}

fn read_checked(path: &Path, sha256: &str) -> Result<Vec<u8>, TrainError> {
    if digest(path)? != sha256 {
        return Err(TrainError::damaged(
            path,
            "its digest is not that of the checkpoint",
        ));
    }
    fs::read(path).map_err(TrainError::file(path, "read it"))
}

fn remove(path: &Path) -> Result<(), TrainError> {
    if path.exists() {
        fs::remove_dir_all(path).map_err(TrainError::file(path, "remove it"))?;
    }
    Ok(())
}

/// Checkpoints in `root`, oldest first.
fn list(root: &Path) -> Result<Vec<(u64, PathBuf)>, TrainError> {
    if !root.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(root).map_err(TrainError::file(root, "list it"))? {
        let path = entry.map_err(TrainError::file(root, "list it"))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(step) = name
            .and_then(|name| name.strip_prefix("step-"))
            .and_then(|step| step.parse().ok())
        {
            found.push((step, path));
        }
    }
    found.sort();
    Ok(found)
}

/// `value` as it comes out of a file: numbers are compared after the same reading.
fn reread(value: &Value) -> Value {
    serde_json::from_str(&value.to_string()).unwrap_or(Value::Null)
}

/// Adds a sentence for every key whose value differs.
fn compare(key: &str, there: &Value, here: &Value, differences: &mut Vec<String>) {
    if let (Value::Object(there), Value::Object(here)) = (there, here) {
        let keys: std::collections::BTreeSet<&String> = there.keys().chain(here.keys()).collect();
        for name in keys {
            let key = if key.is_empty() {
                name.clone()
            } else {
                format!("{key}.{name}")
            };
            let of = |map: &serde_json::Map<String, Value>| {
                map.get(name).cloned().unwrap_or(Value::Null)
            };
            compare(&key, &of(there), &of(here), differences);
        }
    } else if there != here {
        let short = |value: &Value| {
            let text = if value.is_null() {
                "nothing".to_owned()
            } else {
                value.to_string()
            };
            if text.chars().count() > 80 {
                text.chars().take(77).chain("...".chars()).collect()
            } else {
                text
            }
        };
        differences.push(format!(
            "{key} is {} there and {} here",
            short(there),
            short(here)
        ));
    }
}
