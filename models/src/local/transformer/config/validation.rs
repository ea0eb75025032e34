//! Which configurations make sense.

use super::definition::default_scale;
use super::fields::LARGEST_SIZE;
use super::{Architecture, ConfigError, RopeScaling, TransformerConfig};

const MOST_LAYERS: usize = 1 << 12;

impl TransformerConfig {
    /// Checks that sizes fit each other and that the architecture can express the options.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] names the key of `config.json`, what it should be and what it is.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_sizes()?;
        self.validate_numbers()?;
        self.validate_tokens()?;
        self.validate_options()
    }

    fn validate_sizes(&self) -> Result<(), ConfigError> {
        for (key, size, most) in [
            ("vocab_size", self.vocab_size, LARGEST_SIZE),
            ("hidden_size", self.hidden_size, LARGEST_SIZE),
            ("intermediate_size", self.intermediate_size, LARGEST_SIZE),
            ("num_hidden_layers", self.layers, MOST_LAYERS),
            ("num_attention_heads", self.heads, LARGEST_SIZE),
            ("num_key_value_heads", self.kv_heads, LARGEST_SIZE),
            ("head_dim", self.head_dim, LARGEST_SIZE),
            ("max_position_embeddings", self.context, LARGEST_SIZE),
        ] {
            if size == 0 || size > most {
                return Err(ConfigError::invalid(key, format!("1 to {most}"), size));
            }
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(ConfigError::invalid(
                "num_key_value_heads",
                format!("a divisor of num_attention_heads ({})", self.heads),
                self.kv_heads,
            ));
        }
        if self.heads.saturating_mul(self.head_dim) > LARGEST_SIZE {
            return Err(ConfigError::invalid(
                "head_dim",
                format!("at most {LARGEST_SIZE} over all {} heads", self.heads),
                self.head_dim,
            ));
        }
        if self.rope_dims == 0
            || !self.rope_dims.is_multiple_of(2)
            || self.rope_dims > self.head_dim
        {
            return Err(ConfigError::invalid(
                "head_dim",
                format!(
                    "an even number of rotating dimensions, at most head_dim ({})",
                    self.head_dim
                ),
                self.rope_dims,
            ));
        }
        if self.layer_windows.len() != self.layers {
            return Err(ConfigError::invalid(
                "layer_types",
                format!("{} entries (num_hidden_layers)", self.layers),
                self.layer_windows.len(),
            ));
        }
        if let Some(window) = self.sliding_window
            && (window == 0 || window >= self.context)
        {
            return Err(ConfigError::invalid(
                "sliding_window",
                format!("1 to max_position_embeddings - 1 ({})", self.context - 1),
                window,
            ));
        }
        if self.sliding_window.is_some() != self.layer_windows.contains(&true) {
            return Err(ConfigError::invalid(
                "sliding_window",
                "a window where and only where some layer uses one",
                format!("{:?}", self.sliding_window),
            ));
        }
        Ok(())
    }

    fn validate_numbers(&self) -> Result<(), ConfigError> {
        let mut numbers = vec![
            ("rms_norm_eps", self.norm_eps),
            ("query_pre_attn_scalar", self.attention_scale),
            ("rope_theta", self.rope_theta),
        ];
        if let Some(cap) = self.attention_softcap {
            numbers.push(("attn_logit_softcapping", cap));
        }
        if let Some(cap) = self.logit_softcap {
            numbers.push(("final_logit_softcapping", cap));
        }
        match self.rope_scaling {
            RopeScaling::None => {}
            RopeScaling::Linear { factor } => numbers.push(("rope_parameters.factor", factor)),
            RopeScaling::Llama3 {
                factor,
                low_freq_factor,
                high_freq_factor,
                original_context,
            } => {
                numbers.push(("rope_parameters.factor", factor));
                numbers.push(("rope_parameters.low_freq_factor", low_freq_factor));
                if high_freq_factor.is_nan() || high_freq_factor <= low_freq_factor {
                    return Err(ConfigError::invalid(
                        "rope_parameters.high_freq_factor",
                        format!("more than low_freq_factor ({low_freq_factor})"),
                        high_freq_factor,
                    ));
                }
                numbers.push(("rope_parameters.high_freq_factor", high_freq_factor));
                numbers.push((
                    "rope_parameters.original_max_position_embeddings",
                    original_context as f64,
                ));
            }
        }
        for (key, number) in numbers {
            if !(number.is_finite() && number > 0.0) {
                return Err(ConfigError::invalid(key, "a number above 0", number));
            }
        }
        Ok(())
    }

    fn validate_tokens(&self) -> Result<(), ConfigError> {
        let keyed = self
            .bos
            .iter()
            .map(|&id| ("bos_token_id", id))
            .chain(self.eos.iter().map(|&id| ("eos_token_id", id)))
            .chain(self.pad.iter().map(|&id| ("pad_token_id", id)));
        for (key, id) in keyed {
            if id as usize >= self.vocab_size {
                return Err(ConfigError::invalid(
                    key,
                    format!("less than vocab_size ({})", self.vocab_size),
                    id,
                ));
            }
        }
        Ok(())
    }

    /// An option that the architecture's `config.json` cannot say would be lost on saving.
    fn validate_options(&self) -> Result<(), ConfigError> {
        use Architecture::{Gemma, Gemma2, Llama, Mistral, Phi3, Qwen2, Qwen3};
        let architecture = self.architecture;
        let fixed = |key: &str, expected: bool, found: bool| {
            if expected == found {
                return Ok(());
            }
            Err(ConfigError::invalid(
                key,
                format!("{expected} in {}", architecture.model_type()),
                found,
            ))
        };
        let gemma = architecture.is_gemma();
        let gemma2 = architecture == Gemma2;
        fixed("norm weight plus one", gemma, self.norm_plus_one)?;
        fixed("embedding scale", gemma, self.embedding_scale)?;
        fixed("norms after blocks", gemma2, self.sandwich_norms)?;
        fixed(
            "norms of queries and keys",
            architecture == Qwen3,
            self.qk_norm,
        )?;
        match architecture {
            Qwen2 => {
                fixed("attention_bias", true, self.qkv_bias)?;
                fixed("bias of o_proj", false, self.output_bias)?;
            }
            Mistral | Phi3 => {
                fixed("attention_bias", false, self.qkv_bias)?;
                fixed("bias of o_proj", false, self.output_bias)?;
            }
            Llama | Qwen3 | Gemma | Gemma2 => {
                fixed("bias of o_proj", self.qkv_bias, self.output_bias)?;
            }
        }
        if !gemma2 {
            let capped = self.attention_softcap.is_some() || self.logit_softcap.is_some();
            fixed("soft-caps", false, capped)?;
            let scale = default_scale(self.head_dim);
            if (self.attention_scale - scale).abs() > 1e-12 {
                return Err(ConfigError::invalid(
                    "query_pre_attn_scalar",
                    format!("a scale of {scale} in {}", architecture.model_type()),
                    self.attention_scale,
                ));
            }
        }
        let scalar = 1.0 / (self.attention_scale * self.attention_scale);
        let is_whole = (scalar - scalar.round()).abs() <= 1e-9 * scalar;
        if gemma2 && !(is_whole && scalar <= LARGEST_SIZE as f64) {
            // transformers 5 takes whole numbers only.
            return Err(ConfigError::invalid(
                "query_pre_attn_scalar",
                format!("a whole number up to {LARGEST_SIZE} (1 / attention_scale^2)"),
                scalar,
            ));
        }
        match architecture {
            Llama | Gemma => fixed("sliding_window", false, self.sliding_window.is_some())?,
            Mistral | Phi3 if self.layer_windows.windows(2).any(|w| w[0] != w[1]) => {
                return Err(ConfigError::invalid(
                    "layer_types",
                    format!("equal entries in {}", architecture.model_type()),
                    format!("{:?}", self.layer_windows),
                ));
            }
            _ => {}
        }
        if architecture != Phi3 {
            fixed(
                "partial_rotary_factor below 1",
                false,
                self.rope_dims != self.head_dim,
            )?;
        }
        Ok(())
    }
}
