//! Models of a single file.

use std::path::PathBuf;

use rounds_models::Message;
use rounds_models::local::cpu::{BlockFormat, write_gguf};
use rounds_models::local::device::Precision;
use rounds_models::local::engine::{Form, GenerationRequest};
use rounds_models::local::model::{AnyModel, LoadedModel, LocalError, LocalModel, LocalOptions};
use rounds_models::local::text::{DrawKey, Tokenizer};
use rounds_models::local::transformer::Checkpoint;
use tempfile::TempDir;

use crate::place::{folder, golden};
use crate::requests::{replies, requests};

/// A folder and the file of the same model in it.
fn written(tokenizer: &str, format: Option<BlockFormat>) -> (TempDir, PathBuf) {
    let place = folder("llama");
    std::fs::copy(
        golden().join(tokenizer),
        place.path().join("tokenizer.json"),
    )
    .unwrap();
    let checkpoint = Checkpoint::load(place.path()).unwrap();
    let rows = checkpoint.config.vocab_size;
    let data = Tokenizer::from_folder(place.path())
        .unwrap()
        .to_gguf(rows, None)
        .unwrap();
    let file = place.path().join("tiny.gguf");
    write_gguf(&file, &checkpoint, format, &data).unwrap();
    (place, file)
}

#[test]
fn a_file_of_floats_replies_as_the_folder_it_was_made_of() {
    let (place, file) = written("tokenizer_bytes.json", None);
    let options = LocalOptions::default();
    let both =
        [place.path(), file.as_path()].map(|path| LoadedModel::open(path, &options).unwrap());
    let [folder, gguf] = &both;
    assert_eq!((gguf.name().as_str(), &gguf.eos), ("tiny", &folder.eos));
    assert_eq!(folder.tokenizer.hash(), gguf.tokenizer.hash());
    let asked = requests(24);
    let asked: Vec<(u32, &GenerationRequest)> = asked.iter().map(|r| (0, r)).collect();
    let [folder, gguf] =
        both.map(|loaded| replies(&mut loaded.into_engine(&options).unwrap().0, &asked));
    assert_eq!(folder, gguf);
}

#[test]
fn conversations_are_put_to_a_file_as_to_the_folder() {
    let (place, file) = written("tokenizer_bytes.json", Some(BlockFormat::Q8_0));
    let [folder, gguf] = [place.path(), file.as_path()]
        .map(|path| LocalModel::load(path, &LocalOptions::default()).unwrap());
    assert!(gguf.memory().weights < folder.memory().weights / 2);
    let messages = [Message::new("user", "Is it a fever? naïve 🙂")];
    let prompt = gguf.encode(&messages).unwrap();
    assert_eq!(prompt, folder.encode(&messages).unwrap());
    assert_eq!(gguf.stop_strings(), folder.stop_strings());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let ask = |model: &LocalModel| {
        let request = GenerationRequest {
            prompt: prompt.clone(),
            form: Form::Regex("[a-c]{4}".to_owned()),
            draw: DrawKey {
                seed: 1,
                request: 2,
            },
            max_tokens: 9,
            ..requests(1).remove(0)
        };
        let reply = runtime.block_on(model.generate(request, None));
        reply.unwrap().unwrap().text
    };
    assert_eq!(ask(&gguf), ask(&gguf));
    assert_eq!(ask(&gguf).len(), 4);
}

#[test]
fn quantised_weights_are_widened_in_another_type() {
    let (_place, file) = written("tokenizer_bytes.json", Some(BlockFormat::Q8_0));
    let options = LocalOptions {
        dtype: Some(Precision::F16),
        ..LocalOptions::default()
    };
    let loaded = LoadedModel::open(&file, &options).unwrap();
    assert!(matches!(loaded.model, AnyModel::Device(_)));
    assert_eq!(loaded.memory.weights, 2 * loaded.config().parameter_count());
    // The first tokens have nearly the probabilities that the quantised model gives them, which rounds its rows to
    // eight bits as well.
    let asked: Vec<GenerationRequest> = requests(24)
        .into_iter()
        .map(|request| GenerationRequest {
            max_tokens: 1,
            ..request
        })
        .collect();
    let asked: Vec<(u32, &GenerationRequest)> = asked.iter().map(|r| (0, r)).collect();
    let widened = replies(&mut loaded.into_engine(&options).unwrap().0, &asked);
    let plain = LocalOptions::default();
    let loaded = LoadedModel::open(&file, &plain).unwrap();
    let quantised = replies(&mut loaded.into_engine(&plain).unwrap().0, &asked);
    let mut same = 0;
    for (one, other) in widened.iter().zip(&quantised) {
        if one.tokens == other.tokens {
            let off = (one.logprobs[0].logprob - other.logprobs[0].logprob).abs();
            assert!(off < 0.2, "{off}");
            same += 1;
        }
    }
    assert!(same >= 20, "{same} of 24");
}

#[test]
fn a_file_that_cannot_be_used_says_what_is_wrong() {
    let options = LocalOptions::default();
    // 420 tokens for 260 rows.
    let (_place, file) = written("tokenizer_bpe.json", None);
    let loaded = LoadedModel::open(&file, &options).unwrap();
    let error = loaded.into_engine(&options).err().unwrap();
    assert!(matches!(error, LocalError::Tokenizer { .. }), "{error}");
    let small = LocalOptions {
        memory_bytes: Some(1 << 10),
        ..LocalOptions::default()
    };
    let error = LoadedModel::open(&file, &small).unwrap_err();
    assert!(matches!(error, LocalError::Memory(_)), "{error}");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..1000]).unwrap();
    let error = LoadedModel::open(&file, &options).unwrap_err();
    assert!(matches!(error, LocalError::Gguf { .. }), "{error}");
    assert!(error.to_string().contains("tiny.gguf"), "{error}");
}
