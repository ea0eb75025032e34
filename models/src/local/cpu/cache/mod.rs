//! The paged cache of keys and values.
//!
//! A sequence holds blocks of a pool; sequences that begin alike share the blocks of their common
//! prefix. A full block is found again by a hash over all tokens up to its end, also after its
//! last sequence has gone, until the pool needs the room.

mod error;
mod hash;
mod kv;
mod pool;
mod shape;
mod storage;
#[cfg(test)]
mod tests;

pub use error::CacheError;
pub use hash::BlockHash;
pub use kv::{CacheCounters, KvCache, SequenceId};
pub use shape::CacheShape;
pub use storage::{BlockStorage, HostBlocks};
