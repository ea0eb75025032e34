//! One trained tensor, wherever its values are kept.

use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock};

use super::TrainError;

/// Where the values of a parameter are: f32 numbers, row-major, on the CPU.
///
/// Reading and changing copy nothing where the values lie in one piece.
pub trait ParameterValues: Debug + Send + Sync {
    /// Shape of the tensor.
    fn shape(&self) -> &[usize];

    /// Calls `read` with the values.
    ///
    /// # Errors
    /// When the values cannot be reached.
    fn read(&self, read: &mut dyn FnMut(&[f32])) -> Result<(), TrainError>;

    /// Calls `edit` with the values, to be changed in place.
    ///
    /// # Errors
    /// When the values cannot be reached.
    fn edit(&self, edit: &mut dyn FnMut(&mut [f32])) -> Result<(), TrainError>;
}

/// A handle on a parameter; clones share its values.
pub type Parameter = Arc<dyn ParameterValues>;

/// A parameter that keeps its own values.
#[derive(Debug)]
pub struct OwnValues {
    shape: Vec<usize>,
    values: RwLock<Vec<f32>>,
}

impl OwnValues {
    /// A parameter of this shape.
    ///
    /// # Errors
    /// [`TrainError::Parameter`] when the values are not as many as the shape asks for.
    pub fn new(name: &str, shape: Vec<usize>, values: Vec<f32>) -> Result<Self, TrainError> {
        let expected: usize = shape.iter().product();
        if expected != values.len() {
            return Err(TrainError::Parameter {
                name: name.to_owned(),
                expected: format!("{expected} values of shape {shape:?}"),
                got: values.len().to_string(),
            });
        }
        Ok(Self {
            shape,
            values: RwLock::new(values),
        })
    }
}

impl ParameterValues for OwnValues {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn read(&self, read: &mut dyn FnMut(&[f32])) -> Result<(), TrainError> {
        // A panic elsewhere leaves numbers that are still numbers.
        read(&self.values.read().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    fn edit(&self, edit: &mut dyn FnMut(&mut [f32])) -> Result<(), TrainError> {
        edit(&mut self.values.write().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }
}
