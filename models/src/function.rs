//! A model made of a closure.

use crate::delay::Delay;
use crate::error::ModelError;
use crate::model::{Completion, LanguageModel};
use crate::request::{ModelReply, ModelRequest};

/// A model that answers each request with a function. Tokens are words, the cost is 0.
///
/// # Examples
/// ```
/// # use rounds_models::{FnModel, LanguageModel};
/// let echo = FnModel::new("echo", |request| Ok(request.messages[0].content.clone()));
/// assert_eq!(echo.name(), "echo");
/// ```
pub struct FnModel<F> {
    name: String,
    answer: F,
    delay: Delay,
    reverse: bool,
}

impl<F> FnModel<F>
where
    F: Fn(&ModelRequest) -> Result<String, ModelError> + Send + Sync,
{
    /// A model called `name` that answers with `answer` and without latency.
    pub fn new(name: impl Into<String>, answer: F) -> Self {
        Self {
            name: name.into(),
            answer,
            delay: Delay::default(),
            reverse: false,
        }
    }

    /// Gives the model a latency.
    #[must_use]
    pub fn with_delay(mut self, delay: Delay) -> Self {
        self.delay = delay;
        self
    }

    /// Lets the server hand out the replies of a batch last first.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.reverse = true;
        self
    }
}

impl<F> LanguageModel for FnModel<F>
where
    F: Fn(&ModelRequest) -> Result<String, ModelError> + Send + Sync,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn complete<'a>(&'a self, requests: &'a [ModelRequest]) -> Completion<'a> {
        Box::pin(async move {
            self.delay.wait(requests).await;
            requests
                .iter()
                .map(|request| {
                    (self.answer)(request).map(|text| ModelReply::counted(request, text))
                })
                .collect()
        })
    }

    fn reverses_replies(&self) -> bool {
        self.reverse
    }
}
