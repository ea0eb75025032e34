//! Whole replies by models on tensors of a device, here of the processor.

use rounds_models::local::device::{ComputeDevice, Precision};
use rounds_models::local::engine::{Form, Generated, GenerationRequest};
use rounds_models::local::model::{AnyModel, LoadedModel, LocalError, LocalOptions};

use crate::place::{engine, folder};
use crate::requests::{replies, requests};

fn of(precision: Precision) -> LocalOptions {
    LocalOptions {
        dtype: Some(precision),
        ..LocalOptions::default()
    }
}

#[test]
fn replies_in_sixteen_bits_keep_to_their_forms() {
    let all: Vec<GenerationRequest> = requests(40)
        .into_iter()
        .map(|request| GenerationRequest {
            max_tokens: 60,
            // A text that ends a reply would end it in the middle of its form.
            stop: Vec::new(),
            ..request
        })
        .collect();
    let asked: Vec<(u32, &GenerationRequest)> = all.iter().map(|request| (0, request)).collect();
    for precision in [Precision::Bf16, Precision::F16] {
        let place = folder("llama");
        let replies: Vec<Generated> = replies(&mut engine(&place, &of(precision)), &asked);
        let mut objects = 0;
        for (request, reply) in all.iter().zip(&replies) {
            if matches!(request.form, Form::JsonSchema(_)) && reply.reason.is_complete() {
                serde_json::from_str::<serde_json::Value>(&reply.text).unwrap();
                objects += 1;
            }
        }
        assert!(objects > 0, "{precision:?}");
    }
}

#[test]
fn one_request_at_a_time_has_the_same_bits_in_any_order() {
    // Nothing else is in a pass then, and nothing is found in the cache.
    let options = LocalOptions {
        sequences: 1,
        prefix_sharing: false,
        ..of(Precision::Bf16)
    };
    let all = requests(12);
    let place = folder("qwen3");
    let forwards: Vec<(u32, &GenerationRequest)> = all.iter().map(|request| (0, request)).collect();
    let backwards: Vec<(u32, &GenerationRequest)> = forwards.iter().rev().copied().collect();
    let one = replies(&mut engine(&place, &options), &forwards);
    let mut other = replies(&mut engine(&place, &options), &backwards);
    other.reverse();
    assert_eq!(one, other);
}

#[test]
fn sixteen_bits_take_half_the_memory() {
    let place = folder("llama");
    let exact = LoadedModel::open(place.path(), &LocalOptions::default()).unwrap();
    let half = LoadedModel::open(place.path(), &of(Precision::F16)).unwrap();
    assert!(matches!(exact.model, AnyModel::Cpu(_)));
    assert!(matches!(half.model, AnyModel::Device(_)));
    assert_eq!(exact.memory.weights, 2 * half.memory.weights);
    assert_eq!(exact.memory.cache_tokens, half.memory.cache_tokens);
    assert_eq!(exact.memory.cache, 2 * half.memory.cache);
    assert_eq!(exact.eos, half.eos);
}

#[test]
fn a_device_that_this_build_has_not_is_refused_before_anything_is_loaded() {
    if cfg!(feature = "cuda") {
        return;
    }
    let place = folder("llama");
    std::fs::write(place.path().join("model.safetensors"), "").unwrap();
    let options = LocalOptions {
        device: ComputeDevice::Cuda(0),
        ..LocalOptions::default()
    };
    let error = LoadedModel::open(place.path(), &options).unwrap_err();
    assert!(matches!(error, LocalError::Device(_)), "{error}");
    assert!(error.to_string().contains("rounds-cuda"), "{error}");
}
