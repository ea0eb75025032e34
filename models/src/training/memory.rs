//! Whether a run fits into memory, asked before it starts.

use super::TrainError;
use crate::memory::available;

/// What a run needs beside the model's parameters, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    /// Trained values.
    pub(crate) trained: u64,
    /// Values of the largest parameter.
    pub(crate) largest: u64,
    /// Numbers of the optimizer per value.
    pub(crate) slots: u64,
    /// Peak of a forward and backward pass.
    pub(crate) activations: u64,
    /// Micro-batches at work at a time.
    pub(crate) at_a_time: u64,
}

impl Need {
    /// Refuses a run that needs more than `limit`, or than the machine has free where there is none.
    pub(crate) fn check(self, limit: Option<u64>) -> Result<(), TrainError> {
        let values = self.trained.saturating_mul(4);
        // The sum over micro-batches, the gradients of the micro-batches at work, and steps on the
        // way to the largest of them.
        let gradients = values
            .saturating_add(self.largest.saturating_mul(4))
            .saturating_mul(1 + self.at_a_time);
        let activations = self.activations.saturating_mul(self.at_a_time);
        let optimizer = values.saturating_mul(self.slots);
        let needed = gradients
            .saturating_add(optimizer)
            .saturating_add(activations);
        match limit.or_else(available) {
            Some(available) if needed > available => Err(TrainError::Memory {
                needed_bytes: needed,
                parts: format!(
                    "gradients {gradients}, optimizer {optimizer}, activations {activations}"
                ),
                available_bytes: available,
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_does_not_fit_is_refused_with_the_figures() {
        let need = Need {
            trained: 1000,
            largest: 0,
            slots: 2,
            activations: 500,
            at_a_time: 1,
        };
        need.check(Some(16_500)).unwrap();
        let told = need.check(Some(16_499)).unwrap_err().to_string();
        assert!(
            told.contains("about 16500 bytes (gradients 8000, optimizer 8000, activations 500)"),
            "{told}"
        );
    }
}
