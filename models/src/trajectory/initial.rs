//! First parameters of a model.

use rand::RngExt;
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, Stream, StreamKey};

use super::config::TrajectoryConfig;
use super::error::TrajectoryError;
use super::layout::{Initial, layout};
use super::parameters::Parameters;

/// Episode of the keys of first parameters, which belong to none.
const EPISODE: u32 = u32::MAX;

impl Parameters {
    /// Parameters to begin training with. Each tensor is drawn from a stream of its own.
    ///
    /// # Errors
    /// [`TrajectoryError::Setting`] for a model that cannot be.
    ///
    /// # Source
    /// Trajectory card, section 3.1.
    pub fn random(config: &TrajectoryConfig, seed: RunSeed) -> Result<Self, TrajectoryError> {
        config.validate()?;
        let named = layout(config);
        let values = named.iter().enumerate().map(|(number, named)| {
            let key = StreamKey {
                seed,
                episode: EpisodeIx(EPISODE),
                agent: Some(AgentId(number as u32)),
                round: RoundIx(0),
                purpose: Purpose::Training,
            };
            let count = named.shape.iter().product();
            draw(named.initial, count, &mut key.open())
        });
        let values = values.collect();
        Ok(Self::new(named, values))
    }
}

fn draw(initial: Initial, count: usize, stream: &mut Stream) -> Vec<f32> {
    match initial {
        Initial::Zero => vec![0.0; count],
        Initial::One => vec![1.0; count],
        Initial::Uniform(inputs) => {
            let bound = 1.0 / (inputs as f64).sqrt();
            let number = |_| ((2.0 * stream.random::<f64>() - 1.0) * bound) as f32;
            (0..count).map(number).collect()
        }
        Initial::Normal(deviation) => {
            // Box and Muller, two numbers of two draws.
            let mut numbers = Vec::with_capacity(count + 1);
            while numbers.len() < count {
                let radius = (-2.0 * libm::log(1.0 - stream.random::<f64>())).sqrt();
                let angle = std::f64::consts::TAU * stream.random::<f64>();
                for part in [libm::cos(angle), libm::sin(angle)] {
                    numbers.push((radius * part * f64::from(deviation)) as f32);
                }
            }
            numbers.truncate(count);
            numbers
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trajectory::Architecture;

    #[test]
    fn tensors_begin_as_the_card_says() {
        let config = TrajectoryConfig::default();
        let parameters = Parameters::random(&config, RunSeed(3)).unwrap();
        assert_eq!(parameters, Parameters::random(&config, RunSeed(3)).unwrap());
        assert_ne!(parameters, Parameters::random(&config, RunSeed(4)).unwrap());
        let of = |name: &str| parameters.get(name).unwrap();
        for (name, deviation) in [
            ("embed_timestep.weight", 1.0),
            ("transformer.h.1.mlp.c_fc.weight", 0.02),
            ("embed_state.weight", 1.0 / 33f64.sqrt()),
        ] {
            let values = of(name);
            let count = values.len() as f64;
            let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
            let square = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / count;
            assert!(
                mean.abs() < 5.0 * deviation / count.sqrt(),
                "{name}: {mean}"
            );
            let off = (square.sqrt() / deviation - 1.0).abs();
            assert!(off < 5.0 / (2.0 * count).sqrt(), "{name}: {square}");
        }
        assert!(of("transformer.ln_f.weight").iter().all(|v| *v == 1.0));
        assert!(
            of("transformer.h.0.attn.c_attn.bias")
                .iter()
                .all(|v| *v == 0.0)
        );
        let bound = 1.0 / 11f32.sqrt();
        assert!(
            of("embed_state.bias")
                .iter()
                .all(|v| v.abs() <= bound && *v != 0.0)
        );
    }

    #[test]
    fn published_sizes_have_the_published_number_of_parameters() {
        for (architecture, expected) in [
            (Architecture::Dt, 726_019),
            // Without two heads that have no loss, 1,548 numbers.
            (Architecture::Gdt, 628_611),
            (Architecture::Dc, 1_858_307),
        ] {
            let config = TrajectoryConfig::published(architecture);
            let parameters = Parameters::random(&config, RunSeed(0)).unwrap();
            assert_eq!(parameters.count(), expected, "{architecture:?}");
        }
    }
}
