//! Hugging Face folders: `config.json`, `model.safetensors` in one or many files, and what lies beside.

mod error;
mod folder;
mod fused;
mod generation;
mod reading;
mod weights;
mod writing;

pub use error::{LoadError, SaveError};
pub use folder::Checkpoint;
pub use generation::Generation;
pub use weights::FolderWeights;
