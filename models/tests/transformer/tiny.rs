//! Tiny models with every option, and small helpers.

use candle_core::{Device, Tensor, Var};
use rounds_models::local::transformer::{
    Activation, Architecture, AttentionMask, Initial, Parameters, RopeScaling, TransformerConfig,
};

use crate::golden_files::path;

/// A folder with the tensors of `name` and one of its two configs, as `config.json`.
pub(crate) fn golden_folder(name: &str, config: &str) -> Option<tempfile::TempDir> {
    let from = path(&format!("{name}_tiny"))?;
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(from.join(config), dir.path().join("config.json")).unwrap();
    let tensors = "model.safetensors";
    std::fs::copy(from.join(tensors), dir.path().join(tensors)).unwrap();
    Some(dir)
}

pub(crate) fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

pub(crate) fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .fold(0.0, |most, (a, b)| most.max((a - b).abs()))
}

/// Small models that together use every option, by name.
pub(crate) fn variants() -> Vec<(&'static str, TransformerConfig)> {
    let llama = TransformerConfig::llama(23, 12, 10, 2, 4, 2, 32);
    let of = |architecture| TransformerConfig {
        architecture,
        ..llama.clone()
    };
    let wide = TransformerConfig {
        head_dim: 4,
        rope_dims: 4,
        attention_scale: 0.5,
        ..llama.clone()
    };
    let gemma = |architecture| TransformerConfig {
        architecture,
        norm_plus_one: true,
        embedding_scale: true,
        activation: Activation::GeluTanh,
        ..wide.clone()
    };
    let mut all = vec![
        (
            "llama with its own head",
            TransformerConfig {
                tied_head: false,
                ..wide.clone()
            },
        ),
        ("llama", wide.clone()),
        (
            "llama with biases, llama3 rope and gelu",
            TransformerConfig {
                qkv_bias: true,
                output_bias: true,
                activation: Activation::Gelu,
                rope_scaling: RopeScaling::Llama3 {
                    factor: 8.0,
                    low_freq_factor: 1.0,
                    high_freq_factor: 4.0,
                    original_context: 16,
                },
                ..wide.clone()
            },
        ),
        (
            "llama without a mask, linear rope",
            TransformerConfig {
                mask: AttentionMask::Bidirectional,
                rope_scaling: RopeScaling::Linear { factor: 2.0 },
                ..wide.clone()
            },
        ),
        (
            "mistral with a window",
            TransformerConfig {
                sliding_window: Some(3),
                layer_windows: vec![true; 2],
                kv_heads: 1,
                architecture: Architecture::Mistral,
                ..wide.clone()
            },
        ),
        (
            "qwen2 with a window in one layer",
            TransformerConfig {
                qkv_bias: true,
                sliding_window: Some(2),
                layer_windows: vec![false, true],
                ..of(Architecture::Qwen2)
            },
        ),
        (
            "qwen3",
            TransformerConfig {
                architecture: Architecture::Qwen3,
                qk_norm: true,
                kv_heads: 4,
                ..wide.clone()
            },
        ),
        ("gemma", gemma(Architecture::Gemma)),
        (
            "gemma2",
            TransformerConfig {
                sandwich_norms: true,
                attention_scale: 1.0 / 3f64.sqrt(),
                attention_softcap: Some(1.5),
                logit_softcap: Some(2.0),
                sliding_window: Some(3),
                layer_windows: vec![true, false],
                ..gemma(Architecture::Gemma2)
            },
        ),
        (
            "phi3 with partial rotation",
            TransformerConfig {
                architecture: Architecture::Phi3,
                rope_dims: 2,
                tied_head: false,
                ..wide.clone()
            },
        ),
    ];
    for (_, config) in &mut all {
        if config.head_dim == 3 {
            config.head_dim = 4;
            config.rope_dims = 4;
            config.attention_scale = 0.5;
        }
        config.validate().unwrap();
    }
    all
}

/// Parameters large enough that every option matters, with no norm at one and no bias at zero.
pub(crate) fn lively(config: &TransformerConfig, seed: u64) -> Parameters {
    let initial = Initial {
        deviation: 0.4,
        scale_residual: false,
    };
    let parameters = Parameters::random(config, seed, initial, &Device::Cpu).unwrap();
    for (index, (_, var)) in parameters.iter().enumerate() {
        if var.rank() == 1 {
            jitter(var, index);
        }
    }
    parameters
}

fn jitter(var: &Var, index: usize) {
    let moved: Vec<f32> = values(var)
        .iter()
        .enumerate()
        .map(|(ix, x)| x + 0.3 * ((ix * 7 + index * 3) as f32).sin())
        .collect();
    let moved = Tensor::from_vec(moved, var.shape(), &Device::Cpu).unwrap();
    var.set(&moved).unwrap();
}
