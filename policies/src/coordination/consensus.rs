//! Averaging copies with neighbours, and the step of one's own block.

use rounds_environments::coordination::CommGraph;

use super::projection::onto_sub_simplex;

/// What a step moves by stays within this, so that no sum overflows.
pub(super) const FAR: f64 = 1e100;

/// `next = sum_k w_ik copies_k`: what `agent` holds after it has averaged with its neighbours.
///
/// # Shapes
/// `copies`: `[n][width]`; `next`: `[width]`.
///
/// # Source
/// MA-OC card, section 5, step 2.
pub fn mix(graph: &CommGraph, agent: usize, copies: &[f64], next: &mut [f64]) {
    let width = next.len();
    let copy = |j: usize| &copies[j * width..(j + 1) * width];
    let own = graph.own_weight(agent);
    for (next, x) in next.iter_mut().zip(copy(agent)) {
        *next = own * x;
    }
    for (j, w) in graph.neighbours(agent) {
        for (next, x) in next.iter_mut().zip(copy(j)) {
            *next += w * x;
        }
    }
}

/// `x <- Proj(x + eta * direction)` on `{x >= 0, sum x <= 1}`.
///
/// # Shapes
/// `scratch`: at least as long as `x`.
pub fn ascend(x: &mut [f64], eta: f64, direction: &[f64], scratch: &mut [f64]) {
    for (x, g) in x.iter_mut().zip(direction) {
        *x = (*x + eta * g).clamp(-FAR, FAR);
    }
    onto_sub_simplex(x, scratch);
}
