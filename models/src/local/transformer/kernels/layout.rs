//! Where the parameters of a block stand in one long vector.

use std::ops::Range;

use crate::local::transformer::TransformerConfig;

/// The parameters of one block, end to end, in the order of the configuration.
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
    range: Range<usize>,
}

impl Layout {
    pub(in crate::local::transformer) fn new(config: &TransformerConfig) -> Self {
        let one = TransformerConfig {
            layers: 1,
            ..config.clone()
        };
        let mut parts = Vec::new();
        let mut start = 0;
        for (name, shape) in one.parameter_shapes() {
            if let Some(name) = name.strip_prefix("model.layers.0.") {
                let end = start + shape.iter().product::<usize>();
                parts.push(Part {
                    name: name.to_owned(),
                    shape,
                    range: start..end,
                });
                start = end;
            }
        }
        Self { parts }
    }

    pub(in crate::local::transformer) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(super) fn count(&self) -> usize {
        self.parts.last().map_or(0, |part| part.range.end)
    }

    fn range(&self, name: &str) -> Option<Range<usize>> {
        let part = self.parts.iter().find(|part| part.name == name);
        part.map(|part| part.range.clone())
    }

    /// The numbers of a parameter, if the block has it.
    pub(super) fn get<'a>(&self, all: &'a [f32], name: &str) -> Option<&'a [f32]> {
        self.range(name).map(|range| &all[range])
    }

    /// The numbers of a parameter that the block has; empty if it has none.
    pub(super) fn of<'a>(&self, all: &'a [f32], name: &str) -> &'a [f32] {
        self.get(all, name).unwrap_or_default()
    }

    /// Likewise, to write.
    pub(super) fn of_mut<'a>(&self, all: &'a mut [f32], name: &str) -> &'a mut [f32] {
        match self.range(name) {
            Some(range) => &mut all[range],
            None => &mut [],
        }
    }
}
