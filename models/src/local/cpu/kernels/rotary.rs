//! Angles of rotary position embeddings.

/// The angles of each position: `position * frequency`.
#[derive(Debug, Clone)]
pub(in crate::local::cpu) struct Rotary {
    /// One for each pair of dimensions, in radians per position.
    frequencies: Vec<f32>,
}

impl Rotary {
    /// Angles at these frequencies.
    pub(in crate::local::cpu) fn new(frequencies: &[f64]) -> Self {
        Self {
            frequencies: frequencies.iter().map(|f| *f as f32).collect(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_turn_by_multiples_of_the_frequencies() {
        let rotary = Rotary::new(&[1.0, 0.25]);
        assert_eq!(rotary.pairs(), 2);
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        rotary.angles(0, &mut cos, &mut sin);
        rotary.angles(3, &mut cos, &mut sin);
        assert_eq!((&cos[..2], &sin[..2]), (&[1.0; 2][..], &[0.0; 2][..]));
        assert!((cos[2] - 3f32.cos()).abs() < 1e-6 && (sin[3] - 0.75f32.sin()).abs() < 1e-6);
    }
}
