//! Results for people who read them in a pull request.

use std::fmt::Write;

use super::arm::{ArmResult, CaseStatus};
use super::overall::never_events;
use super::thresholds::ThresholdResult;
use crate::clinic::NOTICE;
use crate::report::text_table;
use crate::statistics::Summary;

/// The results of a suite in Markdown.
pub fn markdown(
    summary: &Summary,
    arms: &[ArmResult],
    thresholds: &[ThresholdResult],
    shown: &[&str],
) -> String {
    let mut out = format!("# {}\n\n{NOTICE}\n\n", summary.scenario);
    let _ = writeln!(out, "```text\n{}```\n", text_table(summary, shown));
    if !thresholds.is_empty() {
        out.push_str("| arm | threshold | got | |\n|---|---|---|---|\n");
        for t in thresholds {
            let _ = writeln!(
                out,
                "| {} | {} {} | {} | {} |",
                cell(&t.arm),
                cell(&t.metric),
                t.bound,
                number(t.got),
                if t.met { "met" } else { "**not met**" }
            );
        }
        out.push('\n');
    }
    for arm in arms {
        let _ = writeln!(out, "## {}\n", cell(&arm.name));
        out.push_str("| case | status | visits passed | score | worst | checks with bad news |\n");
        out.push_str("|---|---|---|---|---|---|\n");
        for case in &arm.cases {
            let failing: Vec<String> = case
                .failing()
                .iter()
                .map(|(id, count)| format!("{} ({count})", cell(id)))
                .collect();
            let status = match case.status {
                CaseStatus::Passed | CaseStatus::ExpectedFailure => case.status.words().to_owned(),
                status => format!("**{}**", status.words()),
            };
            let _ = writeln!(
                out,
                "| {} | {status} | {} of {} | {} | {} | {} |",
                cell(&case.id),
                case.passed(),
                case.runs.len(),
                number(case.score()),
                number(case.worst()),
                failing.join(", ")
            );
        }
        if let Some(any) = never_events(arm).pop().filter(|any| any.of > 0) {
            let _ = writeln!(
                out,
                "\nNever-events: {} of {} cases; with 95 % confidence at most {:.1} % of cases.\n",
                any.cases,
                any.of,
                100.0 * any.upper95
            );
        }
    }
    out
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

/// Text that does not end its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
