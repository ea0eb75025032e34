//! Gradients against finite differences.

use rounds_models::Threads;
use rounds_models::trajectory::{
    Parameters, PassOptions, Sought, TrajectoryConfig, TrajectoryModel, Workspace,
};

use crate::cases::Rows;
use crate::small::{all, numbers, parameters, rows};

struct Setup {
    model: TrajectoryModel,
    weights: Vec<f32>,
    factors: Vec<Vec<f32>>,
}

impl Setup {
    fn new(config: &TrajectoryConfig, losses: usize) -> Self {
        let model = TrajectoryModel::new(config.clone()).unwrap();
        let units = model.units();
        let factor = |layer: usize| {
            let numbers = numbers(units, 90 + layer as u64);
            numbers.iter().map(|n| 1.0 + 0.5 * n).collect()
        };
        Self {
            factors: (0..config.layers).map(factor).collect(),
            weights: numbers(losses, 4).iter().map(|n| 1.5 + n).collect(),
            model,
        }
    }

    fn options(&self) -> PassOptions<'_> {
        PassOptions {
            dropout: Some(11),
            unit_factors: Some(&self.factors),
        }
    }

    /// The weighted sum of losses.
    fn loss(&self, workspace: &mut Workspace, parameters: &Parameters, rows: &Rows) -> f64 {
        let pass = self
            .model
            .forward(workspace, parameters, rows.inputs(), self.options());
        let pass = pass.unwrap();
        let pairs = pass.losses().iter().zip(&self.weights);
        pairs
            .map(|(loss, weight)| f64::from(*loss) * f64::from(*weight))
            .sum()
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for (name, config) in all() {
        let rows = rows(&config, 3, 5);
        let losses = rows.mask.iter().filter(|there| **there == 1.0).count();
        let setup = Setup::new(&config, losses);
        let parameters = parameters(&config, 2);
        let mut workspace = Workspace::new(Threads::new(1));
        let mut gradients = parameters.zeros();
        let mut states = vec![0.0; rows.states.len()];
        let options = setup.options();
        let pass = setup
            .model
            .forward(&mut workspace, &parameters, rows.inputs(), options);
        let sought = Sought {
            parameters: Some(&mut gradients),
            states: Some(&mut states),
        };
        pass.unwrap()
            .backward_losses(&setup.weights, sought)
            .unwrap();
        let scale = gradients
            .iter()
            .flatten()
            .fold(0f32, |most, g| most.max(g.abs()));
        assert!(scale > 0.1, "{name}: {scale}");
        let check = |what: &str, at: usize, got: f32, slope: &mut dyn FnMut(f32) -> f64| {
            // The best of several widths: rounding spoils narrow ones, bends wide ones.
            let slopes = [1e-2, 3e-3, 1e-3, 3e-4, 1e-4]
                .map(|width: f32| (slope(width) - slope(-width)) / (2.0 * f64::from(width)));
            let apart = slopes.map(|slope| (slope - f64::from(got)).abs());
            let off = apart.into_iter().fold(f64::INFINITY, f64::min);
            let bound = 2e-3 * f64::from(got.abs()) + 5e-4 * f64::from(scale);
            assert!(off < bound, "{name}, {what} at {at}: {got} for {slopes:?}");
        };
        let mut moved = parameters.clone();
        for (number, tensor) in parameters.names().enumerate() {
            let count = parameters.values()[number].len();
            for at in (0..count).step_by(1 + count / 7) {
                let got = gradients[number][at];
                check(tensor, at, got, &mut |by| {
                    let change = |moved: &mut Parameters, by: f32| {
                        moved.values_mut().nth(number).unwrap()[at] += by;
                    };
                    let before = moved.values()[number][at];
                    change(&mut moved, by);
                    let loss = setup.loss(&mut workspace, &moved, &rows);
                    moved.values_mut().nth(number).unwrap()[at] = before;
                    loss
                });
            }
        }
        for at in (0..states.len()).step_by(4) {
            check("state", at, states[at], &mut |by| {
                let mut moved = rows.clone();
                moved.states[at] += by;
                setup.loss(&mut workspace, &parameters, &moved)
            });
        }
    }
}

#[test]
fn gradients_by_states_alone_are_the_same_and_sums_are_added_to() {
    for (name, config) in all() {
        let rows = rows(&config, 4, 1);
        let losses = rows.mask.iter().filter(|there| **there == 1.0).count();
        let setup = Setup::new(&config, losses);
        let parameters = parameters(&config, 3);
        let mut workspace = Workspace::new(Threads::new(2));
        let options = setup.options();
        let pass = setup
            .model
            .forward(&mut workspace, &parameters, rows.inputs(), options);
        let mut pass = pass.unwrap();
        let (mut both, mut alone) = (vec![0.0; rows.states.len()], vec![1.0; rows.states.len()]);
        let mut gradients = parameters.zeros();
        let sought = Sought {
            parameters: Some(&mut gradients),
            states: Some(&mut both),
        };
        pass.backward_losses(&setup.weights, sought).unwrap();
        let sought = Sought {
            parameters: None,
            states: Some(&mut alone),
        };
        pass.backward_losses(&setup.weights, sought).unwrap();
        let sums: Vec<f32> = both.iter().map(|state| state + 1.0).collect();
        assert_eq!(alone, sums, "{name}");
        let before = gradients.clone();
        pass.backward(&setup.weights, &mut gradients).unwrap();
        for (twice, once) in gradients.iter().flatten().zip(before.iter().flatten()) {
            assert_eq!(*twice, once + once, "{name}");
        }
    }
}
