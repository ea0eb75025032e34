//! Gradients against finite differences, and that none is lost.

use candle_core::{Device, Tensor};
use rounds_models::local::transformer::{Parameters, TokenBatch, Transformer};

use crate::tiny::{lively, values, variants};

/// A loss that depends on every output: weighted NLL of ragged rows.
fn loss(transformer: &Transformer, parameters: &Parameters) -> Tensor {
    let rows = [vec![3, 9, 1, 4, 20, 5, 7], vec![11, 2, 22, 8]];
    let batch = TokenBatch::new(&rows, 0).unwrap();
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

fn scalar(tensor: &Tensor) -> f64 {
    f64::from(tensor.to_scalar::<f32>().unwrap())
}

/// Compares, for each tensor, the derivative along a fixed direction with a central difference.
#[test]
fn gradients_agree_with_finite_differences() {
    let mut worst = 0.0f64;
    for (name, config) in variants() {
        let transformer = Transformer::new(config.clone()).unwrap();
        let parameters = lively(&config, 5);
        let gradients = loss(&transformer, &parameters).backward().unwrap();
        for (tensor, var) in parameters.iter() {
            let gradient = values(gradients.get(var).unwrap());
            let before = values(var);
            let direction: Vec<f32> = (0..before.len())
                .map(|ix| ((ix * 37 + tensor.len()) as f32 * 1.3).cos().signum())
                .collect();
            let step = 2e-3 / (before.len() as f32).sqrt();
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
    for (name, config) in variants() {
        let transformer = Transformer::new(config.clone()).unwrap();
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
