//! Models behind servers, asked over the wire. Time is simulated: no test waits.
#![cfg(feature = "openai")]
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

mod attempts;
mod faults;
mod listen;
mod server;

use std::borrow::Cow;

use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_models::openai::{Key, OpenAiFault, OpenAiModel, OpenAiOptions, Prices, Secret};
use rounds_models::{
    CallKey, CallRecord, Finished, LanguageModel, Message, ModelError, ModelReply, ModelRequest,
};

const KEY: &str = "sk-very-secret-0123456789";

pub(crate) fn options(url: &str) -> OpenAiOptions {
    let mut options = OpenAiOptions::new("gpt-4o");
    options.base_url = Some(url.to_owned());
    options.key = Key::Given(Secret::new(KEY));
    options
}

pub(crate) fn model(options: OpenAiOptions) -> OpenAiModel {
    OpenAiModel::new(options, &Prices::built_in().unwrap()).unwrap()
}

pub(crate) fn request(number: u32) -> ModelRequest {
    ModelRequest {
        key: CallKey {
            episode: EpisodeIx(1),
            agent: AgentId(2),
            round: RoundIx(3),
            purpose: Cow::Borrowed("vote"),
            number,
            attempt: 0,
        },
        messages: vec![Message::new("user", format!("question {number}"))],
        schema: None,
        temperature: 0.25,
        max_tokens: 100,
        seed: 7,
    }
}

pub(crate) type Answered = Result<ModelReply, ModelError>;

pub(crate) async fn ask(model: &OpenAiModel, number: u32) -> Answered {
    model.complete(&[request(number)]).await.remove(0)
}

/// The fault of a request that failed, and the number of its attempts.
pub(crate) fn fault(answered: Answered) -> (OpenAiFault, usize) {
    match answered {
        Err(ModelError::OpenAi(failure)) => (failure.fault, failure.earlier.len() + 1),
        other => panic!("{other:?}"),
    }
}

/// The lines that a request leaves.
pub(crate) fn lines(model: &OpenAiModel, number: u32, result: Answered) -> Vec<CallRecord> {
    let request = request(number);
    let finished = Finished {
        ticket: 0,
        request_hash: request.hash(model.name()),
        request,
        result,
        latency_ms: 1.0,
    };
    CallRecord::all(model.name(), &finished)
}
