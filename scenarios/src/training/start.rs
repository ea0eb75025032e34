//! A new tokenizer and a new model.

use std::sync::Arc;

use rounds_models::local::Device;
use rounds_models::local::text::{
    BpeTraining, Chat, ChatTemplate, TemplateSource, TokenSpan, Tokenizer,
};
use rounds_models::local::transformer::{Checkpoint, Initial, Parameters, TransformerConfig};

use super::corpus::{Corpus, Example};
use crate::run::RunError;
use crate::schema::{NewModelSpec, TokensWithin};

/// Texts from which the tokenizer is learnt, at most: more change it little.
const TOKENIZER_TEXTS: usize = 20_000;

/// Learns a tokenizer from the texts, with the template `chatml`.
///
/// # Errors
/// [`RunError`] when the vocabulary cannot be learnt.
pub(super) fn new_chat(sizes: &NewModelSpec, corpus: &Corpus) -> Result<Chat, RunError> {
    let wrong = |error: &dyn std::fmt::Display| RunError::Input(error.to_string());
    let training = BpeTraining {
        vocab_size: sizes.vocabulary as usize,
        span: match sizes.tokens {
            TokensWithin::Words => TokenSpan::Word,
            TokensWithin::Phrases => TokenSpan::Phrase,
        },
        ..BpeTraining::default()
    };
    // Spread over all, since examples of one visit stand together.
    let stride = corpus.examples.len().div_ceil(TOKENIZER_TEXTS).max(1);
    let texts = corpus.examples.iter().step_by(stride).flat_map(texts_of);
    let texts: Vec<&str> = texts.collect();
    let tokenizer: Tokenizer = training.train(texts).map_err(|e| wrong(&e))?;
    let source = TemplateSource::of_builtin("chatml").map_err(|e| wrong(&e))?;
    let template = ChatTemplate::new(&source, tokenizer.special()).map_err(|e| wrong(&e))?;
    Ok(Chat::new(Arc::new(tokenizer), template))
}

fn texts_of(example: &Example) -> Vec<&str> {
    match example {
        Example::Conversation { messages, .. } => messages
            .iter()
            .map(|message| message.content.as_str())
            .collect(),
        Example::Text { text, .. } => vec![text.as_str()],
    }
}

/// A model of these sizes with random parameters.
///
/// # Errors
/// [`RunError`] when the sizes do not fit together.
pub(super) fn new_model(
    sizes: &NewModelSpec,
    chat: &Chat,
    seed: u64,
) -> Result<Checkpoint, RunError> {
    let wrong = |error: &dyn std::fmt::Display| RunError::Input(error.to_string());
    let special = chat.tokenizer().special();
    let config = TransformerConfig {
        bos: special.bos.as_ref().map(|token| token.id),
        eos: chat.stop_ids().to_vec(),
        pad: special.pad.as_ref().map(|token| token.id),
        ..TransformerConfig::llama(
            chat.tokenizer().vocab_size(),
            sizes.hidden as usize,
            sizes.intermediate as usize,
            sizes.layers as usize,
            sizes.heads as usize,
            sizes.kv_heads as usize,
            sizes.context as usize,
        )
    };
    config.validate().map_err(|e| wrong(&e))?;
    let initial = Initial {
        scale_residual: true,
        ..Initial::default()
    };
    let device = Device::Cpu;
    let parameters = Parameters::random(&config, seed, initial, &device).map_err(|e| wrong(&e))?;
    Ok(Checkpoint::new(config, parameters))
}
