//! The same logits as the processor's own model, however the work is cut and shared.

use std::collections::HashMap;

use candle_core::Tensor;
use proptest::prelude::*;
use rounds_models::local::Device;
use rounds_models::local::cpu::{Chunk, CpuModel, Inference, SequenceId, Threads, Wanted};
use rounds_models::local::device::Precision;
use rounds_models::local::transformer::{
    Activation, Architecture, Checkpoint, Initial, Parameters, RopeScaling, TransformerConfig,
};

use crate::golden_files::NAMES;
use crate::models::{cache, distance, exact, placed, relative};
use crate::vectors::{self, model, run};

/// How far logits may be off in f32.
const CLOSE: f32 = 5e-5;

/// Text that is longer than the windows and spans several blocks.
fn text(length: usize, seed: u32) -> Vec<u32> {
    (0..length as u32)
        .map(|i| (i * 37 + seed * 101) % 256)
        .collect()
}

/// All logits by the processor's own model.
fn by_cpu(model: &CpuModel, input: &[u32]) -> Vec<f32> {
    let mut cache = vectors::cache(model, 64, 16);
    cache.open(SequenceId(1), input).expect("a new sequence");
    run(model, &mut cache, SequenceId(1), input, &[])
}

#[test]
fn chunks_and_blocks_do_not_matter() {
    let mut most: f32 = 0.0;
    for name in NAMES {
        let (Some(model), Some(own)) = (exact(name), model(name)) else {
            continue;
        };
        let input = text(45, 1);
        let expected = by_cpu(&own, &input);
        for block_size in [1, 5, 16, 32] {
            for cuts in [vec![], vec![1], vec![7, 9, 31], (1..45).collect()] {
                let mut cache = cache(&model, 64, block_size);
                cache.open(SequenceId(1), &input).expect("a new sequence");
                let got = run(&model, &mut cache, SequenceId(1), &input, &cuts);
                let off = distance(&got, &expected);
                assert!(
                    off <= CLOSE,
                    "{name}, blocks of {block_size}, cuts {cuts:?}: {off}"
                );
                most = most.max(off);
            }
        }
    }
    println!("logits are off by {most:e} at most");
}

#[test]
fn shared_prefixes_and_forks_do_not_matter() {
    for name in NAMES {
        let (Some(model), Some(own)) = (exact(name), model(name)) else {
            continue;
        };
        let (first, second) = (text(40, 1), [&text(40, 1)[..35], &text(20, 2)].concat());
        let expected = by_cpu(&own, &second);
        let mut cache = cache(&model, 64, 16);
        cache.open(SequenceId(1), &first).expect("a new sequence");
        run(&model, &mut cache, SequenceId(1), &first, &[]);
        assert_eq!(cache.open(SequenceId(2), &second), Ok(32));
        let rest = run(&model, &mut cache, SequenceId(2), &second[32..], &[]);
        let vocab = model.config().vocab_size;
        let off = distance(&rest, &expected[32 * vocab..]);
        assert!(off <= CLOSE, "{name}: {off}");
        // A fork goes its own way in a block that it shared in part.
        cache.fork(SequenceId(2), SequenceId(3)).expect("a fork");
        let ways = [[5, 6], [7, 8]];
        for (id, way) in [2, 3].into_iter().zip(ways) {
            let got = run(&model, &mut cache, SequenceId(id), &way, &[]);
            let whole = by_cpu(&own, &[&second[..], &way].concat());
            let off = distance(&got, &whole[second.len() * vocab..]);
            assert!(off <= CLOSE, "{name}, sequence {id}: {off}");
        }
        cache.check().expect("no leak");
    }
}

/// What no tiny model has: biases everywhere with norms of heads, stretched frequencies, another activation;
/// rotation of a part of each head.
fn odd() -> [Checkpoint; 2] {
    let mut base = TransformerConfig::llama(256, 48, 80, 3, 6, 3, 128);
    base.head_dim = 16;
    base.attention_scale = 0.25;
    base.sliding_window = Some(9);
    base.tied_head = false;
    let biased = TransformerConfig {
        architecture: Architecture::Qwen3,
        layer_windows: vec![true, false, true],
        rope_dims: 16,
        rope_scaling: RopeScaling::Linear { factor: 2.5 },
        activation: Activation::Gelu,
        qkv_bias: true,
        output_bias: true,
        qk_norm: true,
        ..base.clone()
    };
    let partial = TransformerConfig {
        architecture: Architecture::Phi3,
        layer_windows: vec![true; 3],
        rope_dims: 8,
        ..base
    };
    [biased, partial].map(|config| {
        let initial = Initial {
            deviation: 0.2,
            ..Initial::default()
        };
        let random = Parameters::random(&config, 4, initial, &Device::Cpu).expect("parameters");
        // Biases begin as zeros, and norms as ones.
        let tensors = random.iter().map(|(name, var)| {
            let spread = (var.sin().expect("sines") * 0.5).expect("halves");
            let ramp = match var.dims() {
                &[n] => Tensor::arange(0_f32, n as f32, &Device::Cpu)
                    .and_then(|ramp| (ramp * 0.3)?.sin()? + spread),
                _ => Ok(var.as_tensor().clone()),
            };
            (name.to_owned(), ramp.expect("a tensor"))
        });
        let parameters = Parameters::from_tensors(&config, tensors.collect(), &Device::Cpu);
        Checkpoint::new(config, parameters.expect("parameters"))
    })
}

#[test]
fn options_that_no_vector_has_agree() {
    for checkpoint in odd() {
        let (config, parameters) = (&checkpoint.config, &checkpoint.parameters);
        let own = CpuModel::from_parameters(config, parameters, Threads::new(1)).expect("a model");
        let model = placed(&checkpoint, Precision::F32);
        let input = text(60, 3);
        let expected = by_cpu(&own, &input);
        let size = relative(&vec![0.0; expected.len()], &expected);
        assert!((size - 1.0).abs() < 1e-6, "the logits are numbers");
        for cuts in [&[][..], &[11, 30, 31]] {
            let mut cache = cache(&model, 8, 16);
            cache.open(SequenceId(1), &input).expect("a new sequence");
            let got = run(&model, &mut cache, SequenceId(1), &input, cuts);
            let error = relative(&got, &expected);
            assert!(
                error <= 1e-5,
                "{:?}, cuts {cuts:?}: {error}",
                config.architecture
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn ragged_batches_agree(
        lengths in prop::collection::vec((1usize..60, 0usize..40), 1..12), which in 0usize..8,
        block_size in 1usize..20,
    ) {
        let name = NAMES[which];
        let (Some(model), Some(own)) = (exact(name), model(name)) else { return Ok(()) };
        let texts: Vec<Vec<u32>> =
            lengths.iter().zip(0..).map(|((n, _), i)| text(*n, i)).collect();
        let mut cache = cache(&model, 1024, block_size);
        let mut done = Vec::new();
        for (i, (text, (_, before))) in texts.iter().zip(&lengths).enumerate() {
            let id = SequenceId(i as u64);
            cache.open_sharing(id, text, false).expect("a new sequence");
            // Some come with part of their tokens computed.
            let before = *before.min(&(text.len() - 1));
            if before > 0 {
                run(&model, &mut cache, id, &text[..before], &[]);
            }
            done.push(before);
        }
        let chunks: Vec<Chunk<'_>> = texts
            .iter()
            .zip(&done)
            .enumerate()
            .map(|(i, (tokens, before))| Chunk {
                sequence: SequenceId(i as u64),
                tokens: &tokens[*before..],
                wanted: [Wanted::All, Wanted::Last, Wanted::None][i % 3],
            })
            .collect();
        let batch = model.pass(&mut cache, &chunks).expect("a pass").into_values();
        let vocab = model.config().vocab_size;
        let mut expected = Vec::new();
        for (i, (text, before)) in texts.iter().zip(&done).enumerate() {
            let all = by_cpu(&own, text);
            let from = [*before, text.len() - 1, text.len()][i % 3];
            expected.extend_from_slice(&all[from * vocab..]);
        }
        let off = distance(&batch, &expected);
        prop_assert!(off <= CLOSE, "{}: {}", name, off);
    }
}

#[test]
fn what_a_sequence_leaves_in_its_blocks_reaches_nobody() {
    let Some(checkpoint) = vectors::checkpoint("llama") else {
        return;
    };
    // Token 7 is no number, and so are its keys and values.
    let mut tensors = HashMap::new();
    for (name, var) in checkpoint.parameters.iter() {
        let mut tensor = var.as_tensor().copy().expect("a copy");
        if name == "model.embed_tokens.weight" {
            let width = checkpoint.config.hidden_size;
            let mut values = tensor
                .flatten_all()
                .and_then(|t| t.to_vec1())
                .expect("floats");
            values[7 * width..8 * width].fill(f32::NAN);
            let shape = tensor.shape().clone();
            tensor = Tensor::from_vec(values, shape, &Device::Cpu).expect("a tensor");
        }
        tensors.insert(name.to_owned(), tensor);
    }
    let parameters = Parameters::from_tensors(&checkpoint.config, tensors, &Device::Cpu);
    let broken = Checkpoint::new(checkpoint.config, parameters.expect("parameters"));
    let model = placed(&broken, Precision::F32);
    let mut cache = cache(&model, 4, 16);
    let bad = vec![7; 60];
    cache.open(SequenceId(1), &bad).expect("a new sequence");
    let logits = run(&model, &mut cache, SequenceId(1), &bad, &[]);
    assert!(logits.iter().any(|x| x.is_nan()));
    cache.close(SequenceId(1)).expect("it is open");
    cache.forget();
    // Alone in a block that is filled in part, beside a longer one, and token by token.
    let (short, long) = (
        [9, 8],
        text(20, 5).iter().map(|t| t % 7).collect::<Vec<_>>(),
    );
    for (id, tokens) in [(2, &short[..]), (3, &long[..])] {
        cache.open(SequenceId(id), tokens).expect("a new sequence");
    }
    let chunks = [(2, &short[..]), (3, &long[..])].map(|(id, tokens)| Chunk {
        sequence: SequenceId(id),
        tokens,
        wanted: Wanted::All,
    });
    let both = model.pass(&mut cache, &chunks).expect("a pass");
    assert!(both.into_values().iter().all(|x| x.is_finite()));
    for step in 0..18 {
        let logits = run(&model, &mut cache, SequenceId(2), &[step % 5], &[]);
        assert!(logits.iter().all(|x| x.is_finite()), "step {step}");
    }
}
