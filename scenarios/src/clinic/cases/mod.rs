//! Scripted cases: their patients, and the scores of their visits.

mod book;
mod result;
mod rubric;
mod score;
mod source;

pub use book::{Case, CaseBook};
pub use result::{CaseResult, CheckResult, Judgements, judge_case, settle_checks};
pub use rubric::{RubricItem, RubricScore, dataset_mean, rubric_score};
pub use score::{CaseScore, SCORER, is_finished};
pub(super) use source::{CaseSource, Played};
