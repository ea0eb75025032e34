//! Gradients against finite differences, and that none is lost.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use rounds_models::local::transformer::{
    Arithmetic, ForwardError, Frozen, Parameters, Substituted, TokenBatch, Transformer,
    TransformerConfig, Weights,
};

use crate::tiny::{largest_difference, lively, values, variants};

/// A loss that depends on every output: weighted NLL of ragged rows.
fn loss(transformer: &Transformer, parameters: &dyn Weights) -> Tensor {
    loss_of(
        transformer,
        parameters,
        &[vec![3, 9, 1, 4, 20, 5, 7], vec![11, 2, 22, 8]],
    )
}

fn loss_of(transformer: &Transformer, parameters: &dyn Weights, rows: &[Vec<u32>]) -> Tensor {
    let batch = TokenBatch::new(rows, 0).unwrap();
    let hidden = transformer.forward_hidden(parameters, &batch).unwrap();
    let mut positions = Vec::new();
    let mut targets = Vec::new();
    for (row, ids) in rows.iter().enumerate() {
        for at in 0..ids.len() - 1 {
            positions.push((row, at));
            targets.push(ids[at + 1]);
        }
    }
    let nll = transformer
        .token_nll(parameters, &hidden, &positions, &targets)
        .unwrap();
    let weights: Vec<f32> = (0..targets.len()).map(|ix| 0.5 + 0.1 * ix as f32).collect();
    let weights = Tensor::from_vec(weights, targets.len(), &Device::Cpu).unwrap();
    (nll * weights).unwrap().sum_all().unwrap()
}

fn transformer(config: &TransformerConfig, arithmetic: Arithmetic) -> Transformer {
    let transformer = Transformer::new(config.clone()).unwrap();
    transformer.with_arithmetic(arithmetic)
}

/// Every variant with both arithmetics.
fn both() -> Vec<(&'static str, TransformerConfig, Arithmetic)> {
    variants()
        .into_iter()
        .flat_map(|(name, config)| {
            [Arithmetic::Primitive, Arithmetic::Fused]
                .map(|arithmetic| (name, config.clone(), arithmetic))
        })
        .collect()
}

/// Loss and gradients, in the order of the parameters.
fn results(
    transformer: &Transformer,
    parameters: &Parameters,
    rows: &[Vec<u32>],
) -> (f32, Vec<Vec<f32>>) {
    results_with(transformer, parameters, parameters, rows)
}

/// The same with something around the parameters.
fn results_with(
    transformer: &Transformer,
    weights: &dyn Weights,
    parameters: &Parameters,
    rows: &[Vec<u32>],
) -> (f32, Vec<Vec<f32>>) {
    let loss = loss_of(transformer, weights, rows);
    let gradients = loss.backward().unwrap();
    let list = parameters
        .iter()
        .map(|(_, var)| values(gradients.get(var).unwrap()))
        .collect();
    (loss.to_scalar().unwrap(), list)
}

fn scalar(tensor: &Tensor) -> f64 {
    f64::from(tensor.to_scalar::<f32>().unwrap())
}

/// Compares, for each tensor, the derivative along a fixed direction with a central difference.
#[test]
fn gradients_agree_with_finite_differences() {
    let mut worst = 0.0f64;
    for (name, config, arithmetic) in both() {
        let transformer = transformer(&config, arithmetic);
        let parameters = lively(&config, 5);
        let gradients = loss(&transformer, &parameters).backward().unwrap();
        for (tensor, var) in parameters.iter() {
            let gradient = values(gradients.get(var).unwrap());
            let before = values(var);
            let direction: Vec<f32> = (0..before.len())
                .map(|ix| ((ix * 37 + tensor.len()) as f32 * 1.3).cos().signum())
                .collect();
            let step = 8e-3 / (before.len() as f32).sqrt();
            let moved = |sign: f32| {
                let moved: Vec<f32> = before
                    .iter()
                    .zip(&direction)
                    .map(|(x, d)| x + sign * step * d)
                    .collect();
                let moved = Tensor::from_vec(moved, var.shape(), &Device::Cpu).unwrap();
                var.set(&moved).unwrap();
                scalar(&loss(&transformer, &parameters))
            };
            let difference = (moved(1.0) - moved(-1.0)) / (2.0 * f64::from(step));
            var.set(&Tensor::from_vec(before, var.shape(), &Device::Cpu).unwrap())
                .unwrap();
            let along: f64 = gradient
                .iter()
                .zip(&direction)
                .map(|(g, d)| f64::from(g * d))
                .sum();
            let norm = gradient
                .iter()
                .map(|g| f64::from(g * g))
                .sum::<f64>()
                .sqrt();
            let error = (along - difference).abs() / (1e-2 + norm * (gradient.len() as f64).sqrt());
            assert!(
                error < 5e-3,
                "{name}, {tensor}: derivative {along}, finite difference {difference}"
            );
            worst = worst.max(error);
        }
    }
    println!("derivatives differ from finite differences by at most {worst:e} (relative)");
}

#[test]
fn every_parameter_receives_a_gradient() {
    let mut count = 0;
    for (name, config, arithmetic) in both() {
        let transformer = transformer(&config, arithmetic);
        let parameters = lively(&config, 9);
        let gradients = loss(&transformer, &parameters).backward().unwrap();
        for (tensor, var) in parameters.iter() {
            let gradient = gradients.get(var);
            let gradient = gradient.unwrap_or_else(|| panic!("{name}: {tensor} has no gradient"));
            let square: f32 = values(gradient).iter().map(|g| g * g).sum();
            // A bias of keys shifts all scores of a query alike, so without rotation it would not
            // matter; with rotation it does.
            assert!(square > 0.0, "{name}: the gradient of {tensor} is zero");
            assert!(
                square.is_finite(),
                "{name}: the gradient of {tensor} is {square}"
            );
            count += 1;
        }
    }
    println!("{count} tensors receive a gradient");
}

/// Rows longer than the kernels' blocks of queries and of rows.
fn long_rows() -> Vec<Vec<u32>> {
    [150, 70, 1]
        .iter()
        .map(|&length| {
            (0..length)
                .map(|ix| (ix * ix * 7 + ix * 3 + length) % 23)
                .collect()
        })
        .collect()
}

fn longer(config: &TransformerConfig) -> TransformerConfig {
    TransformerConfig {
        context: 200,
        sliding_window: config.sliding_window.map(|_| 70),
        ..config.clone()
    }
}

#[test]
fn fused_and_primitive_arithmetic_agree() {
    let (mut worst, mut worst_loss) = (0.0f32, 0.0f32);
    for (name, config) in variants() {
        let config = longer(&config);
        let parameters = lively(&config, 21);
        let (expected_loss, expected) = results(
            &transformer(&config, Arithmetic::Primitive),
            &parameters,
            &long_rows(),
        );
        // Whole blocks with and without what the forward pass found, and blocks piece by piece.
        let idle = Adapted {
            base: &parameters,
            factor: 0.0,
            with_head: true,
        };
        for (weights, keeps) in [
            (&parameters as &dyn Weights, true),
            (&parameters, false),
            (&idle, true),
        ] {
            let fused = transformer(&config, Arithmetic::Fused).with_kept_activations(keeps);
            let (loss, gradients) = results_with(&fused, weights, &parameters, &long_rows());
            worst_loss = worst_loss.max((loss / expected_loss - 1.0).abs());
            assert!(
                (loss / expected_loss - 1.0).abs() < 1e-5,
                "{name}: {loss}, {expected_loss}"
            );
            for (((tensor, _), found), expected) in parameters.iter().zip(&gradients).zip(&expected)
            {
                let size = expected.iter().fold(0.0f32, |most, x| most.max(x.abs()));
                let error = largest_difference(found, expected) / size;
                assert!(
                    error < 3e-4,
                    "{name}: gradients of {tensor} differ by {error} of {size}"
                );
                worst = worst.max(error);
            }
        }
    }
    println!("losses differ by at most {worst_loss:e}, gradients by {worst:e} of their largest");
}

#[test]
fn positions_of_ones_own_shift_the_rotation() {
    for (name, config) in variants() {
        let parameters = lively(&config, 2);
        let rows = [[3u32, 9, 1, 4], [5, 6, 7, 8]];
        let plain = TokenBatch::new(&rows, 0).unwrap();
        let same = plain
            .clone()
            .with_positions((0..2).flat_map(|_| 0..4).collect());
        let moved = plain.clone().with_positions(vec![0, 1, 2, 3, 2, 3, 5, 9]);
        let logits = |arithmetic, batch: &TokenBatch| {
            values(
                &transformer(&config, arithmetic)
                    .forward(&parameters, batch)
                    .unwrap(),
            )
        };
        let (fused, primitive) = (Arithmetic::Fused, Arithmetic::Primitive);
        assert_eq!(
            logits(fused, &plain),
            logits(fused, &same.unwrap()),
            "{name}"
        );
        let moved = moved.unwrap();
        let found = logits(fused, &moved);
        let difference = largest_difference(&found, &logits(primitive, &moved));
        assert!(difference < 1e-4, "{name}: {difference}");
        let (first, second) = found.split_at(found.len() / 2);
        let before = logits(fused, &plain);
        assert!(
            largest_difference(first, &before[..first.len()]) == 0.0,
            "{name}"
        );
        assert!(
            largest_difference(second, &before[first.len()..]) > 1e-3,
            "{name}"
        );
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    for (name, config) in variants() {
        let config = longer(&config);
        let parameters = lively(&config, 4);
        let transformer = transformer(&config, Arithmetic::Fused);
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| results(&transformer, &parameters, &long_rows()))
        };
        assert_eq!(with_threads(1), with_threads(3), "{name}");
    }
}

/// Adapters of rank one beside every linear layer, or merged into the weights.
struct Adapted<'a> {
    base: &'a Parameters,
    factor: f64,
    with_head: bool,
}

impl Adapted<'_> {
    fn change(&self, weight: &Tensor) -> Tensor {
        let (outer, inner) = weight.dims2().unwrap();
        let column =
            |count: usize| -> Vec<f32> { (0..count).map(|ix| (ix as f32).sin()).collect() };
        let a = Tensor::from_vec(column(inner), (1, inner), &Device::Cpu).unwrap();
        let b = Tensor::from_vec(column(outer), (outer, 1), &Device::Cpu).unwrap();
        (b.matmul(&a).unwrap() * self.factor).unwrap()
    }
}

impl Weights for Adapted<'_> {
    fn tensor(&self, name: &str) -> Result<Option<Tensor>, ForwardError> {
        self.base.tensor(name)
    }

    fn adapts(&self, layer: &str) -> bool {
        layer.ends_with("_proj") || (self.with_head && layer == "lm_head")
    }

    fn linear(&self, layer: &str, input: &Tensor) -> Result<Tensor, ForwardError> {
        let plain = Weights::linear(self.base, layer, input)?;
        if !self.adapts(layer) {
            return Ok(plain);
        }
        let weight = match self.base.tensor(&format!("{layer}.weight"))? {
            Some(weight) => weight,
            None => self.base.tensor("model.embed_tokens.weight")?.unwrap(),
        };
        Ok((plain + input.matmul(&self.change(&weight).t()?)?)?)
    }
}

#[test]
fn adapters_beside_layers_equal_merged_weights() {
    for (name, config) in variants() {
        let parameters = lively(&config, 8);
        let transformer = transformer(&config, Arithmetic::Fused);
        let adapted = Adapted {
            base: &parameters,
            factor: 0.1,
            // A head that shares the embedding cannot be merged into it.
            with_head: !config.tied_head,
        };
        let merged = parameters
            .iter()
            .filter(|(name, _)| name.ends_with("_proj.weight") || *name == "lm_head.weight")
            .map(|(name, var)| {
                let change = adapted.change(var);
                (name.to_owned(), (var.as_tensor() + change).unwrap())
            })
            .collect();
        let merged = Substituted::new(&parameters, merged);
        let beside = scalar(&loss(&transformer, &adapted));
        let within = scalar(&loss(&transformer, &merged));
        let plain = scalar(&loss(&transformer, &parameters));
        assert!(
            (beside / within - 1.0).abs() < 1e-5,
            "{name}: {beside} and {within}"
        );
        assert!(
            (beside / plain - 1.0).abs() > 1e-3,
            "{name}: {beside} and {plain}"
        );
        // Gradients pass through the substituted tensors to the parameters below.
        let gradients = loss(&transformer, &merged).backward().unwrap();
        assert!(
            parameters
                .iter()
                .all(|(_, var)| gradients.get(var).is_some())
        );
    }
}

#[test]
fn frozen_tensors_get_no_gradient_and_change_no_other() {
    for (name, config) in variants() {
        let parameters = lively(&config, 6);
        let fused = transformer(&config, Arithmetic::Fused);
        let whole = loss(&fused, &parameters).backward().unwrap();
        let is_free = |tensor: &str| tensor.contains("layers.1.") && tensor.contains("k_proj");
        let free: HashMap<String, Tensor> = parameters
            .iter()
            .filter(|(tensor, _)| is_free(tensor))
            .map(|(tensor, var)| (tensor.to_owned(), var.as_tensor().clone()))
            .collect();
        let partly = Substituted::new(Frozen(&parameters), free);
        let partly = loss(&fused, &partly).backward().unwrap();
        for (tensor, var) in parameters.iter() {
            match partly.get(var) {
                Some(gradient) => {
                    assert!(is_free(tensor), "{name}: {tensor}");
                    assert_eq!(values(gradient), values(whole.get(var).unwrap()), "{name}");
                }
                None => assert!(!is_free(tensor), "{name}: {tensor}"),
            }
        }
    }
}

/// A graph may be walked twice: what the first walk took is computed anew.
#[test]
fn a_second_backward_pass_gives_the_same() {
    for (name, config) in variants() {
        let parameters = lively(&config, 12);
        let loss = loss(&transformer(&config, Arithmetic::Fused), &parameters);
        let (first, second) = (loss.backward().unwrap(), loss.backward().unwrap());
        for (tensor, var) in parameters.iter() {
            let [first, second] = [&first, &second].map(|store| values(store.get(var).unwrap()));
            assert_eq!(first, second, "{name}: {tensor}");
        }
    }
}
