//! Which tensors a configuration asks for, and how large things are.

use super::TransformerConfig;

impl TransformerConfig {
    /// Names and shapes of all parameters, in the order in which [`Parameters`] holds them.
    ///
    /// Names are those of Hugging Face for Llama; linear layers are `[out, in]`. Phi-3's fused
    /// tensors appear as the parts they are split into.
    ///
    /// [`Parameters`]: crate::local::transformer::Parameters
    pub fn parameter_shapes(&self) -> Vec<(String, Vec<usize>)> {
        let hidden = self.hidden_size;
        let mut all = vec![(
            "model.embed_tokens.weight".to_owned(),
            vec![self.vocab_size, hidden],
        )];
        for layer in 0..self.layers {
            let mut add = |name: &str, shape: Vec<usize>| {
                all.push((format!("model.layers.{layer}.{name}"), shape));
            };
            add("input_layernorm.weight", vec![hidden]);
            for (name, heads) in [
                ("q_proj", self.heads),
                ("k_proj", self.kv_heads),
                ("v_proj", self.kv_heads),
            ] {
                let width = heads * self.head_dim;
                add(&format!("self_attn.{name}.weight"), vec![width, hidden]);
                if self.qkv_bias {
                    add(&format!("self_attn.{name}.bias"), vec![width]);
                }
            }
            if self.qk_norm {
                add("self_attn.q_norm.weight", vec![self.head_dim]);
                add("self_attn.k_norm.weight", vec![self.head_dim]);
            }
            add(
                "self_attn.o_proj.weight",
                vec![hidden, self.heads * self.head_dim],
            );
            if self.output_bias {
                add("self_attn.o_proj.bias", vec![hidden]);
            }
            add("post_attention_layernorm.weight", vec![hidden]);
            if self.sandwich_norms {
                add("pre_feedforward_layernorm.weight", vec![hidden]);
            }
            let inner = self.intermediate_size;
            add("mlp.gate_proj.weight", vec![inner, hidden]);
            add("mlp.up_proj.weight", vec![inner, hidden]);
            add("mlp.down_proj.weight", vec![hidden, inner]);
            if self.sandwich_norms {
                add("post_feedforward_layernorm.weight", vec![hidden]);
            }
        }
        all.push(("model.norm.weight".to_owned(), vec![hidden]));
        if !self.tied_head {
            all.push(("lm_head.weight".to_owned(), vec![self.vocab_size, hidden]));
        }
        all
    }

    /// How many numbers the parameters are; a tied head counts once.
    pub fn parameter_count(&self) -> u64 {
        self.parameter_shapes()
            .iter()
            .map(|(_, shape)| shape.iter().map(|&n| n as u64).product::<u64>())
            .sum()
    }

    /// Bytes that keys and values of one token take over all layers.
    ///
    /// # Units
    /// `element_bytes`: bytes of one number in the cache (4 for f32).
    pub fn kv_bytes_per_token(&self, element_bytes: usize) -> u64 {
        [2, self.layers, self.kv_heads, self.head_dim, element_bytes]
            .iter()
            .map(|&n| n as u64)
            .product()
    }
}
