//! From a path to a model that can be asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::LocalError;
use super::gguf::is_gguf;
use super::memory::{MemoryEstimate, context_of};
use super::options::LocalOptions;
use super::place::{AnyModel, Place, precision};
use crate::local::cpu::{CacheShape, KvCache, Scheduler, SchedulerOptions};
use crate::local::engine::{Engine, Vocabulary};
use crate::local::text::{Chat, ChatError, ChatTemplate, TemplateSource, Tokenizer};
use crate::local::transformer::{Checkpoint, FolderWeights, Generation, TransformerConfig};

/// A model with its tokenizer and chat template.
#[derive(Debug)]
pub struct LoadedModel {
    /// The weights, where they compute.
    pub model: AnyModel,
    /// The tokenizer.
    pub tokenizer: Arc<Tokenizer>,
    /// The tokenizer with the chat template; the error where the model has none.
    pub chat: Result<Chat, ChatError>,
    /// Tokens that end a reply.
    pub eos: Vec<u32>,
    /// How its authors want replies to be drawn.
    pub generation: Generation,
    /// What it takes.
    pub memory: MemoryEstimate,
    /// Hash of tokenizer and shape: what sequences of another model must not be mistaken for.
    salt: String,
    path: PathBuf,
}

impl LoadedModel {
    /// Loads the folder or the GGUF file at `path` once it is known to fit.
    ///
    /// # Errors
    /// [`LocalError`] naming the file, and the tensor or key where it is one.
    pub fn open(path: &Path, options: &LocalOptions) -> Result<Self, LocalError> {
        if path.is_dir() {
            return Self::open_folder(path, options);
        }
        if path.is_file() && is_gguf(path) {
            return Self::open_gguf(path, options);
        }
        Err(LocalError::Path {
            path: path.to_owned(),
            got: match path.is_file() {
                true => "another file",
                false => "nothing there",
            },
        })
    }

    fn open_folder(path: &Path, options: &LocalOptions) -> Result<Self, LocalError> {
        let config = Checkpoint::load_config(path)?;
        let place = Place::new(options)?;
        let element = precision(options).bytes();
        let weights = element as u64 * config.parameter_count();
        let memory = MemoryEstimate::new(&config, weights, element, place.free(), options);
        memory.check()?;
        let tokenizer = Tokenizer::from_folder(path).map_err(|source| LocalError::Tokenizer {
            path: path.to_owned(),
            source,
        })?;
        let template = template(options, path, &tokenizer);
        let generation = Checkpoint::load_generation(path)?;
        let mut weights = FolderWeights::open(path, &config)?;
        let model = place
            .build(&config, &mut weights)
            .map_err(|source| LocalError::Build {
                path: path.to_owned(),
                source: Box::new(source),
            })?;
        let eos = generation.all_eos(&config);
        Self::join(path, (model, tokenizer, template), eos, generation, memory)
    }

    pub(super) fn join(
        path: &Path,
        (model, tokenizer, template): (AnyModel, Tokenizer, Result<ChatTemplate, ChatError>),
        mut eos: Vec<u32>,
        generation: Generation,
        memory: MemoryEstimate,
    ) -> Result<Self, LocalError> {
        let tokenizer = Arc::new(tokenizer);
        let chat = template.map(|template| Chat::new(Arc::clone(&tokenizer), template));
        let named = match &chat {
            Ok(chat) => chat.stop_ids().to_vec(),
            Err(_) => tokenizer.eos_ids(),
        };
        for id in named {
            if !eos.contains(&id) {
                eos.push(id);
            }
        }
        let salt = format!("{} {}", tokenizer.hash(), model.config().to_hf());
        Ok(Self {
            model,
            tokenizer,
            chat,
            eos,
            generation,
            memory,
            salt,
            path: path.to_owned(),
        })
    }

    /// Its shape.
    pub fn config(&self) -> &TransformerConfig {
        self.model.config()
    }

    /// The name of the folder, or of the file without its ending.
    pub fn name(&self) -> String {
        let name = match self.path.is_dir() {
            true => self.path.canonicalize().ok().and_then(|path| {
                let name = path.file_name()?;
                Some(name.to_string_lossy().into_owned())
            }),
            false => self
                .path
                .file_stem()
                .map(|name| name.to_string_lossy().into_owned()),
        };
        name.unwrap_or_else(|| "model".to_owned())
    }

    /// An engine of this model, and the chat template beside it.
    ///
    /// # Errors
    /// [`LocalError`] when the tokenizer does not belong to the model, or the cache cannot be
    /// made.
    pub fn into_engine(
        self,
        options: &LocalOptions,
    ) -> Result<(Engine, Result<Chat, ChatError>), LocalError> {
        let config = self.model.config();
        let wrong = |source| LocalError::Tokenizer {
            path: self.path.clone(),
            source,
        };
        let allowed = self
            .tokenizer
            .check_vocabulary(config.vocab_size)
            .map_err(wrong)?;
        let block = options.block_tokens.max(1);
        let shape = CacheShape {
            block_size: block,
            ..CacheShape::of(config, self.memory.cache_tokens.div_ceil(block))
        };
        let context = context_of(config, options);
        let vocabulary = Vocabulary::new(&self.tokenizer, allowed, &self.eos)
            .map_err(|error| LocalError::Engine(error.to_string()))?;
        let limits = SchedulerOptions {
            max_running: options.sequences.max(1),
            token_budget: options.step_tokens.max(1),
            share_prefixes: options.prefix_sharing,
        };
        let salt = self.salt.as_bytes();
        let engine = match self.model {
            AnyModel::Cpu(model) => {
                let scheduler = Scheduler::new(KvCache::new(shape, salt)?, limits);
                Engine::new(model, scheduler, vocabulary, context)
            }
            AnyModel::Device(model) => {
                let scheduler = Scheduler::new(model.cache(shape, salt)?, limits);
                Engine::new(model, scheduler, vocabulary, context)
            }
        };
        Ok((engine, self.chat))
    }
}

/// The chat template that the options name, or the model's own.
fn template(
    options: &LocalOptions,
    folder: &Path,
    tokenizer: &Tokenizer,
) -> Result<ChatTemplate, ChatError> {
    let source = match &options.template {
        None => TemplateSource::of_folder(folder, tokenizer.config())?,
        Some(file) => TemplateSource::of_file(file)?,
    };
    ChatTemplate::new(&source, tokenizer.special())
}
