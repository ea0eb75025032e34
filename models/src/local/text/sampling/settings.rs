//! How tokens are drawn.

use serde::{Deserialize, Serialize};

use super::error::SamplingError;
use super::seen::Seen;

/// How tokens are drawn. The default draws from the model's own distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sampling {
    /// Logits are divided by it; 0, and anything below 1e-6, takes the likeliest token.
    pub temperature: f64,
    /// Only as many of the likeliest tokens, and those as likely as the last; 0 for all.
    pub top_k: usize,
    /// The fewest likeliest tokens that hold this share of the probability; 1 for all.
    pub top_p: f64,
    /// Only tokens that are at least this share as likely as the likeliest; 0 for all.
    pub min_p: f64,
    /// Positive logits of tokens of the prompt and the reply are divided by it, negative ones
    /// multiplied; 1 for none.
    pub repetition_penalty: f64,
    /// Taken off a logit for each time that the reply holds the token.
    pub frequency_penalty: f64,
    /// Taken off a logit once if the reply holds the token.
    pub presence_penalty: f64,
    /// Added to the logits of tokens; minus infinity forbids one.
    pub logit_bias: Vec<(u32, f32)>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            logit_bias: Vec::new(),
        }
    }
}

impl Sampling {
    /// The likeliest token, always.
    pub fn greedy() -> Self {
        Self {
            temperature: 0.0,
            ..Self::default()
        }
    }

    /// Checks the settings for a model of `vocab` tokens.
    ///
    /// # Errors
    /// [`SamplingError`] names the setting, its value and what is expected.
    pub fn validate(&self, vocab: usize) -> Result<(), SamplingError> {
        let at_least_zero = |value: f64| value.is_finite() && value >= 0.0;
        let checks = [
            (
                "temperature",
                self.temperature,
                "a finite number of at least 0",
                at_least_zero(self.temperature),
            ),
            (
                "top_p",
                self.top_p,
                "more than 0 and at most 1",
                self.top_p > 0.0 && self.top_p <= 1.0,
            ),
            (
                "min_p",
                self.min_p,
                "0 to 1",
                (0.0..=1.0).contains(&self.min_p),
            ),
            (
                "repetition_penalty",
                self.repetition_penalty,
                "a finite number above 0",
                self.repetition_penalty.is_finite() && self.repetition_penalty > 0.0,
            ),
            (
                "frequency_penalty",
                self.frequency_penalty,
                "a finite number",
                self.frequency_penalty.is_finite(),
            ),
            (
                "presence_penalty",
                self.presence_penalty,
                "a finite number",
                self.presence_penalty.is_finite(),
            ),
        ];
        for (field, got, want, holds) in checks {
            if !holds {
                return Err(SamplingError::OutOfRange { field, got, want });
            }
        }
        for &(token, bias) in &self.logit_bias {
            if bias.is_nan() || bias == f32::INFINITY {
                return Err(SamplingError::OutOfRange {
                    field: "logit_bias",
                    got: f64::from(bias),
                    want: "a finite number or minus infinity",
                });
            }
            if token as usize >= vocab {
                return Err(SamplingError::BiasToken { token, vocab });
            }
        }
        Ok(())
    }

    /// The likeliest token is taken: nothing is drawn.
    pub fn is_greedy(&self) -> bool {
        self.temperature < 1e-6
    }

    /// A penalty is on, so that [`Seen`] matters.
    pub fn has_penalties(&self) -> bool {
        self.repetition_penalty != 1.0
            || self.frequency_penalty != 0.0
            || self.presence_penalty != 0.0
    }

    pub(super) fn add_bias(&self, logits: &mut [f32]) {
        for &(token, bias) in &self.logit_bias {
            if let Some(logit) = logits.get_mut(token as usize) {
                *logit += bias;
            }
        }
    }

    pub(super) fn penalise(&self, seen: &Seen, logits: &mut [f32]) {
        if !self.has_penalties() {
            return;
        }
        let repetition = self.repetition_penalty as f32;
        for (token, times) in seen.tokens() {
            let Some(logit) = logits.get_mut(token as usize) else {
                continue;
            };
            if *logit > 0.0 {
                *logit /= repetition;
            } else {
                *logit *= repetition;
            }
            if times > 0 {
                let penalty = self.frequency_penalty * f64::from(times) + self.presence_penalty;
                *logit -= penalty as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_is_checked() {
        assert_eq!(Sampling::default().validate(4), Ok(()));
        let mut wrong: Vec<(&str, Sampling)> = Vec::new();
        let mut with = |field: &'static str, change: fn(&mut Sampling)| {
            let mut sampling = Sampling::default();
            change(&mut sampling);
            wrong.push((field, sampling));
        };
        with("temperature", |s| s.temperature = -0.1);
        with("temperature", |s| s.temperature = f64::NAN);
        with("top_p", |s| s.top_p = 0.0);
        with("top_p", |s| s.top_p = 1.5);
        with("min_p", |s| s.min_p = -0.5);
        with("repetition_penalty", |s| s.repetition_penalty = 0.0);
        with("frequency_penalty", |s| s.frequency_penalty = f64::INFINITY);
        with("presence_penalty", |s| s.presence_penalty = f64::NAN);
        with("logit_bias", |s| s.logit_bias = vec![(0, f32::NAN)]);
        with("logit_bias: token 4", |s| s.logit_bias = vec![(4, 1.0)]);
        for (field, sampling) in wrong {
            let error = sampling.validate(4).unwrap_err().to_string();
            assert!(error.starts_with(field), "{error}");
        }
    }

    #[test]
    fn penalties_are_those_of_the_literature() {
        let sampling = Sampling {
            repetition_penalty: 2.0,
            frequency_penalty: 0.5,
            presence_penalty: 0.25,
            ..Sampling::default()
        };
        let mut seen = Seen::of_prompt(&[0, 1, 9]);
        seen.push(2);
        seen.push(2);
        let mut logits = vec![4.0, -4.0, 3.0, 1.0];
        sampling.penalise(&seen, &mut logits);
        assert_eq!(logits, [2.0, -8.0, 1.5 - 1.25, 1.0]);
    }
}
