//! Files whose bytes were changed: errors, never a panic.

use rand::{RngExt, SeedableRng};
use rounds_environments::streams::Stream;
use rounds_models::local::cpu::{
    BlockFormat, CpuModel, GgufTokenizer, Threads, read_gguf, write_gguf,
};
use rounds_models::local::text::Tokenizer;

use crate::vectors::checkpoint;

fn replaced(bytes: &[u8], key: &[u8], with: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = bytes.windows(key.len()).position(|part| part == key);
    with(&mut bytes[at.expect("the key is there") + key.len()..]);
    bytes
}

/// What is told of a file of these bytes, if it is refused.
fn told(bytes: &[u8]) -> Option<String> {
    let dir = tempfile::tempdir().expect("a file");
    let path = dir.path().join("model.gguf");
    std::fs::write(&path, bytes).expect("a file");
    let mut gguf = match read_gguf(&path) {
        Ok(gguf) => gguf,
        Err(error) => return Some(error.to_string()),
    };
    if let Err(error) = Tokenizer::from_gguf("model.gguf", &gguf.tokenizer) {
        return Some(error.to_string());
    }
    let built = CpuModel::build(&gguf.config, &mut gguf.weights, Threads::new(1));
    built.err().map(|error| error.to_string())
}

/// A sound file of a tiny model.
fn sound(format: Option<BlockFormat>) -> Option<Vec<u8>> {
    let checkpoint = checkpoint("llama")?;
    let dir = tempfile::tempdir().expect("a file");
    let path = dir.path().join("model.gguf");
    let mut texts: Vec<String> = ["<s>", "a", "b", "ab"].map(str::to_owned).to_vec();
    texts.extend((texts.len()..checkpoint.config.vocab_size).map(|id| format!("t{id}")));
    let tokenizer = GgufTokenizer {
        model: Some("gpt2".to_owned()),
        pre: Some("qwen2".to_owned()),
        token_types: vec![1; texts.len()],
        tokens: texts,
        merges: vec!["a b".to_owned()],
        bos: Some(0),
        ..GgufTokenizer::default()
    };
    write_gguf(&path, &checkpoint, format, &tokenizer).expect("a file");
    Some(std::fs::read(&path).expect("a file"))
}

#[test]
fn an_alignment_of_nothing_is_refused() {
    let Some(bytes) = sound(None) else { return };
    assert_eq!(told(&bytes), None);
    // Behind magic, version and the numbers of tensors and keys.
    let mut with = bytes[..24].to_vec();
    with[16] += 1;
    with.extend(17_u64.to_le_bytes());
    with.extend(b"general.alignment");
    with.extend(4_u32.to_le_bytes());
    with.extend(0_u32.to_le_bytes());
    with.extend(&bytes[24..]);
    let error = told(&with).unwrap();
    assert!(error.contains("no sound GGUF file"), "{error}");
}

#[test]
fn shapes_without_a_size_are_refused() {
    let Some(bytes) = sound(Some(BlockFormat::Q8_0)) else {
        return;
    };
    for dims in [[1_u64 << 32, 1 << 32], [0, 1 << 40], [1 << 63, 2]] {
        let changed = replaced(&bytes, b"blk.0.attn_q.weight", |after| {
            // Behind the number of dimensions.
            after[4..12].copy_from_slice(&dims[0].to_le_bytes());
            after[12..20].copy_from_slice(&dims[1].to_le_bytes());
        });
        let error = told(&changed).unwrap();
        assert!(error.contains("attn_q"), "{error}");
    }
}

#[test]
fn changed_bytes_never_cause_a_panic() {
    let mut draw = Stream::seed_from_u64(9);
    let (mut refused, mut taken) = (0, 0);
    for format in [None, Some(BlockFormat::Q8_0)] {
        let Some(bytes) = sound(format) else { return };
        let name = b"output_norm.weight";
        let header = bytes.windows(name.len()).position(|part| part == name);
        let header = header.expect("a tensor's name");
        for _ in 0..300 {
            let mut bytes = bytes.clone();
            for _ in 0..draw.random_range(1..4) {
                let at = draw.random_range(8..header);
                bytes[at] = match draw.random_range(0..3) {
                    0 => 0,
                    1 => 255,
                    _ => draw.random_range(0..=255),
                };
            }
            match told(&bytes) {
                Some(_) => refused += 1,
                None => taken += 1,
            }
        }
    }
    println!("{refused} files refused, {taken} taken");
    assert!(refused > 100 && taken > 0);
}
