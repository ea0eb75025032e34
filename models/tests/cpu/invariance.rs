//! Logits are the same bit by bit, however the work is cut and shared.

use proptest::prelude::*;
use rounds_models::local::cpu::{Chunk, Level, SequenceId, Threads, Wanted};

use crate::golden_files::NAMES;
use crate::vectors::{bits, cache, model, run};

/// Text that is longer than the windows and spans several blocks.
fn text(length: usize, seed: u32) -> Vec<u32> {
    (0..length as u32)
        .map(|i| (i * 37 + seed * 101) % 256)
        .collect()
}

#[test]
fn chunks_blocks_levels_and_threads_do_not_matter() {
    for name in NAMES {
        let Some(model) = model(name) else { continue };
        let input = text(45, 1);
        let whole = {
            let mut cache = cache(&model, 64, 16);
            cache.open(SequenceId(1), &input).unwrap();
            bits(&run(&model, &mut cache, SequenceId(1), &input, &[]))
        };
        for block_size in [1, 5, 16, 32] {
            for cut in 1..input.len() {
                let mut cache = cache(&model, 64, block_size);
                cache.open(SequenceId(1), &input).unwrap();
                let logits = run(&model, &mut cache, SequenceId(1), &input, &[cut]);
                assert_eq!(
                    bits(&logits),
                    whole,
                    "{name}, blocks of {block_size}, cut at {cut}"
                );
            }
        }
        for level in Level::available() {
            for threads in [1, 2] {
                let model = model
                    .clone()
                    .with_level(level)
                    .with_threads(Threads::new(threads));
                let mut cache = cache(&model, 8, 16);
                cache.open(SequenceId(1), &input).unwrap();
                let logits = run(&model, &mut cache, SequenceId(1), &input, &[]);
                assert_eq!(bits(&logits), whole, "{name}, {level:?}, {threads} threads");
            }
        }
    }
}

#[test]
fn shared_prefixes_do_not_matter() {
    for name in NAMES {
        let Some(model) = model(name) else { continue };
        let (first, second) = (text(40, 1), [&text(40, 1)[..35], &text(20, 2)].concat());
        let mut alone = cache(&model, 64, 16);
        alone.open(SequenceId(2), &second).unwrap();
        let expected = run(&model, &mut alone, SequenceId(2), &second, &[]);
        let mut cache = cache(&model, 64, 16);
        cache.open(SequenceId(1), &first).unwrap();
        run(&model, &mut cache, SequenceId(1), &first, &[]);
        assert_eq!(cache.open(SequenceId(2), &second), Ok(32));
        let rest = run(&model, &mut cache, SequenceId(2), &second[32..], &[]);
        let vocab = model.config().vocab_size;
        assert_eq!(bits(&rest), bits(&expected[32 * vocab..]), "{name}");
        // A fork goes on as its parent would, also in a block it shares only in part.
        cache.fork(SequenceId(2), SequenceId(3)).unwrap();
        let parent = run(&model, &mut cache, SequenceId(2), &[5, 6], &[]);
        let child = run(&model, &mut cache, SequenceId(3), &[5, 6], &[]);
        assert_eq!(bits(&parent), bits(&child), "{name}");
        cache.check().unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn rows_in_a_batch_are_rows_alone(
        lengths in prop::collection::vec(1usize..40, 1..12), which in 0usize..8,
    ) {
        let name = NAMES[which];
        let Some(model) = model(name) else { return Ok(()) };
        let texts: Vec<Vec<u32>> = lengths.iter().zip(0..).map(|(n, i)| text(*n, i)).collect();
        let mut together = cache(&model, 64, 16);
        for (i, text) in texts.iter().enumerate() {
            together.open(SequenceId(i as u64), text).unwrap();
        }
        let chunks: Vec<Chunk<'_>> = texts
            .iter()
            .enumerate()
            .map(|(i, tokens)| Chunk {
                sequence: SequenceId(i as u64),
                tokens,
                wanted: Wanted::All,
            })
            .collect();
        let batch = model.pass(&mut together, &chunks).unwrap().into_values();
        let mut alone = Vec::new();
        for (i, text) in texts.iter().enumerate() {
            let mut cache = cache(&model, 8, 16);
            cache.open(SequenceId(i as u64), text).unwrap();
            alone.extend(run(&model, &mut cache, SequenceId(i as u64), text, &[]));
        }
        prop_assert_eq!(bits(&batch), bits(&alone));
    }
}
