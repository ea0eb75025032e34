//! The parameters of a block by name.

use crate::local::transformer::TransformerConfig;

/// The parameters of one block, in the order of the configuration.
#[derive(Debug, Clone)]
pub(in crate::local::transformer) struct Layout {
    parts: Vec<Part>,
}

/// One parameter of a block.
#[derive(Debug, Clone)]
pub(in crate::local::transformer) struct Part {
    /// Without the layer's prefix.
    pub(in crate::local::transformer) name: String,
    pub(in crate::local::transformer) shape: Vec<usize>,
}

/// Gradients of all parts; `None` where none is wanted.
pub(super) type Gradients = Vec<Option<Vec<f32>>>;

impl Layout {
    pub(in crate::local::transformer) fn new(config: &TransformerConfig) -> Self {
        let one = TransformerConfig {
            layers: 1,
            ..config.clone()
        };
        let parts = one
            .parameter_shapes()
            .into_iter()
            .filter_map(|(name, shape)| {
                let name = name.strip_prefix("model.layers.0.")?.to_owned();
                Some(Part { name, shape })
            })
            .collect();
        Self { parts }
    }

    pub(in crate::local::transformer) fn parts(&self) -> &[Part] {
        &self.parts
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.parts.iter().position(|part| part.name == name)
    }

    /// The numbers of a parameter, if the block has it.
    pub(super) fn get<'a>(&self, all: &[&'a [f32]], name: &str) -> Option<&'a [f32]> {
        self.index(name).map(|ix| all[ix])
    }

    /// The numbers of a parameter that the block has; empty if it has none.
    pub(super) fn of<'a>(&self, all: &[&'a [f32]], name: &str) -> &'a [f32] {
        self.get(all, name).unwrap_or_default()
    }

    /// Where a parameter's gradient goes, if it is wanted.
    pub(super) fn of_mut<'a>(&self, all: &'a mut Gradients, name: &str) -> Option<&'a mut [f32]> {
        self.index(name).and_then(|ix| all[ix].as_deref_mut())
    }
}
