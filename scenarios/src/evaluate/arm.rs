//! The results of one arm: every visit, and every case over its visits.

use super::explain::explain_visit;
use crate::clinic::cases::{CaseBook, CaseResult, CaseScore};
use crate::run::{Episode, EpisodeRow};
use crate::schema::PassSpec;

/// One visit of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct RunResult {
    /// Its row: outcome and metrics.
    pub row: EpisodeRow,
    /// Number of the repeat, from 0.
    pub repeat: u32,
    /// The verdict.
    pub result: CaseResult,
}

/// How a case came out over its visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseStatus {
    /// It passed, as expected.
    Passed,
    /// It failed, and should not have.
    Failed,
    /// It failed, as expected.
    ExpectedFailure,
    /// It passed, and was expected to fail.
    UnexpectedPass,
    /// What is not determined decides.
    Undetermined,
    /// A visit could not be held.
    Error,
}

impl CaseStatus {
    /// The status in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::ExpectedFailure => "failed as expected",
            Self::UnexpectedPass => "passed unexpectedly",
            Self::Undetermined => "undetermined",
            Self::Error => "error",
        }
    }

    /// Whether it came out as expected.
    pub fn as_expected(self) -> bool {
        matches!(self, Self::Passed | Self::ExpectedFailure)
    }
}

/// A case over its visits.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseOutcome {
    /// Id of the case.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Speciality of its truth.
    pub speciality: String,
    /// How it came out.
    pub status: CaseStatus,
    /// Its visits, in order.
    pub runs: Vec<RunResult>,
    /// The first visit that did not pass, told check by check.
    pub explained: Option<String>,
}

impl CaseOutcome {
    /// Visits that passed.
    pub fn passed(&self) -> usize {
        self.runs
            .iter()
            .filter(|run| run.result.passed == Some(true))
            .count()
    }

    /// Mean score of its visits, each clipped to 0 to 1.
    pub fn score(&self) -> Option<f64> {
        crate::clinic::cases::dataset_mean(self.runs.iter().map(|run| run.result.score.score)).0
    }

    /// Lowest score of its visits.
    pub fn worst(&self) -> Option<f64> {
        let scores = self.runs.iter().filter_map(|run| run.result.score.score);
        scores.reduce(f64::min)
    }

    /// Checks with bad news and how many visits had them, in the order of the case.
    pub fn failing(&self) -> Vec<(&str, usize)> {
        let mut failing: Vec<(&str, usize)> = Vec::new();
        for check in self.runs.iter().flat_map(|run| &run.result.checks) {
            if check.is_good() != Some(false) {
                continue;
            }
            match failing.iter_mut().find(|(id, _)| *id == check.id) {
                Some((_, count)) => *count += 1,
                None => failing.push((&check.id, 1)),
            }
        }
        failing
    }
}

/// The results of one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmResult {
    /// Name of the arm.
    pub name: String,
    /// Its cases, in the order of the suite.
    pub cases: Vec<CaseOutcome>,
}

impl ArmResult {
    /// An arm without visits.
    pub fn new(name: &str, book: &CaseBook) -> Self {
        let cases = book.cases().iter().map(|case| CaseOutcome {
            id: case.spec.id.clone(),
            title: case.spec.title.clone(),
            speciality: case.spec.speciality.clone(),
            status: CaseStatus::Error,
            runs: Vec::new(),
            explained: None,
        });
        Self {
            name: name.to_owned(),
            cases: cases.collect(),
        }
    }

    /// Takes in a visit.
    pub fn add(&mut self, score: &CaseScore, episode: &Episode, row: &EpisodeRow) {
        let (Some((case, repeat)), Some(result)) = (
            score.book.of_episode(episode.episode),
            score.result(episode),
        ) else {
            return;
        };
        let outcome = self
            .cases
            .iter_mut()
            .find(|outcome| outcome.id == case.spec.id);
        if let Some(outcome) = outcome {
            let run = RunResult {
                row: row.clone(),
                repeat,
                result,
            };
            if run.result.passed != Some(true) && outcome.explained.is_none() {
                outcome.explained = Some(explain_visit(case, &run, Some(episode)));
            }
            outcome.runs.push(run);
        }
    }

    /// Takes in the visits of the same arm with another seed.
    pub fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.cases.iter_mut().zip(other.cases) {
            mine.runs.extend(theirs.runs);
            mine.explained = mine.explained.take().or(theirs.explained);
        }
    }

    /// Decides the status of every case, after all visits.
    pub fn settle(&mut self, book: &CaseBook) {
        self.cases.retain(|case| !case.runs.is_empty());
        for outcome in &mut self.cases {
            if let Some(case) = book.find(&outcome.id) {
                let spec = &case.spec;
                outcome.status = status(outcome, &spec.pass, spec.expected_failure);
            }
        }
    }

    /// Cases of this status.
    pub fn count(&self, status: CaseStatus) -> usize {
        self.cases
            .iter()
            .filter(|case| case.status == status)
            .count()
    }
}

fn status(outcome: &CaseOutcome, pass: &PassSpec, expected_failure: bool) -> CaseStatus {
    if outcome.runs.iter().any(|run| run.row.outcome == "failed") {
        return CaseStatus::Error;
    }
    let all = outcome.runs.len() as f64;
    let passed = outcome.passed() as f64;
    let open = outcome
        .runs
        .iter()
        .filter(|run| run.result.passed.is_none())
        .count() as f64;
    let reached = |passed: f64| pass.pass_rate.met(passed / all);
    match (reached(passed), reached(passed + open), expected_failure) {
        (true, true, false) => CaseStatus::Passed,
        (true, true, true) => CaseStatus::UnexpectedPass,
        (false, false, false) => CaseStatus::Failed,
        (false, false, true) => CaseStatus::ExpectedFailure,
        _ => CaseStatus::Undetermined,
    }
}
