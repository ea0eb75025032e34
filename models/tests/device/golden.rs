//! The device's model against Hugging Face transformers.

use crate::golden_passes::{greedy_and_ragged, logits_and_losses};
use crate::models::{cache, exact};

#[test]
fn golden_device_logits_and_losses() {
    logits_and_losses(exact, cache);
}

#[test]
fn golden_device_greedy_and_ragged_batch() {
    greedy_and_ragged(exact, cache);
}
