//! Named parameters in a fixed order, their gradients, and their values in place.

use std::cell::RefCell;
use std::collections::HashMap;

use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, DType, InplaceOp1, Layout, Storage, Tensor, Var};
use rayon::prelude::*;

use super::TrainError;

/// Elements that one thread handles at a time; sums of these pieces are added in order, so that
/// no result depends on the number of threads.
pub(crate) const PIECE: usize = 1 << 14;

/// The trained parameters of a model, in the model's own order.
///
/// All are contiguous f32 tensors on the CPU.
#[derive(Debug, Clone)]
pub struct ParameterSet {
    names: Vec<String>,
    vars: Vec<Var>,
    index: HashMap<String, usize>,
}

impl ParameterSet {
    /// The set of `parameters`.
    ///
    /// # Errors
    /// [`TrainError::Parameter`] when a name occurs twice or a parameter is not a contiguous f32
    /// tensor on the CPU; [`TrainError::Config`] when there is none.
    pub fn new(parameters: Vec<(String, Var)>) -> Result<Self, TrainError> {
        let mut set = Self {
            names: Vec::with_capacity(parameters.len()),
            vars: Vec::with_capacity(parameters.len()),
            index: HashMap::with_capacity(parameters.len()),
        };
        for (name, var) in parameters {
            let fault = |expected: &str, got: String| TrainError::Parameter {
                name: name.clone(),
                expected: expected.to_owned(),
                got,
            };
            if var.dtype() != DType::F32 || !var.device().is_cpu() || !var.is_contiguous() {
                let got = format!("{:?} on {:?}", var.dtype(), var.device().location());
                return Err(fault("contiguous f32 on the cpu", got));
            }
            if set.index.insert(name.clone(), set.names.len()).is_some() {
                return Err(fault("a name of its own", "a name used before".to_owned()));
            }
            set.names.push(name);
            set.vars.push(var);
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

    /// The variable at `place`.
    ///
    /// # Panics
    /// When `place` is not below [`ParameterSet::len`].
    pub fn var(&self, place: usize) -> &Var {
        &self.vars[place]
    }

    /// Elements of the parameter at `place`.
    pub fn elements(&self, place: usize) -> usize {
        self.vars[place].elem_count()
    }

    /// Elements of all parameters.
    pub fn total(&self) -> usize {
        self.vars.iter().map(|var| var.elem_count()).sum()
    }

    /// Calls `read` with the values at `place`, row-major, without copying them.
    ///
    /// # Errors
    /// When the values are not where they were when the set was made.
    pub fn read<T>(&self, place: usize, read: impl FnOnce(&[f32]) -> T) -> Result<T, TrainError> {
        read_values(self.vars[place].as_tensor(), read)
    }

    /// Calls `edit` with the values at `place`, row-major, to be changed in place.
    ///
    /// A graph built before sees the new values: finish every backward pass first.
    ///
    /// # Errors
    /// As [`ParameterSet::read`].
    pub fn edit(&self, place: usize, edit: impl FnMut(&mut [f32])) -> Result<(), TrainError> {
        self.vars[place].inplace_op1(&Edit(RefCell::new(edit)))?;
        Ok(())
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

fn read_values<T>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> T) -> Result<T, TrainError> {
    let (storage, layout) = tensor.storage_and_layout();
    match (&*storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(values)), Some((from, to))) => Ok(read(&values[from..to])),
        _ => {
            drop(storage);
            let copy = tensor
                .flatten_all()?
                .to_dtype(DType::F32)?
                .to_vec1::<f32>()?;
            Ok(read(&copy))
        }
    }
}

/// A change of a tensor's values where they are.
struct Edit<F>(RefCell<F>);

impl<F: FnMut(&mut [f32])> InplaceOp1 for Edit<F> {
    fn name(&self) -> &'static str {
        "edit"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        match (storage, layout.contiguous_offsets()) {
            (CpuStorage::F32(values), Some((from, to))) => {
                (self.0.borrow_mut())(&mut values[from..to]);
                Ok(())
            }
            _ => candle_core::bail!("only contiguous f32 parameters can be changed in place"),
        }
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

    /// Adds what a backward pass found.
    ///
    /// # Errors
    /// When a gradient cannot be read.
    pub fn add(&mut self, parameters: &ParameterSet, found: &GradStore) -> Result<(), TrainError> {
        for place in 0..parameters.len() {
            if let Some(gradient) = found.get(parameters.var(place).as_tensor()) {
                let sum = &mut self.values[place];
                read_values(&gradient.contiguous()?, |values| {
                    let pieces = sum.par_chunks_mut(PIECE).zip(values.par_chunks(PIECE));
                    pieces.for_each(|(sum, values)| {
                        for (sum, value) in sum.iter_mut().zip(values) {
                            *sum += value;
                        }
                    });
                })?;
                self.present[place] = true;
            }
        }
        Ok(())
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
    use candle_core::Device;

    use super::*;

    fn set() -> ParameterSet {
        let a = Var::from_vec(vec![1.0_f32, 2.0], 2, &Device::Cpu).unwrap();
        let b = Var::from_vec(vec![3.0_f32, 4.0, 5.0, 6.0], (2, 2), &Device::Cpu).unwrap();
        ParameterSet::new(vec![("a".into(), a), ("b".into(), b)]).unwrap()
    }

    #[test]
    fn flat_vectors_go_out_and_in() {
        let set = set();
        let mut flat = set.flat().unwrap();
        assert_eq!(flat, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        flat.reverse();
        set.set_flat(&flat).unwrap();
        assert_eq!(
            set.var(1).to_vec2::<f32>().unwrap(),
            [[4.0, 3.0], [2.0, 1.0]]
        );
        assert!(set.set_flat(&flat[1..]).is_err());
    }

    #[test]
    fn clipping_scales_all_gradients_to_the_limit_and_leaves_short_ones() {
        let set = set();
        let loss = (set.var(0).sum_all().unwrap() * 3.0).unwrap();
        let loss = (loss + (set.var(1).sum_all().unwrap() * 2.0).unwrap()).unwrap();
        let mut gradients = Gradients::none(&set);
        gradients.add(&set, &loss.backward().unwrap()).unwrap();
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
        let mut gradients = Gradients::none(&set);
        gradients
            .add(&set, &set.var(1).sum_all().unwrap().backward().unwrap())
            .unwrap();
        assert_eq!(gradients.get(0), None);
        assert_eq!(gradients.get(1).unwrap(), [1.0; 4]);
        gradients.clear();
        assert_eq!(gradients.get(1), None);
    }

    #[test]
    fn names_are_unique_and_values_are_f32() {
        let var = Var::zeros(1, DType::F64, &Device::Cpu).unwrap();
        assert!(ParameterSet::new(vec![("a".into(), var)]).is_err());
        let var = Var::zeros(1, DType::F32, &Device::Cpu).unwrap();
        assert!(ParameterSet::new(vec![("a".into(), var.clone()), ("a".into(), var)]).is_err());
        assert!(ParameterSet::new(vec![]).is_err());
    }
}
