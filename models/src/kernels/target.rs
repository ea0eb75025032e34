//! Where products go, and how threads split them.

use super::lanes::LANES;
use super::threads::{Shared, Threads};

/// Rows that a product writes into: its outputs are those from `column` on.
pub(crate) struct Target<'a> {
    /// `[rows, stride]`.
    pub(crate) out: &'a mut [f32],
    /// Width of the rows.
    pub(crate) stride: usize,
    /// The first output's place in a row.
    pub(crate) column: usize,
}

impl<'a> Target<'a> {
    /// Rows of as many outputs as the product has.
    pub(crate) fn whole(out: &'a mut [f32], outputs: usize) -> Self {
        Self {
            out,
            stride: outputs,
            column: 0,
        }
    }

    /// The number of rows of `x`, each `inner` wide, for a product of `outputs` outputs.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub(crate) fn rows(&self, x: &[f32], inner: usize, outputs: usize) -> usize {
        let rows = x.len() / inner;
        assert_eq!(x.len(), rows * inner, "the width of the rows");
        assert_eq!(self.out.len(), rows * self.stride, "the outputs' shape");
        assert!(self.column + outputs <= self.stride, "the outputs' width");
        rows
    }

    /// Runs `work` on strips of at most `strip` panels of 16 outputs, given the first panel, their number and
    /// the first row's place of the first output.
    pub(crate) fn for_each_strip(
        self,
        outputs: usize,
        strip: usize,
        threads: &Threads,
        work: impl Fn(usize, usize, *mut f32) + Send + Sync,
    ) {
        let panels = outputs.div_ceil(LANES);
        let to = Shared::new(self.out);
        threads.for_each(panels.div_ceil(strip), |task| {
            let first = task * strip;
            let place = to.get().wrapping_add(self.column + first * LANES);
            work(first, strip.min(panels - first), place);
        });
    }
}
