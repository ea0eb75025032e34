//! Reading safetensors files tensor by tensor.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde_json::Value;

use super::LoadError;
use super::fused::{Stored, stored};
use crate::local::transformer::TransformerConfig;
use crate::local::transformer::parameters::{ParameterError, Parameters};

pub(super) const SINGLE: &str = "model.safetensors";
pub(super) const INDEX: &str = "model.safetensors.index.json";

/// No header is larger: 100 MB, the limit of the format's own crate.
const LARGEST_HEADER: u64 = 100_000_000;

/// Reads a whole small file.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(|source| unreadable(path, source))
}

pub(super) fn read_json(path: &Path) -> Result<Value, LoadError> {
    let bytes = read_bytes(path)?;
    serde_json::from_slice(&bytes).map_err(|error| LoadError::Malformed {
        path: path.to_owned(),
        expected: "JSON".to_owned(),
        found: error.to_string(),
    })
}

fn unreadable(path: &Path, source: std::io::Error) -> LoadError {
    if source.kind() == std::io::ErrorKind::NotFound {
        LoadError::NoFile {
            path: path.to_owned(),
        }
    } else {
        LoadError::Read {
            path: path.to_owned(),
            source,
        }
    }
}

/// The safetensors files of a folder.
pub(super) struct Folder {
    dir: PathBuf,
    shards: Vec<Shard>,
    /// Tensors that nobody has claimed yet, with the numbers of their files.
    found: HashMap<String, usize>,
}

impl Folder {
    pub(super) fn open(dir: &Path) -> Result<Self, LoadError> {
        let mut shards = Vec::new();
        for path in shard_paths(dir)? {
            shards.push(Shard::open(path)?);
        }
        let mut found = HashMap::new();
        for (ix, shard) in shards.iter().enumerate() {
            for name in shard.metadata.offset_keys() {
                found.insert(name, ix);
            }
        }
        Ok(Self {
            dir: dir.to_owned(),
            shards,
            found,
        })
    }

    /// The number of the file that holds a tensor.
    pub(super) fn claim(&mut self, stored: &Stored) -> Result<usize, LoadError> {
        self.found.remove(&stored.name).ok_or_else(|| {
            self.failed(ParameterError::Missing {
                tensor: stored.name.clone(),
                expected: stored.shape.clone(),
            })
        })
    }

    /// A tensor of file number `ix`, in f32 in main memory.
    pub(super) fn read(&mut self, stored: &Stored, ix: usize) -> Result<Tensor, LoadError> {
        self.shards[ix].read(&stored.name, &stored.shape)
    }

    /// Refuses tensors that nobody has claimed.
    pub(super) fn finish(&mut self, config: &TransformerConfig) -> Result<(), LoadError> {
        // Old files carry the rotary frequencies, and some store a tied head twice.
        self.found.retain(|name, _| {
            !(name.ends_with("rotary_emb.inv_freq")
                || (config.tied_head && name == "lm_head.weight"))
        });
        match std::mem::take(&mut self.found).into_iter().min() {
            None => Ok(()),
            Some((tensor, ix)) => Err(LoadError::Tensor {
                path: self.shards[ix].path.clone(),
                source: ParameterError::Unexpected { tensor },
            }),
        }
    }

    pub(super) fn failed(&self, source: ParameterError) -> LoadError {
        LoadError::Tensor {
            path: self.dir.clone(),
            source,
        }
    }
}

/// Reads all parameters of `config` from the safetensors files of `dir`.
pub(super) fn read_parameters(
    dir: &Path,
    config: &TransformerConfig,
    device: &Device,
) -> Result<Parameters, LoadError> {
    let mut folder = Folder::open(dir)?;
    let mut tensors = HashMap::new();
    for stored in stored(config) {
        let ix = folder.claim(&stored)?;
        let whole = folder.read(&stored, ix)?;
        let mut start = 0;
        for (name, rows) in stored.parts {
            let part = whole
                .narrow(0, start, rows)
                .map_err(|source| folder.failed(source.into()))?;
            start += rows;
            tensors.insert(name, part);
        }
    }
    folder.finish(config)?;
    Parameters::from_tensors(config, tensors, device).map_err(|source| folder.failed(source))
}

/// The one file, or the files that the index names.
fn shard_paths(dir: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let single = dir.join(SINGLE);
    let index = dir.join(INDEX);
    if single.exists() || !index.exists() {
        return Ok(vec![single]);
    }
    let json = read_json(&index)?;
    let malformed = |found: &Value| LoadError::Malformed {
        path: index.clone(),
        expected: "an object `weight_map` from tensor names to file names".to_owned(),
        found: crate::local::transformer::config::fields::shortened(found),
    };
    let Some(map) = json.get("weight_map").and_then(Value::as_object) else {
        return Err(malformed(json.get("weight_map").unwrap_or(&Value::Null)));
    };
    let mut files = BTreeMap::new();
    for file in map.values() {
        // A name with a folder in it could lead out of the checkpoint.
        let name = file.as_str().filter(|name| !name.contains(['/', '\\']));
        let name = name.ok_or_else(|| malformed(file))?;
        files.insert(name.to_owned(), dir.join(name));
    }
    if files.is_empty() {
        return Err(malformed(&json["weight_map"]));
    }
    Ok(files.into_values().collect())
}

/// One safetensors file.
struct Shard {
    path: PathBuf,
    file: File,
    metadata: Metadata,
    /// Where the tensors begin, in bytes.
    start: u64,
}

impl Shard {
    fn open(path: PathBuf) -> Result<Self, LoadError> {
        let mut file = File::open(&path).map_err(|source| unreadable(&path, source))?;
        let length = file
            .metadata()
            .map_err(|source| unreadable(&path, source))?
            .len();
        let malformed = |expected: String, found: String| LoadError::Malformed {
            path: path.clone(),
            expected,
            found,
        };
        if length < 8 {
            return Err(malformed(
                "a safetensors file of at least 8 bytes".to_owned(),
                format!("{length} bytes"),
            ));
        }
        let mut size = [0; 8];
        file.read_exact(&mut size)
            .map_err(|source| unreadable(&path, source))?;
        let size = u64::from_le_bytes(size);
        if size > LARGEST_HEADER || size > length - 8 {
            return Err(malformed(
                format!("a safetensors header of at most {} bytes", length - 8),
                format!("one of {size} bytes"),
            ));
        }
        let mut header = vec![0; size as usize];
        file.read_exact(&mut header)
            .map_err(|source| unreadable(&path, source))?;
        let metadata: Metadata = serde_json::from_slice(&header)
            .map_err(|error| malformed("a safetensors header".to_owned(), error.to_string()))?;
        let start = 8 + size;
        let expected = start.saturating_add(metadata.data_len() as u64);
        if expected != length {
            return Err(malformed(
                format!("{expected} bytes, as its header says"),
                format!("{length} bytes"),
            ));
        }
        Ok(Self {
            path,
            file,
            metadata,
            start,
        })
    }

    fn read(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, LoadError> {
        let Some(info) = self.metadata.info(name).cloned() else {
            return Err(self.failed(ParameterError::Missing {
                tensor: name.to_owned(),
                expected: shape.to_vec(),
            }));
        };
        if info.shape != shape {
            return Err(self.failed(ParameterError::Shape {
                tensor: name.to_owned(),
                expected: shape.to_vec(),
                found: info.shape,
            }));
        }
        let dtype = self.dtype(name, &info)?;
        let (from, to) = info.data_offsets;
        let mut bytes = vec![0; to - from];
        self.file
            .seek(SeekFrom::Start(self.start + from as u64))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|source| unreadable(&self.path, source))?;
        Tensor::from_raw_buffer(&bytes, dtype, shape, &Device::Cpu)
            .and_then(|tensor| tensor.to_dtype(DType::F32))
            .map_err(|source| self.failed(source.into()))
    }

    fn dtype(&self, name: &str, info: &TensorInfo) -> Result<DType, LoadError> {
        match info.dtype {
            Dtype::F32 => Ok(DType::F32),
            Dtype::F16 => Ok(DType::F16),
            Dtype::BF16 => Ok(DType::BF16),
            other => Err(LoadError::Malformed {
                path: self.path.clone(),
                expected: format!("tensor `{name}` in F32, F16 or BF16"),
                found: other.to_string(),
            }),
        }
    }

    fn failed(&self, source: ParameterError) -> LoadError {
        LoadError::Tensor {
            path: self.path.clone(),
            source,
        }
    }
}
