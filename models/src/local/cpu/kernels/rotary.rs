//! Angles of rotary position embeddings.

use std::f64::consts::PI;

/// How the frequencies of the rotary embedding are stretched for long contexts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::local::cpu) enum Stretch {
    /// Not at all.
    None,
    /// All by one factor.
    Linear { factor: f64 },
    /// Low frequencies by the factor, high ones not, a ramp between (Llama 3).
    Llama3 {
        factor: f64,
        low_freq_factor: f64,
        high_freq_factor: f64,
        original_context: f64,
    },
}

/// The angles of each position: `position * frequency`.
#[derive(Debug, Clone)]
pub(in crate::local::cpu) struct Rotary {
    /// One for each pair of dimensions, in radians per position.
    frequencies: Vec<f32>,
}

impl Rotary {
    /// Frequencies `theta^(-2i / dims)` for the `dims / 2` pairs, stretched.
    pub(in crate::local::cpu) fn new(dims: usize, theta: f64, stretch: Stretch) -> Self {
        let frequencies = (0..dims / 2)
            .map(|i| {
                let frequency = 1.0 / libm::pow(theta, 2.0 * i as f64 / dims as f64);
                stretched(frequency, stretch) as f32
            })
            .collect();
        Self { frequencies }
    }

    /// Pairs of dimensions that turn.
    pub(in crate::local::cpu) fn pairs(&self) -> usize {
        self.frequencies.len()
    }

    /// Appends the cosines and sines of a position's angles.
    ///
    /// The angle is rounded to `f32` as in the reference implementation.
    pub(in crate::local::cpu) fn angles(
        &self,
        position: usize,
        cos: &mut Vec<f32>,
        sin: &mut Vec<f32>,
    ) {
        for frequency in &self.frequencies {
            let angle = f64::from(position as f32 * frequency);
            cos.push(libm::cos(angle) as f32);
            sin.push(libm::sin(angle) as f32);
        }
    }
}

fn stretched(frequency: f64, stretch: Stretch) -> f64 {
    match stretch {
        Stretch::None => frequency,
        Stretch::Linear { factor } => frequency / factor,
        Stretch::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_context,
        } => {
            let wavelength = 2.0 * PI / frequency;
            if wavelength < original_context / high_freq_factor {
                frequency
            } else if wavelength > original_context / low_freq_factor {
                frequency / factor
            } else {
                let smooth = (original_context / wavelength - low_freq_factor)
                    / (high_freq_factor - low_freq_factor);
                (1.0 - smooth) * frequency / factor + smooth * frequency
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn llama3_leaves_high_frequencies_and_divides_low_ones() {
        let stretch = Stretch::Llama3 {
            factor: 8.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_context: 32.0,
        };
        assert_eq!(stretched(1.0, stretch), 1.0);
        assert_eq!(stretched(0.01, stretch), 0.01 / 8.0);
        let between = stretched(2.0 * PI / 16.0, stretch);
        assert!(between > 2.0 * PI / 16.0 / 8.0 && between < 2.0 * PI / 16.0);
    }

    #[test]
    fn position_zero_does_not_turn() {
        let rotary = Rotary::new(8, 10_000.0, Stretch::None);
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        rotary.angles(0, &mut cos, &mut sin);
        assert_eq!((cos, sin), (vec![1.0; 4], vec![0.0; 4]));
        assert_eq!(rotary.pairs(), 4);
    }
}
