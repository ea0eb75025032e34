//! Which findings decide: those that speak for a condition, and how many of them were asked for.
//!
//! # Source
//! DynamiCare card, section 7: coverage.

use std::collections::{BTreeMap, BTreeSet};

use rounds_environments::clinic::knowledge::{ConditionIx, FindingIx, Knowledge};

use crate::run::{Episode, EventLine};

/// Likelihood ratio above which a finding is decisive.
const DECISIVE_RATIO: f64 = 2.0;

/// The decisive findings of every condition: more than twice as likely with it as without it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DecisiveFindings(BTreeMap<String, BTreeSet<String>>);

impl DecisiveFindings {
    /// Those of a knowledge base.
    pub fn new(knowledge: &Knowledge) -> Self {
        let conditions = (0..).map(ConditionIx).zip(knowledge.conditions());
        let findings = || (0..).map(FindingIx).zip(knowledge.findings());
        let overall: Vec<f64> = findings()
            .map(|(e, _)| {
                let weighted = conditions
                    .clone()
                    .map(|(d, c)| c.prior * knowledge.theta(d, e));
                weighted.sum()
            })
            .collect();
        let of = |d: ConditionIx, prior: f64| {
            findings()
                .zip(&overall)
                .filter(|((e, _), overall)| {
                    let with = knowledge.theta(d, *e);
                    let without = (*overall - prior * with) / (1.0 - prior);
                    prior < 1.0 && with > DECISIVE_RATIO * without
                })
                .map(|((_, finding), _)| finding.id.clone())
                .collect()
        };
        Self(
            conditions
                .clone()
                .map(|(d, condition)| (condition.name.clone(), of(d, condition.prior)))
                .collect(),
        )
    }

    /// Share of the decisive findings of the truth that were asked for or told at the start;
    /// `None` where the truth has none here.
    pub(super) fn coverage(&self, episode: &Episode, truth: &[String]) -> Option<f64> {
        let decisive = self.0.get(truth.first()?)?;
        let known = |event: &&EventLine| matches!(event.kind.as_str(), "introduced" | "asked");
        let asked: BTreeSet<&str> = episode
            .events
            .iter()
            .filter(known)
            .filter_map(|event| event.text("finding"))
            .collect();
        let covered = asked.iter().filter(|id| decisive.contains(**id)).count();
        (!decisive.is_empty()).then(|| covered as f64 / decisive.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_condition_has_findings_that_decide() {
        let knowledge = Knowledge::builtin();
        let decisive = DecisiveFindings::new(&knowledge);
        for condition in knowledge.conditions() {
            let of = &decisive.0[&condition.name];
            assert!(!of.is_empty() && of.len() < knowledge.findings().len() / 2);
        }
    }
}
