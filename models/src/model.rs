//! What a language model must do.

use std::future::Future;
use std::pin::Pin;

use crate::error::ModelError;
use crate::request::{ModelReply, ModelRequest};
use crate::spent::Spent;

/// The pending replies of a batch: one result a request, in the order of the requests.
pub type Completion<'a> =
    Pin<Box<dyn Future<Output = Vec<Result<ModelReply, ModelError>>> + Send + 'a>>;

/// A language model that answers batches.
///
/// The future runs on the thread of a [`crate::ModelServer`]; an implementation that computes for
/// long should hand the work to a thread of its own and await it there.
pub trait LanguageModel: Send + Sync {
    /// Name of the model; part of the hash of every request.
    fn name(&self) -> &str;

    /// Answers `requests`.
    ///
    /// # Shapes
    /// As many results as requests, in the same order; the server turns any other number into
    /// [`ModelError::WrongCount`] for the whole batch.
    fn complete<'a>(&'a self, requests: &'a [ModelRequest]) -> Completion<'a>;

    /// Whether the server hands out the replies of a batch last first. `false` but for models
    /// that test that results do not depend on the order of arrival.
    fn reverses_replies(&self) -> bool {
        false
    }

    /// What `request` took when it was recorded, where it will be answered from a recording and
    /// costs nothing now.
    fn recorded(&self, _request: &ModelRequest) -> Option<Spent> {
        None
    }

    /// Whether what a call costs is known. `false` for models behind servers without a price.
    fn is_priced(&self) -> bool {
        true
    }
}
