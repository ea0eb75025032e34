//! Scripted evaluation: what a suite of cases says of the policies that played it.
//!
//! # Source
//! DynamiCare card, section 10.

mod arm;
mod coverage;
mod explain;
mod judge;
mod junit;
mod lines;
mod markdown;
mod overall;
mod said;
mod subgroups;
mod suite_file;
mod thresholds;
mod variants;

pub use arm::{ArmResult, CaseOutcome, CaseStatus, RunResult};
pub use coverage::{RiskCoverage, risk_coverage};
pub use explain::{explain, explain_visit};
pub use judge::{JUDGE_CALLS, judge_calls_so_far, judge_visits, read_judgements};
pub use junit::{JunitError, junit};
pub use lines::{LINE_SCHEMA, lines};
pub use markdown::markdown;
pub use overall::{NeverEvents, add_case_metrics, evaluation_value, never_events};
pub(crate) use said::words;
pub use said::{Turn, said};
pub use subgroups::{Subgroup, subgroups};
pub use suite_file::{SuiteFile, stored_cases};
pub use thresholds::{ThresholdResult, metric_names, thresholds};
pub use variants::{VariantResult, groups, variants};
