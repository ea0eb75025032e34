//! A tokenizer of 32 000 tokens without any download: byte pairs of made-up words and of JSON.

use rand::{RngExt, SeedableRng};
use rounds_environments::streams::Stream;
use rounds_models::local::text::{BpeTraining, Tokenizer, TokenizerError};

const NAMES: [&str; 12] = [
    "disposition",
    "reason",
    "findings",
    "present",
    "weight",
    "vote",
    "belief",
    "diagnosis",
    "urgency",
    "plan",
    "confidence",
    "questions",
];

/// A tokenizer trained on lines of random words of two or three syllables, every eighth of them with
/// the names and marks of JSON objects.
pub(crate) fn tokenizer(vocab_size: usize) -> Result<Tokenizer, TokenizerError> {
    let mut rng = Stream::seed_from_u64(1);
    let syllables: Vec<String> = (0..900)
        .map(|_| {
            let mut letter = |of: &str| char::from(of.as_bytes()[rng.random_range(0..of.len())]);
            [letter("bdfgklmnprstvz"), letter("aeiou"), letter("lmnrst")]
                .iter()
                .collect()
        })
        .collect();
    let words: Vec<String> = (0..40_000)
        .map(|_| {
            let parts = rng.random_range(2..4);
            (0..parts)
                .map(|_| &*syllables[rng.random_range(0..syllables.len())])
                .collect()
        })
        .collect();
    let lines = (0..20_000).map(|line| {
        let mut word = || &*words[rng.random_range(0..words.len())];
        let said: Vec<&str> = (0..12).map(|_| word()).collect();
        if line % 8 > 0 {
            return said.join(" ");
        }
        let members = said.chunks(3).enumerate().map(|(k, said)| {
            let name = NAMES[(line / 8 + k) % NAMES.len()];
            match k {
                0 => format!("\"{name}\": true"),
                1 => format!("\"{name}\":0.{line}"),
                2 => format!("\"{name}\":[\"{}\",\"{}\"]", said[0], said[1]),
                _ => format!("\"{name}\":\"{}\"", said.join(" ")),
            }
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    });
    let lines: Vec<String> = lines.collect();
    let training = BpeTraining {
        vocab_size,
        ..BpeTraining::default()
    };
    training.train(lines)
}
