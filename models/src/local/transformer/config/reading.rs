//! From `config.json` of a published checkpoint or of transformers 5.

use serde_json::{Map, Value};

use super::definition::default_scale;
use super::fields::{Fields, shortened};
use super::{Activation, Architecture, AttentionMask, ConfigError, RopeScaling, TransformerConfig};

impl TransformerConfig {
    /// Reads a parsed `config.json`, of a published checkpoint or written by transformers 5.
    ///
    /// Absent keys take the defaults of transformers' configuration classes.
    ///
    /// # Errors
    /// [`ConfigError`] when the architecture is unknown, a key is missing or has a value that does
    /// not fit, or the model uses something that this crate does not compute (a bias in the
    /// feed-forward block, a rope type other than default, linear and llama3).
    pub fn from_hf(json: &Value) -> Result<Self, ConfigError> {
        let Some(map) = json.as_object() else {
            return Err(ConfigError::NotAnObject {
                found: shortened(json),
            });
        };
        let fields = Fields::new(map, "");
        let architecture = architecture(&fields)?;
        let layers = fields.need_size("num_hidden_layers")?;
        let hidden_size = fields.need_size("hidden_size")?;
        let heads = fields.need_size("num_attention_heads")?;
        let head_dim = match fields.size("head_dim")? {
            Some(dim) => dim,
            None => default_head_dim(architecture, fields.has("head_dim"), hidden_size, heads)?,
        };
        if fields.flag("mlp_bias", false)? {
            return Err(ConfigError::invalid(
                "mlp_bias",
                "false (biases in the feed-forward block are not supported)",
                "true",
            ));
        }
        let (qkv_bias, output_bias) = biases(architecture, &fields)?;
        let context = fields.need_size("max_position_embeddings")?;
        let (sliding_window, layer_windows) = windows(architecture, &fields, layers, context)?;
        let rope = rope(&fields, head_dim, architecture)?;
        let gemma2 = architecture == Architecture::Gemma2;
        let config = Self {
            architecture,
            vocab_size: fields.need_size("vocab_size")?,
            hidden_size,
            intermediate_size: fields.need_size("intermediate_size")?,
            layers,
            heads,
            kv_heads: fields.size("num_key_value_heads")?.unwrap_or(heads),
            head_dim,
            activation: activation(architecture, &fields)?,
            norm_eps: fields.positive("rms_norm_eps")?.unwrap_or(
                if architecture == Architecture::Phi3 {
                    1e-5
                } else {
                    1e-6
                },
            ),
            norm_plus_one: architecture.is_gemma(),
            embedding_scale: architecture.is_gemma(),
            qkv_bias,
            output_bias,
            qk_norm: architecture == Architecture::Qwen3,
            sandwich_norms: gemma2,
            attention_scale: if gemma2 {
                let scalar = fields.positive("query_pre_attn_scalar")?.unwrap_or(256.0);
                1.0 / scalar.sqrt()
            } else {
                default_scale(head_dim)
            },
            attention_softcap: softcap(gemma2, &fields, "attn_logit_softcapping", 50.0)?,
            logit_softcap: softcap(gemma2, &fields, "final_logit_softcapping", 30.0)?,
            sliding_window,
            layer_windows,
            rope_theta: rope.theta,
            rope_scaling: rope.scaling,
            rope_dims: rope.dims,
            context,
            tied_head: fields.flag("tie_word_embeddings", architecture.is_gemma())?,
            mask: if fields.flag("is_causal", true)? {
                AttentionMask::Causal
            } else {
                AttentionMask::Bidirectional
            },
            bos: fields.token("bos_token_id")?,
            eos: fields.tokens("eos_token_id")?,
            pad: fields.token("pad_token_id")?,
        };
        config.validate()?;
        Ok(config)
    }
}

fn architecture(fields: &Fields<'_>) -> Result<Architecture, ConfigError> {
    let by_type = fields.text("model_type")?;
    if let Some(model_type) = by_type {
        let known = Architecture::ALL
            .into_iter()
            .find(|a| a.model_type() == model_type);
        return known.ok_or_else(|| ConfigError::UnknownArchitecture {
            found: format!("`{model_type}`"),
        });
    }
    let classes = fields.get("architectures");
    let class = classes.and_then(|c| c.get(0)).and_then(Value::as_str);
    match class {
        None => Err(ConfigError::Missing {
            key: "model_type".to_owned(),
            expected: "the name of an architecture".to_owned(),
        }),
        Some(class) => Architecture::ALL
            .into_iter()
            .find(|a| a.class_name() == class)
            .ok_or_else(|| ConfigError::UnknownArchitecture {
                found: format!("`{class}`"),
            }),
    }
}

fn default_head_dim(
    architecture: Architecture,
    is_null: bool,
    hidden_size: usize,
    heads: usize,
) -> Result<usize, ConfigError> {
    if !is_null {
        match architecture {
            Architecture::Gemma | Architecture::Gemma2 => return Ok(256),
            Architecture::Qwen3 => return Ok(128),
            _ => {}
        }
    }
    if !hidden_size.is_multiple_of(heads) {
        return Err(ConfigError::invalid(
            "hidden_size",
            format!("a multiple of num_attention_heads ({heads}), as there is no head_dim"),
            hidden_size,
        ));
    }
    Ok(hidden_size / heads)
}

fn biases(architecture: Architecture, fields: &Fields<'_>) -> Result<(bool, bool), ConfigError> {
    Ok(match architecture {
        Architecture::Qwen2 => (true, false),
        Architecture::Mistral | Architecture::Phi3 => (false, false),
        _ => {
            let bias = fields.flag("attention_bias", false)?;
            (bias, bias)
        }
    })
}

fn activation(architecture: Architecture, fields: &Fields<'_>) -> Result<Activation, ConfigError> {
    // Gemma's first configs said `gelu` and meant the tanh form; hidden_activation came later and
    // wins over hidden_act.
    let (key, name) = if architecture.is_gemma() {
        match fields.text("hidden_activation")? {
            Some(name) => ("hidden_activation", name),
            None => match fields.text("hidden_act")? {
                None | Some("gelu") => ("hidden_act", "gelu_pytorch_tanh"),
                Some(name) => ("hidden_act", name),
            },
        }
    } else {
        ("hidden_act", fields.text("hidden_act")?.unwrap_or("silu"))
    };
    match name {
        "silu" | "swish" => Ok(Activation::Silu),
        "gelu_pytorch_tanh" | "gelu_new" => Ok(Activation::GeluTanh),
        "gelu" => Ok(Activation::Gelu),
        other => Err(ConfigError::invalid(
            key,
            "silu, gelu or gelu_pytorch_tanh",
            format!("`{other}`"),
        )),
    }
}

fn softcap(
    applies: bool,
    fields: &Fields<'_>,
    key: &str,
    default: f64,
) -> Result<Option<f64>, ConfigError> {
    if !applies {
        return Ok(None);
    }
    match fields.positive(key)? {
        Some(cap) => Ok(Some(cap)),
        None if fields.has(key) => Ok(None),
        None => Ok(Some(default)),
    }
}

/// The window and the layers that use it. One that is no shorter than the context is none.
fn windows(
    architecture: Architecture,
    fields: &Fields<'_>,
    layers: usize,
    context: usize,
) -> Result<(Option<usize>, Vec<bool>), ConfigError> {
    let none = (None, vec![false; layers]);
    let window = match fields.size("sliding_window")? {
        // Phi-3's class is the only one without a default.
        None if architecture != Architecture::Phi3 && !fields.has("sliding_window") => Some(4096),
        window => window,
    };
    let marked = match architecture {
        Architecture::Llama | Architecture::Gemma => return Ok(none),
        Architecture::Mistral | Architecture::Phi3 => vec![true; layers],
        Architecture::Gemma2 => match layer_types(fields, layers)? {
            Some(types) => types,
            None => (0..layers).map(|layer| layer % 2 == 0).collect(),
        },
        Architecture::Qwen2 | Architecture::Qwen3 => {
            if !fields.flag("use_sliding_window", false)? {
                return Ok(none);
            }
            match layer_types(fields, layers)? {
                Some(types) => types,
                None => {
                    let full = fields.count("max_window_layers")?.unwrap_or(28);
                    (0..layers).map(|layer| layer >= full).collect()
                }
            }
        }
    };
    match window {
        Some(window) if window < context && marked.contains(&true) => Ok((Some(window), marked)),
        _ => Ok(none),
    }
}

fn layer_types(fields: &Fields<'_>, layers: usize) -> Result<Option<Vec<bool>>, ConfigError> {
    let key = "layer_types";
    let Some(value) = fields.get(key) else {
        return Ok(None);
    };
    let expected = || {
        format!(
            "a list of {layers} entries (num_hidden_layers), full_attention or sliding_attention"
        )
    };
    let list = value.as_array().filter(|list| list.len() == layers);
    let Some(list) = list else {
        return Err(fields.invalid(key, &expected(), value));
    };
    let mut marked = Vec::with_capacity(layers);
    for item in list {
        marked.push(match item.as_str() {
            Some("sliding_attention") => true,
            Some("full_attention") => false,
            _ => return Err(fields.invalid(key, &expected(), item)),
        });
    }
    Ok(Some(marked))
}

struct Rope {
    theta: f64,
    scaling: RopeScaling,
    dims: usize,
}

/// Rotary embedding: `rope_parameters` of transformers 5 wins over `rope_theta`/`rope_scaling`.
fn rope(
    fields: &Fields<'_>,
    head_dim: usize,
    architecture: Architecture,
) -> Result<Rope, ConfigError> {
    let empty = Map::new();
    let (key, map) = match fields.object("rope_parameters")? {
        Some(map) => ("rope_parameters", map),
        None => (
            "rope_scaling",
            fields.object("rope_scaling")?.unwrap_or(&empty),
        ),
    };
    let inner = Fields::new(map, key);
    let theta = match inner.positive("rope_theta")? {
        Some(theta) => theta,
        None => fields.positive("rope_theta")?.unwrap_or(10_000.0),
    };
    let kind = match inner.text("rope_type")? {
        Some(kind) => kind,
        None => inner.text("type")?.unwrap_or("default"),
    };
    let scaling = match kind {
        "default" => RopeScaling::None,
        "linear" => RopeScaling::Linear {
            factor: inner.need_positive("factor")?,
        },
        "llama3" => RopeScaling::Llama3 {
            factor: inner.need_positive("factor")?,
            low_freq_factor: inner.need_positive("low_freq_factor")?,
            high_freq_factor: inner.need_positive("high_freq_factor")?,
            original_context: inner.need_size("original_max_position_embeddings")?,
        },
        other => {
            return Err(ConfigError::invalid(
                inner.name("rope_type"),
                "default, linear or llama3",
                format!("`{other}`"),
            ));
        }
    };
    let share = match inner.positive("partial_rotary_factor")? {
        Some(share) => share,
        None => fields.positive("partial_rotary_factor")?.unwrap_or(1.0),
    };
    if share > 1.0 || (share < 1.0 && architecture != Architecture::Phi3) {
        return Err(ConfigError::invalid(
            "partial_rotary_factor",
            if architecture == Architecture::Phi3 {
                "a number in (0, 1]"
            } else {
                "1 (only phi3 rotates a part of each head)"
            },
            share,
        ));
    }
    Ok(Rope {
        theta,
        scaling,
        dims: (head_dim as f64 * share) as usize,
    })
}
