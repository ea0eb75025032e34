//! What results must not depend on: company and threads.

use std::sync::Arc;

use rounds_models::Threads;
use rounds_models::trajectory::{Inputs, PassOptions, Predictor, TrajectoryModel, Workspace};

use crate::small::{all, parameters, rows};

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn an_action_has_the_same_bits_alone_and_in_any_batch() {
    for (name, config) in all() {
        let count = 40;
        let rows = rows(&config, count, 3);
        let parameters = Arc::new(parameters(&config, 1));
        let predictor = Predictor::new(config.clone(), parameters).unwrap();
        let together = predictor.predict(rows.inputs(), &Threads::new(2)).unwrap();
        for threads in [1, 2, 3] {
            let again = predictor
                .predict(rows.inputs(), &Threads::new(threads))
                .unwrap();
            assert_eq!(bits(&together), bits(&again), "{name}, {threads} threads");
        }
        let (k, d, a) = (config.context, config.observation, config.action);
        for row in 0..count {
            let alone = Inputs {
                rows: 1,
                context: k,
                states: &rows.states[row * k * d..][..k * d],
                actions: &rows.actions[row * k * a..][..k * a],
                returns_to_go: &rows.returns[row * k..][..k],
                timesteps: &rows.timesteps[row * k..][..k],
                mask: &rows.mask[row * k..][..k],
            };
            let alone = predictor.predict(alone, &Threads::new(1)).unwrap();
            assert_eq!(
                bits(&alone),
                bits(&together[row * a..][..a]),
                "{name}, row {row}"
            );
        }
    }
}

#[test]
fn the_action_alone_is_the_prediction_of_the_last_step() {
    for (name, config) in all() {
        let rows = rows(&config, 9, 2);
        let model = TrajectoryModel::new(config.clone()).unwrap();
        let parameters = Arc::new(parameters(&config, 4));
        let mut workspace = Workspace::new(Threads::new(1));
        let options = PassOptions::default();
        let pass = model.forward(&mut workspace, &parameters, rows.inputs(), options);
        let all = pass.unwrap().predictions().to_vec();
        let predictor = Predictor::new(config.clone(), Arc::clone(&parameters)).unwrap();
        let last = predictor.predict(rows.inputs(), &Threads::new(1)).unwrap();
        let (k, a) = (config.context, config.action);
        for (row, last) in last.chunks(a).enumerate() {
            let expected = &all[(row * k + k - 1) * a..][..a];
            for (got, expected) in last.iter().zip(expected) {
                assert!((got - expected).abs() < 1e-6, "{name}: {got} {expected}");
            }
        }
    }
}

#[test]
fn losses_and_gradients_have_the_same_bits_on_any_number_of_threads() {
    for (name, config) in all() {
        let rows = rows(&config, 70, 8);
        let model = TrajectoryModel::new(config.clone()).unwrap();
        let parameters = parameters(&config, 6);
        let mut seen = None;
        for threads in [1, 2, 5] {
            let mut workspace = Workspace::new(Threads::new(threads));
            // A pass before leaves nothing behind.
            for key in [1, 2] {
                let options = PassOptions {
                    dropout: Some(key),
                    unit_factors: None,
                };
                let pass = model.forward(&mut workspace, &parameters, rows.inputs(), options);
                let mut pass = pass.unwrap();
                let weights = vec![0.01; pass.losses().len()];
                let mut gradients = parameters.zeros();
                pass.backward(&weights, &mut gradients).unwrap();
                if key == 2 {
                    let all: Vec<u32> = gradients.iter().flat_map(|g| bits(g)).collect();
                    let found = (bits(pass.losses()), all);
                    assert_eq!(seen.get_or_insert_with(|| found.clone()), &found, "{name}");
                }
            }
        }
    }
}
