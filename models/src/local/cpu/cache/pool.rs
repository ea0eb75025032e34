//! The pool's bookkeeping: who uses which block, and which idle blocks are still worth something.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::hash::BlockHash;

/// One block's state.
#[derive(Debug, Clone, Default)]
struct Block {
    /// Sequences that hold it.
    references: usize,
    /// Its name, when full and findable.
    hash: Option<BlockHash>,
    /// When it became idle.
    stamp: u64,
}

/// Blocks by number: in use, idle with a name, or blank.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    blocks: Vec<Block>,
    /// Idle blocks without a name.
    blank: Vec<usize>,
    /// Idle blocks with a name, the longest idle first.
    idle: BTreeMap<u64, usize>,
    by_hash: HashMap<BlockHash, usize>,
    clock: u64,
}

impl Pool {
    pub(super) fn new(blocks: usize) -> Self {
        Self {
            blocks: vec![Block::default(); blocks],
            blank: (0..blocks).rev().collect(),
            idle: BTreeMap::new(),
            by_hash: HashMap::new(),
            clock: 0,
        }
    }

    /// Blocks that can be taken.
    pub(super) fn free(&self) -> usize {
        self.blank.len() + self.idle.len()
    }

    pub(super) fn references(&self, block: usize) -> usize {
        self.blocks[block].references
    }

    pub(super) fn is_idle(&self, block: usize) -> bool {
        self.blocks[block].references == 0
    }

    pub(super) fn find(&self, hash: &BlockHash) -> Option<usize> {
        self.by_hash.get(hash).copied()
    }

    /// Takes a block for one sequence; the longest idle loses its name when no blank is left.
    pub(super) fn take(&mut self) -> Option<usize> {
        let block = match self.blank.pop() {
            Some(block) => block,
            None => {
                let (_, block) = self.idle.pop_first()?;
                if let Some(hash) = self.blocks[block].hash.take() {
                    self.by_hash.remove(&hash);
                }
                block
            }
        };
        self.blocks[block].references = 1;
        Some(block)
    }

    /// Adds a sequence to a block's.
    pub(super) fn share(&mut self, block: usize) {
        let state = &mut self.blocks[block];
        if state.references == 0 {
            self.idle.remove(&state.stamp);
        }
        state.references += 1;
    }

    /// Takes a sequence from a block's.
    pub(super) fn release(&mut self, block: usize) {
        let state = &mut self.blocks[block];
        state.references -= 1;
        if state.references == 0 {
            if state.hash.is_some() {
                self.clock += 1;
                state.stamp = self.clock;
                self.idle.insert(self.clock, block);
            } else {
                self.blank.push(block);
            }
        }
    }

    /// Names a full block, unless another one has the name already.
    pub(super) fn name(&mut self, block: usize, hash: BlockHash) {
        if let Entry::Vacant(vacant) = self.by_hash.entry(hash) {
            vacant.insert(block);
            self.blocks[block].hash = Some(hash);
        }
    }

    /// Forgets all names.
    pub(super) fn forget(&mut self) {
        self.by_hash.clear();
        for block in &mut self.blocks {
            block.hash = None;
        }
        let idle = std::mem::take(&mut self.idle);
        self.blank.extend(idle.into_values().rev());
    }

    /// Says what is wrong, given how many sequences hold each block.
    pub(super) fn fault(&self, held: &[usize]) -> Option<String> {
        for (number, (block, held)) in self.blocks.iter().zip(held).enumerate() {
            if block.references != *held {
                return Some(format!(
                    "block {number} counts {} references, but {held} sequences hold it",
                    block.references
                ));
            }
            let idle = self.idle.get(&block.stamp) == Some(&number);
            let blank = self.blank.contains(&number);
            let expected = (
                *held == 0 && block.hash.is_some(),
                *held == 0 && block.hash.is_none(),
            );
            if (idle, blank) != expected {
                return Some(format!(
                    "block {number}, held by {held}, is idle: {idle}, blank: {blank}"
                ));
            }
            if let Some(hash) = block.hash
                && self.by_hash.get(&hash) != Some(&number)
            {
                return Some(format!("block {number} is not found by its name"));
            }
        }
        let named = self.blocks.iter().filter(|b| b.hash.is_some()).count();
        (named != self.by_hash.len()).then(|| "a name leads to no block".to_owned())
    }
}
