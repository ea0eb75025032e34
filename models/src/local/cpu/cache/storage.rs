//! Where keys and values lie.

use super::error::CacheError;
use super::kv::KvCache;
use super::shape::CacheShape;
use crate::kernels::LANES;
use crate::local::cpu::kernels::Stretch16;

/// Holds the keys and values of a pool's blocks.
pub trait BlockStorage {
    /// Copies all layers' keys and values of block `from` to block `to`.
    ///
    /// # Errors
    /// [`CacheError::Storage`] when the copy fails.
    fn copy(&mut self, from: usize, to: usize) -> Result<(), CacheError>;
}

/// Blocks in main memory, as the kernels of the CPU read them.
///
/// # Shapes
/// For each layer, keys `[blocks][kv_heads][head_dim][block_size]` and values
/// `[blocks][kv_heads][block_size][head_dim]`.
#[derive(Debug, Clone)]
pub struct HostBlocks {
    /// Floats of one block's keys (or values).
    block: usize,
    pub(super) keys: Vec<Vec<f32>>,
    pub(super) values: Vec<Vec<f32>>,
}

impl HostBlocks {
    /// Blocks of zeros.
    pub(super) fn new(shape: &CacheShape) -> Result<Self, CacheError> {
        // Sixteen spare floats: the last block may be read as a whole group of lanes.
        let floats = [shape.kv_heads, shape.head_dim, shape.block_size]
            .into_iter()
            .try_fold(shape.blocks, usize::checked_mul)
            .and_then(|floats| floats.checked_add(LANES))
            .filter(|floats| *floats <= isize::MAX as usize / size_of::<f32>());
        let Some(floats) = floats else {
            let blocks = shape.blocks;
            return Err(CacheError::TooLarge { blocks });
        };
        Ok(Self {
            block: shape.block_floats(),
            keys: (0..shape.layers).map(|_| vec![0.0; floats]).collect(),
            values: (0..shape.layers).map(|_| vec![0.0; floats]).collect(),
        })
    }
}

impl BlockStorage for HostBlocks {
    fn copy(&mut self, from: usize, to: usize) -> Result<(), CacheError> {
        let floats = self.block;
        for layer in self.keys.iter_mut().chain(&mut self.values) {
            layer.copy_within(from * floats..(from + 1) * floats, to * floats);
        }
        Ok(())
    }
}

impl KvCache {
    /// Writes one position's key and value of one head.
    pub(in crate::local::cpu) fn write(
        &mut self,
        layer: usize,
        block: usize,
        head: usize,
        offset: usize,
        key: &[f32],
        value: &[f32],
    ) {
        let (dim, size) = (self.shape.head_dim, self.shape.block_size);
        let start = block * self.shape.block_floats() + head * dim * size;
        let keys = &mut self.storage.keys[layer][start..start + dim * size];
        for (to, key) in keys[offset..].iter_mut().step_by(size).zip(key) {
            *to = *key;
        }
        let values = &mut self.storage.values[layer][start..start + dim * size];
        values[offset * dim..(offset + 1) * dim].copy_from_slice(value);
    }

    /// One head's keys and values in groups of 16 positions, up to position `last`.
    ///
    /// Blocks whose size is no multiple of 16 are copied to `scratch`, which the result points into.
    pub(in crate::local::cpu) fn stretches(
        &self,
        layer: usize,
        blocks: &[usize],
        head: usize,
        last: usize,
        scratch: &mut Vec<f32>,
        stretches: &mut Vec<Stretch16>,
    ) {
        let (dim, size) = (self.shape.head_dim, self.shape.block_size);
        let (keys, values) = (&self.storage.keys[layer], &self.storage.values[layer]);
        let start = |block: usize| block * self.shape.block_floats() + head * dim * size;
        let count = last / LANES + 1;
        stretches.clear();
        if size % LANES == 0 {
            stretches.extend((0..count).map(|i| {
                let (block, offset) = (blocks[i * LANES / size], i * LANES % size);
                Stretch16 {
                    keys: keys[start(block) + offset..].as_ptr(),
                    key_stride: size,
                    values: values[start(block) + offset * dim..].as_ptr(),
                }
            }));
            return;
        }
        let floats = LANES * dim;
        scratch.clear();
        scratch.resize(2 * count * floats, 0.0);
        let (key_copy, value_copy) = scratch.split_at_mut(count * floats);
        for position in 0..=last {
            let (block, offset) = (blocks[position / size], position % size);
            let keys = &keys[start(block) + offset..];
            let to = position / LANES * floats + position % LANES;
            for d in 0..dim {
                key_copy[to + d * LANES] = keys[d * size];
            }
            let values = &values[start(block) + offset * dim..][..dim];
            value_copy[position * dim..(position + 1) * dim].copy_from_slice(values);
        }
        stretches.extend((0..count).map(|i| Stretch16 {
            keys: key_copy[i * floats..].as_ptr(),
            key_stride: LANES,
            values: value_copy[i * floats..].as_ptr(),
        }));
    }
}
