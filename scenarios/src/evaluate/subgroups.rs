//! Results by group of persons.

use rounds_environments::streams::RunSeed;
use serde_json::{Value, json};

use super::arm::ArmResult;
use super::variants::groups;
use crate::clinic::cases::CaseBook;
use crate::statistics::{Estimate, Sample, estimate};

/// One group of one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Subgroup {
    /// Name of the arm.
    pub arm: String,
    /// Part of the person.
    pub part: String,
    /// Its value.
    pub value: String,
    /// Share of visits that pass, with the case as the unit.
    pub passed: Estimate,
    /// Mean score.
    pub score: Estimate,
}

impl Subgroup {
    /// As it stands in `summary.json`.
    pub fn value(&self) -> Value {
        let of = |e: &Estimate| json!({"mean": e.mean, "ci95": e.ci95, "n": e.n});
        json!({"arm": self.arm, "part": self.part, "value": self.value,
               "cases": self.passed.clusters, "passed": of(&self.passed),
               "score": of(&self.score)})
    }
}

/// Results of `arms` by age band, sex, ethnicity, language and insurance of the cases' own
/// persons. A part that all cases share is left out.
pub fn subgroups(arms: &[ArmResult], book: &CaseBook, seed: RunSeed) -> Vec<Subgroup> {
    let groups = groups(book);
    let mut out = Vec::new();
    for arm in arms {
        for (part, value, ids) in &groups {
            let cases = arm.cases.iter().filter(|case| ids.contains(&case.id));
            let (mut passed, mut score) = (Vec::new(), Vec::new());
            for (number, case) in (0..).zip(cases) {
                for run in &case.runs {
                    let flag = run.result.passed.map(|passed| f64::from(u8::from(passed)));
                    passed.push((number, flag));
                    score.push((number, run.result.score.score));
                }
            }
            if let (Ok(passed), Ok(score)) = (Sample::new(passed), Sample::new(score)) {
                out.push(Subgroup {
                    arm: arm.name.clone(),
                    part: part.clone(),
                    value: value.clone(),
                    passed: estimate(&passed, seed),
                    score: estimate(&score, seed),
                });
            }
        }
    }
    out
}
