//! A local model as a [`LanguageModel`](crate::LanguageModel): loaded, placed on a thread of its own, asked by many.

mod error;
mod gguf;
mod load;
mod local;
mod memory;
mod options;
mod place;
mod worker;

pub use error::LocalError;
pub use load::LoadedModel;
pub use local::{GeneratedReply, LocalModel, PromptError};
pub use memory::MemoryEstimate;
pub use options::LocalOptions;
pub use place::AnyModel;
