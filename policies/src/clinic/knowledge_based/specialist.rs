//! One specialist: its own conditions exactly, all others as one class.

use rounds_environments::clinic::knowledge::FindingIx;

use super::facts::Facts;
use super::questions::prior_order;
use crate::clinic::belief::{Class, Scope};
use crate::clinic::task::{Content, Diagnosis};

/// Share of the voter's own best gain at which it agrees to a question.
const WORTH_ASKING: f64 = 0.3;
/// Probability of foreign conditions at which a voter defers on questions.
const DEFER_QUESTION: f64 = 0.8;
/// Probability of foreign conditions at which a voter accepts a diagnosis.
const ACCEPT_DIAGNOSIS: f64 = 0.5;
/// Gain in bits at which a question has full confidence.
const FULL_GAIN: f64 = 0.5;

/// The model of one member, with what can be computed once.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Specialist {
    pub(super) scope: Scope,
    pub(super) order: Vec<FindingIx>,
}

impl Specialist {
    pub(super) fn new(scope: Scope) -> Self {
        let order = prior_order(&scope);
        Self { scope, order }
    }

    /// Own conditions by falling posterior, at most `length`; ties by index.
    pub(super) fn list(&self, posterior: &[f64], length: usize) -> Vec<Diagnosis> {
        let mut own: Vec<_> = self
            .scope
            .classes()
            .iter()
            .zip(posterior)
            .filter_map(|(class, &p)| match class {
                Class::Condition(d) => Some((*d, p)),
                Class::Speciality(_) | Class::Other => None,
            })
            .collect();
        own.sort_by(|a, b| b.1.total_cmp(&a.1));
        own.truncate(length);
        own.into_iter()
            .map(|(d, p)| Diagnosis::Known(d, p))
            .collect()
    }

    /// Posterior of the best own condition; 0 when there is none.
    pub(super) fn top(&self, posterior: &[f64]) -> f64 {
        self.scope
            .classes()
            .iter()
            .zip(posterior)
            .filter(|(class, _)| **class != Class::Other)
            .map(|(_, &p)| p)
            .fold(0.0, f64::max)
    }

    /// Probability of all conditions that are not its own.
    pub(super) fn other(&self, posterior: &[f64]) -> f64 {
        match (self.scope.classes().last(), posterior.last()) {
            (Some(Class::Other), Some(&p)) => p,
            _ => 0.0,
        }
    }

    /// Confidence in a question of this gain, 1 to 5.
    pub(super) fn question_confidence(&self, posterior: &[f64], gain: f64) -> f64 {
        1.0 + 4.0 * (gain / FULL_GAIN).min(1.0) * (1.0 - self.other(posterior))
    }

    /// Agreement to another member's diagnosis list.
    pub(super) fn accepts_diagnosis(&self, posterior: &[f64]) -> bool {
        self.other(posterior) >= ACCEPT_DIAGNOSIS
    }

    /// Agreement to another member's question; a closed finding gains nothing. `None` when the
    /// finding does not exist.
    pub(super) fn accepts_question(
        &self,
        posterior: &[f64],
        facts: &Facts,
        e: FindingIx,
    ) -> Option<bool> {
        let closed = *facts.closed().get(e.index())?;
        let gain = self.scope.gain(posterior, e)?;
        if self.other(posterior) >= DEFER_QUESTION {
            return Some(true);
        }
        if closed {
            return Some(false);
        }
        let outdone = self.scope.any_gain(posterior, facts.closed(), |other| {
            WORTH_ASKING * other > gain
        });
        Some(!outdone)
    }

    /// Whether a list proposes anything.
    pub(super) fn content(&self, posterior: &[f64], length: usize) -> Option<Content> {
        let list = self.list(posterior, length);
        (!list.is_empty()).then_some(Content::Diagnoses(list))
    }
}
