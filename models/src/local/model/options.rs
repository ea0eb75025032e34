//! How a model on this machine is run.

use std::path::PathBuf;

use crate::local::device::{ComputeDevice, Precision};
use crate::local::text::Sampling;

/// How a model on this machine is run.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalOptions {
    /// A file of the chat template, or the name of a built-in one; by default the model's own.
    pub template: Option<PathBuf>,
    /// What computes.
    pub device: ComputeDevice,
    /// The type of weights, keys and values; by default that of the device. On the processor f32 is fast
    /// and exact, and computes with quantised weights as they are; the others serve to check.
    pub dtype: Option<Precision>,
    /// Threads of the processor that compute; by default all of the machine.
    pub threads: Option<usize>,
    /// Most tokens of a prompt with its reply; by default, and at most, the model's context.
    pub context: Option<usize>,
    /// Tokens whose keys and values are held at one time; by default all that the running
    /// sequences can need, or what fits into a quarter of the device's free memory where that is less.
    pub cache_tokens: Option<usize>,
    /// Tokens of a block of the cache.
    pub block_tokens: usize,
    /// Requests that are answered at one time.
    pub sequences: usize,
    /// Tokens that one pass computes at most.
    pub step_tokens: usize,
    /// Whether requests that begin alike share the work.
    pub prefix_sharing: bool,
    /// How tokens are drawn; each request brings its own temperature.
    pub sampling: Sampling,
    /// Texts that end a reply, beside those of the model.
    pub stop: Vec<String>,
    /// Whether replies come with the log-probabilities of their tokens.
    pub logprobs: bool,
    /// Most bytes that model and cache may take; by default what is free on the device.
    pub memory_bytes: Option<u64>,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            template: None,
            device: ComputeDevice::Cpu,
            dtype: None,
            threads: None,
            context: None,
            cache_tokens: None,
            block_tokens: 16,
            sequences: 32,
            step_tokens: 256,
            prefix_sharing: true,
            sampling: Sampling::default(),
            stop: Vec::new(),
            logprobs: false,
            memory_bytes: None,
        }
    }
}
