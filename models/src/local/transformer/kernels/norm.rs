//! RMS norm over many rows.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::rows::{inverse_root, normalise, normalise_backward};
use super::slices::{slice, stored, with_values};

/// Rows of one task; partial sums over rows are made of as many.
const TASK_ROWS: usize = 64;

/// The normalised rows and `1 / sqrt(mean(row^2) + eps)` of each.
pub(super) fn forward(input: &[f32], weight: &[f32], eps: f32) -> (Vec<f32>, Vec<f32>) {
    let width = weight.len();
    let mut inverses = vec![0.0; input.len() / width];
    inverses
        .par_chunks_mut(TASK_ROWS)
        .zip(input.par_chunks(TASK_ROWS * width))
        .for_each(|(inverses, rows)| {
            for (inverse, row) in inverses.iter_mut().zip(rows.chunks_exact(width)) {
                *inverse = inverse_root(row, eps);
            }
        });
    let output = apply(input, weight, &inverses);
    (output, inverses)
}

/// The normalised rows once more, from what [`forward`] found.
pub(super) fn apply(input: &[f32], weight: &[f32], inverses: &[f32]) -> Vec<f32> {
    let width = weight.len();
    let mut output = vec![0.0; input.len()];
    output
        .par_chunks_mut(TASK_ROWS * width)
        .zip(input.par_chunks(TASK_ROWS * width))
        .zip(inverses.par_chunks(TASK_ROWS))
        .for_each(|((output, input), inverses)| {
            let rows = output
                .chunks_exact_mut(width)
                .zip(input.chunks_exact(width));
            for ((output, row), &inverse) in rows.zip(inverses) {
                normalise(output, row, inverse, weight);
            }
        });
    output
}

/// Adds the input's gradient to `input_gradient` and puts the weight's, if wanted, into
/// `weight_gradient`.
pub(super) fn backward(
    input_gradient: &mut [f32],
    weight_gradient: Option<&mut [f32]>,
    gradient: &[f32],
    input: &[f32],
    weight: &[f32],
    inverses: &[f32],
) {
    let width = weight.len();
    let partial: Vec<Vec<f32>> = input_gradient
        .par_chunks_mut(TASK_ROWS * width)
        .zip(gradient.par_chunks(TASK_ROWS * width))
        .zip(input.par_chunks(TASK_ROWS * width))
        .zip(inverses.par_chunks(TASK_ROWS))
        .map(|(((input_gradient, gradient), input), inverses)| {
            let mut sums = vec![0.0; width];
            let rows = input_gradient
                .chunks_exact_mut(width)
                .zip(gradient.chunks_exact(width))
                .zip(input.chunks_exact(width));
            for (((input_gradient, gradient), row), &inverse) in rows.zip(inverses) {
                normalise_backward(input_gradient, &mut sums, gradient, row, inverse, weight);
            }
            sums
        })
        .collect();
    let Some(weight_gradient) = weight_gradient else {
        return;
    };
    weight_gradient.fill(0.0);
    for sums in partial {
        for (total, sum) in weight_gradient.iter_mut().zip(sums) {
            *total += sum;
        }
    }
}

/// A norm's effective weight.
pub(super) fn effective(weight: &[f32], plus_one: bool) -> Vec<f32> {
    let shift = if plus_one { 1.0 } else { 0.0 };
    weight.iter().map(|w| w + shift).collect()
}

/// RMS norm of rows `[.., width]` by a weight `[width]`.
pub(in crate::local::transformer) struct NormOp {
    pub(in crate::local::transformer) eps: f32,
    pub(in crate::local::transformer) plus_one: bool,
}

impl CustomOp2 for NormOp {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(
        &self,
        input: &CpuStorage,
        input_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let values = slice(self.name(), input, input_layout)?;
        let weight = slice(self.name(), weight, weight_layout)?;
        let (output, _) = forward(values, &effective(weight, self.plus_one), self.eps);
        Ok(stored(output, input_layout.shape()))
    }

    fn bwd(
        &self,
        input: &Tensor,
        weight: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let name = self.name();
        let (dx, dw) = with_values(name, input, |x| {
            with_values(name, weight, |w| {
                with_values(name, gradient, |g| {
                    let w = effective(w, self.plus_one);
                    let inverses: Vec<f32> = x
                        .par_chunks(w.len())
                        .map(|row| inverse_root(row, self.eps))
                        .collect();
                    let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; w.len()]);
                    backward(&mut dx, Some(&mut dw), g, x, &w, &inverses);
                    Ok((dx, dw))
                })
            })
        })?;
        Ok((
            Some(Tensor::from_vec(dx, input.shape(), input.device())?),
            Some(Tensor::from_vec(dw, weight.shape(), weight.device())?),
        ))
    }
}
