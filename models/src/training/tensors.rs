//! Candle's variables and graphs in the terms of the loop.

use std::cell::RefCell;

use candle_core::{CpuStorage, DType, InplaceOp1, Layout, Storage, Tensor, Var};

use super::{Forward, Gradients, Parameter, ParameterValues, TrainError};
use crate::local::transformer::ForwardError;

impl From<candle_core::Error> for TrainError {
    fn from(error: candle_core::Error) -> Self {
        Self::model(error)
    }
}

impl From<ForwardError> for TrainError {
    fn from(error: ForwardError) -> Self {
        Self::model(error)
    }
}

/// A variable of candle as a parameter: contiguous f32 values on the CPU.
#[derive(Debug)]
pub struct Variable {
    var: Var,
    shape: Vec<usize>,
}

impl Variable {
    /// Handles on variables, under their names.
    pub fn parameters(vars: Vec<(String, Var)>) -> Vec<(String, Parameter)> {
        let handle = |(name, var): (String, Var)| {
            let shape = var.dims().to_vec();
            (
                name,
                Parameter::from(Box::new(Self { var, shape }) as Box<dyn ParameterValues>),
            )
        };
        vars.into_iter().map(handle).collect()
    }
}

impl ParameterValues for Variable {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn read(&self, read: &mut dyn FnMut(&[f32])) -> Result<(), TrainError> {
        read_values(self.var.as_tensor(), read)
    }

    fn edit(&self, edit: &mut dyn FnMut(&mut [f32])) -> Result<(), TrainError> {
        self.var.inplace_op1(&Edit(RefCell::new(edit)))?;
        Ok(())
    }
}

/// Calls `read` with the numbers of a tensor, without copying them where they lie in one piece.
fn read_values(tensor: &Tensor, read: &mut dyn FnMut(&[f32])) -> Result<(), TrainError> {
    let (storage, layout) = tensor.storage_and_layout();
    match (&*storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(values)), Some((from, to))) => read(&values[from..to]),
        _ => {
            drop(storage);
            let copy = tensor.flatten_all()?.to_dtype(DType::F32)?;
            read(&copy.to_vec1::<f32>()?);
        }
    }
    Ok(())
}

/// A change of a tensor's values where they are.
struct Edit<'a>(RefCell<&'a mut dyn FnMut(&mut [f32])>);

impl InplaceOp1 for Edit<'_> {
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

/// A forward pass whose backward pass is that of candle's graph.
#[derive(Debug)]
pub struct GraphPass {
    losses: Tensor,
    values: Vec<f32>,
    vars: Vec<Var>,
}

impl GraphPass {
    /// A pass that found `losses`, shape `[targets]`, from variables in the order of the parameters.
    ///
    /// # Errors
    /// When the losses are not a vector of f32 numbers.
    pub fn new(losses: Tensor, vars: Vec<Var>) -> Result<Self, TrainError> {
        let values = losses.to_vec1::<f32>()?;
        Ok(Self {
            losses,
            values,
            vars,
        })
    }
}

impl Forward for GraphPass {
    fn losses(&self) -> &[f32] {
        &self.values
    }

    fn backward(
        self: Box<Self>,
        weights: &[f32],
        gradients: &mut Gradients,
    ) -> Result<(), TrainError> {
        let weights = Tensor::from_slice(weights, weights.len(), self.losses.device())?;
        let found = (&self.losses * weights)?.sum_all()?.backward()?;
        for (place, var) in self.vars.iter().enumerate() {
            if let Some(gradient) = found.get(var.as_tensor()) {
                let gradient = gradient.contiguous()?;
                read_values(&gradient, &mut |values| gradients.add(place, values))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::super::ParameterSet;
    use super::*;

    #[test]
    fn graphs_add_their_gradients_and_variables_change_in_place() {
        let a = Var::from_vec(vec![1.0_f32, 2.0], 2, &Device::Cpu).unwrap();
        let b = Var::from_vec(vec![3.0_f32, 4.0], 2, &Device::Cpu).unwrap();
        let named = vec![("a".to_owned(), a.clone()), ("b".to_owned(), b)];
        let set = ParameterSet::new(Variable::parameters(named)).unwrap();
        let mut gradients = Gradients::none(&set);
        let pass = GraphPass::new((a.as_tensor() * 3.0).unwrap(), vec![a.clone()]).unwrap();
        assert_eq!(pass.losses(), [3.0, 6.0]);
        Box::new(pass)
            .backward(&[1.0, 0.5], &mut gradients)
            .unwrap();
        assert_eq!(gradients.get(0).unwrap(), [3.0, 1.5]);
        assert_eq!(gradients.get(1), None);
        set.edit(0, |values| values[0] = 7.0).unwrap();
        assert_eq!(a.to_vec1::<f32>().unwrap(), [7.0, 2.0]);
    }
}
