//! From candle's storage to slices and back.

use candle_core::{CpuStorage, Layout, Result, Shape, Storage, Tensor, bail};

/// The numbers of a contiguous f32 tensor.
pub(super) fn slice<'a>(op: &str, storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let CpuStorage::F32(values) = storage else {
        bail!("{op}: expected f32 numbers");
    };
    match layout.contiguous_offsets() {
        Some((from, to)) => Ok(&values[from..to]),
        None => bail!("{op}: expected contiguous numbers"),
    }
}

/// Calls `work` with the numbers of an f32 tensor on the CPU, copied only if not contiguous.
pub(super) fn with_values<R>(
    op: &str,
    tensor: &Tensor,
    work: impl FnOnce(&[f32]) -> Result<R>,
) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => work(slice(op, storage, layout)?),
        _ => bail!("{op}: expected a tensor on the CPU"),
    }
}

pub(super) fn stored(values: Vec<f32>, shape: &Shape) -> (CpuStorage, Shape) {
    (CpuStorage::F32(values), shape.clone())
}

/// Calls `work` with the numbers of many contiguous f32 tensors on the CPU.
pub(super) fn with_all<R>(
    op: &str,
    tensors: &[Tensor],
    work: impl FnOnce(&[&[f32]]) -> Result<R>,
) -> Result<R> {
    let guards: Vec<_> = tensors.iter().map(Tensor::storage_and_layout).collect();
    let mut slices = Vec::with_capacity(tensors.len());
    for (storage, layout) in &guards {
        match &**storage {
            Storage::Cpu(storage) => slices.push(slice(op, storage, layout)?),
            _ => bail!("{op}: expected tensors on the CPU"),
        }
    }
    work(&slices)
}
