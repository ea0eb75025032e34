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

/// More parameters than this, 8 GiB of them, are a mistake.
const MOST_PARAMETERS: usize = 1 << 31;

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
            ("observation", self.observation, 1 << 20),
            ("action", self.action, 1 << 20),
            ("hidden", self.hidden, 1 << 20),
            ("layers", self.layers, 1024),
            ("heads", self.heads, 1 << 20),
            ("context", self.context, 4096),
            ("max_ep_len", self.max_ep_len, 1 << 24),
            ("window", self.window, 4096),
            ("cloned_states", self.cloned_states, 4096),
        ];
        for (field, got, most) in sizes {
            if !(1..=most).contains(&got) {
                let want = format!("1 to {most}");
                return Err(TrajectoryError::setting(field, got, want));
            }
        }
        let count = self.parameters();
        if count > MOST_PARAMETERS {
            let want = format!("a width with at most {MOST_PARAMETERS} parameters, not {count}");
            return Err(TrajectoryError::setting("hidden", self.hidden, want));
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

    /// About how many parameters there are, at least.
    fn parameters(&self) -> usize {
        let h = self.hidden;
        let square = h.saturating_mul(h);
        let inputs = self.observation + self.action;
        let (each, table) = match self.architecture {
            Architecture::Dt => (square.saturating_mul(12), self.max_ep_len),
            Architecture::Gdt => (square.saturating_mul(10), self.max_ep_len),
            Architecture::GdtPlus => (square.saturating_mul(58), self.max_ep_len + self.context),
            Architecture::Dc => {
                let filters = h * self.window * self.tokens();
                let each = square.saturating_mul(8).saturating_add(filters);
                (each, self.max_ep_len)
            }
            Architecture::Bc => (square, self.cloned_states * self.observation),
        };
        let blocks = each.saturating_mul(self.layers);
        blocks.saturating_add(h.saturating_mul(table + inputs))
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
        // Each size may be, all together may not.
        let vast = TrajectoryConfig {
            hidden: 1 << 20,
            layers: 1024,
            ..base()
        };
        let error = vast.validate().unwrap_err().to_string();
        assert!(error.contains("2147483648 parameters"), "{error}");
        assert!(serde_json::from_str::<TrajectoryConfig>(r#"{"hiden": 4}"#).is_err());
    }
}
