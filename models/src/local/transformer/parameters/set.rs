//! Named variables in the order of the configuration.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor, Var};

use crate::local::transformer::TransformerConfig;

/// Why a set of parameters does not fit its configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// The configuration asks for a tensor that is not there.
    #[error("tensor `{tensor}`: missing, expected shape {expected:?}")]
    Missing {
        /// Its name.
        tensor: String,
        /// Its shape.
        expected: Vec<usize>,
    },
    /// A tensor is there that the configuration does not know.
    #[error("tensor `{tensor}`: unexpected, the configuration has no such parameter")]
    Unexpected {
        /// Its name.
        tensor: String,
    },
    /// A tensor has another shape.
    #[error("tensor `{tensor}`: expected shape {expected:?}, got {found:?}")]
    Shape {
        /// Its name.
        tensor: String,
        /// The configuration's shape.
        expected: Vec<usize>,
        /// The shape found.
        found: Vec<usize>,
    },
    /// The tensor library failed.
    #[error("tensor library")]
    Tensor(#[from] candle_core::Error),
}

/// The parameters of one transformer: f32 variables, named as Hugging Face names those of Llama.
///
/// The order is that of [`TransformerConfig::parameter_shapes`], always. Clones share the variables.
#[derive(Debug, Clone)]
pub struct Parameters {
    entries: Vec<(String, Var)>,
    index: HashMap<String, usize>,
    device: Device,
}

impl Parameters {
    /// Makes variables of `tensors`, which must be those of `config`, no fewer and no more.
    ///
    /// Other float types are widened to f32.
    ///
    /// # Errors
    /// [`ParameterError`] names the first tensor that is missing, of another shape or unexpected.
    pub fn from_tensors(
        config: &TransformerConfig,
        mut tensors: HashMap<String, Tensor>,
        device: &Device,
    ) -> Result<Self, ParameterError> {
        let mut entries = Vec::new();
        for (name, expected) in config.parameter_shapes() {
            let Some(tensor) = tensors.remove(&name) else {
                return Err(ParameterError::Missing {
                    tensor: name,
                    expected,
                });
            };
            if tensor.dims() != expected {
                return Err(ParameterError::Shape {
                    tensor: name,
                    expected,
                    found: tensor.dims().to_vec(),
                });
            }
            let tensor = tensor.to_device(device)?.to_dtype(DType::F32)?;
            entries.push((name, Var::from_tensor(&tensor.contiguous()?)?));
        }
        if let Some(tensor) = tensors.into_keys().min() {
            return Err(ParameterError::Unexpected { tensor });
        }
        Ok(Self::from_entries(entries, device))
    }

    pub(crate) fn from_entries(entries: Vec<(String, Var)>, device: &Device) -> Self {
        let index = entries
            .iter()
            .enumerate()
            .map(|(ix, (name, _))| (name.clone(), ix))
            .collect();
        Self {
            entries,
            index,
            device: device.clone(),
        }
    }

    /// The variable of this name.
    pub fn get(&self, name: &str) -> Option<&Var> {
        self.index.get(name).map(|&ix| &self.entries[ix].1)
    }

    /// Names and variables, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Var)> {
        self.entries.iter().map(|(name, var)| (name.as_str(), var))
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where the variables live.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Copies of the values that share nothing with the variables.
    ///
    /// # Errors
    /// When the tensor library fails.
    pub fn copied(&self) -> Result<Self, ParameterError> {
        let mut entries = Vec::with_capacity(self.len());
        for (name, var) in self.iter() {
            entries.push((name.to_owned(), Var::from_tensor(&var.copy()?)?));
        }
        Ok(Self::from_entries(entries, &self.device))
    }
}
