//! What an engine refuses, and how replies end.

use rounds_models::local::engine::{Form, GenerationError, GenerationRequest};
use rounds_models::local::model::{LoadedModel, LocalError, LocalModel, LocalOptions};
use rounds_models::local::text::{DrawKey, Sampling, StopReason};
use rounds_models::{LanguageModel, Message, ModelError, ModelRequest, Schema};
use serde_json::{Value, json};

use crate::place::{engine, folder, golden};
use crate::requests::{replies, requests};

fn plain(prompt: Vec<u32>, max_tokens: u64) -> GenerationRequest {
    GenerationRequest {
        prompt,
        sampling: Sampling::greedy(),
        max_tokens,
        stop: Vec::new(),
        form: Form::Free,
        draw: DrawKey {
            seed: 0,
            request: 0,
        },
        logprobs: false,
    }
}

#[test]
fn requests_that_cannot_be_served_are_refused_before_anything_is_computed() {
    let place = folder("llama");
    let options = LocalOptions {
        context: Some(30),
        ..LocalOptions::default()
    };
    let mut engine = engine(&place, &options);
    let mut told = |request: GenerationRequest| engine.begin(&request).unwrap_err().to_string();
    assert!(told(plain(Vec::new(), 3)).contains("at least one token"));
    assert!(told(plain(vec![1; 30], 3)).contains("30 tokens, expected at most 29"));
    assert!(told(plain(vec![1, 9999], 3)).contains("9999"));
    let hot = GenerationRequest {
        sampling: Sampling {
            top_p: 1.5,
            ..Sampling::default()
        },
        ..plain(vec![1], 3)
    };
    assert!(told(hot).contains("top_p"));
    let unsupported = GenerationRequest {
        form: Form::JsonSchema(Schema::new(&json!({"type": "array", "uniqueItems": true}))),
        ..plain(vec![1], 3)
    };
    assert!(told(unsupported).contains("uniqueItems"));
    assert!(engine.is_empty());
    assert_eq!(engine.counters().1.tokens, 0);
}

#[test]
fn the_context_ends_a_reply_and_so_does_the_limit() {
    let place = folder("llama");
    let options = LocalOptions {
        context: Some(12),
        ..LocalOptions::default()
    };
    let mut engine = engine(&place, &options);
    let ends = replies(
        &mut engine,
        &[(0, &plain(vec![65; 9], 99)), (0, &plain(vec![66], 2))],
    );
    let of: Vec<(StopReason, usize)> = ends.iter().map(|e| (e.reason, e.tokens.len())).collect();
    assert_eq!(of, [(StopReason::Context, 3), (StopReason::Length, 2)]);
}

#[test]
fn nine_tenths_of_a_shared_prompt_are_computed_once() {
    let place = folder("llama");
    let mut engine = engine(&place, &LocalOptions::default());
    let shared: Vec<u32> = (0..200).map(|k| (k * 7) % 256).collect();
    let asked: Vec<GenerationRequest> = (0..20)
        .map(|k| {
            let mut prompt = shared.clone();
            prompt.extend([k, k + 1, k + 2]);
            plain(prompt, 1)
        })
        .collect();
    let asked: Vec<(u32, &GenerationRequest)> = asked.iter().map(|r| (0, r)).collect();
    replies(&mut engine, &asked);
    let (cache, _) = engine.counters();
    let most = 19 * 200;
    assert!(
        cache.found * 10 >= most * 9,
        "{} of {most} tokens that need no second pass",
        cache.found
    );
}

fn asked(text: &str, schema: Option<Schema>, max_tokens: u32) -> ModelRequest {
    serde_json::from_value(json!({
        "key": {"episode": 1, "agent": 2, "round": 3, "purpose": "vote", "number": 0, "attempt": 0},
        "messages": [Message::new("user", text)],
        "schema": schema,
        "temperature": 0.9,
        "max_tokens": max_tokens,
        "seed": 5,
    }))
    .unwrap()
}

fn complete(model: &LocalModel, asked: &[ModelRequest]) -> Vec<Result<String, ModelError>> {
    let replies = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(model.complete(asked));
    replies
        .into_iter()
        .map(|r| r.map(|reply| reply.text))
        .collect()
}

#[test]
fn a_model_answers_conversations_and_never_passes_on_half_a_reply() {
    let place = folder("llama");
    let model = LocalModel::load(place.path(), &LocalOptions::default()).unwrap();
    let schema = Schema::new(&json!({"enum": ["yes", "no"]}));
    let asked = [
        asked("hello", Some(schema.clone()), 20),
        asked("hello", Some(schema), 2),
        asked(&"long ".repeat(400), None, 5),
    ];
    let got = complete(&model, &asked);
    let answer = got[0].as_ref().unwrap();
    assert!(answer == "\"yes\"" || answer == "\"no\"", "{answer}");
    let cut = got[1].as_ref().unwrap_err();
    assert_eq!((cut.kind(), cut.usage().completion_tokens), ("cut_off", 2));
    assert_eq!(got[2].as_ref().unwrap_err().kind(), "too_long");
    assert_eq!(complete(&model, &asked), got, "the same again");
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

#[test]
fn a_model_that_cannot_be_used_says_what_is_wrong() {
    let told = |change: &dyn Fn(&std::path::Path)| {
        let place = folder("llama");
        change(place.path());
        let opened = LocalModel::load(place.path(), &LocalOptions::default());
        with_causes(&opened.unwrap_err())
    };
    let remove = |name: &'static str| {
        move |place: &std::path::Path| std::fs::remove_file(place.join(name)).unwrap()
    };
    assert!(told(&remove("config.json")).contains("config.json"));
    assert!(told(&remove("model.safetensors")).contains("model.safetensors"));
    assert!(told(&remove("tokenizer.json")).contains("tokenizer.json"));
    let cut = |place: &std::path::Path| {
        let path = place.join("model.safetensors");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    };
    assert!(told(&cut).contains("model.safetensors"));
    let other = |place: &std::path::Path| {
        let config = std::fs::read_to_string(place.join("config.json")).unwrap();
        let config = config.replace("\"llama\"", "\"mamba\"");
        std::fs::write(place.join("config.json"), config).unwrap();
    };
    let text = told(&other);
    assert!(text.contains("mamba") && text.contains("qwen3"), "{text}");
    let nowhere = LocalModel::load(&golden().join("none"), &LocalOptions::default());
    assert!(matches!(nowhere, Err(LocalError::Path { .. })));
}

#[test]
fn a_model_that_does_not_fit_is_refused_before_it_is_loaded() {
    let place = folder("llama");
    // Nothing of the weights can be read.
    std::fs::write(place.path().join("model.safetensors"), "").unwrap();
    let options = LocalOptions {
        memory_bytes: Some(1 << 10),
        ..LocalOptions::default()
    };
    let error = LoadedModel::open(place.path(), &options).unwrap_err();
    assert!(matches!(error, LocalError::Memory(_)));
    assert!(error.to_string().contains("cache_tokens"), "{error}");
}

#[test]
fn a_logit_that_is_no_number_is_told_and_ends_only_its_reply() {
    let place = folder("llama");
    let path = place.path().join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    // A length, the places of all tensors as JSON, the tensors.
    let begin = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..begin]).unwrap();
    let at = begin
        + header["model.norm.weight"]["data_offsets"][0]
            .as_u64()
            .unwrap() as usize;
    let mut changed = bytes.clone();
    changed[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, changed).unwrap();
    let mut engine = engine(&place, &LocalOptions::default());
    let request = &requests(1)[0];
    engine.begin(request).unwrap();
    let news = loop {
        if let Some((_, news)) = engine.step().pop() {
            break news;
        }
    };
    let ended = news.ended.unwrap();
    assert!(
        matches!(ended, Err(GenerationError::Sample { at: 0, .. })),
        "{ended:?}"
    );
    assert!(engine.is_empty());
}
