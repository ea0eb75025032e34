//! The numbers of a model, by name.

use super::error::TrajectoryError;
use super::layout::{Named, is_unused};

/// The parameters of a model, in the order of its layout; read-only, to be shared by any number of agents.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    names: Vec<Named>,
    values: Vec<Vec<f32>>,
}

impl Parameters {
    pub(super) fn new(names: Vec<Named>, values: Vec<Vec<f32>>) -> Self {
        Self { names, values }
    }

    /// Puts tensors in the order of a layout. What published checkpoints hold beside, the heads without a loss and the table
    /// of words, is left out.
    ///
    /// # Errors
    /// [`TrajectoryError`] naming the first tensor that is missing, unknown or of another shape.
    pub(super) fn from_tensors(
        names: Vec<Named>,
        tensors: impl IntoIterator<Item = (String, Vec<usize>, Vec<f32>)>,
    ) -> Result<Self, TrajectoryError> {
        let mut values: Vec<Option<Vec<f32>>> = vec![None; names.len()];
        for (name, shape, numbers) in tensors {
            let Some(at) = names.iter().position(|named| named.name == name) else {
                if is_unused(&name) {
                    continue;
                }
                return Err(TrajectoryError::Unknown { name });
            };
            let want = &names[at].shape;
            if shape != *want || numbers.len() != want.iter().product::<usize>() {
                let want = want.clone();
                let got = shape;
                return Err(TrajectoryError::Shape { name, want, got });
            }
            values[at] = Some(numbers);
        }
        let whole = names.iter().zip(values).map(|(named, values)| {
            let name = || named.name.clone();
            values.ok_or_else(|| TrajectoryError::Missing { name: name() })
        });
        let values = whole.collect::<Result<_, _>>()?;
        Ok(Self { names, values })
    }

    /// Names in order, as in the state dictionaries of PyTorch.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|named| named.name.as_str())
    }

    /// Shapes in order.
    pub fn shapes(&self) -> impl ExactSizeIterator<Item = &[usize]> {
        self.names.iter().map(|named| named.shape.as_slice())
    }

    /// Numbers in order, each tensor row by row.
    pub fn values(&self) -> &[Vec<f32>] {
        &self.values
    }

    /// The same, to be changed.
    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [f32]> {
        self.values.iter_mut().map(Vec::as_mut_slice)
    }

    /// The numbers of one tensor.
    pub fn get(&self, name: &str) -> Option<&[f32]> {
        let at = self.names.iter().position(|named| named.name == name)?;
        Some(&self.values[at])
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.values.iter().map(Vec::len).sum()
    }

    /// Zeros in the shape of the parameters, for gradients and moments.
    pub fn zeros(&self) -> Vec<Vec<f32>> {
        self.values
            .iter()
            .map(|values| vec![0.0; values.len()])
            .collect()
    }
}
