//! Fresh parameters drawn from a seed.

use candle_core::{Device, Var};
use rand::{Rng, SeedableRng};
use rayon::prelude::*;
use rounds_environments::streams::Stream;
use sha2::{Digest, Sha256};

use super::{ParameterError, Parameters};
use crate::local::transformer::TransformerConfig;

/// How fresh parameters are drawn: norms are one, biases zero, all else is normal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Initial {
    /// Standard deviation of matrices and embeddings.
    pub deviation: f64,
    /// Divides the deviation of the projections that end in the residual stream (`o_proj`,
    /// `down_proj`) by `sqrt(2 * layers)`, as GPT-2 does.
    pub scale_residual: bool,
}

impl Default for Initial {
    fn default() -> Self {
        Self {
            deviation: 0.02,
            scale_residual: false,
        }
    }
}

impl Parameters {
    /// Draws fresh parameters.
    ///
    /// # Determinism
    /// Each tensor has a ChaCha8 stream of its own, keyed by seed and name, and logarithm, sine
    /// and cosine come from `libm`: equal seeds give equal bytes on every machine.
    ///
    /// # Errors
    /// When the tensor library fails.
    pub fn random(
        config: &TransformerConfig,
        seed: u64,
        initial: Initial,
        device: &Device,
    ) -> Result<Self, ParameterError> {
        let shapes = config.parameter_shapes();
        let values: Vec<Vec<f32>> = shapes
            .par_iter()
            .map(|(name, shape)| draw(config, seed, initial, name, shape))
            .collect();
        let mut entries = Vec::with_capacity(shapes.len());
        for ((name, shape), values) in shapes.into_iter().zip(values) {
            entries.push((name, Var::from_vec(values, shape, device)?));
        }
        Ok(Self::from_entries(entries, device))
    }
}

fn draw(
    config: &TransformerConfig,
    seed: u64,
    initial: Initial,
    name: &str,
    shape: &[usize],
) -> Vec<f32> {
    let count = shape.iter().product();
    if name.ends_with("norm.weight") {
        return vec![if config.norm_plus_one { 0.0 } else { 1.0 }; count];
    }
    if name.ends_with(".bias") {
        return vec![0.0; count];
    }
    let residual = name.ends_with("o_proj.weight") || name.ends_with("down_proj.weight");
    let deviation = if residual && initial.scale_residual {
        initial.deviation / libm::sqrt(2.0 * config.layers as f64)
    } else {
        initial.deviation
    };
    let mut normals = Normals::new(seed, name);
    (0..count)
        .map(|_| (deviation * normals.next()) as f32)
        .collect()
}

/// Standard normal numbers by Box and Muller.
struct Normals {
    stream: Stream,
    spare: Option<f64>,
}

impl Normals {
    fn new(seed: u64, name: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(b"rounds parameters")
            .chain_update(seed.to_le_bytes())
            .chain_update(name.as_bytes())
            .finalize();
        Self {
            stream: Stream::from_seed(digest.into()),
            spare: None,
        }
    }

    fn next(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // In (0, 1], so that the logarithm is finite.
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        let angle = 2.0 * std::f64::consts::PI * self.unit();
        self.spare = Some(radius * libm::sin(angle));
        radius * libm::cos(angle)
    }

    /// In [0, 1), with 53 bits.
    fn unit(&mut self) -> f64 {
        (self.stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(parameters: &Parameters, name: &str) -> Vec<f32> {
        let var = parameters.get(name).unwrap();
        var.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn draws_are_normal_and_depend_on_seed_and_name_only() {
        let config = TransformerConfig::llama(500, 64, 96, 2, 4, 2, 32);
        let deeper = TransformerConfig::llama(500, 64, 96, 3, 4, 2, 32);
        let initial = Initial {
            scale_residual: true,
            ..Initial::default()
        };
        let draw = |config, seed| Parameters::random(config, seed, initial, &Device::Cpu).unwrap();
        let (one, again, other) = (draw(&config, 1), draw(&deeper, 1), draw(&config, 2));
        let name = "model.embed_tokens.weight";
        assert_eq!(values(&one, name), values(&again, name));
        assert_ne!(values(&one, name), values(&other, name));
        // The first numbers of this stream, so that a change of the rule is noticed.
        let bits: Vec<u32> = values(&one, name)[..2]
            .iter()
            .map(|x| x.to_bits())
            .collect();
        assert_eq!(bits, FIRST, "{:?}", &values(&one, name)[..2]);
        for (name, deviation) in [
            (name, 0.02),
            ("model.layers.1.mlp.down_proj.weight", 0.01),
            ("model.layers.1.self_attn.q_proj.weight", 0.02),
        ] {
            let values = values(&one, name);
            let n = values.len() as f64;
            let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
            let square = values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / n;
            assert!(
                mean.abs() < 5.0 * deviation / n.sqrt(),
                "{name}: mean {mean}"
            );
            let relative = square.sqrt() / deviation;
            assert!(
                (relative - 1.0).abs() < 4.0 / n.sqrt(),
                "{name}: {relative}"
            );
        }
        assert!(values(&one, "model.norm.weight").iter().all(|&x| x == 1.0));
    }

    const FIRST: [u32; 2] = [982_364_170, 3_156_646_086];
}
