//! The configuration itself.

/// A family of checkpoints, as `model_type` of `config.json` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Architecture {
    /// Llama 2 and 3, SmolLM and SmolLM2, and the many others that say `llama`.
    Llama,
    /// Mistral 7B and its kin.
    Mistral,
    /// Qwen2 and Qwen2.5.
    Qwen2,
    /// Qwen3 (dense).
    Qwen3,
    /// Gemma 1.
    Gemma,
    /// Gemma 2.
    Gemma2,
    /// Phi-3 and Phi-3.5 mini, Phi-4.
    Phi3,
}

impl Architecture {
    /// All architectures, in a fixed order.
    pub const ALL: [Self; 7] = [
        Self::Llama,
        Self::Mistral,
        Self::Qwen2,
        Self::Qwen3,
        Self::Gemma,
        Self::Gemma2,
        Self::Phi3,
    ];

    /// The value of `model_type`.
    pub fn model_type(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Mistral => "mistral",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Gemma => "gemma",
            Self::Gemma2 => "gemma2",
            Self::Phi3 => "phi3",
        }
    }

    /// The entry of `architectures`.
    pub fn class_name(self) -> &'static str {
        match self {
            Self::Llama => "LlamaForCausalLM",
            Self::Mistral => "MistralForCausalLM",
            Self::Qwen2 => "Qwen2ForCausalLM",
            Self::Qwen3 => "Qwen3ForCausalLM",
            Self::Gemma => "GemmaForCausalLM",
            Self::Gemma2 => "Gemma2ForCausalLM",
            Self::Phi3 => "Phi3ForCausalLM",
        }
    }

    /// Gemma's family: norm weights count from minus one, embeddings are scaled.
    pub fn is_gemma(self) -> bool {
        matches!(self, Self::Gemma | Self::Gemma2)
    }
}

/// The function between the two halves of the feed-forward block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Activation {
    /// `x / (1 + exp(-x))`.
    Silu,
    /// GELU by its tanh approximation (`gelu_pytorch_tanh`, `gelu_new`).
    GeluTanh,
    /// GELU by the error function.
    Gelu,
}

impl Activation {
    /// The name that `hidden_act` carries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Silu => "silu",
            Self::GeluTanh => "gelu_pytorch_tanh",
            Self::Gelu => "gelu",
        }
    }
}

/// How rotary frequencies are stretched for contexts longer than those of pretraining.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum RopeScaling {
    /// Not at all.
    None,
    /// Every frequency is divided by `factor`.
    Linear {
        /// At least one.
        factor: f64,
    },
    /// Llama 3.1: low frequencies are divided by `factor`, high ones kept, those between blended.
    Llama3 {
        /// At least one.
        factor: f64,
        /// Wavelengths above `original_context / low_freq_factor` are stretched in full.
        low_freq_factor: f64,
        /// Wavelengths below `original_context / high_freq_factor` are kept.
        high_freq_factor: f64,
        /// The context of pretraining, in tokens.
        original_context: usize,
    },
}

/// Which positions a token may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttentionMask {
    /// Itself and those before it.
    Causal,
    /// All of its row, as language models by diffusion need it.
    Bidirectional,
}

/// The shape and the options of one Llama-like transformer.
///
/// Built by [`from_hf`](Self::from_hf) from a checkpoint's `config.json`, or by
/// [`llama`](Self::llama) for a model of one's own.
#[derive(Debug, Clone, PartialEq)]
pub struct TransformerConfig {
    /// The family: it decides tensor names and what `config.json` looks like.
    pub architecture: Architecture,
    /// Rows of the embedding.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width between the halves of the feed-forward block.
    pub intermediate_size: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; a divisor of `heads`.
    pub kv_heads: usize,
    /// Width of one head; `heads * head_dim` need not equal `hidden_size`.
    pub head_dim: usize,
    /// The function of the feed-forward block.
    pub activation: Activation,
    /// Added to the mean square in every norm.
    pub norm_eps: f64,
    /// Norms multiply by `weight + 1` (Gemma).
    pub norm_plus_one: bool,
    /// Embeddings are multiplied by `sqrt(hidden_size)` (Gemma).
    pub embedding_scale: bool,
    /// Query, key and value projections have biases.
    pub qkv_bias: bool,
    /// The output projection of attention has a bias.
    pub output_bias: bool,
    /// Queries and keys are normalised per head before rotation (Qwen3).
    pub qk_norm: bool,
    /// Norms also follow attention and feed-forward (Gemma 2).
    pub sandwich_norms: bool,
    /// Multiplies the products of queries and keys.
    pub attention_scale: f64,
    /// `c * tanh(score / c)` before the softmax of attention.
    pub attention_softcap: Option<f64>,
    /// `c * tanh(logit / c)` after the head.
    pub logit_softcap: Option<f64>,
    /// W: position i sees j with `i - W < j <= i`, in the layers that `layer_windows` marks.
    pub sliding_window: Option<usize>,
    /// Which layers use the window; one entry a layer, all false without a window.
    pub layer_windows: Vec<bool>,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// How they are stretched.
    pub rope_scaling: RopeScaling,
    /// Leading dimensions of each head that rotate; even; `head_dim` but for partial rotation.
    pub rope_dims: usize,
    /// Longest sequence, in tokens.
    pub context: usize,
    /// The head shares the embedding's weight.
    pub tied_head: bool,
    /// Which positions a token may look at.
    pub mask: AttentionMask,
    /// The token that begins a text.
    pub bos: Option<u32>,
    /// The tokens that end a text.
    pub eos: Vec<u32>,
    /// The token that fills rows.
    pub pad: Option<u32>,
}

impl TransformerConfig {
    /// A plain Llama of these sizes: SiLU, RMS norms, full causal attention, tied head, no biases.
    ///
    /// `head_dim` is `hidden_size / heads`; change any field afterwards and call
    /// [`validate`](Self::validate).
    pub fn llama(
        vocab_size: usize,
        hidden_size: usize,
        intermediate_size: usize,
        layers: usize,
        heads: usize,
        kv_heads: usize,
        context: usize,
    ) -> Self {
        let head_dim = hidden_size / heads.max(1);
        Self {
            architecture: Architecture::Llama,
            vocab_size,
            hidden_size,
            intermediate_size,
            layers,
            heads,
            kv_heads,
            head_dim,
            activation: Activation::Silu,
            norm_eps: 1e-5,
            norm_plus_one: false,
            embedding_scale: false,
            qkv_bias: false,
            output_bias: false,
            qk_norm: false,
            sandwich_norms: false,
            attention_scale: default_scale(head_dim),
            attention_softcap: None,
            logit_softcap: None,
            sliding_window: None,
            layer_windows: vec![false; layers],
            rope_theta: 10_000.0,
            rope_scaling: RopeScaling::None,
            rope_dims: head_dim,
            context,
            tied_head: true,
            mask: AttentionMask::Causal,
            bos: None,
            eos: Vec::new(),
            pad: None,
        }
    }

    /// The window of a layer, if it has one.
    pub fn window_of(&self, layer: usize) -> Option<usize> {
        if self.layer_windows.get(layer).copied().unwrap_or(false) {
            self.sliding_window
        } else {
            None
        }
    }

    /// The rotary frequencies, `rope_dims / 2` of them: the angle of pair `d` at position `p` is
    /// `p * frequency[d]`.
    ///
    /// # Source
    /// Llama 3.1's stretching as in transformers' `_compute_llama3_parameters`.
    pub fn rope_frequencies(&self) -> Vec<f64> {
        (0..self.rope_dims / 2)
            .map(|pair| {
                let exponent = (2 * pair) as f64 / self.rope_dims as f64;
                self.rope_scaling
                    .stretch(1.0 / self.rope_theta.powf(exponent))
            })
            .collect()
    }
}

impl RopeScaling {
    fn stretch(self, frequency: f64) -> f64 {
        match self {
            Self::None => frequency,
            Self::Linear { factor } => frequency / factor,
            Self::Llama3 {
                factor,
                low_freq_factor,
                high_freq_factor,
                original_context,
            } => {
                let wavelength = 2.0 * std::f64::consts::PI / frequency;
                let context = original_context as f64;
                if wavelength < context / high_freq_factor {
                    frequency
                } else if wavelength > context / low_freq_factor {
                    frequency / factor
                } else {
                    let smooth = (context / wavelength - low_freq_factor)
                        / (high_freq_factor - low_freq_factor);
                    (1.0 - smooth) * frequency / factor + smooth * frequency
                }
            }
        }
    }
}

/// `1 / sqrt(head_dim)`.
pub(crate) fn default_scale(head_dim: usize) -> f64 {
    1.0 / (head_dim.max(1) as f64).sqrt()
}
