//! Tensor names of Hugging Face and of GGUF.

/// Modules of a layer: Hugging Face's name, and GGUF's without and with sandwich norms.
const MODULES: [(&str, &str, &str); 13] = [
    ("input_layernorm", "attn_norm", "attn_norm"),
    ("self_attn.q_proj", "attn_q", "attn_q"),
    ("self_attn.k_proj", "attn_k", "attn_k"),
    ("self_attn.v_proj", "attn_v", "attn_v"),
    ("self_attn.o_proj", "attn_output", "attn_output"),
    ("self_attn.q_norm", "attn_q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm", "attn_k_norm"),
    (
        "post_attention_layernorm",
        "ffn_norm",
        "post_attention_norm",
    ),
    ("pre_feedforward_layernorm", "ffn_norm", "ffn_norm"),
    (
        "post_feedforward_layernorm",
        "post_ffw_norm",
        "post_ffw_norm",
    ),
    ("mlp.gate_proj", "ffn_gate", "ffn_gate"),
    ("mlp.up_proj", "ffn_up", "ffn_up"),
    ("mlp.down_proj", "ffn_down", "ffn_down"),
];

/// GGUF's name of a tensor; `None` for one that such models do not have.
pub(super) fn gguf_name(name: &str, sandwich: bool) -> Option<String> {
    let (module, kind) = name.rsplit_once('.')?;
    let plain = match module {
        "model.embed_tokens" => Some("token_embd"),
        "model.norm" => Some("output_norm"),
        "lm_head" => Some("output"),
        _ => None,
    };
    if let Some(plain) = plain {
        return Some(format!("{plain}.{kind}"));
    }
    let (layer, module) = module.strip_prefix("model.layers.")?.split_once('.')?;
    let (_, without, with) = MODULES.iter().find(|(hf, _, _)| *hf == module)?;
    let module = if sandwich { with } else { without };
    Some(format!("blk.{layer}.{module}.{kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_llama_cpp() {
        for (name, sandwich, expected) in [
            ("lm_head.weight", false, "output.weight"),
            (
                "model.layers.3.self_attn.q_proj.bias",
                false,
                "blk.3.attn_q.bias",
            ),
            (
                "model.layers.10.post_attention_layernorm.weight",
                false,
                "blk.10.ffn_norm.weight",
            ),
            (
                "model.layers.0.post_attention_layernorm.weight",
                true,
                "blk.0.post_attention_norm.weight",
            ),
        ] {
            assert_eq!(gguf_name(name, sandwich).as_deref(), Some(expected));
        }
        assert_eq!(gguf_name("model.layers.0.conv.weight", false), None);
    }
}
