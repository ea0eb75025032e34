//! Levels of dose by thresholds of the index.

use rounds_environments::control::Space;
use rounds_environments::control::stabilise::INDEX;
use rounds_environments::streams::StreamKey;
use serde::{Deserialize, Serialize};

use super::patient::{SEEN, check_patient};
use crate::trajectory::controller::{Controller, each};
use crate::trajectory::error::{CollectError, check, check_within};

/// A line of a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoseStep {
    /// The index from which it holds, -1 to 1.
    pub from: f64,
    /// The dose, 0 to 1.
    pub dose: f64,
}

/// Gives the dose of the last line whose threshold the index has reached, and none below the first: what a
/// ward would write down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StepProtocol {
    /// The lines, thresholds ascending.
    pub steps: Vec<DoseStep>,
}

impl Default for StepProtocol {
    fn default() -> Self {
        let steps = [(0.05, 0.2), (0.15, 0.4), (0.3, 0.6)];
        Self {
            steps: steps.map(|(from, dose)| DoseStep { from, dose }).to_vec(),
        }
    }
}

impl StepProtocol {
    /// Checks the lines.
    ///
    /// # Errors
    /// [`CollectError::Setting`] for thresholds or doses out of their bounds, or thresholds that do not ascend.
    pub fn validate(&self) -> Result<(), CollectError> {
        for step in &self.steps {
            check_within("steps.from", step.from, -1.0, 1.0)?;
            check_within("steps.dose", step.dose, 0.0, 1.0)?;
        }
        for pair in self.steps.windows(2) {
            let [lower, upper] = [pair[0].from, pair[1].from];
            let expected = format!("a threshold above {lower}");
            check("steps.from", lower < upper, expected, upper)?;
        }
        Ok(())
    }
}

impl Controller for StepProtocol {
    fn fits(&self, space: &Space) -> Result<(), CollectError> {
        self.validate()?;
        check_patient("a dose by steps", space)
    }

    fn act(&self, observations: &[f32], _: &[StreamKey], actions: &mut [f64]) {
        each(observations, actions, |seen: [f64; SEEN]| {
            let mut lines = self.steps.iter().rev();
            let step = lines.find(|step| step.from <= seen[INDEX]);
            [step.map_or(0.0, |step| step.dose)]
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_is_reached_counts() {
        let mut seen = vec![0.0_f32; 5 * SEEN];
        for (row, index) in [-0.3, 0.0625, 0.15, 0.29, 0.99].into_iter().enumerate() {
            seen[row * SEEN] = index;
        }
        let mut doses = vec![9.0; 5];
        StepProtocol::default().act(&seen, &[], &mut doses);
        // 0.15 in single precision is a little more than in double precision.
        assert_eq!(doses, [0.0, 0.2, 0.4, 0.4, 0.6]);
    }

    #[test]
    fn lines_out_of_order_are_refused() {
        let line = |from, dose| DoseStep { from, dose };
        for (steps, why) in [
            (
                vec![line(0.3, 0.1), line(0.2, 0.3)],
                "steps.from: expected a threshold above 0.3, got 0.2",
            ),
            (vec![line(0.3, 1.5)], "steps.dose: expected 0 to 1, got 1.5"),
            (
                vec![line(f64::NAN, 0.5)],
                "steps.from: expected -1 to 1, got NaN",
            ),
        ] {
            let error = StepProtocol { steps }.validate().unwrap_err();
            assert_eq!(error.to_string(), why);
        }
        StepProtocol::default().validate().unwrap();
    }
}
