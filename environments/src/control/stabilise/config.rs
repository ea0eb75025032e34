//! Constants of an unstable patient.

use serde::{Deserialize, Serialize};

use crate::control::settings::{
    check_count, check_not_negative, check_positive, check_within, refused,
};
use crate::environment::EnvironmentError;

/// Levels of acuity: 1 is the most urgent.
pub const ACUITIES: usize = 5;

/// Constants of [`Stabilise`](super::Stabilise), whose equations say what each is for.
///
/// The defaults are chosen so that, with the cause untreated, a patient of acuity 1 collapses after about 4 hours
/// without a dose and after about 6 with a good one, a patient of acuity 4 after about 10 hours without one
/// and never with a small one, and a full dose all the time is worse than a good one for everybody.
///
/// # Units
/// Hours; the index has none (0 is stable, 1 is collapse), nor has a dose (1 is the most that is given).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StabiliseConfig {
    /// Length of a step, `h`; 0.01 to 2.
    pub step_h: f64,
    /// Steps after which an episode is cut.
    pub step_limit: u32,
    /// What the untreated cause adds to the push in an hour, by acuity from the most urgent; 0 to 10 each.
    pub drift: [f64; ACUITIES],
    /// How fast the body comes back by itself, a hour; 0 to 10.
    pub recovery: f64,
    /// How fast it comes back more once the cause is treated, a hour; 0 to 10.
    pub relief: f64,
    /// How much a large index feeds itself, a hour; 0 to 10.
    pub failing: f64,
    /// What the dose can take from the push at the very most, a hour; 0 to 10.
    pub potency: f64,
    /// The dose that has half of that effect; above 0, at most 10.
    pub half_dose: f64,
    /// The effect of a dose on a patient is up to this share more or less than on another; 0 to 0.9.
    pub response_spread: f64,
    /// Time in which a new dose takes effect; above 0, at most 100.
    pub dose_h: f64,
    /// The dose in effect harms above this; 0 to 1.
    pub safe_dose: f64,
    /// Debt that the squared excess makes in an hour; 0 to 100.
    pub debt_rate: f64,
    /// Time in which debt is paid back; above 0, at most 1000.
    pub debt_h: f64,
    /// What debt adds to the push in an hour; 0 to 10.
    pub toxicity: f64,
    /// Time in which the slope follows the push; above 0, at most 100.
    pub slope_h: f64,
    /// Least and greatest index at the start; -0.9 to 0.9.
    pub start_index: [f64; 2],
    /// Earliest and latest hour at which the cause is found where nobody else says when; at least 0. Equal
    /// numbers beyond the last step mean never.
    pub found_h: [f64; 2],
    /// A patient is unstable when the index is farther from 0; above 0 and below 1.
    pub unstable_at: f64,
    /// What the dose costs: weight of its square; 0 to 10.
    pub dose_cost: f64,
    /// What debt costs; 0 to 10.
    pub debt_cost: f64,
    /// What a collapse costs. At least the hours of an episode, or else an early end would be a way to
    /// save costs.
    pub collapse_cost: f64,
}

impl Default for StabiliseConfig {
    fn default() -> Self {
        Self {
            step_h: 0.25,
            step_limit: 96,
            drift: [0.36, 0.28, 0.20, 0.13, 0.07],
            recovery: 0.15,
            relief: 0.6,
            failing: 0.25,
            potency: 0.3,
            half_dose: 0.35,
            response_spread: 0.3,
            dose_h: 0.5,
            safe_dose: 0.6,
            debt_rate: 1.5,
            debt_h: 6.0,
            toxicity: 0.5,
            slope_h: 1.0,
            start_index: [0.0, 0.3],
            found_h: [2.0, 10.0],
            unstable_at: 0.25,
            dose_cost: 0.02,
            debt_cost: 0.1,
            collapse_cost: 30.0,
        }
    }
}

/// Refuses `got` unless it is above 0 and at most `most`.
fn check_up_to(key: &str, got: f64, most: f64) -> Result<(), EnvironmentError> {
    check_positive(key, got)?;
    check_within(key, got, 0.0, most)
}

impl StabiliseConfig {
    /// Checks the values.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming the value.
    pub fn validate(&self) -> Result<(), EnvironmentError> {
        check_within("step_h", self.step_h, 0.01, 2.0)?;
        check_count("step_limit", self.step_limit as usize)?;
        for drift in self.drift {
            check_within("drift", drift, 0.0, 10.0)?;
        }
        for (key, rate) in [
            ("recovery", self.recovery),
            ("relief", self.relief),
            ("failing", self.failing),
            ("potency", self.potency),
            ("toxicity", self.toxicity),
            ("dose_cost", self.dose_cost),
            ("debt_cost", self.debt_cost),
        ] {
            check_within(key, rate, 0.0, 10.0)?;
        }
        check_up_to("half_dose", self.half_dose, 10.0)?;
        check_within("response_spread", self.response_spread, 0.0, 0.9)?;
        check_within("safe_dose", self.safe_dose, 0.0, 1.0)?;
        check_within("debt_rate", self.debt_rate, 0.0, 100.0)?;
        check_up_to("dose_h", self.dose_h, 100.0)?;
        check_up_to("debt_h", self.debt_h, 1000.0)?;
        check_up_to("slope_h", self.slope_h, 100.0)?;
        for index in self.start_index {
            check_within("start_index", index, -0.9, 0.9)?;
        }
        for hour in self.found_h {
            check_not_negative("found_h", hour)?;
        }
        for (key, [least, most]) in [("start_index", self.start_index), ("found_h", self.found_h)] {
            if least > most {
                let why = format!("expected the lesser number first, got {least} and {most}");
                return Err(refused(key, why));
            }
        }
        check_within("unstable_at", self.unstable_at, 1e-6, 1.0)?;
        check_not_negative("collapse_cost", self.collapse_cost)?;
        let hours = self.step_h * f64::from(self.step_limit);
        if self.collapse_cost < hours {
            let got = self.collapse_cost;
            let why = format!("expected at least the {hours} hours of an episode, got {got}");
            return Err(refused("collapse_cost", why));
        }
        Ok(())
    }
}
