//! Which device computes, and in which type.

use std::fmt;
use std::str::FromStr;

use candle_core::{DType, Device};

/// What computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ComputeDevice {
    /// The processor.
    #[default]
    Cpu,
    /// The graphics processor of this number, of NVIDIA.
    Cuda(usize),
}

/// The type of weights, keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits.
    F32,
    /// 16 bits with the range of f32.
    Bf16,
    /// 16 bits with more digits and less range.
    F16,
}

/// Why a device cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChoiceError {
    /// No name of a device.
    #[error("device: expected `cpu`, `cuda` or `cuda:N`, got `{0}`")]
    Device(String),
    /// No name of a type.
    #[error("dtype: expected `f32`, `bf16` or `f16`, got `{0}`")]
    Precision(String),
    /// This program was built without CUDA.
    #[error(
        "device `{0}`: this program computes on the processor alone; `rounds-cuda` computes on it, \
         built with `cargo build --release --features cuda --bin rounds-cuda` (docs/cuda.md)"
    )]
    NotBuilt(ComputeDevice),
    /// The device cannot be opened.
    #[error("device `{device}`: {message}")]
    Unusable {
        /// The device.
        device: ComputeDevice,
        /// What the driver says.
        message: String,
    },
}

impl ComputeDevice {
    /// Opens the device.
    ///
    /// # Errors
    /// [`ChoiceError::NotBuilt`], [`ChoiceError::Unusable`].
    pub fn open(self) -> Result<Device, ChoiceError> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(_) if !cfg!(feature = "cuda") => Err(ChoiceError::NotBuilt(self)),
            Self::Cuda(number) => Device::new_cuda(number).map_err(|error| ChoiceError::Unusable {
                device: self,
                message: error.to_string(),
            }),
        }
    }

    /// The type that is computed in unless another one is asked for.
    pub fn precision(self) -> Precision {
        match self {
            Self::Cpu => Precision::F32,
            Self::Cuda(_) => Precision::Bf16,
        }
    }
}

impl Precision {
    /// The tensor library's name of the type.
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
            Self::F16 => DType::F16,
        }
    }

    /// Bytes of an element.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 | Self::F16 => 2,
        }
    }
}

impl fmt::Display for ComputeDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

impl FromStr for ComputeDevice {
    type Err = ChoiceError;

    fn from_str(name: &str) -> Result<Self, ChoiceError> {
        let wrong = || ChoiceError::Device(name.to_owned());
        match name {
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let number = name.strip_prefix("cuda:").ok_or_else(wrong)?;
                // `+1` is a number to the parser, and no name of a device.
                match number.bytes().all(|byte| byte.is_ascii_digit()) {
                    true => number.parse().map(Self::Cuda).map_err(|_| wrong()),
                    false => Err(wrong()),
                }
            }
        }
    }
}

impl FromStr for Precision {
    type Err = ChoiceError;

    fn from_str(name: &str) -> Result<Self, ChoiceError> {
        match name {
            "f32" => Ok(Self::F32),
            "bf16" => Ok(Self::Bf16),
            "f16" => Ok(Self::F16),
            _ => Err(ChoiceError::Precision(name.to_owned())),
        }
    }
}

/// Bytes that are free on a graphics processor, where it tells; `None` for the processor.
#[cfg(feature = "cuda")]
pub(crate) fn free_bytes(device: &Device) -> Option<u64> {
    let Device::Cuda(cuda) = device else {
        return None;
    };
    let (free, _) = cuda.cuda_stream().context().mem_get_info().ok()?;
    Some(free as u64)
}

/// Bytes that are free on a graphics processor: this build has none.
#[cfg(not(feature = "cuda"))]
pub(crate) fn free_bytes(_: &Device) -> Option<u64> {
    None
}
