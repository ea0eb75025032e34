//! The gate of the feed-forward block over many numbers.

use rayon::prelude::*;

use super::rows::{add, gelu_gate, gelu_gate_backward, silu_gate, silu_gate_backward};
use crate::local::transformer::Activation;

/// Numbers of one task in element-wise work.
const TASK_NUMBERS: usize = 1 << 14;

/// Whether there is a fused form of this activation; the others below take it for SiLU.
pub(in crate::local::transformer) fn covers(activation: Activation) -> bool {
    matches!(activation, Activation::Silu | Activation::GeluTanh)
}

/// `activation(gate) * up`.
pub(super) fn gate(activation: Activation, gate: &[f32], up: &[f32]) -> Vec<f32> {
    let mut output = vec![0.0; gate.len()];
    output
        .par_chunks_mut(TASK_NUMBERS)
        .zip(gate.par_chunks(TASK_NUMBERS))
        .zip(up.par_chunks(TASK_NUMBERS))
        .for_each(|((output, gate), up)| match activation {
            Activation::GeluTanh => gelu_gate(output, gate, up),
            _ => silu_gate(output, gate, up),
        });
    output
}

/// Replaces `gate` and `up` by their gradients.
pub(super) fn gate_backward(
    activation: Activation,
    gradient: &[f32],
    gate: &mut [f32],
    up: &mut [f32],
) {
    gate.par_chunks_mut(TASK_NUMBERS)
        .zip(up.par_chunks_mut(TASK_NUMBERS))
        .zip(gradient.par_chunks(TASK_NUMBERS))
        .for_each(|((gate, up), gradient)| match activation {
            Activation::GeluTanh => gelu_gate_backward(gradient, gate, up),
            _ => silu_gate_backward(gradient, gate, up),
        });
}

/// `target += other`.
pub(super) fn add_all(target: &mut [f32], other: &[f32]) {
    target
        .par_chunks_mut(TASK_NUMBERS)
        .zip(other.par_chunks(TASK_NUMBERS))
        .for_each(|(target, other)| add(target, other));
}
