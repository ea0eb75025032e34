//! Models of a single GGUF file.

use std::path::Path;

use super::error::LocalError;
use super::load::LoadedModel;
use super::memory::MemoryEstimate;
use super::options::LocalOptions;
use super::place::{Place, precision};
use crate::local::cpu::read_gguf;
use crate::local::text::{ChatError, ChatTemplate, TemplateSource, Tokenizer};
use crate::local::transformer::Generation;

/// Whether the name of a file says that it is one.
pub(super) fn is_gguf(path: &Path) -> bool {
    let ending = path.extension();
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"))
}

impl LoadedModel {
    /// Loads the file at `path` once it is known to fit; only its keys are read before.
    pub(super) fn open_gguf(path: &Path, options: &LocalOptions) -> Result<Self, LocalError> {
        let mut gguf = read_gguf(path).map_err(|source| LocalError::Gguf {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let place = Place::new(options)?;
        let element = precision(options).bytes();
        let weights = match &place {
            Place::Cpu(_) => gguf.weights.bytes(),
            // Quantised weights are widened there.
            Place::Device(..) => element as u64 * gguf.config.parameter_count(),
        };
        let memory = MemoryEstimate::new(&gguf.config, weights, element, place.free(), options);
        memory.check()?;
        let name = path.display().to_string();
        let tokenizer = Tokenizer::from_gguf(&name, &gguf.tokenizer).map_err(|source| {
            LocalError::Tokenizer {
                path: path.to_owned(),
                source,
            }
        })?;
        let template = template(options, &tokenizer);
        let model = place
            .build(&gguf.config, &mut gguf.weights)
            .map_err(|source| LocalError::Build {
                path: path.to_owned(),
                source: Box::new(source),
            })?;
        let eos = gguf.config.eos;
        Self::join(
            path,
            (model, tokenizer, template),
            eos,
            Generation::default(),
            memory,
        )
    }
}

/// The chat template that the options name, or the file's own.
fn template(options: &LocalOptions, tokenizer: &Tokenizer) -> Result<ChatTemplate, ChatError> {
    let source = match &options.template {
        None => TemplateSource::of_config(tokenizer.config())?,
        Some(file) => TemplateSource::of_file(file)?,
    };
    ChatTemplate::new(&source, tokenizer.special())
}
