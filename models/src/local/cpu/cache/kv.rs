//! Sequences and their keys and values.

use std::collections::BTreeMap;

use super::error::CacheError;
use super::hash::BlockHash;
use super::pool::Pool;
use super::shape::CacheShape;
use super::storage::{BlockStorage, HostBlocks};

/// The caller's number of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceId(pub u64);

/// What prefix sharing has saved so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheCounters {
    /// Tokens of the prompts that were opened.
    pub asked: u64,
    /// Those of them whose keys and values were there already.
    pub found: u64,
}

#[derive(Debug, Clone)]
struct Sequence {
    blocks: Vec<usize>,
    tokens: Vec<u32>,
    /// The chain's hash after the full blocks.
    chain: BlockHash,
}

/// Keys and values of many sequences in blocks of one pool; a [`BlockStorage`] holds the numbers.
///
/// # Determinism
/// Which block a sequence gets never changes results; the order of eviction depends on the order
/// of calls alone.
#[derive(Debug, Clone)]
pub struct KvCache<S = HostBlocks> {
    pub(super) shape: CacheShape,
    root: BlockHash,
    pool: Pool,
    sequences: BTreeMap<SequenceId, Sequence>,
    pub(super) storage: S,
    counters: CacheCounters,
}

impl KvCache {
    /// An empty cache in main memory. The salt names what keys and values depend on besides the tokens:
    /// the model and its adapter.
    ///
    /// # Errors
    /// [`CacheError::Empty`] when a size is 0, [`CacheError::TooLarge`] when their product is no size.
    pub fn new(shape: CacheShape, salt: &[u8]) -> Result<Self, CacheError> {
        Self::over(shape, salt, HostBlocks::new)
    }
}

impl<S: BlockStorage> KvCache<S> {
    /// An empty cache whose keys and values lie where `storage` puts them.
    ///
    /// # Errors
    /// [`CacheError::Empty`] when a size is 0, or what `storage` refuses.
    pub fn over(
        shape: CacheShape,
        salt: &[u8],
        storage: impl FnOnce(&CacheShape) -> Result<S, CacheError>,
    ) -> Result<Self, CacheError> {
        for (field, size) in [
            ("layers", shape.layers),
            ("kv_heads", shape.kv_heads),
            ("head_dim", shape.head_dim),
            ("block_size", shape.block_size),
            ("blocks", shape.blocks),
        ] {
            if size == 0 {
                return Err(CacheError::Empty { field });
            }
        }
        Ok(Self {
            storage: storage(&shape)?,
            shape,
            root: BlockHash::root(salt),
            pool: Pool::new(shape.blocks),
            sequences: BTreeMap::new(),
            counters: CacheCounters::default(),
        })
    }

    /// The cache's sizes.
    pub fn shape(&self) -> &CacheShape {
        &self.shape
    }

    /// Blocks that no sequence holds.
    pub fn free_blocks(&self) -> usize {
        self.pool.free()
    }

    /// What prefix sharing has saved.
    pub fn counters(&self) -> CacheCounters {
        self.counters
    }

    /// Tokens of an open sequence whose keys and values are there.
    pub fn len(&self, id: SequenceId) -> Option<usize> {
        self.sequences.get(&id).map(|s| s.tokens.len())
    }

    /// Whether no sequence is open.
    pub fn is_empty(&self) -> bool {
        self.sequences.is_empty()
    }

    /// The names of all full blocks of these tokens.
    pub fn block_hashes(&self, tokens: &[u32]) -> Vec<BlockHash> {
        let mut chain = self.root;
        tokens
            .chunks_exact(self.shape.block_size)
            .map(|tokens| {
                chain = chain.next(tokens);
                chain
            })
            .collect()
    }

    /// The names of a prompt's full blocks that can be shared: all but the one with its last
    /// token, whose logits somebody wants.
    pub fn prefix_hashes(&self, prompt: &[u32]) -> Vec<BlockHash> {
        self.block_hashes(&prompt[..prompt.len().saturating_sub(1)])
    }

    /// How many of the blocks with these names, from the first on, are there.
    pub fn known(&self, hashes: &[BlockHash]) -> usize {
        let known = hashes
            .iter()
            .take_while(|hash| self.pool.find(hash).is_some());
        known.count()
    }

    /// How many of the first `count` of these blocks are held by no sequence: to share one takes it out of the free ones.
    pub fn known_idle(&self, hashes: &[BlockHash], count: usize) -> usize {
        let found = hashes[..count]
            .iter()
            .filter_map(|hash| self.pool.find(hash));
        found.filter(|block| self.pool.is_idle(*block)).count()
    }

    /// Opens a sequence and shares the longest known prefix of its prompt; returns its length in
    /// tokens, which is a multiple of the block size and leaves at least one token to compute.
    ///
    /// # Errors
    /// [`CacheError::Open`].
    pub fn open(&mut self, id: SequenceId, prompt: &[u32]) -> Result<usize, CacheError> {
        self.open_sharing(id, prompt, true)
    }

    /// Opens a sequence; without `share` nothing is looked up.
    ///
    /// # Errors
    /// [`CacheError::Open`].
    pub fn open_sharing(
        &mut self,
        id: SequenceId,
        prompt: &[u32],
        share: bool,
    ) -> Result<usize, CacheError> {
        if self.sequences.contains_key(&id) {
            return Err(CacheError::Open(id));
        }
        let mut chain = self.root;
        let mut blocks = Vec::new();
        if share {
            for hash in self.prefix_hashes(prompt) {
                let Some(block) = self.pool.find(&hash) else {
                    break;
                };
                self.pool.share(block);
                blocks.push(block);
                chain = hash;
            }
        }
        let found = blocks.len() * self.shape.block_size;
        self.counters.asked += prompt.len() as u64;
        self.counters.found += found as u64;
        let tokens = prompt[..found].to_vec();
        self.sequences.insert(
            id,
            Sequence {
                blocks,
                tokens,
                chain,
            },
        );
        Ok(found)
    }

    /// Opens `child` as a copy of `parent`: all blocks are shared, a partial last one until either
    /// sequence grows.
    ///
    /// # Errors
    /// [`CacheError::Unknown`], [`CacheError::Open`].
    pub fn fork(&mut self, parent: SequenceId, child: SequenceId) -> Result<(), CacheError> {
        if self.sequences.contains_key(&child) {
            return Err(CacheError::Open(child));
        }
        let copy = self
            .sequences
            .get(&parent)
            .ok_or(CacheError::Unknown(parent))?
            .clone();
        for block in &copy.blocks {
            self.pool.share(*block);
        }
        self.sequences.insert(child, copy);
        Ok(())
    }

    /// Makes room for `count` more tokens, or changes nothing.
    ///
    /// # Errors
    /// [`CacheError::Unknown`], [`CacheError::OutOfBlocks`], [`CacheError::Storage`].
    pub fn reserve(&mut self, id: SequenceId, count: usize) -> Result<(), CacheError> {
        let sequence = self.sequences.get_mut(&id).ok_or(CacheError::Unknown(id))?;
        let length = sequence.tokens.len();
        let next = length / self.shape.block_size;
        // The block that the next token goes to may belong to a fork as well.
        let shared = count > 0
            && sequence
                .blocks
                .get(next)
                .is_some_and(|block| self.pool.references(*block) > 1);
        let wanted = self.shape.blocks_for(length + count);
        let missing = wanted.saturating_sub(sequence.blocks.len());
        let needed = missing + usize::from(shared);
        let free = self.pool.free();
        if needed > free {
            return Err(CacheError::OutOfBlocks {
                sequence: id,
                needed,
                free,
            });
        }
        if shared && let Some(copy) = self.pool.take() {
            if let Err(error) = self.storage.copy(sequence.blocks[next], copy) {
                self.pool.release(copy);
                return Err(error);
            }
            let original = std::mem::replace(&mut sequence.blocks[next], copy);
            self.pool.release(original);
        }
        for _ in 0..missing {
            sequence.blocks.extend(self.pool.take());
        }
        Ok(())
    }

    /// Closes a sequence. Its full blocks stay findable until their room is needed, the last
    /// tokens' first.
    ///
    /// # Errors
    /// [`CacheError::Unknown`].
    pub fn close(&mut self, id: SequenceId) -> Result<(), CacheError> {
        let sequence = self.sequences.remove(&id).ok_or(CacheError::Unknown(id))?;
        for block in sequence.blocks.into_iter().rev() {
            self.pool.release(block);
        }
        Ok(())
    }

    /// Makes every block unfindable, as after a change of the weights. Open sequences stay.
    pub fn forget(&mut self) {
        self.pool.forget();
    }

    /// Checks that every block is counted once: the number of sequences that hold it, or as free.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn check(&self) -> Result<(), String> {
        let mut held = vec![0; self.shape.blocks];
        for (id, sequence) in &self.sequences {
            if sequence.tokens.len() > sequence.blocks.len() * self.shape.block_size {
                return Err(format!("sequence {} has more tokens than room", id.0));
            }
            for block in &sequence.blocks {
                held[*block] += 1;
            }
        }
        self.pool.fault(&held).map_or(Ok(()), Err)
    }

    /// Says that the keys and values of these tokens have been written.
    pub(in crate::local) fn append(
        &mut self,
        id: SequenceId,
        tokens: &[u32],
    ) -> Result<(), CacheError> {
        let sequence = self.sequences.get_mut(&id).ok_or(CacheError::Unknown(id))?;
        let size = self.shape.block_size;
        let mut block = sequence.tokens.len() / size;
        sequence.tokens.extend_from_slice(tokens);
        while (block + 1) * size <= sequence.tokens.len() {
            let tokens = &sequence.tokens[block * size..(block + 1) * size];
            sequence.chain = sequence.chain.next(tokens);
            self.pool.name(sequence.blocks[block], sequence.chain);
            block += 1;
        }
        Ok(())
    }

    /// What holds the keys and values.
    pub(in crate::local) fn storage(&self) -> &S {
        &self.storage
    }

    /// The blocks of a sequence.
    pub(in crate::local) fn blocks(&self, id: SequenceId) -> Option<&[usize]> {
        self.sequences.get(&id).map(|s| s.blocks.as_slice())
    }
}
