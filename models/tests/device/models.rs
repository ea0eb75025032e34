//! Tiny models on the device, and how far their logits are off.

use rounds_models::local::Device;
use rounds_models::local::cpu::{CacheShape, KvCache};
use rounds_models::local::device::{ComputeDevice, DeviceBlocks, DeviceModel, Precision};
use rounds_models::local::transformer::Checkpoint;

use crate::vectors::checkpoint;

/// The device that is tested.
pub(crate) fn device() -> Device {
    let name = std::env::var("ROUNDS_DEVICE").unwrap_or_else(|_| "cpu".to_owned());
    let device: ComputeDevice = name.parse().expect("ROUNDS_DEVICE names a device");
    device.open().expect("the device of ROUNDS_DEVICE")
}

pub(crate) fn placed(checkpoint: &Checkpoint, precision: Precision) -> DeviceModel {
    let mut source = &checkpoint.parameters;
    DeviceModel::build(
        &checkpoint.config,
        &mut source,
        &device(),
        precision.dtype(),
    )
    .expect("the model is placed")
}

/// A tiny model in f32.
pub(crate) fn exact(name: &str) -> Option<DeviceModel> {
    Some(placed(&checkpoint(name)?, Precision::F32))
}

pub(crate) fn cache(
    model: &DeviceModel,
    blocks: usize,
    block_size: usize,
) -> KvCache<DeviceBlocks> {
    let shape = CacheShape {
        block_size,
        ..CacheShape::of(model.config(), blocks)
    };
    model.cache(shape, b"test").expect("a cache")
}

/// The largest difference.
pub(crate) fn distance(got: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(got.len(), expected.len());
    let differences = got.iter().zip(expected).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |most, d| if d <= most { most } else { d })
}

/// Root mean square of the differences over that of the values.
pub(crate) fn relative(got: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(got.len(), expected.len());
    let square = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>();
    let differences = square(&mut got.iter().zip(expected).map(|(a, b)| a - b));
    (differences / square(&mut expected.iter().copied())).sqrt()
}
