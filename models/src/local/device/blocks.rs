//! Keys and values in tensors of a device.

use candle_core::{DType, Device, Result, Tensor};

use super::plan::Writes;
use crate::local::cpu::{BlockStorage, CacheError, CacheShape, KvCache};

/// Blocks in tensors of a device.
///
/// # Shapes
/// For each layer, keys and values `[kv_heads, (blocks + 1) * block_size, head_dim]`. Nothing is ever written to the
/// last block: what fills shorter sequences up is zero.
#[derive(Debug)]
pub struct DeviceBlocks {
    block_size: usize,
    layers: Vec<[Tensor; 2]>,
}

impl DeviceBlocks {
    /// An empty cache on `device` of elements of `dtype`.
    ///
    /// # Errors
    /// [`CacheError::TooLarge`] when the device's kernels cannot count the elements,
    /// [`CacheError::Storage`] when the device has no room.
    pub(super) fn cache(
        shape: CacheShape,
        salt: &[u8],
        device: &Device,
        dtype: DType,
    ) -> std::result::Result<KvCache<Self>, CacheError> {
        KvCache::over(shape, salt, |shape| Self::new(shape, device, dtype))
    }

    fn new(
        shape: &CacheShape,
        device: &Device,
        dtype: DType,
    ) -> std::result::Result<Self, CacheError> {
        let slots = shape
            .blocks
            .checked_add(1)
            .and_then(|blocks| blocks.checked_mul(shape.block_size));
        // Kernels count the elements of a tensor in 32 bits.
        let slots = slots.filter(|slots| {
            let width = shape.kv_heads.checked_mul(shape.head_dim);
            let elements = width.and_then(|width| width.checked_mul(*slots));
            elements.is_some_and(|elements| u32::try_from(elements).is_ok())
        });
        let Some(slots) = slots else {
            let blocks = shape.blocks;
            return Err(CacheError::TooLarge { blocks });
        };
        let sizes = (shape.kv_heads, slots, shape.head_dim);
        let layer = || -> Result<[Tensor; 2]> {
            let zeros = || Tensor::zeros(sizes, dtype, device);
            Ok([zeros()?, zeros()?])
        };
        let layers: Result<_> = (0..shape.layers).map(|_| layer()).collect();
        Ok(Self {
            block_size: shape.block_size,
            layers: layers.map_err(|error| CacheError::Storage(error.to_string()))?,
        })
    }

    /// Writes the rows of a pass to their slots.
    ///
    /// # Shapes
    /// `keys` and `values`: `[kv_heads, rows, head_dim]`.
    pub(super) fn write(
        &self,
        layer: usize,
        writes: &Writes,
        keys: &Tensor,
        values: &Tensor,
    ) -> Result<()> {
        for (held, new) in self.layers[layer].iter().zip([keys, values]) {
            let new = match writes.filler {
                0 => new.clone(),
                filler => new.pad_with_zeros(1, 0, filler)?,
            };
            match &writes.index {
                Some(index) => held.scatter_set(index, &new, 1)?,
                None => {
                    for run in &writes.runs {
                        let rows = new.narrow(1, run.row, run.count)?.contiguous()?;
                        held.slice_set(&rows, 1, run.slot)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Keys and values of some blocks, one after the other.
    ///
    /// # Shapes
    /// `blocks`: `[n]`; results: `[kv_heads, n * block_size, head_dim]`.
    pub(super) fn gather(&self, layer: usize, blocks: &Tensor) -> Result<[Tensor; 2]> {
        let [keys, values] = &self.layers[layer];
        let gather = |held: &Tensor| -> Result<Tensor> {
            let (heads, slots, dim) = held.dims3()?;
            let by_block = (heads, slots / self.block_size, self.block_size * dim);
            let found = held.reshape(by_block)?.index_select(blocks, 1)?;
            found.reshape((heads, (), dim))
        };
        Ok([gather(keys)?, gather(values)?])
    }
}

impl BlockStorage for DeviceBlocks {
    fn copy(&mut self, from: usize, to: usize) -> std::result::Result<(), CacheError> {
        let size = self.block_size;
        for held in self.layers.iter().flatten() {
            let block = held
                .narrow(1, from * size, size)
                .and_then(|block| block.force_contiguous());
            block
                .and_then(|block| held.slice_set(&block, 1, to * size))
                .map_err(|error| CacheError::Storage(error.to_string()))?;
        }
        Ok(())
    }
}
