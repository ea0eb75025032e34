//! The patient.

use rand::RngExt;

use super::config::{ACUITIES, StabiliseConfig};
use crate::control::actions::Actions;
use crate::control::dynamics::{Dynamics, Moved};
use crate::control::settings::refused;
use crate::control::vectorised::{ControlEnvironment, Vectorised};
use crate::environment::EnvironmentError;
use crate::streams::StreamKey;

/// Where the index stands in a state and an observation.
pub const INDEX: usize = 0;
/// Where the slope stands.
pub const SLOPE: usize = 1;
/// Where the debt stands.
pub const DEBT: usize = 2;
/// Where the dose in effect stands.
pub const DOSE: usize = 3;
/// Where the hours since admission stand.
pub const HOURS: usize = 4;
/// Where it stands whether the diagnosis is made, 0 or 1.
pub const DIAGNOSED: usize = 5;
/// Where the acuity stands, 1 (most urgent) to 5.
const ACUITY: usize = 6;
/// Where it stands how strongly the patient responds to a dose. This and what follows is not seen.
const RESPONSE: usize = 7;
/// Where the hour stands at which the cause is found.
const FOUND_H: usize = 8;
/// Where the hours stand that were spent unstable.
const UNSTABLE_H: usize = 9;

/// Numbers that are seen.
const SEEN: usize = 7;

/// An unstable patient who is given a dose each step until the cause is found.
///
/// State: index `x`, slope `w` (index an hour), debt `q`, dose in effect `d`, hours `t`, diagnosed or not,
/// acuity `k`, and unseen the response `s`, the hour at which the cause is found, and the hours spent unstable. With the
/// dose `u`, cut to [0, 1], and the step `h`:
///
/// ```text
/// d' = d + (u - d) (1 - exp(-h / dose_h))
/// q' = q exp(-h / debt_h) + debt_rate max(d' - safe_dose, 0)^2 h
/// push = drift_k - recovery x                              while the cause is untreated
///        -(recovery + relief) x                            afterwards
///        + failing x^3 - potency s d' / (d' + half_dose) + toxicity q'
/// w' = w + (push - w) (1 - exp(-h / slope_h))
/// x' = x + w' h
/// reward = -h (x'^2 + dose_cost d'^2 + debt_cost q') - collapse_cost [|x'| >= 1]
/// ```
///
/// A dose thus buys time with diminishing return, and harms in excess: by debt, and by an index below 0. The
/// episode ends by a collapse, `|x'| >= 1`. The cause counts as found in the first step that begins at or after
/// its hour; whoever knows better calls [`Vectorised::diagnose`].
///
/// Near 0 it is linear: with no dose and no debt, `(x, w)` is moved by the matrix
/// `[[1 - h a r, h (1 - a)], [-a r, 1 - a]]` with `a = 1 - exp(-h / slope_h)` and `r` the recovery, with the relief once
/// treated, about the fixed point `(drift / r, 0)`, but for the cube of the index.
///
/// # Units
/// Hours; see [`StabiliseConfig`].
#[derive(Debug, Clone, PartialEq)]
pub struct Stabilise {
    config: StabiliseConfig,
    /// Share of the way to the given dose in a step.
    dose_share: f64,
    /// Share of debt that is left after a step.
    debt_left: f64,
    /// Share of the way of the slope to the push in a step.
    slope_share: f64,
}

impl Stabilise {
    /// A patient with these constants.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming the constant that cannot be.
    pub fn new(config: StabiliseConfig) -> Result<Self, EnvironmentError> {
        config.validate()?;
        Ok(Self {
            dose_share: -libm::expm1(-config.step_h / config.dose_h),
            debt_left: libm::exp(-config.step_h / config.debt_h),
            slope_share: -libm::expm1(-config.step_h / config.slope_h),
            config,
        })
    }

    /// Its constants.
    pub fn config(&self) -> &StabiliseConfig {
        &self.config
    }

    fn drift(&self, acuity: f64) -> f64 {
        // A cast brings numbers out of range to its ends.
        let level = (acuity as usize).clamp(1, ACUITIES);
        self.config.drift[level - 1]
    }
}

impl Dynamics for Stabilise {
    type State = [f64; 10];

    fn name(&self) -> &'static str {
        "stabilise"
    }

    fn rules(&self) -> &str {
        include_str!("rules.txt")
    }

    fn observed(&self) -> &'static [&'static str] {
        &[
            "stability index (0 is stable, 1 and -1 are collapse)",
            "slope of the index (an hour)",
            "debt from excess of dose",
            "dose in effect (0 to 1)",
            "hours since admission",
            "diagnosis made (1) or not (0)",
            "acuity (1 most urgent, 5 least)",
        ]
    }

    fn actions(&self) -> Actions {
        Actions::cube(1, 0.0, 1.0)
    }

    fn step_limit(&self) -> u32 {
        self.config.step_limit
    }

    fn minutes(&self) -> f64 {
        60.0 * self.config.step_h
    }

    fn validate(&self) -> Result<(), EnvironmentError> {
        self.config.validate()
    }

    fn start(&self, key: StreamKey) -> [f64; 10] {
        let mut stream = key.open();
        let config = &self.config;
        let mut state = [0.0; 10];
        state[INDEX] = stream.random_range(config.start_index[0]..=config.start_index[1]);
        state[ACUITY] = f64::from(stream.random_range(1..=ACUITIES as u32));
        let spread = config.response_spread;
        state[RESPONSE] = stream.random_range(1.0 - spread..=1.0 + spread);
        state[FOUND_H] = stream.random_range(config.found_h[0]..=config.found_h[1]);
        state
    }

    fn advance(&self, state: &mut [f64; 10], action: &[f64], _: StreamKey) -> Moved {
        let config = &self.config;
        let given = action.first().copied().unwrap_or(0.0).clamp(0.0, 1.0);
        let treated = state[DIAGNOSED] > 0.0 || state[HOURS] >= state[FOUND_H];
        let index = state[INDEX];
        let dose = state[DOSE] + (given - state[DOSE]) * self.dose_share;
        let excess = (dose - config.safe_dose).max(0.0);
        let debt =
            state[DEBT] * self.debt_left + config.debt_rate * excess * excess * config.step_h;
        let cause = match treated {
            true => -(config.recovery + config.relief) * index,
            false => self.drift(state[ACUITY]) - config.recovery * index,
        };
        let effect = config.potency * state[RESPONSE] * dose / (dose + config.half_dose);
        let push = cause + config.failing * index * index * index - effect + config.toxicity * debt;
        let slope = state[SLOPE] + (push - state[SLOPE]) * self.slope_share;
        let index = index + slope * config.step_h;
        let unstable = index.abs() > config.unstable_at;
        state[INDEX] = index;
        state[SLOPE] = slope;
        state[DEBT] = debt;
        state[DOSE] = dose;
        state[HOURS] += config.step_h;
        state[DIAGNOSED] = f64::from(u8::from(treated));
        state[UNSTABLE_H] += f64::from(u8::from(unstable)) * config.step_h;
        let cost = index * index + config.dose_cost * dose * dose + config.debt_cost * debt;
        let terminated = index.abs() >= 1.0;
        let collapse = if terminated {
            config.collapse_cost
        } else {
            0.0
        };
        Moved {
            reward: -config.step_h * cost - collapse,
            terminated,
        }
    }

    fn observe(&self, state: &[f64; 10], out: &mut [f32]) {
        for (out, number) in out.iter_mut().zip(&state[..SEEN]) {
            *out = *number as f32;
        }
    }

    /// `unstable-hours`: hours with the index farther from 0 than `unstable_at`; `debt` at the end.
    fn figures(&self, state: &[f64; 10]) -> Vec<(&'static str, f64)> {
        vec![("unstable-hours", state[UNSTABLE_H]), ("debt", state[DEBT])]
    }
}

impl Vectorised<Stabilise> {
    /// Starts a patient of this acuity, 1 to 5, whose cause is found only when
    /// [`diagnose`](Self::diagnose) says so; the rest is drawn from the stream of `key`.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] for another acuity.
    ///
    /// # Panics
    /// When there is no such entity.
    pub fn admit(
        &mut self,
        entity: usize,
        acuity: u8,
        key: StreamKey,
    ) -> Result<(), EnvironmentError> {
        if !(1..=ACUITIES as u8).contains(&acuity) {
            let why = format!("expected 1 to {ACUITIES}, got {acuity}");
            return Err(refused("acuity", why));
        }
        self.start(entity, key);
        let mut state = self.state(entity);
        state[ACUITY] = f64::from(acuity);
        state[FOUND_H] = f64::INFINITY;
        self.set_state(entity, &state);
        Ok(())
    }

    /// The cause of a patient is found, and treated from the next step on.
    ///
    /// # Panics
    /// When there is no such entity.
    pub fn diagnose(&mut self, entity: usize) {
        let mut state = self.state(entity);
        state[DIAGNOSED] = 1.0;
        self.set_state(entity, &state);
    }

    /// Hours that a patient was unstable.
    ///
    /// # Panics
    /// When there is no such entity.
    pub fn unstable_hours(&self, entity: usize) -> f64 {
        self.state(entity)[UNSTABLE_H]
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
