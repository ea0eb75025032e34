//! Sharing, copying, eviction and counting of blocks.

use super::*;
use proptest::prelude::*;

fn cache(blocks: usize, block_size: usize) -> KvCache {
    let shape = CacheShape {
        layers: 1,
        kv_heads: 1,
        head_dim: 2,
        block_size,
        blocks,
    };
    KvCache::new(shape, b"model").unwrap()
}

/// Opens a sequence and stores all its tokens.
fn store(cache: &mut KvCache, id: u64, tokens: &[u32]) -> Result<usize, CacheError> {
    let id = SequenceId(id);
    let found = cache.open(id, tokens)?;
    if let Err(error) = cache.reserve(id, tokens.len() - found) {
        cache.close(id)?;
        return Err(error);
    }
    cache.append(id, &tokens[found..])?;
    cache.check().unwrap();
    Ok(found)
}

#[test]
fn a_second_sequence_shares_the_first_ones_full_blocks() {
    let mut cache = cache(8, 4);
    let prompt: Vec<u32> = (0..10).collect();
    assert_eq!(store(&mut cache, 1, &prompt), Ok(0));
    assert_eq!(store(&mut cache, 2, &prompt), Ok(8));
    assert_eq!(cache.free_blocks(), 4);
    assert_eq!(
        cache.blocks(SequenceId(1)).unwrap()[..2],
        cache.blocks(SequenceId(2)).unwrap()[..2]
    );
    let counters = cache.counters();
    assert_eq!((counters.asked, counters.found), (20, 8));
}

#[test]
fn one_token_is_always_left_to_compute() {
    let mut cache = cache(8, 4);
    let prompt: Vec<u32> = (0..8).collect();
    store(&mut cache, 1, &prompt).unwrap();
    assert_eq!(store(&mut cache, 2, &prompt), Ok(4));
}

#[test]
fn blocks_are_found_after_their_sequence_has_closed() {
    let mut cache = cache(4, 4);
    let prompt: Vec<u32> = (0..13).collect();
    store(&mut cache, 1, &prompt).unwrap();
    cache.close(SequenceId(1)).unwrap();
    assert_eq!(cache.free_blocks(), 4);
    assert_eq!(store(&mut cache, 2, &prompt), Ok(12));
    cache.close(SequenceId(2)).unwrap();
    // Another prompt needs two blocks: the blank one, then the deepest of the idle ones.
    store(&mut cache, 3, &[9; 5]).unwrap();
    assert_eq!(cache.known(&cache.prefix_hashes(&prompt)), 2);
    cache.forget();
    assert_eq!(cache.known(&cache.prefix_hashes(&prompt)), 0);
    cache.check().unwrap();
}

#[test]
fn another_salt_is_another_chain() {
    let one = cache(4, 4);
    let other = KvCache::new(*one.shape(), b"other").unwrap();
    let prompt = [1; 9];
    assert_ne!(one.prefix_hashes(&prompt), other.prefix_hashes(&prompt));
}

#[test]
fn a_fork_copies_the_partial_block_when_it_grows() {
    let mut cache = cache(3, 4);
    store(&mut cache, 1, &[1, 2, 3, 4, 5]).unwrap();
    let block = cache.blocks(SequenceId(1)).unwrap()[1];
    cache.write(0, block, 0, 0, &[0.5, 0.25], &[2.0, 4.0]);
    cache.fork(SequenceId(1), SequenceId(2)).unwrap();
    assert_eq!(cache.free_blocks(), 1);
    cache.reserve(SequenceId(2), 1).unwrap();
    cache.check().unwrap();
    assert_eq!(cache.free_blocks(), 0);
    let copy = cache.blocks(SequenceId(2)).unwrap()[1];
    assert_ne!(copy, block);
    assert_eq!(cache.storage.keys[0][copy * 8], 0.5);
    assert_eq!(cache.storage.keys[0][copy * 8 + 4], 0.25);
    assert_eq!(cache.storage.values[0][copy * 8..copy * 8 + 2], [2.0, 4.0]);
    // The parent is alone with its block now, and grows in place.
    cache.reserve(SequenceId(1), 1).unwrap();
    assert_eq!(cache.blocks(SequenceId(1)).unwrap()[1], block);
}

#[test]
fn senseless_sizes_are_refused() {
    let shape = *cache(2, 4).shape();
    let blocks = usize::MAX / 2;
    let huge = KvCache::new(CacheShape { blocks, ..shape }, b"").err();
    assert_eq!(huge, Some(CacheError::TooLarge { blocks }));
    let none = KvCache::new(
        CacheShape {
            head_dim: 0,
            ..shape
        },
        b"",
    )
    .err();
    assert_eq!(none, Some(CacheError::Empty { field: "head_dim" }));
}

#[test]
fn too_few_blocks_change_nothing() {
    let mut cache = cache(2, 4);
    store(&mut cache, 1, &[1; 5]).unwrap();
    let refused = store(&mut cache, 2, &[2; 5]);
    assert!(matches!(
        refused,
        Err(CacheError::OutOfBlocks {
            needed: 2,
            free: 0,
            ..
        })
    ));
    assert_eq!(
        cache.reserve(SequenceId(7), 1),
        Err(CacheError::Unknown(SequenceId(7)))
    );
    assert_eq!(
        cache.open(SequenceId(1), &[]),
        Err(CacheError::Open(SequenceId(1)))
    );
    cache.check().unwrap();
}

proptest! {
    #[test]
    fn no_block_leaks(steps in prop::collection::vec((0u64..6, 0u32..4, 1usize..20), 1..80), size in 1usize..6) {
        let mut cache = cache(12, size);
        for (id, kind, length) in steps {
            let id = SequenceId(id);
            // Prompts of few different tokens share prefixes often.
            let tokens: Vec<u32> = (0..length as u32).map(|i| if i > 9 { kind } else { 7 }).collect();
            match (cache.len(id), kind) {
                (None, _) => drop(store(&mut cache, id.0, &tokens)),
                (Some(_), 0) => cache.close(id).unwrap(),
                (Some(_), 1) => drop(cache.fork(id, SequenceId(id.0 + 10))),
                (Some(_), _) => {
                    if cache.reserve(id, length).is_ok() {
                        cache.append(id, &tokens).unwrap();
                    }
                }
            }
            prop_assert_eq!(cache.check(), Ok(()));
        }
        for id in 0..20 {
            let _ = cache.close(SequenceId(id));
        }
        prop_assert_eq!(cache.check(), Ok(()));
        prop_assert_eq!(cache.free_blocks(), 12);
    }
}
