//! Metrics of agents in control environments, from their event logs.

use rounds_environments::control::data::Reference;
use serde_json::Value;

use crate::run::{Episode, Score, Scored};
use crate::statistics::Direction;
use crate::stepped::StepScore;

/// Name of the way of scoring, for manifests.
pub(super) const SCORER: &str = "trajectory/1";

/// Return, normalised score, steps and how an episode ended.
///
/// Repeats are trainings: all episodes of one training are one case, so that intervals are over trainings. Where
/// nothing is trained twice, each start is a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrajectoryScore {
    /// Trainings of each model.
    pub trainings: u32,
}

impl Score for TrajectoryScore {
    fn order(&self) -> &[&'static str] {
        &["score", "return", "rounds", "terminated"]
    }

    fn needs_events(&self) -> bool {
        true
    }

    fn interquartile(&self) -> Option<&'static str> {
        (self.trainings > 1).then_some("score")
    }

    fn decisive(&self) -> &[(&'static str, Direction)] {
        &[("return", Direction::HigherIsBetter)]
    }

    fn score(&self, episode: &Episode) -> Scored {
        let mut scored = StepScore.score(episode);
        let began = episode.events.iter().find(|event| event.kind == "began");
        let number = |name: &str| began.and_then(|event| event.number(name));
        // Of who wants no return too, so that all arms have the same metrics.
        scored
            .row
            .metrics
            .insert("target".to_owned(), number("target"));
        if let (Some(start), Some(training)) = (number("start"), number("training")) {
            scored.row.case = match self.trainings {
                0 | 1 => format!("start {start}"),
                _ => format!("training {training}"),
            };
        }
        let bounds = began.and_then(|event| event.fields.get("reference"));
        let total = scored.row.metrics.get("return").copied().flatten();
        if let (Some(reference), Some(total)) = (bounds.and_then(reference), total) {
            let score = reference.score(total);
            scored.row.metrics.insert("score".to_owned(), Some(score));
        }
        scored
    }
}

/// The reference that an event names.
pub(super) fn reference(value: &Value) -> Option<Reference> {
    let [min, max] = value.as_array()?.as_slice() else {
        return None;
    };
    let reference = Reference {
        min: min.as_f64()?,
        max: max.as_f64()?,
    };
    reference.validate().ok().map(|()| reference)
}
