//! Choices by hash: the same parts give the same draw on every machine.

use rand::RngExt;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, Stream, StreamKey};
use sha2::{Digest, Sha256};

/// A stream that belongs to `parts` alone.
pub(super) fn stream(seed: u64, parts: &[&str]) -> Stream {
    let mut hasher = Sha256::new();
    hasher.update(seed.to_le_bytes());
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    let root = digest[..8]
        .iter()
        .fold(0, |acc, byte| (acc << 8) | u64::from(*byte));
    StreamKey::episode(RunSeed(root), EpisodeIx(0), Purpose::Model).open()
}

/// An index below `count`; 0 when there is nothing to choose from.
pub(super) fn index(stream: &mut Stream, count: usize) -> usize {
    if count < 2 {
        return 0;
    }
    stream.random_range(0..count)
}

/// Words of replies that mean nothing.
pub(super) const WORDS: [&str; 16] = [
    "amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "harbour", "inlet", "juniper",
    "kelp", "lagoon", "meadow", "north", "orchard", "pebble",
];

/// `count` words.
pub(super) fn words(stream: &mut Stream, count: usize) -> String {
    let chosen: Vec<&str> = (0..count)
        .map(|_| WORDS[index(stream, WORDS.len())])
        .collect();
    chosen.join(" ")
}
