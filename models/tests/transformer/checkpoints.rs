//! Loading and saving folders.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use rounds_models::local::transformer::{
    Checkpoint, Initial, Parameters, TokenBatch, Transformer, TransformerConfig,
};

use crate::tiny::{golden_folder, lively, values, variants};

/// The error and its sources in one line.
fn told(error: impl Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

fn refusal(dir: &Path) -> String {
    told(Checkpoint::load(dir).unwrap_err())
}

fn small() -> TransformerConfig {
    TransformerConfig::llama(20, 8, 12, 1, 2, 1, 16)
}

/// A saved folder of `small`.
fn saved() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let parameters = Parameters::random(&small(), 1, Initial::default(), &Device::Cpu).unwrap();
    let checkpoint = Checkpoint::new(small(), parameters);
    checkpoint.save(dir.path().join("model")).unwrap();
    dir
}

/// The stored tensors by name.
fn tensors(dir: &Path) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(dir.join("model.safetensors"), &Device::Cpu).unwrap()
}

fn store(dir: &Path, tensors: &HashMap<String, Tensor>) {
    candle_core::safetensors::save(tensors, dir.join("model.safetensors")).unwrap();
}

#[test]
fn every_variant_survives_saving() {
    for (name, config) in variants() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model");
        let mut checkpoint = Checkpoint::new(config.clone(), lively(&config, 3));
        checkpoint.generation.temperature = Some(0.7);
        let note = dir.path().join("tokenizer_config.json");
        fs::write(&note, "{}").unwrap();
        checkpoint.tokenizer_files = vec![note];
        checkpoint.save(&path).unwrap();
        let back = Checkpoint::load(&path).unwrap();
        assert_eq!(back.config, config, "{name}");
        assert_eq!(back.generation, checkpoint.generation);
        assert_eq!(back.tokenizer_files, [path.join("tokenizer_config.json")]);
        assert_eq!(back.parameters.len(), checkpoint.parameters.len());
        for ((a, before), (b, after)) in checkpoint.parameters.iter().zip(back.parameters.iter()) {
            assert_eq!(a, b);
            assert_eq!(values(before), values(after), "{name}: {a}");
        }
        // Saving in place of itself gives the same bytes.
        let bytes = fs::read(path.join("model.safetensors")).unwrap();
        back.save(&path).unwrap();
        assert_eq!(fs::read(path.join("model.safetensors")).unwrap(), bytes);
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }
}

#[test]
fn half_precision_and_shards_load() {
    let Some(dir) = golden_folder("llama", "config.json") else {
        return;
    };
    let whole = Checkpoint::load(dir.path()).unwrap();
    let all = tensors(dir.path());
    for dtype in [DType::F16, DType::BF16] {
        let halves: HashMap<_, _> = all
            .iter()
            .map(|(name, tensor)| (name.clone(), tensor.to_dtype(dtype).unwrap()))
            .collect();
        store(dir.path(), &halves);
        let loaded = Checkpoint::load(dir.path()).unwrap();
        for (name, var) in loaded.parameters.iter() {
            let expected = halves[name].to_dtype(DType::F32).unwrap();
            assert_eq!(values(var), values(&expected), "{name}");
        }
    }
    fs::remove_file(dir.path().join("model.safetensors")).unwrap();
    let mut map = serde_json::Map::new();
    let mut shards: [HashMap<String, Tensor>; 2] = Default::default();
    let mut names: Vec<_> = all.keys().cloned().collect();
    names.sort();
    for (ix, name) in names.into_iter().enumerate() {
        let file = format!("model-0000{}-of-00002.safetensors", ix % 2 + 1);
        shards[ix % 2].insert(name.clone(), all[&name].clone());
        map.insert(name, file.into());
    }
    for (ix, shard) in shards.iter().enumerate() {
        let file = format!("model-0000{}-of-00002.safetensors", ix + 1);
        candle_core::safetensors::save(shard, dir.path().join(file)).unwrap();
    }
    let index = serde_json::json!({"metadata": {}, "weight_map": map});
    let index_path = dir.path().join("model.safetensors.index.json");
    fs::write(&index_path, index.to_string()).unwrap();
    let sharded = Checkpoint::load(dir.path()).unwrap();
    for ((_, a), (name, b)) in whole.parameters.iter().zip(sharded.parameters.iter()) {
        assert_eq!(values(a), values(b), "{name}");
    }
    fs::remove_file(dir.path().join("model-00002-of-00002.safetensors")).unwrap();
    assert!(
        refusal(dir.path())
            .ends_with("model-00002-of-00002.safetensors: expected this file, got none")
    );
    let outside = r#"{"weight_map": {"a": "../secret"}}"#;
    fs::write(&index_path, outside).unwrap();
    assert!(refusal(dir.path()).contains("expected an object `weight_map`"));
}

#[test]
fn missing_folders_and_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let none = dir.path().join("none");
    assert!(
        refusal(&none)
            .ends_with("none: expected a folder with config.json and model.safetensors, got none")
    );
    assert!(refusal(dir.path()).ends_with("config.json: expected this file, got none"));
    fs::write(dir.path().join("config.json"), "{").unwrap();
    assert!(refusal(dir.path()).contains("config.json: expected JSON, got EOF"));
    fs::write(dir.path().join("config.json"), small().to_hf().to_string()).unwrap();
    assert!(refusal(dir.path()).ends_with("model.safetensors: expected this file, got none"));
}

#[test]
fn truncated_and_foreign_files_are_refused() {
    let dir = saved();
    let path = dir.path().join("model");
    let file = path.join("model.safetensors");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 5]).unwrap();
    let expected = format!(
        "expected {} bytes, as its header says, got {} bytes",
        bytes.len(),
        bytes.len() - 5
    );
    assert!(refusal(&path).ends_with(&expected), "{}", refusal(&path));
    for (content, message) in [
        (
            &b"abc"[..],
            "expected a safetensors file of at least 8 bytes, got 3 bytes",
        ),
        (
            &b"GGUFGGUFGGUF"[..],
            "expected a safetensors header of at most 4 bytes",
        ),
        (
            &b"\x02\0\0\0\0\0\0\0[]"[..],
            "expected a safetensors header, got",
        ),
    ] {
        fs::write(&file, content).unwrap();
        assert!(refusal(&path).contains(message), "{}", refusal(&path));
    }
}

/// Damaged headers are refused or, where the damage is harmless, read; nothing panics.
#[test]
fn damaged_headers_never_panic() {
    let dir = saved();
    let path = dir.path().join("model");
    let file = path.join("model.safetensors");
    let bytes = fs::read(&file).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut refused = 0;
    for at in 0..header {
        let mut damaged = bytes.clone();
        damaged[at] ^= [0x01, 0x10, 0x80][at % 3];
        fs::write(&file, &damaged).unwrap();
        refused += usize::from(Checkpoint::load(&path).is_err());
    }
    assert!(refused > header / 2, "{refused} of {header}");
}

#[test]
fn wrong_tensors_are_named() {
    let dir = saved();
    let path = dir.path().join("model");
    let all = tensors(&path);
    let name = "model.layers.0.mlp.up_proj.weight";

    let mut fewer = all.clone();
    fewer.remove(name);
    store(&path, &fewer);
    assert!(
        refusal(&path).ends_with(
            "tensor `model.layers.0.mlp.up_proj.weight`: missing, expected shape [12, 8]"
        )
    );

    let mut other = all.clone();
    other.insert(
        name.into(),
        Tensor::zeros((8, 12), DType::F32, &Device::Cpu).unwrap(),
    );
    store(&path, &other);
    assert!(refusal(&path).ends_with(
        "tensor `model.layers.0.mlp.up_proj.weight`: expected shape [12, 8], got [8, 12]"
    ));

    let mut whole_numbers = all.clone();
    whole_numbers.insert(
        name.into(),
        Tensor::zeros((12, 8), DType::U8, &Device::Cpu).unwrap(),
    );
    store(&path, &whole_numbers);
    assert!(refusal(&path).ends_with(
        "expected tensor `model.layers.0.mlp.up_proj.weight` in F32, F16 or BF16, got U8"
    ));

    let mut more = all.clone();
    more.insert(
        "model.extra".into(),
        Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap(),
    );
    store(&path, &more);
    assert!(
        refusal(&path)
            .ends_with("tensor `model.extra`: unexpected, the configuration has no such parameter")
    );

    let mut harmless = all;
    for extra in [
        "lm_head.weight",
        "model.layers.0.self_attn.rotary_emb.inv_freq",
    ] {
        harmless.insert(
            extra.into(),
            Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap(),
        );
    }
    store(&path, &harmless);
    assert!(Checkpoint::load(&path).is_ok());
}

#[test]
fn batches_that_do_not_fit_are_refused() {
    let parameters = lively(&small(), 1);
    let transformer = Transformer::new(small()).unwrap();
    let refused = |rows: &[Vec<u32>]| {
        let batch = TokenBatch::new(rows, 0).unwrap();
        told(transformer.forward(&parameters, &batch).unwrap_err())
    };
    assert_eq!(
        refused(&[vec![1, 20]]),
        "batch: expected token ids below 20, got 20"
    );
    assert_eq!(
        refused(&[vec![1; 17]]),
        "batch: texts of 17 tokens exceed the context of 16"
    );
    let batch = TokenBatch::new(&[[1, 2]], 0).unwrap();
    let hidden = transformer.forward_hidden(&parameters, &batch).unwrap();
    let error = transformer.logits_at(&parameters, &hidden, &[(0, 2)]);
    let none = transformer.token_nll(&parameters, &hidden, &[], &[]);
    assert_eq!(
        told(none.unwrap_err()),
        "batch: expected at least one token in each of at least one row, got no positions"
    );
    assert_eq!(
        told(error.unwrap_err()),
        "batch: expected a row below 1 and a position below 2, got (0, 2)"
    );
}
