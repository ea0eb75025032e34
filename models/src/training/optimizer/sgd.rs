//! Gradient descent with momentum.
//!
//! p ← p(1 − ηλ); u ← μu + g; p ← p − ηu (or η(g + μu) with Nesterov's momentum), u = g at first, as
//! in PyTorch but for the decay, which is decoupled as that of AdamW.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::parameters::PIECE;
use super::super::{Gradients, Groups, ParameterSet, State, TrainError, Values};
use super::Optimizer;

/// Constants of [`Sgd`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgdConfig {
    /// Memory of earlier steps; 0 keeps none.
    pub momentum: f64,
    /// Whether to look ahead (Nesterov).
    pub nesterov: bool,
}

impl SgdConfig {
    /// Whether the constants can be used.
    ///
    /// # Errors
    /// [`TrainError::Config`] naming the key.
    pub fn validate(&self) -> Result<(), TrainError> {
        if !(0.0..1.0).contains(&self.momentum) {
            return Err(TrainError::config(
                "optimizer.momentum",
                "0 to below 1",
                self.momentum,
            ));
        }
        Ok(())
    }
}

/// Stochastic gradient descent.
#[derive(Debug, Clone)]
pub struct Sgd {
    config: SgdConfig,
    /// Empty where a parameter has not moved yet.
    momenta: Vec<Vec<f32>>,
}

impl Sgd {
    /// An optimizer that has seen nothing.
    pub fn new(config: SgdConfig) -> Self {
        Self {
            config,
            momenta: Vec::new(),
        }
    }
}

impl Optimizer for Sgd {
    fn step(
        &mut self,
        parameters: &ParameterSet,
        gradients: &Gradients,
        groups: &Groups,
        rate: f64,
    ) -> Result<(), TrainError> {
        self.momenta.resize_with(parameters.len(), Vec::new);
        let momentum = self.config.momentum as f32;
        for place in 0..parameters.len() {
            let Some(gradient) = gradients.get(place) else {
                continue;
            };
            let group = groups.of(place);
            let shrink = (1.0 - rate * group.rate * group.weight_decay) as f32;
            let rate = (rate * group.rate) as f32;
            if momentum == 0.0 {
                parameters.edit(place, |values| {
                    values
                        .par_chunks_mut(PIECE)
                        .zip(gradient.par_chunks(PIECE))
                        .for_each(|(values, gradient)| {
                            for (value, gradient) in values.iter_mut().zip(gradient) {
                                *value = shrink * *value - rate * gradient;
                            }
                        });
                })?;
                continue;
            }
            let kept = &mut self.momenta[place];
            kept.resize(gradient.len(), 0.0);
            let ahead = if self.config.nesterov { momentum } else { 1.0 };
            let fresh = if self.config.nesterov { 1.0 } else { 0.0 };
            parameters.edit(place, |values| {
                let pieces = values.par_chunks_mut(PIECE).zip(kept.par_chunks_mut(PIECE));
                pieces
                    .zip(gradient.par_chunks(PIECE))
                    .for_each(|((values, kept), gradient)| {
                        for ((value, kept), gradient) in
                            values.iter_mut().zip(kept.iter_mut()).zip(gradient)
                        {
                            *kept = momentum * *kept + gradient;
                            *value = shrink * *value - rate * (ahead * *kept + fresh * gradient);
                        }
                    });
            })?;
        }
        Ok(())
    }

    fn state(&self) -> State {
        let mut state = State::default();
        for (place, kept) in self
            .momenta
            .iter()
            .enumerate()
            .filter(|(_, kept)| !kept.is_empty())
        {
            state.put(format!("momentum.{place}"), Values::F32(kept.clone()));
        }
        state
    }

    fn load(&mut self, parameters: &ParameterSet, state: &State) -> Result<(), String> {
        let momenta = (0..parameters.len()).map(|place| {
            let key = format!("momentum.{place}");
            if state.0.contains_key(&key) {
                return Ok(state.f32s(&key, parameters.elements(place))?.to_vec());
            }
            Ok(Vec::new())
        });
        self.momenta = momenta.collect::<Result<_, String>>()?;
        Ok(())
    }

    fn slots(&self) -> usize {
        usize::from(self.config.momentum > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::OwnValues;
    use super::*;

    fn path(config: SgdConfig, decay: f64) -> Vec<f32> {
        let own = OwnValues::new("p", vec![1], vec![1.0]).unwrap();
        let set = ParameterSet::new(vec![("p".into(), Arc::new(own))]).unwrap();
        let groups = Groups::new(&set, &[], decay).unwrap();
        let mut optimizer = Sgd::new(config);
        let step = |g: f32| {
            let mut gradients = Gradients::none(&set);
            gradients.add(0, &[g]);
            optimizer.step(&set, &gradients, &groups, 0.1).unwrap();
            set.flat().unwrap()[0]
        };
        [1.0, 2.0, -1.0].map(step).to_vec()
    }

    fn assert_close(got: &[f32], want: &[f32]) {
        assert!(
            got.iter()
                .zip(want)
                .all(|(got, want)| (got - want).abs() < 1e-6),
            "{got:?} {want:?}"
        );
    }

    #[test]
    fn steps_follow_the_formula() {
        assert_close(&path(SgdConfig::default(), 0.0), &[0.9, 0.7, 0.8]);
        // u = 1, 2.5, 0.25
        let momentum = SgdConfig {
            momentum: 0.5,
            nesterov: false,
        };
        assert_close(&path(momentum, 0.0), &[0.9, 0.65, 0.625]);
        // g + μu = 1.5, 3.25, −0.875
        let nesterov = SgdConfig {
            momentum: 0.5,
            nesterov: true,
        };
        assert_close(&path(nesterov, 0.0), &[0.85, 0.525, 0.6125]);
        // 1·0.99 − 0.1, …
        assert_close(&path(SgdConfig::default(), 0.1), &[0.89, 0.6811, 0.774_289]);
    }
}
