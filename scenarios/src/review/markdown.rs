//! `review.md`: a review for people who read text.

use std::fmt::Write;

use super::result::Review;
use super::table::{agreement_rows, corrected_rows, pair_rows};

/// The head of a review in sentences.
pub(crate) fn review_lines(review: &Review) -> Vec<String> {
    let raters = review.raters.iter().map(|rater| {
        format!(
            "{}: {} yes or no, {} cannot tell, {} open",
            rater.rater, rater.determined, rater.cannot_tell, rater.open
        )
    });
    let mut lines = vec![format!(
        "{} items of a blinded sheet, seed {}",
        review.items, review.seed
    )];
    lines.extend(raters);
    if review.changed > 0 {
        lines.push(format!(
            "{} verdicts of the machine have changed since the sheet was made; these are the new ones",
            review.changed
        ));
    }
    let partly: usize = review.arms.iter().map(|arm| arm.partly).sum();
    if partly > 0 {
        lines.push(format!(
            "{partly} visits are rated in part; they count for agreement and correct no score"
        ));
    }
    lines
}

/// What the columns mean, in a sentence each.
pub(crate) const LEGEND: [&str; 3] = [
    "The machine against the majority of the raters. Counts are by what the machine and then \
     people say (y yes, n no); open items count in none of the measures. The interval of kappa \
     resamples cases.",
    "Corrected: the mean of the machine over all visits plus the mean of human minus machine over \
     the rated ones, with the case as the unit of its interval (docs/review.md has the formula).",
    "What people could not tell counts halfway for the pass rate and leaves the score; the bounds \
     let it go against and for.",
];

/// The whole text.
pub fn review_markdown(review: &Review) -> String {
    let mut out = format!("# Human review of {}\n\n", cell(&review.suite));
    for line in review_lines(review) {
        let _ = writeln!(out, "- {}", cell(&line));
    }
    let _ = writeln!(out, "\n## Agreement\n\n{}\n", LEGEND[0]);
    table(&mut out, &agreement_rows(review));
    if !review.pairs.is_empty() {
        out.push_str("\n## Between raters\n\n");
        table(&mut out, &pair_rows(review));
    }
    let _ = writeln!(
        out,
        "\n## Corrected scores\n\n{} {}\n",
        LEGEND[1], LEGEND[2]
    );
    table(&mut out, &corrected_rows(review));
    let _ = writeln!(out, "\n{}", review.notice);
    out
}

fn table(out: &mut String, rows: &[Vec<String>]) {
    for (k, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
        if k == 0 {
            let _ = writeln!(out, "|{}", "---|".repeat(row.len()));
        }
    }
}

/// A text that ends no cell and begins no markup.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '<' | '*' | '`' | '[' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_whitespace() || c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
