//! The backward pass of a block.

use super::attention;
use super::block::{BlockOp, Kept};
use super::gate::{self, gate_backward};
use super::layout::Gradients;
use super::norm;
use super::products::{Before, bias_gradient, input_gradient, weight_gradient};

impl BlockOp {
    /// Gradients of the stream and of the parameters, for the gradient of the result.
    pub(super) fn gradients(
        &self,
        input: &[f32],
        all: &[&[f32]],
        kept: Kept,
        gradient: &[f32],
    ) -> (Vec<f32>, Gradients) {
        let mut of_parameters: Gradients = self
            .weights
            .iter()
            .zip(all)
            .map(|(tensor, numbers)| tensor.track_op().then(|| vec![0.0; numbers.len()]))
            .collect();
        let middle = self.feed_forward(all, &kept, gradient, &mut of_parameters);
        let stream = self.attention(input, all, kept, middle, &mut of_parameters);
        (stream, of_parameters)
    }

    /// From the gradient of the result to that of the stream between attention and feed-forward.
    fn feed_forward(
        &self,
        all: &[&[f32]],
        kept: &Kept,
        gradient: &[f32],
        target: &mut Gradients,
    ) -> Vec<f32> {
        let tokens = self.tokens();
        let mut stream = gradient.to_vec();
        let before_norm = kept.fed.as_ref().map(|(fed, inverses)| {
            let name = "post_feedforward_layernorm.weight";
            self.norm_backward(all, name, gradient, fed, inverses, target)
        });
        let upstream = before_norm.as_deref().unwrap_or(gradient);

        let mut inner = gate::gate(self.activation, &kept.gate, &kept.up);
        self.linear_gradient("mlp.down_proj", upstream, &inner, target);
        input_gradient(
            &mut inner,
            Before::Replaced,
            upstream,
            self.layout.of(all, "mlp.down_proj.weight"),
            tokens,
        );
        let (mut gate, mut up) = (kept.gate.clone(), kept.up.clone());
        gate_backward(self.activation, &inner, &mut gate, &mut up);
        let name = self.middle_norm();
        let weight = self.norm_weight(all, name);
        let normed = norm::apply(&kept.middle, &weight, &kept.middle_inverses);
        let mut of_normed = vec![0.0; normed.len()];
        for (name, gradient, before) in [
            ("mlp.gate_proj", &gate, Before::Replaced),
            ("mlp.up_proj", &up, Before::AddedTo),
        ] {
            self.linear_gradient(name, gradient, &normed, target);
            let weight = self.layout.of(all, &format!("{name}.weight"));
            input_gradient(&mut of_normed, before, gradient, weight, tokens);
        }
        norm::backward(
            &mut stream,
            self.layout.of_mut(target, name),
            &of_normed,
            &kept.middle,
            &weight,
            &kept.middle_inverses,
        );
        stream
    }

    /// From the gradient of the stream in the middle to that of the block's input.
    fn attention(
        &self,
        input: &[f32],
        all: &[&[f32]],
        kept: Kept,
        mut stream: Vec<f32>,
        target: &mut Gradients,
    ) -> Vec<f32> {
        let tokens = self.tokens();
        let before_norm = kept.attended.as_ref().map(|(attended, inverses)| {
            let name = "post_attention_layernorm.weight";
            self.norm_backward(all, name, &stream, attended, inverses, target)
        });
        let upstream = before_norm.as_deref().unwrap_or(&stream);
        self.linear_gradient("self_attn.o_proj", upstream, &kept.mixed, target);
        let mut mixed = vec![0.0; kept.mixed.len()];
        let weight = self.layout.of(all, "self_attn.o_proj.weight");
        input_gradient(&mut mixed, Before::Replaced, upstream, weight, tokens);

        let mut gradients = attention::backward(
            &self.sizes,
            &kept.queries,
            &kept.keys,
            &kept.values,
            self.visible.as_ref(),
            &mixed,
        );
        self.rotate(&mut gradients.queries, true);
        self.rotate(&mut gradients.keys, true);
        if let Some(raw) = &kept.raw {
            let (queries, keys) = ("self_attn.q_norm.weight", "self_attn.k_norm.weight");
            gradients.queries = self.norm_backward(
                all,
                queries,
                &gradients.queries,
                &raw.queries,
                &raw.query_inverses,
                target,
            );
            gradients.keys = self.norm_backward(
                all,
                keys,
                &gradients.keys,
                &raw.keys,
                &raw.key_inverses,
                target,
            );
        }

        let name = "input_layernorm.weight";
        let weight = self.norm_weight(all, name);
        let normed = norm::apply(input, &weight, &kept.input_inverses);
        let mut of_normed = vec![0.0; normed.len()];
        for (name, gradient, before) in [
            ("self_attn.q_proj", &gradients.queries, Before::Replaced),
            ("self_attn.k_proj", &gradients.keys, Before::AddedTo),
            ("self_attn.v_proj", &gradients.values, Before::AddedTo),
        ] {
            self.linear_gradient(name, gradient, &normed, target);
            let weight = self.layout.of(all, &format!("{name}.weight"));
            input_gradient(&mut of_normed, before, gradient, weight, tokens);
        }
        norm::backward(
            &mut stream,
            self.layout.of_mut(target, name),
            &of_normed,
            input,
            &weight,
            &kept.input_inverses,
        );
        stream
    }

    /// Gradients of a linear layer's weight and, if it has one, bias.
    fn linear_gradient(&self, name: &str, gradient: &[f32], input: &[f32], target: &mut Gradients) {
        if let Some(weight) = self.layout.of_mut(target, &format!("{name}.weight")) {
            weight_gradient(weight, gradient, input, self.tokens());
        }
        if let Some(bias) = self.layout.of_mut(target, &format!("{name}.bias")) {
            bias_gradient(bias, gradient);
        }
    }

    /// The input's gradient of a norm; the weight's goes to its place.
    fn norm_backward(
        &self,
        all: &[&[f32]],
        name: &str,
        gradient: &[f32],
        input: &[f32],
        inverses: &[f32],
        target: &mut Gradients,
    ) -> Vec<f32> {
        let mut of_input = vec![0.0; input.len()];
        norm::backward(
            &mut of_input,
            self.layout.of_mut(target, name),
            gradient,
            input,
            &self.norm_weight(all, name),
            inverses,
        );
        of_input
    }
}
