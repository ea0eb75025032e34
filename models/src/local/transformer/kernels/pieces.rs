//! Attention and the gate as operations of their own, for blocks whose linear layers are adapted.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};

use super::attention::{self, Heads};
use super::gate::{gate, gate_backward};
use super::rotation::Rotation;
use super::slices::{slice, stored, with_values};
use super::span::Visibility;
use crate::local::transformer::{Activation, TransformerConfig};

/// `(gate, up) -> activation(gate) * up`.
pub(in crate::local::transformer) struct GateOp {
    pub(in crate::local::transformer) activation: Activation,
}

impl CustomOp2 for GateOp {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn cpu_fwd(
        &self,
        values: &CpuStorage,
        layout: &Layout,
        up: &CpuStorage,
        up_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let values = slice(self.name(), values, layout)?;
        let up = slice(self.name(), up, up_layout)?;
        if values.len() != up.len() {
            bail!("gate: expected {} numbers, got {}", values.len(), up.len());
        }
        Ok(stored(gate(self.activation, values, up), layout.shape()))
    }

    fn bwd(
        &self,
        values: &Tensor,
        up: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let name = self.name();
        let (of_gate, of_up) = with_values(name, values, |values| {
            with_values(name, up, |up| {
                with_values(name, gradient, |gradient| {
                    let (mut of_gate, mut of_up) = (values.to_vec(), up.to_vec());
                    gate_backward(self.activation, gradient, &mut of_gate, &mut of_up);
                    Ok((of_gate, of_up))
                })
            })
        })?;
        Ok((
            Some(Tensor::from_vec(of_gate, values.shape(), values.device())?),
            Some(Tensor::from_vec(of_up, up.shape(), up.device())?),
        ))
    }
}

/// `(queries [N, heads * dim], keys, values [N, kv_heads * dim]) -> mixed values`, rotation
/// included; N is rows times length.
pub(in crate::local::transformer) struct AttentionOp {
    sizes: Heads,
    rotation: Rotation,
    visible: Arc<dyn Visibility>,
}

impl AttentionOp {
    pub(in crate::local::transformer) fn new(
        config: &TransformerConfig,
        rows: usize,
        length: usize,
        rotation: Rotation,
        visible: Arc<dyn Visibility>,
    ) -> Self {
        Self {
            sizes: Heads::new(config, rows, length),
            rotation,
            visible,
        }
    }

    fn rotated(&self, heads: &[f32]) -> Vec<f32> {
        let mut heads = heads.to_vec();
        self.rotation.turn(&self.sizes, &mut heads, false);
        heads
    }

    fn checked(&self, queries: &[f32], keys: &[f32], values: &[f32]) -> Result<()> {
        let tokens = self.sizes.rows * self.sizes.length * self.sizes.dim;
        let expected = [self.sizes.heads, self.sizes.kv_heads, self.sizes.kv_heads];
        let expected = expected.map(|heads| heads * tokens);
        let found = [queries.len(), keys.len(), values.len()];
        if expected != found {
            bail!("attention: expected {expected:?} numbers, got {found:?}");
        }
        Ok(())
    }
}

impl CustomOp3 for AttentionOp {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        queries: &CpuStorage,
        query_layout: &Layout,
        keys: &CpuStorage,
        key_layout: &Layout,
        values: &CpuStorage,
        value_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let queries = slice(self.name(), queries, query_layout)?;
        let keys = slice(self.name(), keys, key_layout)?;
        let values = slice(self.name(), values, value_layout)?;
        self.checked(queries, keys, values)?;
        let (queries, keys) = (self.rotated(queries), self.rotated(keys));
        let visible = self.visible.as_ref();
        let mixed = attention::forward(&self.sizes, &queries, &keys, values, visible);
        Ok(stored(mixed, query_layout.shape()))
    }

    fn bwd(
        &self,
        queries: &Tensor,
        keys: &Tensor,
        values: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let name = self.name();
        let turned_queries = with_values(name, queries, |x| Ok(self.rotated(x)))?;
        let turned_keys = with_values(name, keys, |x| Ok(self.rotated(x)))?;
        let mut found = with_values(name, values, |values| {
            with_values(name, gradient, |gradient| {
                Ok(attention::backward(
                    &self.sizes,
                    &turned_queries,
                    &turned_keys,
                    values,
                    self.visible.as_ref(),
                    gradient,
                ))
            })
        })?;
        self.rotation.turn(&self.sizes, &mut found.queries, true);
        self.rotation.turn(&self.sizes, &mut found.keys, true);
        let like = |gradient, tensor: &Tensor| {
            Tensor::from_vec(gradient, tensor.shape(), tensor.device()).map(Some)
        };
        Ok((
            like(found.queries, queries)?,
            like(found.keys, keys)?,
            like(found.values, values)?,
        ))
    }
}
