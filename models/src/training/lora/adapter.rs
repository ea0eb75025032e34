//! Adapters as variables.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};
use rand::RngExt;
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

use super::{LoraConfig, linear};
use crate::training::TrainError;

/// The change of one weight.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// A, shape `[rank, in]`.
    pub down: Var,
    /// B, shape `[out, rank]`.
    pub up: Var,
}

/// Adapters of a model, by the names of the weights they change.
#[derive(Debug, Clone)]
pub struct Lora {
    pub(super) config: LoraConfig,
    pub(super) scale: f64,
    pub(super) adapters: BTreeMap<String, Adapter>,
    /// Names of all weights that could have had an adapter.
    pub(super) candidates: Vec<String>,
}

impl Lora {
    /// Fresh adapters for those of `weights` (names and shapes) that the configuration names.
    ///
    /// # Errors
    /// [`TrainError::Config`] for the configuration or a pattern that names nothing,
    /// [`TrainError::Parameter`] for a weight that is no matrix.
    ///
    /// # Determinism
    /// A's values depend on the seed and on the adapter's place in the order of names.
    pub fn new(
        config: &LoraConfig,
        weights: &[(String, Vec<usize>)],
        seed: RunSeed,
    ) -> Result<Self, TrainError> {
        config.validate()?;
        for pattern in &config.targets {
            if !weights.iter().any(|(name, _)| pattern.matches(name)) {
                return Err(TrainError::config(
                    "lora.targets",
                    "names of weights of the model",
                    &pattern.0,
                ));
            }
        }
        let chosen: BTreeMap<&String, &Vec<usize>> = weights
            .iter()
            .filter(|(name, _)| config.targets.iter().any(|pattern| pattern.matches(name)))
            .map(|(name, shape)| (name, shape))
            .collect();
        let mut adapters = BTreeMap::new();
        for (number, (name, shape)) in (0_u32..).zip(chosen) {
            let &[out, input] = shape.as_slice() else {
                return Err(TrainError::Parameter {
                    name: name.clone(),
                    expected: "a matrix [out, in] for an adapter".to_owned(),
                    got: format!("{shape:?}"),
                });
            };
            let key = StreamKey {
                seed,
                // Hooks have episode 0 of an agent's streams.
                episode: EpisodeIx(1),
                agent: Some(AgentId(number)),
                round: RoundIx(0),
                purpose: Purpose::Training,
            };
            let mut stream = key.open();
            let bound = 1.0 / (input as f64).sqrt();
            let values = (0..config.rank * input)
                .map(|_| (bound * (2.0 * stream.random::<f64>() - 1.0)) as f32);
            let down = Var::from_vec(
                values.collect::<Vec<f32>>(),
                (config.rank, input),
                &Device::Cpu,
            )?;
            let up = Var::zeros((out, config.rank), DType::F32, &Device::Cpu)?;
            adapters.insert(name.clone(), Adapter { down, up });
        }
        let candidates = weights
            .iter()
            .filter(|(_, shape)| shape.len() == 2)
            .map(|(name, _)| name.clone())
            .collect();
        Ok(Self {
            scale: config.alpha / config.rank as f64,
            config: config.clone(),
            adapters,
            candidates,
        })
    }

    /// The configuration.
    pub fn config(&self) -> &LoraConfig {
        &self.config
    }

    /// The adapter of the weight called `name`.
    pub fn adapter(&self, name: &str) -> Option<&Adapter> {
        self.adapters.get(name)
    }

    /// Names of the weights with adapters, in order.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.adapters.keys().map(String::as_str)
    }

    /// What is trained, under the names that PEFT gives it.
    pub fn parameters(&self) -> Vec<(String, Var)> {
        let both = |(name, adapter): (&String, &Adapter)| {
            let [down, up] = super::peft::names(name);
            [(down, adapter.down.clone()), (up, adapter.up.clone())]
        };
        self.adapters.iter().flat_map(both).collect()
    }

    /// `x·Wᵀ + scale·B(Ax)` for the frozen base `W` called `name`; `x·Wᵀ` where there is no adapter.
    ///
    /// Differentiable by the input and the adapter, not by the base.
    ///
    /// # Shapes
    /// `input`: `[N, in]`, contiguous; result: `[N, out]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn linear(&self, name: &str, base: &Tensor, input: &Tensor) -> candle_core::Result<Tensor> {
        match self.adapters.get(name) {
            Some(adapter) => linear::adapted(input, base, adapter, self.scale),
            None => linear::frozen(input, base),
        }
    }

    /// `W + scale·BA` for the base `W` called `name`, differentiable by A and B alone; `W` detached where
    /// there is no adapter.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn weight(&self, name: &str, base: &Tensor) -> candle_core::Result<Tensor> {
        let base = base.detach();
        match self.adapters.get(name) {
            Some(Adapter { down, up }) => base + (up.matmul(down)? * self.scale)?,
            None => Ok(base),
        }
    }

    /// Adds the changes to the base weights: `base` gives the variable of a name.
    ///
    /// The adapters stay as they are: a model that goes on using them would be changed twice.
    ///
    /// # Errors
    /// [`TrainError::Parameter`] when a base weight is missing or has another shape; none is changed then.
    pub fn merge_into<'b>(&self, base: impl Fn(&str) -> Option<&'b Var>) -> Result<(), TrainError> {
        let mut merged = Vec::with_capacity(self.adapters.len());
        for (name, adapter) in &self.adapters {
            let expected = [adapter.up.dims()[0], adapter.down.dims()[1]];
            let fault = |got: String| TrainError::Parameter {
                name: name.clone(),
                expected: format!("a base weight {expected:?}"),
                got,
            };
            let var = base(name).ok_or_else(|| fault("none".to_owned()))?;
            if var.dims() != expected {
                return Err(fault(format!("{:?}", var.dims())));
            }
            merged.push((var, self.weight(name, var.as_tensor())?));
        }
        for (var, value) in merged {
            var.set(&value.detach())?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn weights() -> Vec<(String, Vec<usize>)> {
        [
            ("m.0.q_proj.weight", vec![4, 6]),
            ("m.0.norm.weight", vec![6]),
            ("m.1.q_proj.weight", vec![4, 6]),
        ]
        .map(|(name, shape)| (name.to_owned(), shape))
        .to_vec()
    }

    pub(in super::super) fn config() -> LoraConfig {
        LoraConfig {
            rank: 2,
            alpha: 4.0,
            targets: vec!["*.q_proj.weight".into()],
        }
    }

    fn values(n: usize, shape: (usize, usize), phase: f32) -> Tensor {
        let values: Vec<f32> = (0..n).map(|i| (i as f32 * 0.7 + phase).sin()).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    fn distance(a: &Tensor, b: &Tensor) -> f32 {
        (a - b)
            .unwrap()
            .abs()
            .unwrap()
            .max_all()
            .unwrap()
            .to_scalar()
            .unwrap()
    }

    #[test]
    fn adapters_start_as_nothing_and_merge_into_what_they_added() {
        let lora = Lora::new(&config(), &weights(), RunSeed(3)).unwrap();
        let name = "m.1.q_proj.weight";
        let base = Var::from_tensor(&values(24, (4, 6), 0.0)).unwrap();
        let x = values(18, (3, 6), 1.0);
        let plain = x.matmul(&base.t().unwrap()).unwrap();
        assert_eq!(
            distance(&lora.linear(name, &base, &x).unwrap(), &plain),
            0.0
        );
        assert_eq!(distance(&lora.weight(name, &base).unwrap(), &base), 0.0);

        lora.adapter(name)
            .unwrap()
            .up
            .set(&values(8, (4, 2), 2.0))
            .unwrap();
        let adapted = lora.linear(name, &base, &x).unwrap();
        assert!(distance(&adapted, &plain) > 0.1);
        let other = Var::zeros((4, 6), DType::F32, &Device::Cpu).unwrap();
        lora.merge_into(|wanted| Some(if wanted == name { &base } else { &other }))
            .unwrap();
        assert!(distance(&adapted, &x.matmul(&base.t().unwrap()).unwrap()) < 2e-6);
        assert_eq!(distance(&other, &other.zeros_like().unwrap()), 0.0);
        assert!(lora.merge_into(|_| None).is_err());
    }

    #[test]
    fn gradients_reach_the_adapter_and_not_the_base() {
        let lora = Lora::new(&config(), &weights(), RunSeed(3)).unwrap();
        let name = "m.0.q_proj.weight";
        let base = Var::from_tensor(&values(24, (4, 6), 0.0)).unwrap();
        let loss = lora
            .weight(name, &base)
            .unwrap()
            .sqr()
            .unwrap()
            .sum_all()
            .unwrap();
        let gradients = loss.backward().unwrap();
        let adapter = lora.adapter(name).unwrap();
        let largest = |var: &Var| -> f32 {
            gradients
                .get(var)
                .unwrap()
                .abs()
                .unwrap()
                .max_all()
                .unwrap()
                .to_scalar()
                .unwrap()
        };
        // B is 0 at first, so nothing reaches A yet.
        assert_eq!(largest(&adapter.down), 0.0);
        assert!(largest(&adapter.up) > 0.0);
        assert!(gradients.get(&base).is_none());
    }

    #[test]
    fn first_values_hang_on_the_seed_and_stay_in_their_range() {
        let first = |seed| {
            Lora::new(&config(), &weights(), RunSeed(seed))
                .unwrap()
                .parameters()[0]
                .1
                .to_vec2::<f32>()
                .unwrap()
        };
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
        assert!(
            first(1)
                .iter()
                .flatten()
                .all(|value| value.abs() <= 1.0 / 6.0_f32.sqrt())
        );
    }

    #[test]
    fn targets_that_name_nothing_or_no_matrix_are_refused() {
        let with = |pattern: &str| {
            let config = LoraConfig {
                targets: vec![pattern.into()],
                ..config()
            };
            Lora::new(&config, &weights(), RunSeed(0))
                .unwrap_err()
                .to_string()
        };
        assert!(with("*.k_proj.weight").contains("*.k_proj.weight"));
        assert!(with("*.norm.weight").contains("matrix [out, in]"));
    }
}
