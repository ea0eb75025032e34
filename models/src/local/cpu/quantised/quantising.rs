//! Quantising floats.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::blocks::{BlockError, Blocks};
use super::format::BlockFormat;

/// Why floats cannot be quantised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuantiseError {
    /// The matrix does not suit the format.
    #[error(transparent)]
    Shape(#[from] BlockError),
    /// The tensor library fails.
    #[error("the matrix cannot be quantised")]
    Tensor(#[from] candle_core::Error),
}

impl BlockFormat {
    /// The tensor library's name of the format.
    pub(in crate::local::cpu) fn dtype(self) -> GgmlDType {
        match self {
            Self::Q4_0 => GgmlDType::Q4_0,
            Self::Q8_0 => GgmlDType::Q8_0,
            Self::Q4K => GgmlDType::Q4K,
            Self::Q6K => GgmlDType::Q6K,
        }
    }

    /// The format of that name.
    pub(in crate::local::cpu) fn from_dtype(dtype: GgmlDType) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.dtype() == dtype)
    }
}

impl Blocks {
    /// Quantises a row-major matrix as Candle's quantiser does.
    ///
    /// # Shapes
    /// `values`: `[rows, inner]`.
    ///
    /// # Errors
    /// [`QuantiseError`] when rows are not whole blocks.
    pub fn quantise(
        format: BlockFormat,
        values: &[f32],
        rows: usize,
        inner: usize,
    ) -> Result<Self, QuantiseError> {
        if inner == 0 || !inner.is_multiple_of(format.block_weights()) {
            return Err(BlockError::Width { format, inner }.into());
        }
        let tensor = Tensor::from_slice(values, (rows, inner), &Device::Cpu)?;
        let tensor = QTensor::quantize(&tensor, format.dtype())?;
        Ok(Self::new(format, rows, inner, tensor.data()?.to_vec())?)
    }
}
