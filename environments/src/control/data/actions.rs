//! Actions of a model, which are between -1 and 1, and those of an environment.

use serde::{Deserialize, Serialize};

use super::error::DataError;
use crate::control::Actions;

/// The affine map from [-1, 1] to the bounds of an environment, dimension by dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionMap {
    /// What -1 stands for.
    pub low: Vec<f64>,
    /// What 1 stands for.
    pub high: Vec<f64>,
}

impl ActionMap {
    /// The map onto the bounds of an environment. Choices are numbers from 0, so -1 stands for the first and
    /// 1 for the last.
    pub fn of(actions: &Actions) -> Self {
        match actions {
            Actions::Discrete { count } => Self {
                low: vec![0.0],
                high: vec![f64::from(count.saturating_sub(1))],
            },
            Actions::Continuous { low, high } => Self {
                low: low.clone(),
                high: high.clone(),
            },
        }
    }

    /// Checks that the map can be inverted and is of so many dimensions.
    ///
    /// # Errors
    /// [`DataError::Setting`] with what was expected.
    pub fn validate(&self, size: usize) -> Result<(), DataError> {
        let got = [self.low.len(), self.high.len()];
        if got != [size, size] {
            let why = format!("expected {size} dimensions, got {} and {}", got[0], got[1]);
            return Err(DataError::setting("action_map", why));
        }
        for (low, high) in self.low.iter().zip(&self.high) {
            if !(low < high && (high - low).is_finite()) {
                let why = format!("expected bounds with the lesser first, got {low} and {high}");
                return Err(DataError::setting("action_map", why));
            }
        }
        Ok(())
    }

    /// Turns actions of a model into those of the environment.
    ///
    /// # Shapes
    /// `actions`: rows of as many dimensions as the map has.
    pub fn to_environment(&self, actions: &mut [f64]) {
        self.each(actions, |number, low, high| {
            // Exact at both ends.
            0.5 * (low * (1.0 - number) + high * (1.0 + number))
        });
    }

    /// Turns actions of the environment into those of a model.
    ///
    /// # Shapes
    /// `actions`: rows of as many dimensions as the map has.
    pub fn to_model(&self, actions: &mut [f64]) {
        self.each(actions, |number, low, high| {
            ((number - low) - (high - number)) / (high - low)
        });
    }

    fn each(&self, actions: &mut [f64], map: impl Fn(f64, f64, f64) -> f64) {
        for row in actions.chunks_mut(self.low.len().max(1)) {
            for ((number, low), high) in row.iter_mut().zip(&self.low).zip(&self.high) {
                *number = map(*number, *low, *high);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_are_exact() {
        let map = ActionMap::of(&Actions::cube(1, -2.0, 2.0));
        let mut actions = vec![-2.0, 0.0, 1.0, 2.0];
        map.to_model(&mut actions);
        assert_eq!(actions, [-1.0, 0.0, 0.5, 1.0]);
        let mut choices = vec![-1.0, 1.0];
        ActionMap::of(&Actions::Discrete { count: 2 }).to_environment(&mut choices);
        assert_eq!(choices, [0.0, 1.0]);
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same(
            low in -10.0..10.0_f64, width in 0.01..10.0_f64, number in -1.0..1.0_f64,
        ) {
            let map = ActionMap { low: vec![low, -1.0], high: vec![low + width, 1.0] };
            prop_assert!(map.validate(2).is_ok());
            let mut actions = vec![number, number];
            map.to_environment(&mut actions);
            prop_assert!(actions[0] >= low - 1e-12 && actions[0] <= low + width + 1e-12);
            map.to_model(&mut actions);
            prop_assert!((actions[0] - number).abs() < 1e-10 && (actions[1] - number).abs() < 1e-15);
        }
    }

    #[test]
    fn maps_that_cannot_be_inverted_are_refused() {
        for (low, high) in [
            (1.0, 1.0),
            (2.0, 1.0),
            (0.0, f64::INFINITY),
            (f64::NAN, 1.0),
        ] {
            let map = ActionMap {
                low: vec![low],
                high: vec![high],
            };
            assert!(map.validate(1).is_err(), "{low} {high}");
        }
        assert!(
            ActionMap {
                low: vec![0.0],
                high: vec![1.0]
            }
            .validate(2)
            .is_err()
        );
    }
}
