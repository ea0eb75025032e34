//! Configurations: both spellings, what is refused and how, writing and reading back.

use rounds_models::local::transformer::{
    Architecture, AttentionMask, ConfigError, RopeScaling, TransformerConfig,
};
use serde_json::{Value, json};

const TINY: [&str; 8] = [
    "llama",
    "llama3_rope",
    "qwen2",
    "qwen3",
    "mistral",
    "mistral_window",
    "gemma",
    "gemma2",
];

fn golden(name: &str, file: &str) -> Value {
    let path = format!(
        "{}/../tests/golden/local-llm/{name}_tiny/{file}",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn llama() -> Value {
    golden("llama", "config.json")
}

#[test]
fn both_spellings_of_a_model_are_one_configuration() {
    for name in TINY {
        let old = TransformerConfig::from_hf(&golden(name, "config.json")).unwrap();
        let new = TransformerConfig::from_hf(&golden(name, "config_transformers_v5.json")).unwrap();
        assert_eq!(old, new, "{name}");
        assert_eq!(
            TransformerConfig::from_hf(&old.to_hf()).unwrap(),
            old,
            "{name}"
        );
    }
}

#[test]
fn options_of_the_tiny_models_are_read() {
    let read = |name| TransformerConfig::from_hf(&golden(name, "config.json")).unwrap();
    let gemma2 = read("gemma2");
    assert_eq!(gemma2.layer_windows, [true, false]);
    assert_eq!((gemma2.window_of(0), gemma2.window_of(1)), (Some(8), None));
    assert_eq!(gemma2.attention_scale, 0.25);
    assert_eq!(gemma2.attention_softcap, Some(50.0));
    assert!(gemma2.norm_plus_one && gemma2.sandwich_norms && gemma2.embedding_scale);
    let qwen3 = read("qwen3");
    assert!(qwen3.qk_norm && !qwen3.qkv_bias);
    assert_eq!(qwen3.head_dim, 16);
    assert_eq!(qwen3.kv_bytes_per_token(4), 2 * 2 * 2 * 16 * 4);
    assert!(read("qwen2").qkv_bias);
    assert_eq!(read("mistral_window").layer_windows, [true, true]);
    assert!(matches!(
        read("llama3_rope").rope_scaling,
        RopeScaling::Llama3 {
            original_context: 32,
            ..
        }
    ));
}

#[test]
fn parameters_are_counted_as_published() {
    // Qwen3-0.6B: 596 049 920 with the tied head counted once.
    let config = TransformerConfig::from_hf(&json!({
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "attention_bias": false,
        "bos_token_id": 151643, "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu",
        "hidden_size": 1024, "intermediate_size": 3072, "max_position_embeddings": 40960,
        "max_window_layers": 28, "num_attention_heads": 16, "num_hidden_layers": 28,
        "num_key_value_heads": 8, "rms_norm_eps": 1e-6, "rope_scaling": null,
        "rope_theta": 1000000, "sliding_window": null, "tie_word_embeddings": true,
        "torch_dtype": "bfloat16", "use_sliding_window": false, "vocab_size": 151936
    }))
    .unwrap();
    assert_eq!(config.parameter_count(), 596_049_920);
    assert_eq!(config.kv_bytes_per_token(2), 112 * 1024);
}

#[test]
fn unknown_architectures_are_answered_with_the_known_ones() {
    let mut json = llama();
    json["model_type"] = json!("mamba");
    let error = TransformerConfig::from_hf(&json).unwrap_err();
    assert_eq!(
        error.to_string(),
        "config: unknown architecture `mamba`; supported model types are \
         llama, mistral, qwen2, qwen3, gemma, gemma2, phi3"
    );
}

#[test]
fn bad_values_name_the_key() {
    let cases = [
        (
            "hidden_size",
            json!("wide"),
            "a whole number from 1 to 16777216, got \"wide\"",
        ),
        (
            "hidden_size",
            json!(0),
            "a whole number from 1 to 16777216, got 0",
        ),
        (
            "hidden_size",
            json!(30),
            "a multiple of num_attention_heads (4), as there is no head_dim, got 30",
        ),
        (
            "num_key_value_heads",
            json!(3),
            "a divisor of num_attention_heads (4), got 3",
        ),
        (
            "vocab_size",
            json!(1e30),
            "a whole number from 1 to 16777216, got 1e+30",
        ),
        (
            "num_hidden_layers",
            json!(1_000_000),
            "1 to 4096, got 1000000",
        ),
        ("rms_norm_eps", json!(-1), "a number above 0, got -1"),
        ("tie_word_embeddings", json!(1), "true or false, got 1"),
        (
            "eos_token_id",
            json!([257, 999]),
            "less than vocab_size (260), got 999",
        ),
        ("eos_token_id", json!({}), "token ids, got {}"),
        (
            "mlp_bias",
            json!(true),
            "false (biases in the feed-forward block are not supported), got true",
        ),
        (
            "hidden_act",
            json!("relu"),
            "silu, gelu or gelu_pytorch_tanh, got `relu`",
        ),
        (
            "head_dim",
            json!(7),
            "an even number of rotating dimensions, at most head_dim (7), got 7",
        ),
        ("rope_scaling", json!(3), "an object, got 3"),
    ];
    for (key, value, message) in cases {
        let mut json = llama();
        json[key] = value;
        let error = TransformerConfig::from_hf(&json).unwrap_err().to_string();
        assert_eq!(error, format!("config: key `{key}`: expected {message}"));
    }
}

/// Odd values under every key are refused or read as something valid; nothing panics.
#[test]
fn odd_values_never_panic() {
    let odd = [
        Value::Null,
        json!(-1),
        json!(0),
        json!(3),
        json!(16_777_216),
        json!(u64::MAX),
        json!(1e300),
        json!(1e-300),
        json!(0.5),
        json!("x"),
        json!(true),
        json!([]),
        json!([1, "a"]),
        json!({}),
    ];
    let mut refused = 0;
    for name in TINY {
        for file in ["config.json", "config_transformers_v5.json"] {
            let whole = golden(name, file);
            let keys: Vec<String> = whole.as_object().unwrap().keys().cloned().collect();
            for key in &keys {
                for value in &odd {
                    let mut json = whole.clone();
                    json[key] = value.clone();
                    match TransformerConfig::from_hf(&json) {
                        Ok(config) => {
                            let back = TransformerConfig::from_hf(&config.to_hf());
                            assert_eq!(back.unwrap(), config, "{name}: {key} = {value}");
                        }
                        Err(error) => {
                            assert!(error.to_string().starts_with("config: "));
                            refused += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn errors_reach_into_rope_keys() {
    let mut json = llama();
    json["rope_scaling"] = json!({"type": "yarn", "factor": 4.0});
    assert_eq!(
        TransformerConfig::from_hf(&json).unwrap_err().to_string(),
        "config: key `rope_scaling.rope_type`: expected default, linear or llama3, got `yarn`"
    );
    json["rope_scaling"] = json!({"rope_type": "linear"});
    assert_eq!(
        TransformerConfig::from_hf(&json).unwrap_err(),
        ConfigError::Missing {
            key: "rope_scaling.factor".into(),
            expected: "a number above 0".into()
        }
    );
    assert!(matches!(
        TransformerConfig::from_hf(&json!([1])),
        Err(ConfigError::NotAnObject { .. })
    ));
}

#[test]
fn every_option_survives_writing() {
    let base = TransformerConfig::llama(100, 32, 48, 3, 4, 2, 64);
    let mut all = vec![base.clone()];
    all.push(TransformerConfig {
        qkv_bias: true,
        output_bias: true,
        tied_head: false,
        rope_scaling: RopeScaling::Linear { factor: 2.5 },
        mask: AttentionMask::Bidirectional,
        bos: Some(1),
        eos: vec![2, 3],
        pad: Some(0),
        ..base.clone()
    });
    all.push(TransformerConfig {
        architecture: Architecture::Phi3,
        sliding_window: Some(7),
        layer_windows: vec![true; 3],
        rope_dims: 6,
        ..base.clone()
    });
    for architecture in [Architecture::Qwen2, Architecture::Qwen3] {
        all.push(TransformerConfig {
            architecture,
            qkv_bias: architecture == Architecture::Qwen2,
            qk_norm: architecture == Architecture::Qwen3,
            sliding_window: Some(9),
            layer_windows: vec![false, true, false],
            ..base.clone()
        });
    }
    all.push(TransformerConfig {
        architecture: Architecture::Gemma2,
        norm_plus_one: true,
        embedding_scale: true,
        sandwich_norms: true,
        attention_scale: 1.0 / 224f64.sqrt(),
        ..base.clone()
    });
    for config in all {
        config.validate().unwrap();
        let back = TransformerConfig::from_hf(&config.to_hf()).unwrap();
        assert_eq!(back, config);
    }
}

#[test]
fn partial_rotation_is_never_cut_short() {
    let mut config = TransformerConfig::llama(100, 32, 48, 1, 1, 1, 64);
    config.architecture = Architecture::Phi3;
    for head_dim in (2..200).step_by(2) {
        for rope_dims in (2..=head_dim).step_by(2) {
            config.head_dim = head_dim;
            config.rope_dims = rope_dims;
            config.attention_scale = 1.0 / (head_dim as f64).sqrt();
            let back = TransformerConfig::from_hf(&config.to_hf()).unwrap();
            assert_eq!(back.rope_dims, rope_dims, "of {head_dim}");
        }
    }
}

#[test]
fn windows_of_the_whole_context_are_none() {
    let mut json = golden("mistral_window", "config.json");
    let window = |json: &Value| TransformerConfig::from_hf(json).unwrap().sliding_window;
    assert_eq!(window(&json), Some(8));
    json["sliding_window"] = json!(512);
    assert_eq!(window(&json), None);
    // Absent is 4096, as in transformers, and null is none.
    json["max_position_embeddings"] = json!(10_000);
    json["sliding_window"] = Value::Null;
    assert_eq!(window(&json), None);
    json.as_object_mut().unwrap().remove("sliding_window");
    assert_eq!(window(&json), Some(4096));
}

#[test]
fn options_an_architecture_cannot_say_are_refused() {
    let config = TransformerConfig {
        sliding_window: Some(4),
        layer_windows: vec![true],
        ..TransformerConfig::llama(100, 32, 48, 1, 4, 2, 64)
    };
    assert_eq!(
        config.validate().unwrap_err().to_string(),
        "config: key `sliding_window`: expected false in llama, got true"
    );
}
