//! Limits of a scheduler, and what it counts.

/// Limits of a [`Scheduler`](super::Scheduler).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchedulerOptions {
    /// Tokens of one pass. Decoding sequences come first; what they leave goes to prompts, at
    /// least one token.
    pub token_budget: usize,
    /// Most sequences that hold blocks at once.
    pub max_running: usize,
    /// Whether prompts share the blocks of equal beginnings.
    pub share_prefixes: bool,
}

impl Default for SchedulerOptions {
    fn default() -> Self {
        Self {
            token_budget: 256,
            max_running: 64,
            share_prefixes: true,
        }
    }
}

/// What a scheduler has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SchedulerCounters {
    /// Passes.
    pub steps: u64,
    /// Tokens that went through the model.
    pub tokens: u64,
    /// Sequences that had to give their blocks to older ones.
    pub preemptions: u64,
}
