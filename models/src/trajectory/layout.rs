//! The parameters that a model has: names and shapes as in the state dictionaries of PyTorch, and how each begins.

use super::config::{Architecture, TrajectoryConfig};

/// A parameter of a layout.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) initial: Initial,
}

/// What a parameter begins with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Initial {
    /// Zeros.
    Zero,
    /// Ones.
    One,
    /// A normal distribution of this deviation around 0.
    Normal(f32),
    /// Evenly between the negative and the positive inverse root of this number of inputs.
    Uniform(usize),
}

/// Whether a published checkpoint may hold such a tensor that no prediction needs.
pub(super) fn is_unused(name: &str) -> bool {
    let heads = [
        "predict_state.",
        "predict_return.",
        "predict_rtg.",
        "predict_reward.",
    ];
    let masks = [".attn.bias", ".attn.masked_bias", ".attn.mask"];
    name == "transformer.wte.weight"
        || heads.iter().any(|head| name.starts_with(head))
        || masks.iter().any(|mask| name.ends_with(mask))
}

/// The layout of a model.
///
/// # Source
/// Trajectory card, section 3.1: in the stack of the Decision Transformer weights are normal(0.02) and biases 0, other layers
/// begin as in PyTorch, the table of timesteps is standard normal. Not in the card, and chosen here: matrices inside the layers
/// of the graph models begin like those of the Decision Transformer, all else as in PyTorch.
pub(super) fn layout(config: &TrajectoryConfig) -> Vec<Named> {
    let mut layout = Layout::default();
    let h = config.hidden;
    match config.architecture {
        Architecture::Dt => {
            for block in 0..config.layers {
                let stack = format!("transformer.h.{block}");
                layout.norm(&format!("{stack}.ln_1"), h);
                layout.inward(&format!("{stack}.attn.c_attn"), h, 3 * h);
                layout.inward(&format!("{stack}.attn.c_proj"), h, h);
                layout.norm(&format!("{stack}.ln_2"), h);
                layout.inward(&format!("{stack}.mlp.c_fc"), h, 4 * h);
                layout.inward(&format!("{stack}.mlp.c_proj"), 4 * h, h);
            }
            layout.norm("transformer.ln_f", h);
            layout.embeddings(config);
            layout.norm("embed_ln", h);
            layout.linear("predict_action.0", h, config.action);
        }
        Architecture::Dc => {
            let modalities = ["rtg", "obs", "act"];
            for block in 0..config.layers {
                let stack = format!("transformer.h.{block}");
                layout.norm(&format!("{stack}.ln_1"), h);
                for modality in &modalities[..config.tokens()] {
                    let name = format!("{stack}.conv.{modality}_conv1d");
                    let initial = Initial::Uniform(config.window);
                    layout.add(&format!("{name}.weight"), &[h, 1, config.window], initial);
                    layout.add(&format!("{name}.bias"), &[h], initial);
                }
                layout.norm(&format!("{stack}.ln_2"), h);
                layout.linear(&format!("{stack}.mlp.0"), h, 4 * h);
                layout.linear(&format!("{stack}.mlp.2"), 4 * h, h);
            }
            layout.norm("transformer.ln_f", h);
            layout.embeddings(config);
            layout.norm("embed_ln", h);
            layout.linear("predict_action.0", h, config.action);
        }
        Architecture::Gdt | Architecture::GdtPlus => layout.graph(config),
        Architecture::Bc => {
            // A rectifier and dropout stand between the layers.
            let mut inputs = config.cloned_states * config.observation;
            for block in 0..config.layers {
                layout.linear(&format!("model.{}", 3 * block), inputs, h);
                inputs = h;
            }
            layout.linear(
                &format!("model.{}", 3 * config.layers),
                inputs,
                config.action,
            );
        }
    }
    layout.named
}

#[derive(Default)]
struct Layout {
    named: Vec<Named>,
}

impl Layout {
    fn add(&mut self, name: &str, shape: &[usize], initial: Initial) {
        self.named.push(Named {
            name: name.to_owned(),
            shape: shape.to_vec(),
            initial,
        });
    }

    fn norm(&mut self, name: &str, width: usize) {
        self.add(&format!("{name}.weight"), &[width], Initial::One);
        self.add(&format!("{name}.bias"), &[width], Initial::Zero);
    }

    /// Weights stored (out, in).
    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) {
        let initial = Initial::Uniform(inputs);
        self.add(&format!("{name}.weight"), &[outputs, inputs], initial);
        self.add(&format!("{name}.bias"), &[outputs], initial);
    }

    /// Weights stored (in, out).
    fn inward(&mut self, name: &str, inputs: usize, outputs: usize) {
        self.add(
            &format!("{name}.weight"),
            &[inputs, outputs],
            Initial::Normal(0.02),
        );
        self.add(&format!("{name}.bias"), &[outputs], Initial::Zero);
    }

    fn embeddings(&mut self, config: &TrajectoryConfig) {
        let h = config.hidden;
        self.add(
            "embed_timestep.weight",
            &[config.max_ep_len, h],
            Initial::Normal(1.0),
        );
        self.linear("embed_return", 1, h);
        self.linear("embed_state", config.observation, h);
        self.linear("embed_action", config.action, h);
    }

    fn graph(&mut self, config: &TrajectoryConfig) {
        let h = config.hidden;
        self.embeddings(config);
        self.add("embed_edges.weight", &[2, h], Initial::Normal(1.0));
        // In the published parameters, and without a use.
        self.norm("embed_ln", h);
        self.norm("embed_ln2", 2 * h);
        self.linear("predict_action.0", 2 * h, config.action);
        let plus = config.architecture == Architecture::GdtPlus;
        if plus {
            let shape = [1, config.context, 2 * h];
            self.add("layers.temporal_embed", &shape, Initial::Zero);
        }
        for block in 0..config.layers {
            let layer = format!("layers.layers.{block}");
            let initial = Initial::Normal(0.02);
            self.add(
                &format!("{layer}.self_attn.in_proj_weight"),
                &[3 * h, h],
                initial,
            );
            self.add(
                &format!("{layer}.self_attn.in_proj_bias"),
                &[3 * h],
                Initial::Zero,
            );
            self.inward(&format!("{layer}.self_attn.relation_in_proj"), h, 2 * h);
            self.inward(&format!("{layer}.self_attn.out_proj"), h, h);
            self.inward(&format!("{layer}.fc1"), h, 2 * h);
            self.inward(&format!("{layer}.fc2"), 2 * h, h);
            self.norm(&format!("{layer}.attn_layer_norm"), h);
            self.norm(&format!("{layer}.ff_layer_norm"), h);
        }
        if plus {
            for block in 0..config.layers {
                let layer = format!("layers.global_layers.{block}");
                self.norm(&format!("{layer}.ln1"), 2 * h);
                self.norm(&format!("{layer}.ln2"), 2 * h);
                for part in ["key", "query", "value", "proj"] {
                    self.inward(&format!("{layer}.attn.{part}"), 2 * h, 2 * h);
                }
                self.inward(&format!("{layer}.mlp.0"), 2 * h, 8 * h);
                self.inward(&format!("{layer}.mlp.2"), 8 * h, 2 * h);
            }
            self.norm("layers.local_global_proj.0", 2 * h);
            self.linear("layers.local_global_proj.1", 2 * h, 2 * h);
            self.linear("layers.embed_state", config.observation, 2 * h);
        }
    }
}
