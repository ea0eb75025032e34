//! Linear layers, fused from parts of possibly different formats.

use crate::kernels::{Level, PackedMatrix, Target, Threads};
use crate::local::cpu::quantised::QuantisedMatrix;

/// A weight matrix of one format.
#[derive(Debug, Clone)]
enum Matrix {
    Floats(PackedMatrix),
    Quantised(QuantisedMatrix),
}

/// A linear layer without bias: matrices of equal inner dimension, one below the other.
#[derive(Debug, Clone)]
pub struct Linear {
    inner: usize,
    outputs: usize,
    /// The matrices and their first outputs.
    parts: Vec<(usize, Matrix)>,
}

impl Linear {
    /// A layer without outputs.
    pub(super) fn new(inner: usize) -> Self {
        Self {
            inner,
            outputs: 0,
            parts: Vec::new(),
        }
    }

    /// Appends a matrix of floats below the others.
    pub(super) fn push_floats(&mut self, matrix: PackedMatrix) {
        let first = self.outputs;
        self.outputs += matrix.outputs();
        self.parts.push((first, Matrix::Floats(matrix)));
    }

    /// Appends a quantised matrix below the others.
    pub(super) fn push_quantised(&mut self, matrix: QuantisedMatrix) {
        let first = self.outputs;
        self.outputs += matrix.outputs();
        self.parts.push((first, Matrix::Quantised(matrix)));
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Inner dimension.
    pub fn inner(&self) -> usize {
        self.inner
    }

    /// Memory of the packed weights, in bytes.
    pub fn bytes(&self) -> u64 {
        let parts = self.parts.iter().map(|(_, matrix)| match matrix {
            Matrix::Floats(matrix) => 4 * matrix.inner() as u64 * matrix.outputs() as u64,
            Matrix::Quantised(matrix) => matrix.bytes(),
        });
        parts.sum()
    }

    /// `out[r] = W x[r]` for each row; `out` is resized and overwritten.
    pub(super) fn product(&self, level: Level, x: &[f32], out: &mut Vec<f32>, threads: &Threads) {
        let rows = x.len() / self.inner;
        out.resize(rows * self.outputs, 0.0);
        for (first, matrix) in &self.parts {
            let target = Target {
                out: &mut *out,
                stride: self.outputs,
                column: *first,
            };
            match matrix {
                Matrix::Floats(matrix) => matrix.product_into(level, x, target, threads),
                Matrix::Quantised(matrix) => matrix.product_into(level, x, target, threads),
            }
        }
    }

    /// Copies the weights of one output, as an embedding needs them.
    pub(super) fn read_row(&self, output: usize, row: &mut [f32]) {
        for (first, matrix) in &self.parts {
            match matrix {
                Matrix::Floats(matrix) if output - first < matrix.outputs() => {
                    return matrix.read_row(output - first, row);
                }
                Matrix::Quantised(matrix) if output - first < matrix.outputs() => {
                    return matrix.read_row(output - first, row);
                }
                _ => {}
            }
        }
    }
}
