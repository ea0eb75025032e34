//! Writing a folder so that it is there whole or not at all.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use candle_core::Device;
use safetensors::tensor::{Dtype, View, serialize_to_file};
use serde_json::Value;

use super::fused::stored;
use super::reading::SINGLE;
use super::{Checkpoint, SaveError};
use crate::local::transformer::parameters::ParameterError;

pub(super) fn save(checkpoint: &Checkpoint, dir: &Path) -> Result<(), SaveError> {
    checkpoint.config.validate().map_err(SaveError::Config)?;
    let partial = sibling(dir, "partial");
    let replaced = sibling(dir, "replaced");
    for left in [&partial, &replaced] {
        if left.exists() {
            fs::remove_dir_all(left).map_err(unwritable(left))?;
        }
    }
    fs::create_dir_all(&partial).map_err(unwritable(&partial))?;
    let written = write_files(checkpoint, &partial);
    if let Err(error) = written {
        // What is left of a failed attempt is of no use; the first error is the one to tell.
        let _ = fs::remove_dir_all(&partial);
        return Err(error);
    }
    if dir.exists() {
        fs::rename(dir, &replaced).map_err(unwritable(dir))?;
    }
    if let Err(source) = fs::rename(&partial, dir) {
        // The old checkpoint goes back to its place; the first error is the one to tell.
        let _ = fs::rename(&replaced, dir);
        return Err(unwritable(dir)(source));
    }
    if replaced.exists() {
        fs::remove_dir_all(&replaced).map_err(unwritable(&replaced))?;
    }
    Ok(())
}

fn write_files(checkpoint: &Checkpoint, dir: &Path) -> Result<(), SaveError> {
    write_json(&dir.join("config.json"), &checkpoint.config.to_hf())?;
    write_json(
        &dir.join("generation_config.json"),
        &checkpoint.generation.to_hf(),
    )?;
    write_tensors(checkpoint, &dir.join(SINGLE))?;
    for from in &checkpoint.tokenizer_files {
        let Some(name) = from.file_name() else {
            continue;
        };
        fs::copy(from, dir.join(name)).map_err(|source| SaveError::Copy {
            path: from.clone(),
            source,
        })?;
    }
    Ok(())
}

fn write_json(path: &Path, value: &Value) -> Result<(), SaveError> {
    let text = format!("{value:#}\n");
    fs::write(path, text).map_err(unwritable(path))?;
    sync(path)
}

fn write_tensors(checkpoint: &Checkpoint, path: &Path) -> Result<(), SaveError> {
    let mut tensors = Vec::new();
    for stored in stored(&checkpoint.config) {
        let mut bytes = Vec::new();
        for (name, rows) in &stored.parts {
            let failed = |source: ParameterError| SaveError::Tensor(source);
            let mut shape = stored.shape.clone();
            shape[0] = *rows;
            let Some(var) = checkpoint.parameters.get(name) else {
                return Err(failed(ParameterError::Missing {
                    tensor: name.clone(),
                    expected: shape,
                }));
            };
            if var.dims() != shape {
                return Err(failed(ParameterError::Shape {
                    tensor: name.clone(),
                    expected: shape,
                    found: var.dims().to_vec(),
                }));
            }
            let values = var
                .to_device(&Device::Cpu)
                .and_then(|tensor| tensor.flatten_all()?.to_vec1::<f32>())
                .map_err(|source| failed(source.into()))?;
            bytes.extend(values.iter().flat_map(|x| x.to_le_bytes()));
        }
        tensors.push((
            stored.name,
            Bytes {
                shape: stored.shape,
                bytes,
            },
        ));
    }
    // transformers refuses files that do not say which library wrote their layout.
    let note = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    serialize_to_file(tensors, Some(note), path).map_err(|source| SaveError::Tensors {
        path: path.to_owned(),
        source,
    })?;
    sync(path)
}

fn sync(path: &Path) -> Result<(), SaveError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(unwritable(path))
}

fn unwritable(path: &Path) -> impl FnOnce(std::io::Error) -> SaveError {
    let path = path.to_owned();
    |source| SaveError::Write { path, source }
}

/// `.name.suffix` beside `dir`: the same file system, so that renaming is one step.
fn sibling(dir: &Path, suffix: &str) -> PathBuf {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    dir.with_file_name(format!(".{name}.{suffix}"))
}

/// The f32 values of one tensor, little-endian.
struct Bytes {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Bytes {
    fn dtype(&self) -> Dtype {
        Dtype::F32
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
