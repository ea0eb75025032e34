//! The processor's own model against Hugging Face transformers.

use crate::golden_passes::{greedy_and_ragged, logits_and_losses};
use crate::vectors::{cache, model};

#[test]
fn golden_cpu_logits_and_losses() {
    logits_and_losses(model, cache);
}

#[test]
fn golden_cpu_greedy_and_ragged_batch() {
    greedy_and_ragged(model, cache);
}
