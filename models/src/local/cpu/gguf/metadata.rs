//! The configuration in a file's keys.

use std::collections::HashMap;

use candle_core::quantized::gguf_file::Value;

use super::error::GgufError;
use super::tokenizer::GgufTokenizer;
use crate::local::transformer::{Activation, Architecture, RopeScaling, TransformerConfig};

/// What must be known of a file's tensors to read its configuration.
pub(super) struct Tensors<'a> {
    /// Whether a tensor is there.
    pub(super) has: &'a dyn Fn(&str) -> bool,
    /// Rows of the embedding.
    pub(super) vocab_size: usize,
    /// Number of tensors.
    pub(super) count: usize,
}

/// The file's keys below its architecture's name.
struct Keys<'a> {
    metadata: &'a HashMap<String, Value>,
    architecture: String,
}

impl Keys<'_> {
    fn number(&self, name: &str) -> Result<Option<usize>, GgufError> {
        let key = format!("{}.{name}", self.architecture);
        let Some(value) = self.metadata.get(&key) else {
            return Ok(None);
        };
        let number = match value {
            Value::I8(v) => usize::try_from(*v).ok(),
            Value::I16(v) => usize::try_from(*v).ok(),
            Value::I32(v) => usize::try_from(*v).ok(),
            Value::I64(v) => usize::try_from(*v).ok(),
            other => other.to_u64().ok().and_then(|v| usize::try_from(v).ok()),
        };
        let wrong = || wrong(key, "a whole number", value);
        number.map(Some).ok_or_else(wrong)
    }

    fn needed(&self, name: &str) -> Result<usize, GgufError> {
        let missing = || GgufError::MissingKey(format!("{}.{name}", self.architecture));
        self.number(name)?.ok_or_else(missing)
    }

    fn real(&self, name: &str) -> Result<Option<f64>, GgufError> {
        let key = format!("{}.{name}", self.architecture);
        match self.metadata.get(&key) {
            None => Ok(None),
            Some(Value::F32(v)) => Ok(Some(shortest(*v))),
            Some(Value::F64(v)) => Ok(Some(*v)),
            Some(other) => Err(wrong(key, "a float", other)),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.metadata.get(&format!("{}.{name}", self.architecture)) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    fn flags(&self, name: &str) -> Option<Vec<bool>> {
        match self.metadata.get(&format!("{}.{name}", self.architecture)) {
            Some(Value::Array(values)) => values.iter().map(|v| v.to_bool().ok()).collect(),
            _ => None,
        }
    }
}

fn wrong(key: String, expected: &'static str, value: &Value) -> GgufError {
    GgufError::Value {
        key,
        expected,
        got: format!("{:?}", value.value_type()),
    }
}

/// The decimal number that was written as this float: `1e-5` rather than `9.99999974e-6`.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// The `d` of a scale `1 / sqrt(d)` that was rounded to a float: a whole number where it is near one.
fn scaled_dim(scale: f64) -> f64 {
    let dim = 1.0 / (scale * scale);
    if (dim - dim.round()).abs() < 1e-4 * dim {
        dim.round()
    } else {
        dim
    }
}

/// Reads the configuration.
pub(super) fn read_config(
    metadata: &HashMap<String, Value>,
    tensors: &Tensors<'_>,
    tokenizer: &GgufTokenizer,
) -> Result<TransformerConfig, GgufError> {
    let name = match metadata.get("general.architecture") {
        Some(Value::String(name)) => name.clone(),
        _ => return Err(GgufError::MissingKey("general.architecture".to_owned())),
    };
    let known = Architecture::ALL
        .into_iter()
        .find(|a| a.model_type() == name);
    let Some(mut architecture) = known else {
        return Err(GgufError::Unsupported(format!("the architecture `{name}`")));
    };
    let keys = Keys {
        metadata,
        architecture: name,
    };
    let layers = keys.needed("block_count")?;
    if layers > tensors.count {
        return Err(GgufError::Unsupported(format!(
            "a file of {layers} blocks and {} tensors",
            tensors.count
        )));
    }
    let window = keys.number("attention.sliding_window")?.filter(|w| *w > 0);
    if architecture == Architecture::Llama && window.is_some() {
        architecture = Architecture::Mistral;
    }
    let heads = keys.needed("attention.head_count")?;
    let hidden_size = keys.needed("embedding_length")?;
    let mut config = TransformerConfig::llama(
        tensors.vocab_size,
        hidden_size,
        keys.needed("feed_forward_length")?,
        layers,
        heads,
        keys.number("attention.head_count_kv")?.unwrap_or(heads),
        keys.needed("context_length")?,
    );
    config.architecture = architecture;
    if let Some(dim) = keys.number("attention.key_length")? {
        config.head_dim = dim;
    }
    let has = tensors.has;
    config.qkv_bias = has("blk.0.attn_q.bias");
    config.output_bias = has("blk.0.attn_output.bias");
    config.qk_norm = has("blk.0.attn_q_norm.weight");
    config.tied_head = !has("output.weight");
    config.sandwich_norms = architecture == Architecture::Gemma2;
    config.norm_plus_one = architecture.is_gemma();
    config.embedding_scale = architecture.is_gemma();
    if architecture.is_gemma() {
        config.activation = Activation::GeluTanh;
    }
    if let Some(eps) = keys.real("attention.layer_norm_rms_epsilon")? {
        config.norm_eps = eps;
    }
    config.attention_scale = 1.0 / (config.head_dim.max(1) as f64).sqrt();
    if architecture == Architecture::Gemma2 {
        // The model of 27 billion parameters scales by the hidden size over the heads.
        let dim = if layers == 46 {
            (hidden_size / heads.max(1)) as f64
        } else {
            config.head_dim as f64
        };
        let dim = keys.real("attention.scale")?.map_or(dim, scaled_dim);
        config.attention_scale = 1.0 / dim.max(1.0).sqrt();
    }
    config.attention_softcap = keys.real("attn_logit_softcapping")?;
    config.logit_softcap = keys.real("final_logit_softcapping")?;
    config.sliding_window = window;
    if window.is_some() {
        config.layer_windows = match keys.flags("attention.sliding_window_pattern") {
            Some(pattern) => pattern,
            None if architecture == Architecture::Gemma2 => {
                (0..layers).map(|i| i % 2 == 0).collect()
            }
            None => vec![true; layers],
        };
    }
    read_rope(&keys, tensors, &mut config)?;
    config.bos = tokenizer.bos;
    config.eos = tokenizer.eos.into_iter().collect();
    config.pad = tokenizer.pad;
    config.validate()?;
    Ok(config)
}

fn read_rope(
    keys: &Keys<'_>,
    tensors: &Tensors<'_>,
    config: &mut TransformerConfig,
) -> Result<(), GgufError> {
    if let Some(theta) = keys.real("rope.freq_base")? {
        config.rope_theta = theta;
    }
    config.rope_dims = keys
        .number("rope.dimension_count")?
        .unwrap_or(config.head_dim);
    let factor = keys.real("rope.scaling.factor")?;
    config.rope_scaling = match (keys.text("rope.scaling.type"), factor) {
        (Some("linear"), Some(factor)) => RopeScaling::Linear { factor },
        (None | Some("none"), _) => RopeScaling::None,
        (Some(other), _) => {
            return Err(GgufError::Unsupported(format!(
                "rope scaling of type `{other}`"
            )));
        }
    };
    for name in ["rope_factors_long.weight", "rope_factors_short.weight"] {
        if (tensors.has)(name) {
            return Err(GgufError::Unsupported(format!("the tensor `{name}`")));
        }
    }
    Ok(())
}

/// Llama 3's stretching, from the tensor of divisors of the frequencies.
///
/// The limits are those of the published models unless the file names others; the divisors must
/// be what they say.
pub(super) fn stretch_rope(
    metadata: &HashMap<String, Value>,
    divisors: &[f32],
    config: &mut TransformerConfig,
) -> Result<(), GgufError> {
    let keys = Keys {
        metadata,
        architecture: match metadata.get("general.architecture") {
            Some(Value::String(name)) => name.clone(),
            _ => String::new(),
        },
    };
    let plain = config.rope_frequencies();
    let largest = divisors.iter().copied().fold(1.0, f32::max);
    config.rope_scaling = RopeScaling::Llama3 {
        factor: keys
            .real("rope.scaling.factor")?
            .unwrap_or(shortest(largest)),
        low_freq_factor: keys.real("rope.scaling.low_freq_factor")?.unwrap_or(1.0),
        high_freq_factor: keys.real("rope.scaling.high_freq_factor")?.unwrap_or(4.0),
        original_context: keys
            .number("rope.scaling.original_context_length")?
            .unwrap_or(8192),
    };
    config.validate()?;
    let stretched = config.rope_frequencies();
    let same = divisors.len() == plain.len()
        && plain
            .iter()
            .zip(&stretched)
            .zip(divisors)
            .all(|((plain, stretched), divisor)| {
                (plain / stretched - f64::from(*divisor)).abs() <= 1e-3 * f64::from(*divisor)
            });
    if !same {
        return Err(GgufError::Unsupported(
            "a tensor `rope_freqs.weight` unlike Llama 3's".to_owned(),
        ));
    }
    Ok(())
}

/// Divisors of the frequencies, where the configuration stretches them as Llama 3.
pub(super) fn rope_divisors(config: &TransformerConfig) -> Option<Vec<f32>> {
    if !matches!(config.rope_scaling, RopeScaling::Llama3 { .. }) {
        return None;
    }
    let mut plain = config.clone();
    plain.rope_scaling = RopeScaling::None;
    let pairs = plain
        .rope_frequencies()
        .into_iter()
        .zip(config.rope_frequencies());
    Some(
        pairs
            .map(|(plain, stretched)| (plain / stretched) as f32)
            .collect(),
    )
}

/// The keys and values of a configuration.
pub(super) fn config_entries(config: &TransformerConfig) -> Vec<(String, Value)> {
    let architecture = match config.architecture {
        Architecture::Mistral => Architecture::Llama,
        other => other,
    };
    let name = architecture.model_type();
    let mut entries = vec![(
        "general.architecture".to_owned(),
        Value::String(name.to_owned()),
    )];
    let mut put = |key: &str, value: Value| entries.push((format!("{name}.{key}"), value));
    for (key, size) in [
        ("context_length", config.context),
        ("embedding_length", config.hidden_size),
        ("block_count", config.layers),
        ("feed_forward_length", config.intermediate_size),
        ("attention.head_count", config.heads),
        ("attention.head_count_kv", config.kv_heads),
        ("attention.key_length", config.head_dim),
        ("attention.value_length", config.head_dim),
        ("rope.dimension_count", config.rope_dims),
        ("vocab_size", config.vocab_size),
    ] {
        put(key, Value::U32(size as u32));
    }
    put(
        "attention.layer_norm_rms_epsilon",
        Value::F32(config.norm_eps as f32),
    );
    if architecture == Architecture::Gemma2 {
        put("attention.scale", Value::F32(config.attention_scale as f32));
    }
    put("rope.freq_base", Value::F32(config.rope_theta as f32));
    if let Some(cap) = config.attention_softcap {
        put("attn_logit_softcapping", Value::F32(cap as f32));
    }
    if let Some(cap) = config.logit_softcap {
        put("final_logit_softcapping", Value::F32(cap as f32));
    }
    if let Some(window) = config.sliding_window {
        put("attention.sliding_window", Value::U32(window as u32));
        let pattern = config.layer_windows.iter().copied().map(Value::Bool);
        put(
            "attention.sliding_window_pattern",
            Value::Array(pattern.collect()),
        );
    }
    match config.rope_scaling {
        RopeScaling::None => {}
        RopeScaling::Linear { factor } => {
            put("rope.scaling.type", Value::String("linear".to_owned()));
            put("rope.scaling.factor", Value::F32(factor as f32));
        }
        RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_context,
        } => {
            put("rope.scaling.factor", Value::F32(factor as f32));
            put(
                "rope.scaling.low_freq_factor",
                Value::F32(low_freq_factor as f32),
            );
            put(
                "rope.scaling.high_freq_factor",
                Value::F32(high_freq_factor as f32),
            );
            put(
                "rope.scaling.original_context_length",
                Value::U32(original_context as u32),
            );
        }
    }
    entries
}
