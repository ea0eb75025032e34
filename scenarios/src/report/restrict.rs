//! The gate of restricted runs: takes away whatever may hold record text.
//!
//! Closed by default: not only the answers of the patient go, but every free text that may quote them (questions,
//! rationales, error messages) and every diagnosis. What stays is who did what and when, and the numbers.

use super::branch::ReportBranch;
use super::data::{ReportCase, ReportData};
use super::evaluation::ReportEvaluation;

/// What stands in place of a text.
pub(crate) const NOTE: &str = "(text kept out: restricted records)";

/// The data as the page may show it.
pub(super) fn without_record_text(data: &ReportData) -> ReportData {
    ReportData {
        branches: data.branches.iter().map(without_words).collect(),
        cases: data.cases.iter().map(strip).collect(),
        evaluation: data.evaluation.as_ref().map(without_explanations),
        ..data.clone()
    }
}

/// Who acted and where the courses part stays; what was said goes.
fn without_words(branch: &ReportBranch) -> ReportBranch {
    let mut kept = branch.clone();
    NOTE.clone_into(&mut kept.words);
    for row in &mut kept.rows {
        for line in [&mut row.recorded, &mut row.new].into_iter().flatten() {
            NOTE.clone_into(&mut line.text);
        }
    }
    kept
}

/// What explains a verdict quotes what was said.
fn without_explanations(evaluation: &ReportEvaluation) -> ReportEvaluation {
    let mut kept = evaluation.clone();
    for row in kept.arms.iter_mut().flat_map(|arm| &mut arm.rows) {
        row.explained = None;
    }
    kept
}

fn strip(case: &ReportCase) -> ReportCase {
    let mut kept = case.clone();
    kept.case = String::new();
    kept.truth.clear();
    kept.predicted.clear();
    kept.belief.clear();
    kept.reason = case.reason.as_ref().map(|_| NOTE.to_owned());
    for line in &mut kept.lines {
        NOTE.clone_into(&mut line.text);
    }
    kept
}
