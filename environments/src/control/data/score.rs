//! Returns on a common scale.

use serde::{Deserialize, Serialize};

use super::error::DataError;

/// The returns that count as 0 and as 100.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// What chance earns.
    pub min: f64,
    /// What an expert earns.
    pub max: f64,
}

impl Reference {
    /// A reference of an environment of one's own: the mean returns of chance and of an expert.
    ///
    /// # Errors
    /// [`DataError::Setting`] when either has no return, or the expert's mean is not above that of chance.
    pub fn of_returns(chance: &[f64], expert: &[f64]) -> Result<Self, DataError> {
        let mean = |returns: &[f64]| returns.iter().sum::<f64>() / returns.len() as f64;
        let reference = Self {
            min: mean(chance),
            max: mean(expert),
        };
        reference.validate()?;
        Ok(reference)
    }

    /// Checks the two.
    ///
    /// # Errors
    /// [`DataError::Setting`] when they are not finite or the upper one is not above the lower one.
    pub fn validate(self) -> Result<(), DataError> {
        let Self { min, max } = self;
        if min < max && (max - min).is_finite() {
            return Ok(());
        }
        let why = format!("expected an expert better than chance, got {max} and {min}");
        Err(DataError::setting("reference", why))
    }

    /// The normalised score of a return, `100 (G - min) / (max - min)`.
    ///
    /// # Source
    /// Trajectory card, section 4.4.
    pub fn score(self, total_reward: f64) -> f64 {
        100.0 * (total_reward - self.min) / (self.max - self.min)
    }
}

/// Published references, by environment.
const PUBLISHED: [(&str, Reference); 11] = [
    ("hopper", of(-20.272305, 3234.3)),
    ("halfcheetah", of(-280.178953, 12135.0)),
    ("walker2d", of(1.629008, 4592.3)),
    ("ant", of(-325.6, 3879.7)),
    ("maze2d-open", of(0.01, 20.66)),
    ("maze2d-umaze", of(23.85, 161.86)),
    ("maze2d-medium", of(13.13, 277.39)),
    ("maze2d-large", of(6.7, 273.99)),
    ("pen", of(96.262799, 3076.8331017826877)),
    ("antmaze", of(0.0, 1.0)),
    ("kitchen", of(0.0, 4.0)),
];

const fn of(min: f64, max: f64) -> Reference {
    Reference { min, max }
}

/// The published reference of an environment or data set, such as `hopper`, `hopper-medium-v2`,
/// `Hopper-v5` or `D4RL/hopper/medium-v2`. Mazes with dense rewards have others, which are not here.
///
/// # Source
/// Trajectory card, section 4.4: the same for all versions and kinds of data.
pub fn published(name: &str) -> Option<Reference> {
    let name = name.to_lowercase().replace('/', "-");
    let name = ["d4rl-", "mujoco-"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(&name);
    if name.split('-').any(|part| part == "dense") {
        return None;
    }
    let is = |environment: &str| {
        let rest = name.strip_prefix(environment);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let found = PUBLISHED.iter().find(|(environment, _)| is(environment));
    found.map(|(_, reference)| *reference)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_data_sets_lead_to_their_environment() {
        for name in [
            "hopper",
            "hopper-medium-v2",
            "Hopper-v5",
            "D4RL/hopper/medium-v2",
        ] {
            assert_eq!(published(name).unwrap().max, 3234.3, "{name}");
        }
        assert_eq!(published("antmaze-umaze-v0").unwrap().max, 1.0);
        assert_eq!(published("ant-medium-v2").unwrap().max, 3879.7);
        assert_eq!(published("mujoco/walker2d/expert-v0").unwrap().max, 4592.3);
        for name in ["maze2d-umaze-dense-v1", "maze2d", "hoppers", "pendulum", ""] {
            assert_eq!(published(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn scores_are_affine(min in -1e3..1e3_f64, width in 0.1..1e3_f64, a in -1e3..1e3_f64, b in -1e3..1e3_f64) {
            let reference = Reference { min, max: min + width };
            prop_assert!(reference.score(min).abs() < 1e-9);
            prop_assert!((reference.score(reference.max) - 100.0).abs() < 1e-9);
            let middle = (reference.score(a) + reference.score(b)) / 2.0;
            let scale = 1.0 + reference.score(a).abs() + reference.score(b).abs();
            prop_assert!((reference.score((a + b) / 2.0) - middle).abs() < 1e-9 * scale);
        }
    }

    #[test]
    fn own_references_need_an_expert_that_is_better() {
        let own = Reference::of_returns(&[-10.0, -20.0], &[5.0]).unwrap();
        assert_eq!(
            own,
            Reference {
                min: -15.0,
                max: 5.0
            }
        );
        assert_eq!(own.score(-5.0), 50.0);
        for (chance, expert) in [(&[1.0][..], &[1.0][..]), (&[], &[1.0]), (&[1.0], &[])] {
            assert!(Reference::of_returns(chance, expert).is_err());
        }
    }
}
