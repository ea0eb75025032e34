//! The page of a human review.

use super::html::{escape, name};
use super::shell::{close, open, table};
use crate::review::{LEGEND, Review, agreement_rows, corrected_rows, pair_rows, review_lines};

/// Draws the page.
pub fn render_review(review: &Review, command: &str) -> String {
    let title = format!("Human review of {}", review.suite);
    let mut out = open(&title, review.notice, command);
    out.push_str("<section><h2>What was rated</h2><ul>");
    for line in review_lines(review) {
        out.push_str(&format!("<li>{}</li>", escape(&line)));
    }
    out.push_str("</ul></section>\n");
    section(&mut out, "Agreement", &agreement_rows(review), &LEGEND[..1]);
    if !review.pairs.is_empty() {
        section(&mut out, "Between raters", &pair_rows(review), &[]);
    }
    section(
        &mut out,
        "Corrected scores",
        &corrected_rows(review),
        &LEGEND[1..],
    );
    out.push_str(&close());
    out
}

/// A section with a table, whose first row is its head, and words below it.
fn section(out: &mut String, title: &str, rows: &[Vec<String>], words: &[&str]) {
    let cells = |row: &Vec<String>| row.iter().map(|cell| name(cell)).collect::<Vec<_>>();
    let head = rows.first().map(cells).unwrap_or_default();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    out.push_str(&format!("<section><h2>{title}</h2>"));
    out.push_str(&table(&head, rows.iter().skip(1).map(cells)));
    for line in words {
        out.push_str(&format!("<p class=\"muted small\">{}</p>", escape(line)));
    }
    out.push_str("</section>\n");
}
