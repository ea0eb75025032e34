//! Named parameters in a fixed order and their gradients.

use std::collections::HashMap;

use rayon::prelude::*;

use super::{Parameter, TrainError};

/// Elements that one thread handles at a time; sums of these pieces are added in order, so that
/// no result depends on the number of threads.
pub(crate) const PIECE: usize = 1 << 14;

/// The trained parameters of a model, in the model's own order.
#[derive(Debug, Clone)]
pub struct ParameterSet {
    names: Vec<String>,
    parameters: Vec<Parameter>,
    index: HashMap<String, usize>,
}

impl ParameterSet {
    /// The set of `parameters`.
    ///
    /// # Errors
    /// [`TrainError::Parameter`] when a name occurs twice; [`TrainError::Config`] when there is none.
    pub fn new(parameters: Vec<(String, Parameter)>) -> Result<Self, TrainError> {
        let mut set = Self {
            names: Vec::with_capacity(parameters.len()),
            parameters: Vec::with_capacity(parameters.len()),
            index: HashMap::with_capacity(parameters.len()),
        };
        for (name, parameter) in parameters {
            if set.index.insert(name.clone(), set.names.len()).is_some() {
                return Err(TrainError::Parameter {
                    name,
                    expected: "a name of its own".to_owned(),
                    got: "a name used before".to_owned(),
                });
            }
            set.names.push(name);
            set.parameters.push(parameter);
        }
        if set.names.is_empty() {
            return Err(TrainError::config(
                "model",
                "at least one parameter to train",
                "none",
            ));
        }
        Ok(set)
    }

    /// Number of parameters (tensors).
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none; never true.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Names in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Place of the parameter called `name`.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// Shape of the parameter at `place`.
    ///
    /// # Panics
    /// When `place` is not below [`ParameterSet::len`].
    pub fn shape(&self, place: usize) -> &[usize] {
        self.parameters[place].shape()
    }

    /// Elements of the parameter at `place`.
    pub fn elements(&self, place: usize) -> usize {
        self.shape(place).iter().product()
    }

    /// Elements of all parameters.
    pub fn total(&self) -> usize {
        (0..self.len()).map(|place| self.elements(place)).sum()
    }

    /// Calls `read` with the values at `place`, row-major.
    ///
    /// # Errors
    /// When the values cannot be reached.
    pub fn read<T>(&self, place: usize, read: impl FnOnce(&[f32]) -> T) -> Result<T, TrainError> {
        let mut read = Some(read);
        let mut result = None;
        self.parameters[place].read(&mut |values| {
            if let Some(read) = read.take() {
                result = Some(read(values));
            }
        })?;
        result.ok_or_else(|| self.unreached(place))
    }

    /// Calls `edit` with the values at `place`, row-major, to be changed in place.
    ///
    /// A forward pass made before may see the new values: finish every backward pass first.
    ///
    /// # Errors
    /// As [`ParameterSet::read`].
    pub fn edit(&self, place: usize, mut edit: impl FnMut(&mut [f32])) -> Result<(), TrainError> {
        self.parameters[place].edit(&mut edit)
    }

    fn unreached(&self, place: usize) -> TrainError {
        TrainError::Parameter {
            name: self.names[place].clone(),
            expected: "values".to_owned(),
            got: "none".to_owned(),
        }
    }

    /// All values in one vector, in order.
    ///
    /// # Errors
    /// As [`ParameterSet::read`].
    pub fn flat(&self) -> Result<Vec<f32>, TrainError> {
        let mut flat = Vec::with_capacity(self.total());
        for place in 0..self.len() {
            self.read(place, |values| flat.extend_from_slice(values))?;
        }
        Ok(flat)
    }

    /// Sets all values from one vector, as [`ParameterSet::flat`] gives it.
    ///
    /// # Errors
    /// [`TrainError::Parameter`] when the length differs.
    pub fn set_flat(&self, flat: &[f32]) -> Result<(), TrainError> {
        if flat.len() != self.total() {
            return Err(TrainError::Parameter {
                name: "all".to_owned(),
                expected: format!("{} values", self.total()),
                got: flat.len().to_string(),
            });
        }
        let mut rest = flat;
        for place in 0..self.len() {
            let (own, after) = rest.split_at(self.elements(place));
            self.edit(place, |values| values.copy_from_slice(own))?;
            rest = after;
        }
        Ok(())
    }
}

/// Gradients of one batch, by the places of a [`ParameterSet`].
///
/// Parameters that no loss reached have none: optimizers leave them alone.
#[derive(Debug, Clone)]
pub struct Gradients {
    values: Vec<Vec<f32>>,
    present: Vec<bool>,
}

impl Gradients {
    /// No gradient for any of `parameters`; keeps room for all.
    pub fn none(parameters: &ParameterSet) -> Self {
        Self {
            values: (0..parameters.len())
                .map(|place| vec![0.0; parameters.elements(place)])
                .collect(),
            present: vec![false; parameters.len()],
        }
    }

    /// Forgets all gradients.
    pub fn clear(&mut self) {
        self.present.fill(false);
        self.values
            .par_iter_mut()
            .for_each(|values| values.fill(0.0));
    }

    /// Adds `values` to the gradient at `place`.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn add(&mut self, place: usize, values: &[f32]) {
        let sum = &mut self.values[place];
        assert_eq!(sum.len(), values.len(), "elements of a gradient");
        let pieces = sum.par_chunks_mut(PIECE).zip(values.par_chunks(PIECE));
        pieces.for_each(|(sum, values)| {
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum += value;
            }
        });
        self.present[place] = true;
    }

    /// Adds all gradients of `other`, which are of the same parameters.
    pub fn add_all(&mut self, other: &Self) {
        for place in 0..other.values.len() {
            if let Some(values) = other.get(place) {
                self.add(place, values);
            }
        }
    }

    /// All gradients, each to be added to; from now on every parameter has one.
    pub fn all_mut(&mut self) -> &mut [Vec<f32>] {
        self.present.fill(true);
        &mut self.values
    }

    /// The gradient at `place`, row-major.
    pub fn get(&self, place: usize) -> Option<&[f32]> {
        self.present[place].then_some(self.values[place].as_slice())
    }

    /// The gradient at `place`, to be changed.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut [f32]> {
        self.present[place].then_some(self.values[place].as_mut_slice())
    }

    /// Euclidean length of all gradients together.
    ///
    /// # Determinism
    /// Squares are added in f64, piece by piece in order, whatever the number of threads.
    pub fn norm(&self) -> f64 {
        let squares = self
            .values
            .iter()
            .zip(&self.present)
            .filter(|(_, present)| **present)
            .map(|(values, _)| {
                let pieces: Vec<f64> = values
                    .par_chunks(PIECE)
                    .map(|piece| {
                        piece
                            .iter()
                            .map(|value| f64::from(*value) * f64::from(*value))
                            .sum()
                    })
                    .collect();
                pieces.iter().sum::<f64>()
            });
        squares.sum::<f64>().sqrt()
    }

    /// Multiplies all gradients by `factor`.
    pub fn scale(&mut self, factor: f32) {
        for values in &mut self.values {
            values.par_chunks_mut(PIECE).for_each(|piece| {
                for value in piece {
                    *value *= factor;
                }
            });
        }
    }

    /// Shortens all gradients together to a length of at most `limit`; the length before.
    ///
    /// The factor is `limit / (norm + 1e-6)`, as PyTorch has it.
    pub fn clip(&mut self, limit: f64) -> f64 {
        let norm = self.norm();
        if norm > limit {
            self.scale((limit / (norm + 1e-6)) as f32);
        }
        norm
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::OwnValues;
    use super::*;

    fn own(values: &[f32]) -> Parameter {
        Arc::new(OwnValues::new("own", vec![values.len()], values.to_vec()).unwrap())
    }

    fn set() -> ParameterSet {
        let (a, b) = (own(&[1.0, 2.0]), own(&[3.0, 4.0, 5.0, 6.0]));
        ParameterSet::new(vec![("a".into(), a), ("b".into(), b)]).unwrap()
    }

    #[test]
    fn flat_vectors_go_out_and_in() {
        let set = set();
        let mut flat = set.flat().unwrap();
        assert_eq!(flat, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        flat.reverse();
        set.set_flat(&flat).unwrap();
        let second = set.read(1, <[f32]>::to_vec).unwrap();
        assert_eq!(second, [4.0, 3.0, 2.0, 1.0]);
        assert!(set.set_flat(&flat[1..]).is_err());
    }

    #[test]
    fn clipping_scales_all_gradients_to_the_limit_and_leaves_short_ones() {
        let set = set();
        let mut gradients = Gradients::none(&set);
        gradients.add(0, &[3.0; 2]);
        gradients.add(1, &[2.0; 4]);
        let norm = (9.0_f64 * 2.0 + 4.0 * 4.0).sqrt();
        assert!((gradients.clip(100.0) - norm).abs() < 1e-12);
        assert_eq!(gradients.get(0).unwrap(), [3.0, 3.0]);
        assert!((gradients.clip(1.0) - norm).abs() < 1e-12);
        assert!((gradients.norm() - 1.0).abs() < 1e-6);
        assert!((f64::from(gradients.get(1).unwrap()[3]) - 2.0 / norm).abs() < 1e-6);
    }

    #[test]
    fn a_parameter_out_of_the_loss_has_no_gradient() {
        let set = set();
        let (mut gradients, mut found) = (Gradients::none(&set), Gradients::none(&set));
        found.add(1, &[1.0; 4]);
        gradients.add_all(&found);
        gradients.add_all(&found);
        assert_eq!(gradients.get(0), None);
        assert_eq!(gradients.get(1).unwrap(), [2.0; 4]);
        gradients.clear();
        assert_eq!(gradients.get(1), None);
    }

    #[test]
    fn names_are_unique() {
        let twice = vec![("a".into(), own(&[1.0])), ("a".into(), own(&[1.0]))];
        assert!(ParameterSet::new(twice).is_err());
        assert!(ParameterSet::new(vec![]).is_err());
    }
}
