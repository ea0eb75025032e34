//! The tiny models of the golden vectors, and ways to run them.

use rounds_models::local::cpu::{
    CacheShape, Chunk, CpuModel, Inference, KvCache, SequenceId, Threads, Wanted,
};
use rounds_models::local::transformer::Checkpoint;
use serde_json::Value;

use crate::golden_files::path;

pub(crate) fn checkpoint(name: &str) -> Option<Checkpoint> {
    let dir = path(&format!("{name}_tiny"))?;
    Some(Checkpoint::load(dir).expect("the tiny model loads"))
}

pub(crate) fn model(name: &str) -> Option<CpuModel> {
    let checkpoint = checkpoint(name)?;
    let threads = Threads::new(1);
    let model = CpuModel::from_parameters(&checkpoint.config, &checkpoint.parameters, threads);
    Some(model.expect("the tiny model is packed"))
}

pub(crate) fn tokens(value: &Value) -> Vec<u32> {
    let list = value.as_array().expect("a list of tokens");
    list.iter()
        .map(|t| t.as_u64().expect("a token") as u32)
        .collect()
}

pub(crate) fn floats(value: &Value) -> Vec<f32> {
    let list = value.as_array().expect("a list of numbers");
    list.iter()
        .map(|t| t.as_f64().expect("a number") as f32)
        .collect()
}

/// A cache for a model.
pub(crate) fn cache(model: &CpuModel, blocks: usize, block_size: usize) -> KvCache {
    let shape = CacheShape {
        block_size,
        ..CacheShape::of(model.config(), blocks)
    };
    KvCache::new(shape, b"test").expect("a cache")
}

/// Runs chunks of one sequence after the other and returns all their logits.
pub(crate) fn run<M: Inference>(
    model: &M,
    cache: &mut KvCache<M::Blocks>,
    sequence: SequenceId,
    tokens: &[u32],
    cuts: &[usize],
) -> Vec<f32> {
    let mut all = Vec::new();
    let mut start = 0;
    for end in cuts.iter().copied().chain([tokens.len()]) {
        let chunk = Chunk {
            sequence,
            tokens: &tokens[start..end],
            wanted: Wanted::All,
        };
        all.extend(model.pass(cache, &[chunk]).expect("a pass").into_values());
        start = end;
    }
    all
}

/// The largest of a row, the first of equals.
pub(crate) fn argmax(row: &[f32]) -> u32 {
    let mut best = 0;
    for (i, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = i;
        }
    }
    best as u32
}

pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}
