//! Models from a checkpoint's parameters.

use super::build::BuildError;
use super::pass::CpuModel;
use super::weights::{WeightError, WeightSource, Weights};
use crate::kernels::Threads;
use crate::local::cpu::quantised::{BlockFormat, Blocks, QuantiseError};
use crate::local::transformer::{FolderWeights, Parameters, TransformerConfig};

impl WeightSource for &Parameters {
    fn weights(&mut self, name: &str) -> Result<Weights, WeightError> {
        let Some(var) = self.get(name) else {
            return Err(WeightError::Missing(name.to_owned()));
        };
        let values = var.flatten_all().and_then(|flat| flat.to_vec1::<f32>());
        let values = values.map_err(|source| WeightError::Unreadable {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        Ok(Weights::Floats {
            shape: var.dims().to_vec(),
            values,
        })
    }
}

impl WeightSource for FolderWeights {
    fn weights(&mut self, name: &str) -> Result<Weights, WeightError> {
        match self.read(name) {
            Ok(Some((shape, values))) => Ok(Weights::Floats { shape, values }),
            Ok(None) => Err(WeightError::Missing(name.to_owned())),
            Err(source) => Err(WeightError::Unreadable {
                name: name.to_owned(),
                source: Box::new(source),
            }),
        }
    }
}

/// A source that quantises the matrices of another one.
///
/// Matrices whose width does not suit the format stay floats, as do norms and biases.
struct Quantising<S> {
    source: S,
    format: BlockFormat,
}

impl<S: WeightSource> WeightSource for Quantising<S> {
    fn weights(&mut self, name: &str) -> Result<Weights, WeightError> {
        let weights = self.source.weights(name)?;
        let Weights::Floats { shape, values } = &weights else {
            return Ok(weights);
        };
        let [rows, inner] = shape[..] else {
            return Ok(weights);
        };
        match Blocks::quantise(self.format, values, rows, inner) {
            Ok(blocks) => Ok(Weights::Blocks(blocks)),
            Err(QuantiseError::Shape(_)) => Ok(weights),
            Err(source) => Err(WeightError::Unreadable {
                name: name.to_owned(),
                source: Box::new(source),
            }),
        }
    }
}

impl CpuModel {
    /// Packs copies of a checkpoint's parameters; later changes of these do not reach the model.
    ///
    /// # Errors
    /// [`BuildError`] when the configuration is unsound, or a tensor is missing or misshapen.
    pub fn from_parameters(
        config: &TransformerConfig,
        parameters: &Parameters,
        threads: Threads,
    ) -> Result<Self, BuildError> {
        let mut source = parameters;
        Self::build(config, &mut source, threads)
    }

    /// Quantises a checkpoint's matrices and packs them; those whose width is no multiple of the
    /// format's block stay floats.
    ///
    /// # Errors
    /// As for [`from_parameters`](Self::from_parameters).
    pub fn quantised(
        config: &TransformerConfig,
        parameters: &Parameters,
        format: BlockFormat,
        threads: Threads,
    ) -> Result<Self, BuildError> {
        let source = parameters;
        Self::build(config, &mut Quantising { source, format }, threads)
    }
}
