//! Models from a checkpoint's parameters.

use super::build::BuildError;
use super::pass::CpuModel;
use super::weights::{WeightError, WeightSource, Weights};
use crate::local::cpu::kernels::Threads;
use crate::local::transformer::{Parameters, TransformerConfig};

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
}
