//! The model that many ask.

use std::path::Path;
use std::sync::Arc;

use super::error::LocalError;
use super::load::LoadedModel;
use super::memory::{MemoryEstimate, context_of};
use super::options::LocalOptions;
use super::worker::{Listener, Worker};
use crate::error::ModelError;
use crate::local::engine::{Form, Generated, GenerationError, GenerationRequest};
use crate::local::text::{Chat, ChatError, DrawKey, RenderRequest, Sampling, Tokenizer};
use crate::model::{Completion, LanguageModel};
use crate::request::{Message, ModelReply, ModelRequest, Usage};

/// Why a conversation cannot be put to a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// The model has no chat template that can be used.
    #[error("{0}")]
    NoTemplate(String),
    /// The template or the tokenizer refuses the conversation.
    #[error(transparent)]
    Chat(#[from] ChatError),
}

/// A reply that is on its way.
pub type GeneratedReply = tokio::sync::oneshot::Receiver<Result<Generated, GenerationError>>;

/// A language model on this machine.
///
/// # Determinism
/// A reply and its log-probabilities depend on the model, the request and its key alone: not on what is
/// asked at the same time or was asked before, on the order of requests, or on the number of
/// threads.
#[derive(Debug)]
pub struct LocalModel {
    name: String,
    tokenizer: Arc<Tokenizer>,
    chat: Result<Chat, String>,
    options: LocalOptions,
    memory: MemoryEstimate,
    context: usize,
    worker: Worker,
}

impl LocalModel {
    /// Loads the model at `path`, a folder as Hugging Face lays it out or a GGUF file, and starts it.
    ///
    /// # Errors
    /// [`LocalError`] when it cannot be loaded or does not fit into the memory. A missing chat
    /// template is no error until a conversation is asked.
    pub fn load(path: &Path, options: &LocalOptions) -> Result<Self, LocalError> {
        let loaded = LoadedModel::open(path, options)?;
        options.sampling.validate(loaded.config().vocab_size)?;
        let (name, tokenizer, memory) =
            (loaded.name(), Arc::clone(&loaded.tokenizer), loaded.memory);
        let context = context_of(loaded.config(), options);
        let (engine, chat) = loaded.into_engine(options)?;
        Ok(Self {
            name,
            tokenizer,
            chat: chat.map_err(|error| error.to_string()),
            options: options.clone(),
            memory,
            context,
            worker: Worker::start(engine)?,
        })
    }

    /// What it takes.
    pub fn memory(&self) -> &MemoryEstimate {
        &self.memory
    }

    /// Most tokens of a prompt with its reply.
    pub fn context(&self) -> usize {
        self.context
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Arc<Tokenizer> {
        &self.tokenizer
    }

    /// Token ids of a conversation, up to where the reply begins.
    ///
    /// # Errors
    /// What is wrong where the model has no chat template, or the template refuses.
    pub fn encode(&self, messages: &[Message]) -> Result<Vec<u32>, PromptError> {
        match &self.chat {
            Ok(chat) => Ok(chat.encode_prompt(&RenderRequest::prompt(messages))?),
            Err(why) => Err(PromptError::NoTemplate(why.clone())),
        }
    }

    /// Texts that end a reply to a conversation.
    pub fn stop_strings(&self) -> Vec<String> {
        let own = self.chat.as_ref().map_or(&[][..], Chat::stop_strings);
        own.iter().chain(&self.options.stop).cloned().collect()
    }

    /// Asks for a reply to token ids; `listener` hears its text as it comes.
    pub fn generate(
        &self,
        request: GenerationRequest,
        listener: Option<Listener>,
    ) -> GeneratedReply {
        self.worker.ask(request, listener)
    }

    fn request(&self, asked: &ModelRequest) -> Result<GenerationRequest, ModelError> {
        let prompt = self
            .encode(&asked.messages)
            .map_err(|error| ModelError::Local {
                kind: "template",
                message: error.to_string(),
                usage: Usage::default(),
            })?;
        Ok(GenerationRequest {
            prompt,
            sampling: Sampling {
                temperature: asked.temperature,
                ..self.options.sampling.clone()
            },
            max_tokens: asked.max_tokens.into(),
            stop: self.stop_strings(),
            form: match &asked.schema {
                Some(schema) => Form::JsonSchema(schema.clone()),
                None => Form::Free,
            },
            draw: DrawKey {
                seed: asked.seed,
                request: asked.key.digest(0),
            },
            logprobs: self.options.logprobs,
        })
    }
}

impl LanguageModel for LocalModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn complete<'a>(&'a self, requests: &'a [ModelRequest]) -> Completion<'a> {
        let pending: Vec<Result<GeneratedReply, ModelError>> = requests
            .iter()
            .map(|asked| Ok(self.generate(self.request(asked)?, None)))
            .collect();
        Box::pin(async move {
            let mut replies = Vec::with_capacity(pending.len());
            for pending in pending {
                let ended = match pending {
                    Err(error) => Err(error),
                    Ok(pending) => pending.await.map_or_else(
                        |_| Err(failed("engine", "the engine has ended", Usage::default())),
                        reply,
                    ),
                };
                replies.push(ended);
            }
            replies
        })
    }
}

/// A reply as a caller of models knows it: one that is cut off is none.
fn reply(ended: Result<Generated, GenerationError>) -> Result<ModelReply, ModelError> {
    let generated = ended.map_err(|error| {
        let kind = match &error {
            GenerationError::TooLong { .. } => "too_long",
            GenerationError::Grammar(_) => "unsupported_schema",
            GenerationError::Sample { .. } => "not_finite",
            _ => "engine",
        };
        failed(kind, &error.to_string(), Usage::default())
    })?;
    let usage = Usage {
        prompt_tokens: generated.prompt_tokens,
        completion_tokens: generated.tokens.len() as u64,
        ..Usage::default()
    };
    if !generated.reason.is_complete() {
        let message = format!(
            "the reply was cut off after {} tokens",
            usage.completion_tokens
        );
        return Err(failed("cut_off", &message, usage));
    }
    Ok(ModelReply {
        text: generated.text,
        usage,
        logprobs: generated.logprobs,
        ..ModelReply::default()
    })
}

fn failed(kind: &'static str, message: &str, usage: Usage) -> ModelError {
    ModelError::Local {
        kind,
        message: message.to_owned(),
        usage,
    }
}
