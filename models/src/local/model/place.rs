//! Where a model computes, and models of either kind.

use candle_core::{DType, Device};

use super::error::LocalError;
use super::options::LocalOptions;
use crate::local::cpu::{BuildError, CpuModel, Threads, WeightSource};
use crate::local::device::{ComputeDevice, DeviceModel, Precision, free_bytes};
use crate::local::transformer::TransformerConfig;
use crate::memory::available;

/// A model that was loaded.
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyModel {
    /// Packed for this processor.
    Cpu(CpuModel),
    /// On a device, or on the processor in another type than f32.
    Device(DeviceModel),
}

impl AnyModel {
    /// Its shape.
    pub fn config(&self) -> &TransformerConfig {
        match self {
            Self::Cpu(model) => model.config(),
            Self::Device(model) => model.config(),
        }
    }
}

/// Where a model will compute.
pub(super) enum Place {
    /// On the processor, by the kernels of its own.
    Cpu(Threads),
    /// On a device, in a type.
    Device(Device, DType),
}

impl Place {
    /// The place that the options ask for.
    pub(super) fn new(options: &LocalOptions) -> Result<Self, LocalError> {
        let precision = precision(options);
        Ok(match (options.device, precision) {
            (ComputeDevice::Cpu, Precision::F32) => {
                Self::Cpu(Threads::new(options.threads.unwrap_or(0)))
            }
            (device, precision) => Self::Device(device.open()?, precision.dtype()),
        })
    }

    /// Bytes that are free there.
    pub(super) fn free(&self) -> Option<u64> {
        match self {
            Self::Device(device, _) if !device.is_cpu() => free_bytes(device),
            _ => available(),
        }
    }

    /// The model of a source's tensors.
    pub(super) fn build(
        self,
        config: &TransformerConfig,
        source: &mut dyn WeightSource,
    ) -> Result<AnyModel, BuildError> {
        Ok(match self {
            Self::Cpu(threads) => AnyModel::Cpu(CpuModel::build(config, source, threads)?),
            Self::Device(device, dtype) => {
                AnyModel::Device(DeviceModel::build(config, source, &device, dtype)?)
            }
        })
    }
}

/// The type of weights, keys and values that the options ask for.
pub(super) fn precision(options: &LocalOptions) -> Precision {
    options.dtype.unwrap_or_else(|| options.device.precision())
}
