//! AdamW in PyTorch's order of operations.
//!
//! Source: Loshchilov and Hutter (2019), algorithm 2, with the decay scaled by the learning rate:
//! p ← p(1 − ηλ); m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²;
//! p ← p − η·(m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε). Each parameter counts its own steps t.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::parameters::PIECE;
use super::super::{Gradients, Groups, ParameterSet, State, TrainError, Values};
use super::Optimizer;

/// Constants of [`AdamW`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamWConfig {
    /// Memory of the mean of gradients.
    pub beta1: f64,
    /// Memory of the mean of their squares.
    pub beta2: f64,
    /// Added to the root of the squares.
    pub eps: f64,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
        }
    }
}

impl AdamWConfig {
    /// Whether the constants can be used.
    ///
    /// # Errors
    /// [`TrainError::Config`] naming the key.
    pub fn validate(&self) -> Result<(), TrainError> {
        for (key, beta) in [
            ("optimizer.beta1", self.beta1),
            ("optimizer.beta2", self.beta2),
        ] {
            if !(0.0..1.0).contains(&beta) {
                return Err(TrainError::config(key, "0 to below 1", beta));
            }
        }
        if !(self.eps > 0.0 && self.eps.is_finite()) {
            return Err(TrainError::config("optimizer.eps", "above 0", self.eps));
        }
        Ok(())
    }
}

/// Adam with decoupled weight decay, in f32, one pass over values, moments and gradient.
#[derive(Debug, Clone)]
pub struct AdamW {
    config: AdamWConfig,
    moments: Vec<Moments>,
}

#[derive(Debug, Clone, Default)]
struct Moments {
    steps: u64,
    mean: Vec<f32>,
    square: Vec<f32>,
}

/// The scalars of one parameter's step.
#[derive(Debug, Clone, Copy)]
struct Scalars {
    shrink: f32,
    beta1: f32,
    beta2: f32,
    fresh1: f32,
    fresh2: f32,
    rate: f32,
    root: f32,
    eps: f32,
}

impl AdamW {
    /// An optimizer that has seen nothing.
    pub fn new(config: AdamWConfig) -> Self {
        Self {
            config,
            moments: Vec::new(),
        }
    }

    fn scalars(&self, steps: u64, rate: f64, decay: f64) -> Scalars {
        let AdamWConfig { beta1, beta2, eps } = self.config;
        let t = steps as f64;
        Scalars {
            shrink: (1.0 - rate * decay) as f32,
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            fresh1: (1.0 - beta1) as f32,
            fresh2: (1.0 - beta2) as f32,
            rate: (rate / (1.0 - beta1.powf(t))) as f32,
            root: (1.0 / (1.0 - beta2.powf(t)).sqrt()) as f32,
            eps: eps as f32,
        }
    }
}

/// One pass over a piece; slices of equal length.
fn update(values: &mut [f32], mean: &mut [f32], square: &mut [f32], gradient: &[f32], s: Scalars) {
    let moments = mean.iter_mut().zip(square.iter_mut());
    for ((value, gradient), (mean, square)) in values.iter_mut().zip(gradient).zip(moments) {
        *mean = s.beta1 * *mean + s.fresh1 * gradient;
        *square = s.beta2 * *square + s.fresh2 * (gradient * gradient);
        *value = s.shrink * *value - s.rate * *mean / (square.sqrt() * s.root + s.eps);
    }
}

impl Optimizer for AdamW {
    fn step(
        &mut self,
        parameters: &ParameterSet,
        gradients: &Gradients,
        groups: &Groups,
        rate: f64,
    ) -> Result<(), TrainError> {
        self.moments.resize_with(parameters.len(), Moments::default);
        for place in 0..parameters.len() {
            let Some(gradient) = gradients.get(place) else {
                continue;
            };
            let group = groups.of(place);
            let steps = self.moments[place].steps + 1;
            let scalars = self.scalars(steps, rate * group.rate, group.weight_decay);
            let moments = &mut self.moments[place];
            moments.steps = steps;
            moments.mean.resize(gradient.len(), 0.0);
            moments.square.resize(gradient.len(), 0.0);
            let (mean, square) = (&mut moments.mean, &mut moments.square);
            parameters.edit(place, |values| {
                values
                    .par_chunks_mut(PIECE)
                    .zip(mean.par_chunks_mut(PIECE))
                    .zip(square.par_chunks_mut(PIECE))
                    .zip(gradient.par_chunks(PIECE))
                    .for_each(|(((values, mean), square), gradient)| {
                        update(values, mean, square, gradient, scalars);
                    });
            })?;
        }
        Ok(())
    }

    fn state(&self) -> State {
        let mut state = State::default();
        state.put(
            "steps",
            Values::U64(self.moments.iter().map(|moments| moments.steps).collect()),
        );
        for (place, moments) in self.moments.iter().enumerate() {
            if moments.steps > 0 {
                state.put(format!("mean.{place}"), Values::F32(moments.mean.clone()));
                state.put(
                    format!("square.{place}"),
                    Values::F32(moments.square.clone()),
                );
            }
        }
        state
    }

    fn load(&mut self, parameters: &ParameterSet, state: &State) -> Result<(), String> {
        // Before the first step nothing is remembered of any parameter.
        if state.u64s("steps", 0).is_ok() {
            self.moments.clear();
            return Ok(());
        }
        let steps = state.u64s("steps", parameters.len())?;
        let moments = steps.iter().enumerate().map(|(place, steps)| {
            if *steps == 0 {
                return Ok(Moments::default());
            }
            let len = parameters.elements(place);
            Ok(Moments {
                steps: *steps,
                mean: state.f32s(&format!("mean.{place}"), len)?.to_vec(),
                square: state.f32s(&format!("square.{place}"), len)?.to_vec(),
            })
        });
        self.moments = moments.collect::<Result<_, String>>()?;
        Ok(())
    }

    fn slots(&self) -> usize {
        2
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::OwnValues;
    use super::*;

    fn set_of(values: Vec<f32>) -> ParameterSet {
        let own = OwnValues::new("p", vec![values.len()], values).unwrap();
        ParameterSet::new(vec![("p".into(), Arc::new(own))]).unwrap()
    }

    /// The formula in f64, one element.
    fn by_hand(mut p: f64, gradients: &[f64], rate: f64, decay: f64) -> Vec<f64> {
        let (b1, b2, eps) = (0.9_f64, 0.999_f64, 1e-8);
        let (mut m, mut v) = (0.0, 0.0);
        let mut path = Vec::new();
        for (t, g) in (1_i32..).zip(gradients) {
            p *= 1.0 - rate * decay;
            m = b1 * m + (1.0 - b1) * g;
            v = b2 * v + (1.0 - b2) * g * g;
            p -= rate * (m / (1.0 - b1.powi(t))) / ((v / (1.0 - b2.powi(t))).sqrt() + eps);
            path.push(p);
        }
        path
    }

    fn trained(start: f32, gradients: &[f64], rate: f64, decay: f64) -> Vec<f64> {
        let set = set_of(vec![start]);
        let groups = Groups::new(&set, &[], decay).unwrap();
        let mut optimizer = AdamW::new(AdamWConfig::default());
        let step = |g: &f64| {
            let mut gradients = Gradients::none(&set);
            gradients.add(0, &[*g as f32]);
            optimizer.step(&set, &gradients, &groups, rate).unwrap();
            f64::from(set.flat().unwrap()[0])
        };
        gradients.iter().map(step).collect()
    }

    #[test]
    fn steps_follow_the_formula() {
        let gradients = [0.5, -0.25, 2.0, 0.0, 1e-3, -3.0];
        for (rate, decay) in [(0.1, 0.0), (0.1, 0.1), (0.01, 0.5)] {
            let (got, want) = (
                trained(1.0, &gradients, rate, decay),
                by_hand(1.0, &gradients, rate, decay),
            );
            for (got, want) in got.iter().zip(&want) {
                assert!((got - want).abs() < 2e-6, "{got} {want}");
            }
        }
    }

    #[test]
    fn the_first_step_is_the_rate_in_the_direction_of_the_sign() {
        // m̂/√v̂ = g/|g| at t = 1: 1 − 0.1 = 0.9 and, with decay 0.1, 1·0.99 − 0.1 = 0.89.
        assert!((trained(1.0, &[7.0], 0.1, 0.0)[0] - 0.9).abs() < 1e-6);
        assert!((trained(1.0, &[7.0], 0.1, 0.1)[0] - 0.89).abs() < 1e-6);
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let n = 3 * PIECE + 17;
                let start: Vec<f32> = (0..n).map(|i| (i as f32 * 0.37).sin()).collect();
                let set = set_of(start);
                let groups = Groups::new(&set, &[], 0.1).unwrap();
                let mut optimizer = AdamW::new(AdamWConfig::default());
                for _ in 0..3 {
                    // Of the sum of squares.
                    let twice = set.flat().unwrap().into_iter().map(|value| 2.0 * value);
                    let mut gradients = Gradients::none(&set);
                    gradients.add(0, &twice.collect::<Vec<_>>());
                    gradients.clip(1.0);
                    optimizer.step(&set, &gradients, &groups, 1e-2).unwrap();
                }
                set.flat().unwrap()
            })
        };
        let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        let one = bits(run(1));
        assert_eq!(one, bits(run(2)));
        assert_eq!(one, bits(run(5)));
    }

    #[test]
    fn constants_out_of_range_are_refused() {
        assert!(
            AdamWConfig {
                beta1: 1.0,
                ..AdamWConfig::default()
            }
            .validate()
            .is_err()
        );
        assert!(
            AdamWConfig {
                eps: 0.0,
                ..AdamWConfig::default()
            }
            .validate()
            .is_err()
        );
    }
}
