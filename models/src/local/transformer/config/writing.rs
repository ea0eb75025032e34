//! To `config.json`, in both spellings at once.

use serde_json::{Map, Value, json};

use super::{Architecture, AttentionMask, RopeScaling, TransformerConfig};

impl TransformerConfig {
    /// Writes `config.json`: transformers 5 reads it, and so do programs that know the older keys.
    ///
    /// [`from_hf`](Self::from_hf) reads it back to an equal configuration, if it is valid.
    pub fn to_hf(&self) -> Value {
        let architecture = self.architecture;
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| {
            map.insert(key.to_owned(), value);
        };
        put("architectures", json!([architecture.class_name()]));
        put("model_type", json!(architecture.model_type()));
        put("vocab_size", json!(self.vocab_size));
        put("hidden_size", json!(self.hidden_size));
        put("intermediate_size", json!(self.intermediate_size));
        put("num_hidden_layers", json!(self.layers));
        put("num_attention_heads", json!(self.heads));
        put("num_key_value_heads", json!(self.kv_heads));
        put("head_dim", json!(self.head_dim));
        put("hidden_act", json!(self.activation.name()));
        if architecture.is_gemma() {
            put("hidden_activation", json!(self.activation.name()));
        }
        put("rms_norm_eps", json!(self.norm_eps));
        put("max_position_embeddings", json!(self.context));
        put("tie_word_embeddings", json!(self.tied_head));
        put("attention_dropout", json!(0.0));
        put("initializer_range", json!(0.02));
        if !matches!(
            architecture,
            Architecture::Qwen2 | Architecture::Mistral | Architecture::Phi3
        ) {
            put("attention_bias", json!(self.qkv_bias));
        }
        if architecture == Architecture::Gemma2 {
            let scale = self.attention_scale;
            put(
                "query_pre_attn_scalar",
                json!((1.0 / (scale * scale)).round() as u64),
            );
            put("attn_logit_softcapping", json!(self.attention_softcap));
            put("final_logit_softcapping", json!(self.logit_softcap));
        }
        for (key, value) in self.window_keys() {
            put(key, value);
        }
        for (key, value) in self.rope_keys() {
            put(key, value);
        }
        if self.mask == AttentionMask::Bidirectional {
            put("is_causal", json!(false));
        }
        put("bos_token_id", json!(self.bos));
        put(
            "eos_token_id",
            match self.eos.as_slice() {
                [] => Value::Null,
                [one] => json!(one),
                many => json!(many),
            },
        );
        put("pad_token_id", json!(self.pad));
        put("use_cache", json!(true));
        put("dtype", json!("float32"));
        put("torch_dtype", json!("float32"));
        Value::Object(map)
    }

    fn window_keys(&self) -> Vec<(&'static str, Value)> {
        let types = || -> Value {
            let name = |&windowed: &bool| {
                if windowed {
                    "sliding_attention"
                } else {
                    "full_attention"
                }
            };
            self.layer_windows.iter().map(name).collect()
        };
        match self.architecture {
            Architecture::Llama | Architecture::Gemma => Vec::new(),
            Architecture::Mistral | Architecture::Phi3 => {
                vec![("sliding_window", json!(self.sliding_window))]
            }
            // transformers wants a window in every Gemma 2, be it used or not.
            Architecture::Gemma2 => vec![
                (
                    "sliding_window",
                    json!(self.sliding_window.unwrap_or(self.context)),
                ),
                ("layer_types", types()),
            ],
            Architecture::Qwen2 | Architecture::Qwen3 => vec![
                ("use_sliding_window", json!(self.sliding_window.is_some())),
                ("sliding_window", json!(self.sliding_window)),
                (
                    "max_window_layers",
                    json!(
                        self.layer_windows
                            .iter()
                            .position(|&w| w)
                            .unwrap_or(self.layers)
                    ),
                ),
                ("layer_types", types()),
            ],
        }
    }

    fn rope_keys(&self) -> Vec<(&'static str, Value)> {
        let mut scaling = Map::new();
        match self.rope_scaling {
            RopeScaling::None => {
                scaling.insert("rope_type".to_owned(), json!("default"));
            }
            RopeScaling::Linear { factor } => {
                scaling.insert("rope_type".to_owned(), json!("linear"));
                scaling.insert("factor".to_owned(), json!(factor));
            }
            RopeScaling::Llama3 {
                factor,
                low_freq_factor,
                high_freq_factor,
                original_context,
            } => {
                scaling.insert("rope_type".to_owned(), json!("llama3"));
                scaling.insert("factor".to_owned(), json!(factor));
                scaling.insert("low_freq_factor".to_owned(), json!(low_freq_factor));
                scaling.insert("high_freq_factor".to_owned(), json!(high_freq_factor));
                scaling.insert(
                    "original_max_position_embeddings".to_owned(),
                    json!(original_context),
                );
            }
        }
        let old = if self.rope_scaling == RopeScaling::None {
            Value::Null
        } else {
            Value::Object(scaling.clone())
        };
        scaling.insert("rope_theta".to_owned(), json!(self.rope_theta));
        let mut keys = Vec::new();
        if self.rope_dims != self.head_dim {
            // Readers cut the product with head_dim to a whole number: it must not fall short.
            let mut share = self.rope_dims as f64 / self.head_dim as f64;
            while ((self.head_dim as f64 * share) as usize) < self.rope_dims {
                share = share.next_up();
            }
            let share = json!(share);
            scaling.insert("partial_rotary_factor".to_owned(), share.clone());
            keys.push(("partial_rotary_factor", share));
        }
        keys.push(("rope_theta", json!(self.rope_theta)));
        keys.push(("rope_scaling", old));
        keys.push(("rope_parameters", Value::Object(scaling)));
        keys
    }
}
