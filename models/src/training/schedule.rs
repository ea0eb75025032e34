//! Learning rates over a run.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::TrainError;

/// Factor of the learning rate at each step.
///
/// A warm-up of `n` steps gives 1/n, 2/n, … 1, so that the first step moves already. After it the
/// factor starts at 1 and falls to `floor` at the end of the run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// 1 after the warm-up.
    Constant {
        /// Steps of warm-up.
        #[serde(default)]
        warmup: u64,
    },
    /// A straight line.
    Linear {
        /// Steps of warm-up.
        #[serde(default)]
        warmup: u64,
        /// Factor at the end.
        #[serde(default)]
        floor: f64,
    },
    /// Half a cosine.
    Cosine {
        /// Steps of warm-up.
        #[serde(default)]
        warmup: u64,
        /// Factor at the end.
        #[serde(default)]
        floor: f64,
    },
    /// Warm-up, stable, decay: 1 until `decay` steps before the end, then a straight line.
    Wsd {
        /// Steps of warm-up.
        #[serde(default)]
        warmup: u64,
        /// Steps of the decay.
        decay: u64,
        /// Factor at the end.
        #[serde(default)]
        floor: f64,
    },
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Cosine {
            warmup: 0,
            floor: 0.1,
        }
    }
}

impl Schedule {
    /// The factor at `step` (from 0) of a run of `steps`.
    pub fn factor(&self, step: u64, steps: u64) -> f64 {
        let warmup = self.warmup();
        if step < warmup {
            return (step + 1) as f64 / warmup as f64;
        }
        let progress = |from: u64| {
            let length = steps.saturating_sub(from).max(1);
            (step.saturating_sub(from) as f64 / length as f64).min(1.0)
        };
        match *self {
            Self::Constant { .. } => 1.0,
            Self::Linear { floor, .. } => 1.0 - (1.0 - floor) * progress(warmup),
            Self::Cosine { floor, .. } => {
                floor + (1.0 - floor) * 0.5 * (1.0 + (PI * progress(warmup)).cos())
            }
            Self::Wsd { decay, floor, .. } => {
                1.0 - (1.0 - floor) * progress(steps.saturating_sub(decay).max(warmup))
            }
        }
    }

    fn warmup(&self) -> u64 {
        match *self {
            Self::Constant { warmup }
            | Self::Linear { warmup, .. }
            | Self::Cosine { warmup, .. }
            | Self::Wsd { warmup, .. } => warmup,
        }
    }

    /// Whether the values can be used in a run of `steps`.
    ///
    /// # Errors
    /// [`TrainError::Config`] naming the key.
    pub fn validate(&self, steps: u64) -> Result<(), TrainError> {
        let (decay, floor) = match *self {
            Self::Constant { .. } => (0, 0.0),
            Self::Linear { floor, .. } | Self::Cosine { floor, .. } => (0, floor),
            Self::Wsd { decay, floor, .. } => (decay, floor),
        };
        if !(0.0..=1.0).contains(&floor) {
            return Err(TrainError::config("schedule.floor", "0 to 1", floor));
        }
        if self.warmup().saturating_add(decay) > steps {
            return Err(TrainError::config(
                "schedule.warmup",
                format!("warm-up and decay within the {steps} steps of the run"),
                self.warmup().saturating_add(decay),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(schedule: Schedule, steps: &[u64]) -> Vec<f64> {
        steps
            .iter()
            .map(|step| (schedule.factor(*step, 12) * 1e6).round() / 1e6)
            .collect()
    }

    #[test]
    fn schedules_pass_through_their_corners() {
        let (warmup, floor) = (2, 0.1);
        assert_eq!(
            at(Schedule::Constant { warmup }, &[0, 1, 2, 11]),
            [0.5, 1.0, 1.0, 1.0]
        );
        assert_eq!(
            at(Schedule::Linear { warmup, floor }, &[0, 2, 7, 12]),
            [0.5, 1.0, 0.55, 0.1]
        );
        assert_eq!(
            at(Schedule::Cosine { warmup, floor }, &[1, 2, 7, 12]),
            [1.0, 1.0, 0.55, 0.1]
        );
        assert_eq!(
            at(
                Schedule::Wsd {
                    warmup,
                    decay: 4,
                    floor
                },
                &[1, 7, 8, 10, 12]
            ),
            [1.0, 1.0, 1.0, 0.55, 0.1]
        );
        assert_eq!(
            at(
                Schedule::Linear {
                    warmup: 0,
                    floor: 0.0
                },
                &[0, 6, 50]
            ),
            [1.0, 0.5, 0.0]
        );
    }

    #[test]
    fn values_out_of_range_are_refused() {
        assert!(
            Schedule::Cosine {
                warmup: 13,
                floor: 0.0
            }
            .validate(12)
            .is_err()
        );
        assert!(
            Schedule::Cosine {
                warmup: 0,
                floor: 1.5
            }
            .validate(12)
            .is_err()
        );
        assert!(
            Schedule::Wsd {
                warmup: 6,
                decay: 6,
                floor: 0.0
            }
            .validate(12)
            .is_ok()
        );
    }
}
