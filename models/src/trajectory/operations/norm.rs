//! Layer norm.

use super::Operation;
use crate::kernels::{layer_norm, layer_norm_backward};
use crate::trajectory::program::Value;
use crate::trajectory::run::{Backward, Frame};

/// Added to variances: trajectory card, section 3.
const EPS: f32 = 1e-5;

/// The layer norm of each row.
#[derive(Debug)]
pub(in crate::trajectory) struct Norm {
    pub(in crate::trajectory) x: Value,
    pub(in crate::trajectory) weight: usize,
    pub(in crate::trajectory) bias: usize,
    pub(in crate::trajectory) kept: usize,
    pub(in crate::trajectory) out: Value,
}

impl Operation for Norm {
    fn reads(&self) -> Vec<Value> {
        vec![self.x]
    }

    fn makes(&self) -> Value {
        self.out
    }

    fn needs(&self) -> Vec<Value> {
        vec![self.x]
    }

    fn forward(&self, frame: &mut Frame<'_>) {
        let context = frame.context;
        let grid = frame.grid(self.x);
        let mut out = frame.take(self.out);
        let mut moments = frame.take_kept(self.kept, 2 * grid.rows);
        layer_norm(
            context.level,
            grid,
            EPS,
            frame.value(self.x),
            context.parameter(self.weight),
            context.parameter(self.bias),
            &mut out,
            &mut moments,
        );
        frame.put_kept(self.kept, moments);
        frame.put(self.out, out);
    }

    fn backward(&self, back: &mut Backward<'_>) {
        let Some(gradient) = back.take(self.out) else {
            return;
        };
        let context = back.frame.context;
        let grid = back.frame.grid(self.x);
        let mut target = back.sum(self.x);
        // The bias is the parameter after the weight in every layout.
        let (before, after) = back.gradients.split_at_mut(self.bias);
        layer_norm_backward(
            context.level,
            grid,
            back.frame.value(self.x),
            back.frame.kept(self.kept),
            context.parameter(self.weight),
            &gradient,
            &mut target,
            &mut before[self.weight],
            &mut after[0],
        );
        back.put(self.x, target);
        back.frame.release(gradient);
    }
}
