//! What a trajectory model is made of.

use serde::{Deserialize, Serialize};

use super::error::TrajectoryError;

/// Settings of a trajectory model.
///
/// # Source
/// Trajectory card, section 4.3: the values of [`Default`] are those of the published Decision Transformer, and where another
/// architecture says otherwise ([`TrajectoryConfig::published`]), its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrajectoryConfig {
    /// Which of the models.
    pub architecture: Architecture,
    /// Numbers in an observation, `d_s`.
    pub observation: usize,
    /// Numbers in an action, `d_a`.
    pub action: usize,
    /// Width of a token, `H`; width of the hidden layers of behaviour cloning.
    pub hidden: usize,
    /// Blocks; hidden layers of behaviour cloning.
    pub layers: usize,
    /// Heads of attention; the convolutional model and behaviour cloning have none.
    pub heads: usize,
    /// Steps that a model sees, `K`.
    pub context: usize,
    /// Rows of the table of timesteps; later steps count as the last.
    pub max_ep_len: usize,
    /// Activation of the Decision Transformer; that of the others is fixed.
    pub activation: Activation,
    /// Share that dropout takes away in training.
    pub dropout: f32,
    /// The same for the tokens of the Decision Transformer, where its transformer keeps a setting of its own.
    pub embedding_dropout: f32,
    /// What the Graph Decision Transformer looks up for a query and a key.
    pub relation_lookup: RelationLookup,
    /// Tokens that a filter of the Decision ConvFormer sees, `W`.
    pub window: usize,
    /// Whether actions are tokens of the Decision ConvFormer.
    pub action_tokens: bool,
    /// Latest states that behaviour cloning sees.
    pub cloned_states: usize,
}

/// The models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// Decision Transformer, card section 3.1.
    Dt,
    /// Graph Decision Transformer, card section 3.3.
    Gdt,
    /// The same with a second stream of coarse tokens, card section 3.3.
    GdtPlus,
    /// Decision ConvFormer, card section 3.2.
    Dc,
    /// Behaviour cloning: a perceptron on the latest states.
    Bc,
}

/// What a hidden unit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x Φ(x)`, by the error function.
    Gelu,
}

/// The edge that a query and an earlier key look up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelationLookup {
    /// From query to key, as the published code has it. Edges point forward in time and keys are earlier, so all pairs are
    /// of the kind without an edge.
    Official,
    /// From key to query, as the method means it.
    Corrected,
}

impl Default for TrajectoryConfig {
    fn default() -> Self {
        Self {
            architecture: Architecture::Dt,
            observation: 11,
            action: 3,
            hidden: 128,
            layers: 3,
            heads: 1,
            context: 20,
            max_ep_len: 1000,
            activation: Activation::Relu,
            dropout: 0.1,
            embedding_dropout: 0.1,
            relation_lookup: RelationLookup::Corrected,
            window: 6,
            action_tokens: true,
            cloned_states: 1,
        }
    }
}

/// No model needs more of anything.
const MOST: usize = 1 << 20;

impl TrajectoryConfig {
    /// The published settings of a model: the Decision ConvFormer sees 8 steps of width 256, the others are as in
    /// [`Default`].
    pub fn published(architecture: Architecture) -> Self {
        let own = Self {
            architecture,
            ..Self::default()
        };
        match architecture {
            Architecture::Dc => Self {
                hidden: 256,
                context: 8,
                ..own
            },
            _ => own,
        }
    }

    /// Checks the values.
    ///
    /// # Errors
    /// [`TrajectoryError::Setting`] naming the value, what it is and what it may be.
    pub fn validate(&self) -> Result<(), TrajectoryError> {
        let sizes = [
            ("observation", self.observation),
            ("action", self.action),
            ("hidden", self.hidden),
            ("layers", self.layers),
            ("heads", self.heads),
            ("context", self.context),
            ("max_ep_len", self.max_ep_len),
            ("window", self.window),
            ("cloned_states", self.cloned_states),
        ];
        for (field, got) in sizes {
            if !(1..=MOST).contains(&got) {
                return Err(TrajectoryError::setting(field, got, "1 to 1048576"));
            }
        }
        let width = match self.architecture {
            Architecture::GdtPlus | Architecture::Gdt | Architecture::Dt => self.hidden,
            Architecture::Dc | Architecture::Bc => 0,
        };
        if width % self.heads != 0 {
            let want = format!("a divisor of the hidden width {width}");
            return Err(TrajectoryError::setting("heads", self.heads, want));
        }
        for (field, got) in [
            ("dropout", self.dropout),
            ("embedding_dropout", self.embedding_dropout),
        ] {
            if !(0.0..1.0).contains(&got) {
                return Err(TrajectoryError::setting(field, got, "0 to below 1"));
            }
        }
        if self.cloned_states > self.context {
            let want = format!("at most the context of {} steps", self.context);
            return Err(TrajectoryError::setting(
                "cloned_states",
                self.cloned_states,
                want,
            ));
        }
        Ok(())
    }

    /// Tokens of a step.
    pub(super) fn tokens(&self) -> usize {
        match self.architecture {
            Architecture::Dc if !self.action_tokens => 2,
            _ => 3,
        }
    }

    /// Width of the hidden layer of a block.
    pub(super) fn inner(&self) -> usize {
        match self.architecture {
            Architecture::Gdt | Architecture::GdtPlus => 2 * self.hidden,
            Architecture::Dt | Architecture::Dc => 4 * self.hidden,
            Architecture::Bc => self.hidden,
        }
    }

    /// Whether padding in front of a history is left out; else it is an ordinary part of the sequence.
    pub(super) fn skips_padding(&self) -> bool {
        matches!(self.architecture, Architecture::Dt | Architecture::Bc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_settings_hold_and_others_are_refused_by_name() {
        for architecture in [
            Architecture::Dt,
            Architecture::Gdt,
            Architecture::GdtPlus,
            Architecture::Dc,
            Architecture::Bc,
        ] {
            let config = TrajectoryConfig::published(architecture);
            config.validate().unwrap();
            let text = serde_json::to_string(&config).unwrap();
            let read: TrajectoryConfig = serde_json::from_str(&text).unwrap();
            assert_eq!(read, config);
        }
        let base = TrajectoryConfig::default;
        for (config, field) in [
            (TrajectoryConfig { heads: 3, ..base() }, "heads"),
            (TrajectoryConfig { heads: 0, ..base() }, "heads"),
            (
                TrajectoryConfig {
                    action: 0,
                    ..base()
                },
                "action",
            ),
            (
                TrajectoryConfig {
                    dropout: 1.0,
                    ..base()
                },
                "dropout",
            ),
            (
                TrajectoryConfig {
                    dropout: f32::NAN,
                    ..base()
                },
                "dropout",
            ),
            (
                TrajectoryConfig {
                    cloned_states: 21,
                    ..base()
                },
                "cloned_states",
            ),
            (
                TrajectoryConfig {
                    hidden: usize::MAX,
                    ..base()
                },
                "hidden",
            ),
        ] {
            let error = config.validate().unwrap_err().to_string();
            assert!(error.starts_with(field), "{error}");
        }
        assert!(serde_json::from_str::<TrajectoryConfig>(r#"{"hiden": 4}"#).is_err());
    }
}
