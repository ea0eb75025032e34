//! Training steps and gradients by states against the published implementations.

use rounds_models::Threads;
use rounds_models::trajectory::{PassOptions, Sought, TrajectoryModel, Workspace};
use serde_json::Value;

use crate::cases::{Rows, config, distance, file, numbers, weights};

/// AdamW as PyTorch computes it, in double precision.
struct AdamW {
    rate: f64,
    decay: f64,
    betas: [f64; 2],
    eps: f64,
    moments: Vec<Vec<[f64; 2]>>,
    steps: i32,
}

impl AdamW {
    fn step<'a>(
        &mut self,
        values: impl Iterator<Item = &'a mut [f32]>,
        gradients: &[Vec<f32>],
        factor: f64,
    ) {
        self.steps += 1;
        let [b1, b2] = self.betas;
        let (c1, c2) = (1.0 - b1.powi(self.steps), 1.0 - b2.powi(self.steps));
        for ((values, gradients), moments) in values.zip(gradients).zip(&mut self.moments) {
            moments.resize(values.len(), [0.0; 2]);
            for ((value, gradient), [m, v]) in values.iter_mut().zip(gradients).zip(moments) {
                let gradient = f64::from(*gradient) * factor;
                *m = b1 * *m + (1.0 - b1) * gradient;
                *v = b2 * *v + (1.0 - b2) * gradient * gradient;
                let kept = f64::from(*value) * (1.0 - self.rate * self.decay);
                *value = (kept - self.rate * (*m / c1) / ((*v / c2).sqrt() + self.eps)) as f32;
            }
        }
    }
}

fn near(got: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().expect("a number");
    let off = (got - expected).abs() / expected.abs().max(1e-30);
    println!("{what}: {got} for {expected}, off by {off:e}");
    assert!(off < 1e-5, "{what}: {got} for {expected}");
}

#[test]
fn golden_two_steps_of_training_are_as_published() {
    for name in ["dt_tiny.json", "dc_tiny.json"] {
        let Some(vectors) = file(name) else { continue };
        let mut read = 0;
        for case in vectors["cases"].as_array().expect("cases") {
            let config = config(name, case);
            let model = TrajectoryModel::new(config).unwrap();
            let mut parameters = weights(&model, case);
            let rows = Rows::of(&case["inputs"]);
            let train = &case["train"];
            let number = |key: &str| train[key].as_f64().expect("a number");
            let betas = numbers(&train["betas"]);
            // The vectors print the betas with few digits.
            let betas = [0, 1].map(|i| (f64::from(betas[i]) * 1e6).round() / 1e6);
            let mut optimizer = AdamW {
                rate: number("lr"),
                decay: number("weight_decay"),
                betas,
                eps: number("eps"),
                moments: vec![Vec::new(); parameters.values().len()],
                steps: 0,
            };
            let mut workspace = Workspace::new(Threads::new(2));
            for (at, step) in train["steps"].as_array().expect("steps").iter().enumerate() {
                let mut gradients = parameters.zeros();
                let options = PassOptions::default();
                let pass = model.forward(&mut workspace, &parameters, rows.inputs(), options);
                let mut pass = pass.unwrap();
                let count = pass.losses().len();
                let loss = pass.losses().iter().map(|l| f64::from(*l)).sum::<f64>() / count as f64;
                near(
                    loss,
                    &step["loss"],
                    &format!("{name} case {read} loss {at}"),
                );
                let weights = vec![1.0 / count as f32; count];
                pass.backward(&weights, &mut gradients).unwrap();
                let squares = gradients.iter().flatten().map(|g| f64::from(*g).powi(2));
                let norm = squares.sum::<f64>().sqrt();
                let published = step.get("grad_norm").or(step.get("grad_norm_before_clip"));
                near(
                    norm,
                    published.expect("a norm"),
                    &format!("{name} case {read} norm {at}"),
                );
                let factor = (number("clip") / (norm + 1e-6)).min(1.0);
                optimizer.step(parameters.values_mut(), &gradients, factor);
            }
            let options = PassOptions::default();
            let pass = model.forward(&mut workspace, &parameters, rows.inputs(), options);
            let pass = pass.unwrap();
            let expected = numbers(&train["action_preds_after"]);
            let mask = (name == "dt_tiny.json").then_some(&rows.mask[..]);
            let off = distance(pass.predictions(), &expected, mask);
            println!("{name} case {read}: after training off by {off:e}");
            assert!(off < 2e-5, "{name} case {read}: {off:e}");
            read += 1;
        }
        println!("{name}: {read} cases");
        assert!(read > 0);
    }
}

#[test]
fn golden_gradients_by_an_offset_of_the_last_states_are_as_published() {
    let Some(vectors) = file("trojan_dt.json") else {
        return;
    };
    let config = config("trojan_dt.json", &vectors);
    let (d, a, k) = (config.observation, config.action, config.context);
    let model = TrajectoryModel::new(config).unwrap();
    let parameters = weights(&model, &vectors);
    let rows = Rows::of(&vectors["inputs"]);
    let target = numbers(&vectors["config"]["target_action"]);
    let mut workspace = Workspace::new(Threads::new(1));
    let mut offset = vec![0.0; d];
    let mut read = 0;
    for step in vectors["trigger_trace"].as_array().expect("steps") {
        let mut moved = rows.clone();
        for row in moved.states.chunks_mut(k * d) {
            for (state, offset) in row[(k - 1) * d..].iter_mut().zip(&offset) {
                *state += offset;
            }
        }
        let options = PassOptions::default();
        let pass = model.forward(&mut workspace, &parameters, moved.inputs(), options);
        let mut pass = pass.unwrap();
        let count = (rows.rows * a) as f32;
        let mut gradient = vec![0.0; pass.predictions().len()];
        let mut loss = 0.0;
        let last = pass
            .predictions()
            .chunks(k * a)
            .zip(gradient.chunks_mut(k * a));
        for (row, gradient) in last {
            for at in 0..a {
                let error = row[(k - 1) * a + at] - target[at];
                loss += f64::from(error * error / count);
                gradient[(k - 1) * a + at] = 2.0 * error / count;
            }
        }
        near(loss, &step["loss_p"], &format!("step {read}"));
        let mut states = vec![0.0; rows.states.len()];
        let sought = Sought {
            parameters: None,
            states: Some(&mut states),
        };
        pass.backward_from(&gradient, sought).unwrap();
        let mut sum = vec![0.0; d];
        for row in states.chunks(k * d) {
            for (sum, state) in sum.iter_mut().zip(&row[(k - 1) * d..]) {
                *sum += state;
            }
        }
        let off = distance(&sum, &numbers(&step["grad"]), None);
        println!("step {read}: gradient off by {off:e}");
        assert!(off < 1e-5, "step {read}: {off:e}");
        offset = numbers(&step["delta_after"]);
        read += 1;
    }
    println!("trojan_dt.json: {read} steps");
    assert!(read > 0);
}
