//! Which tensors a folder stores: the parameters one by one, but for Phi-3's fused matrices.

use crate::local::transformer::{Architecture, TransformerConfig};

/// A tensor of the folder and the parameters it holds, stacked along the first dimension.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stored {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    /// Names of the parameters and their rows.
    pub(super) parts: Vec<(String, usize)>,
}

/// All tensors of a folder, in the order of their first parts.
pub(super) fn stored(config: &TransformerConfig) -> Vec<Stored> {
    let mut all: Vec<Stored> = Vec::new();
    for (name, shape) in config.parameter_shapes() {
        let target = match config.architecture {
            Architecture::Phi3 => fused_name(&name),
            _ => None,
        };
        let target = target.unwrap_or_else(|| name.clone());
        let rows = shape[0];
        match all.last_mut() {
            Some(last) if last.name == target => {
                last.shape[0] += rows;
                last.parts.push((name, rows));
            }
            _ => all.push(Stored {
                name: target,
                shape,
                parts: vec![(name, rows)],
            }),
        }
    }
    all
}

fn fused_name(name: &str) -> Option<String> {
    [
        ("self_attn.q_proj", "self_attn.qkv_proj"),
        ("self_attn.k_proj", "self_attn.qkv_proj"),
        ("self_attn.v_proj", "self_attn.qkv_proj"),
        ("mlp.gate_proj", "mlp.gate_up_proj"),
        ("mlp.up_proj", "mlp.gate_up_proj"),
    ]
    .into_iter()
    .find(|(part, _)| name.contains(part))
    .map(|(part, whole)| name.replace(part, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phi_stores_queries_keys_and_values_as_one() {
        let mut config = TransformerConfig::llama(10, 8, 12, 1, 2, 1, 16);
        assert!(stored(&config).iter().all(|s| s.parts.len() == 1));
        config.architecture = Architecture::Phi3;
        let stored = stored(&config);
        let qkv = &stored[2];
        assert_eq!(qkv.name, "model.layers.0.self_attn.qkv_proj.weight");
        assert_eq!(qkv.shape, [8 + 4 + 4, 8]);
        let gate = stored.iter().find(|s| s.name.contains("gate_up")).unwrap();
        assert_eq!(gate.shape, [24, 8]);
        assert_eq!(
            gate.parts[0],
            ("model.layers.0.mlp.gate_proj.weight".into(), 12)
        );
    }
}
