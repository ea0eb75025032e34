//! A checkpoint in memory.

use std::path::{Path, PathBuf};

use candle_core::Device;

use super::reading::{read_json, read_parameters};
use super::{Generation, LoadError, SaveError, writing};
use crate::local::transformer::TransformerConfig;
use crate::local::transformer::parameters::Parameters;

/// Files that belong to the tokenizer, as far as a folder has them.
const TOKENIZER_FILES: [&str; 8] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "chat_template.jinja",
];

/// A model's folder: configuration, parameters, and what lies beside.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The shape of the model.
    pub config: TransformerConfig,
    /// Its parameters.
    pub parameters: Parameters,
    /// How its authors want replies to be drawn; empty without `generation_config.json`.
    pub generation: Generation,
    /// The tokenizer's files; [`save`](Self::save) copies them.
    pub tokenizer_files: Vec<PathBuf>,
}

impl Checkpoint {
    /// A checkpoint of these parameters, with the configuration's own token ids.
    pub fn new(config: TransformerConfig, parameters: Parameters) -> Self {
        let generation = Generation {
            bos: config.bos,
            eos: config.eos.clone(),
            pad: config.pad,
            ..Generation::default()
        };
        Self {
            config,
            parameters,
            generation,
            tokenizer_files: Vec::new(),
        }
    }

    /// Loads a folder into main memory: `config.json`, `model.safetensors` or the files that
    /// `model.safetensors.index.json` names (f32, f16 or bf16), `generation_config.json` if there.
    ///
    /// # Errors
    /// [`LoadError`] names the file, and the tensor where one is missing, unexpected or of another
    /// shape. Rotary frequencies and a second copy of a tied head are passed over.
    pub fn load(dir: impl AsRef<Path>) -> Result<Self, LoadError> {
        Self::load_on(dir, &Device::Cpu)
    }

    /// Loads a folder onto `device`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_on(dir: impl AsRef<Path>, device: &Device) -> Result<Self, LoadError> {
        let dir = dir.as_ref();
        let config = Self::load_config(dir)?;
        let generation = Self::load_generation(dir)?;
        let tokenizer_files = TOKENIZER_FILES
            .iter()
            .map(|name| dir.join(name))
            .filter(|path| path.is_file())
            .collect();
        let parameters = read_parameters(dir, &config, device)?;
        Ok(Self {
            config,
            parameters,
            generation,
            tokenizer_files,
        })
    }

    /// Reads only `config.json` of a folder.
    ///
    /// # Errors
    /// [`LoadError`] when there is no folder or its configuration is refused.
    pub fn load_config(dir: impl AsRef<Path>) -> Result<TransformerConfig, LoadError> {
        let dir = dir.as_ref();
        if !dir.is_dir() {
            return Err(LoadError::NoFolder {
                path: dir.to_owned(),
            });
        }
        let path = dir.join("config.json");
        TransformerConfig::from_hf(&read_json(&path)?)
            .map_err(|source| LoadError::Config { path, source })
    }

    /// Reads only `generation_config.json` of a folder, which it need not have.
    ///
    /// # Errors
    /// [`LoadError`] when it is refused.
    pub fn load_generation(dir: impl AsRef<Path>) -> Result<Generation, LoadError> {
        let path = dir.as_ref().join("generation_config.json");
        if !path.exists() {
            return Ok(Generation::default());
        }
        Generation::from_hf(&read_json(&path)?).map_err(|source| LoadError::Config { path, source })
    }

    /// Writes a folder that transformers and [`load`](Self::load) read: `config.json`,
    /// `model.safetensors` in f32, `generation_config.json` and copies of the tokenizer's files.
    ///
    /// Everything is written beside `dir` first and then put in place of it, so that no reader
    /// sees half a checkpoint; a folder of that name is replaced.
    ///
    /// # Determinism
    /// Equal checkpoints give equal bytes.
    ///
    /// # Errors
    /// [`SaveError`] names the file, or the tensor that does not fit the configuration.
    pub fn save(&self, dir: impl AsRef<Path>) -> Result<(), SaveError> {
        writing::save(self, dir.as_ref())
    }

    /// All tokens that end a text, of the configuration and of the generation settings.
    pub fn eos(&self) -> Vec<u32> {
        self.generation.all_eos(&self.config)
    }
}
