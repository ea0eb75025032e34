//! What a report is made of: plain values, no engine types.

use super::branch::ReportBranch;
use super::evaluation::ReportEvaluation;
use super::requests::ReportRequests;
use super::section::ReportSection;
use crate::statistics::summary::LimitCut;

/// Everything one page shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportData {
    /// Name of the run or of the scenario.
    pub title: String,
    /// The command that made the run, as typed.
    pub command: String,
    /// Seed of the run.
    pub seed: u64,
    /// Line shown at the top of the page; [`CLINICAL_DISCLAIMER`](super::CLINICAL_DISCLAIMER) for clinical runs.
    /// Empty: no line.
    pub disclaimer: String,
    /// The resolved scenario file.
    pub scenario_toml: String,
    /// How the episodes ended.
    pub episodes: EpisodeCounts,
    /// What is to be said of calls of models, a line each.
    pub calls: Vec<String>,
    /// What each arm asked models.
    pub requests: Vec<ReportRequests>,
    /// Limits that cut episodes.
    pub limits: Vec<LimitCut>,
    /// The arms in their order.
    pub arms: Vec<ReportArm>,
    /// Tests between arms.
    pub comparisons: Vec<ReportComparison>,
    /// Episodes to tell in full, in any order; the page puts failures first.
    pub cases: Vec<ReportCase>,
    /// Episodes of the run that are not in `cases`.
    pub omitted_cases: usize,
    /// Command lines that a reader may want next.
    pub next_commands: Vec<String>,
    /// Whether record text must stay out of the page.
    pub restricted: bool,
    /// What an evaluation shows beyond the metrics.
    pub evaluation: Option<ReportEvaluation>,
    /// Episodes that were decided anew from some round on.
    pub branches: Vec<ReportBranch>,
    /// What the family of the agents shows beyond the metrics, after the results.
    pub sections: Vec<ReportSection>,
}

/// How many episodes were asked for and how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EpisodeCounts {
    /// Episodes asked for.
    pub asked: u64,
    /// Ended by their own rules.
    pub done: u64,
    /// Ended by an error.
    pub failed: u64,
    /// Cut by a budget, a time limit or the user.
    pub aborted: u64,
}

/// One arm and its metrics.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportArm {
    /// Name of the arm.
    pub name: String,
    /// Metrics in the order of the table.
    pub metrics: Vec<ReportMetric>,
}

/// One metric of one arm.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportMetric {
    /// Name, for example `hit@1`.
    pub name: String,
    /// Mean over the episodes, `None` when undefined.
    pub mean: Option<f64>,
    /// Lower and upper end of the 95 % interval.
    pub ci95: Option<[f64; 2]>,
    /// Episodes that count.
    pub n: u64,
    /// Why the mean is undefined.
    pub why: Option<String>,
}

/// One test of arm `a` against arm `b`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportComparison {
    /// First arm.
    pub a: String,
    /// Second arm.
    pub b: String,
    /// Metric compared.
    pub metric: String,
    /// Mean of `a` less mean of `b`, `None` when undefined.
    pub difference: Option<f64>,
    /// Lower and upper end of the 95 % interval of the difference.
    pub ci95: Option<[f64; 2]>,
    /// p value after the correction of Holm.
    pub p_holm: Option<f64>,
    /// The verdict in words.
    pub verdict: String,
}

/// How one episode ended, worst first: the order of the transcripts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Ended by an error.
    #[default]
    Failed,
    /// Cut from outside.
    Aborted,
    /// No answer in the list was right.
    Missed,
    /// A right answer was in the list, not first.
    InTheList,
    /// The first answer was right.
    Correct,
}

impl Outcome {
    /// All outcomes, worst first.
    pub const ALL: [Self; 5] = [
        Self::Failed,
        Self::Aborted,
        Self::Missed,
        Self::InTheList,
        Self::Correct,
    ];

    /// The words on the page.
    pub fn words(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Aborted => "aborted",
            Self::Missed => "missed",
            Self::InTheList => "in the list",
            Self::Correct => "correct",
        }
    }

    /// The name in style sheets and element ids.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::InTheList => "listed",
            other => other.words(),
        }
    }
}

/// One episode told in full.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportCase {
    /// Episode number: the anchor `#e12` of the page.
    pub episode: u64,
    /// Arm it belongs to.
    pub arm: String,
    /// Name of the case.
    pub case: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed or was cut.
    pub reason: Option<String>,
    /// True diagnoses.
    pub truth: Vec<String>,
    /// Diagnoses named, most likely first.
    pub predicted: Vec<String>,
    /// Rounds played.
    pub rounds: u32,
    /// Cost in the unit of the family.
    pub cost: f64,
    /// What was said, in order.
    pub lines: Vec<TranscriptLine>,
    /// Who was in the team and when.
    pub teams: Vec<TeamSpan>,
    /// Beliefs over the rounds.
    pub belief: Vec<BeliefPoint>,
}

/// One thing said or done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TranscriptLine {
    /// Round.
    pub round: u32,
    /// Minutes of simulated time since the start of the episode.
    pub minute: f64,
    /// Side: `doctor`, `patient`, `world`, `agent` or a family's own.
    pub side: String,
    /// Who.
    pub agent: String,
    /// What kind of act: `asked`, `answered`, `proposed`, …
    pub kind: String,
    /// The words.
    pub text: String,
}

/// A stretch of rounds that one agent was in the team.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamSpan {
    /// Who.
    pub agent: String,
    /// First round.
    pub from_round: u32,
    /// Last round, included.
    pub to_round: u32,
}

/// The most likely answers after one round.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BeliefPoint {
    /// Round.
    pub round: u32,
    /// Answers and their probabilities, `0..=1`.
    pub top: Vec<(String, f64)>,
}

/// Why a page could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The drawing backend refused an element.
    #[error("could not draw the plot \"{plot}\": {message}")]
    Plot {
        /// Which plot.
        plot: &'static str,
        /// What the backend said.
        message: String,
    },
    /// The tables alone are over the limit.
    #[error("expected a report of at most {limit} bytes, its tables alone take {bytes}")]
    TooLarge {
        /// Size without any transcript.
        bytes: usize,
        /// Largest size allowed.
        limit: usize,
    },
}
