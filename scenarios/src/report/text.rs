//! A summary as text: metrics with their intervals, comparisons in words.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;

use super::headline::is_headline;
use crate::statistics::Summary;
use crate::statistics::summary::ArmSummary;

/// The metrics `shown` of every arm with their intervals, all metrics when `shown` is empty, and
/// the comparisons in words.
pub fn text_table(summary: &Summary, shown: &[&str]) -> String {
    let mut out = String::new();
    let e = &summary.episodes;
    let _ = writeln!(
        out,
        "{} · seed {} · {} episodes: {} done, {} failed, {} aborted",
        summary.scenario, summary.seed, e.asked, e.done, e.failed, e.aborted
    );
    for note in summary.calls.words().lines() {
        let _ = writeln!(out, "  {note}");
    }
    for cut in &summary.limit {
        let episodes = match cut.episodes {
            1 => "1 episode was".to_owned(),
            n => format!("{n} episodes were"),
        };
        let _ = writeln!(out, "  {episodes} cut by limits.{}: {}", cut.name, cut.why);
    }
    let known = |name: &str| {
        let of = |arm: &ArmSummary| arm.metrics.get(name).is_some_and(|m| !m["mean"].is_null());
        summary.arms.iter().any(of)
    };
    let all = summary.arms.iter().flat_map(|arm| arm.metrics.keys());
    let mut names: Vec<&str> = match shown {
        [] => all.map(String::as_str).collect(),
        shown => shown.to_vec(),
    };
    let mut seen = BTreeSet::new();
    names.retain(|name| known(name) && seen.insert(*name));
    let mut rows: Vec<Vec<String>> = vec![
        std::iter::once("arm".to_owned())
            .chain(names.iter().map(|n| (*n).to_owned()))
            .collect(),
    ];
    for arm in &summary.arms {
        let cells = names
            .iter()
            .map(|name| arm.metrics.get(*name).map_or_else(String::new, cell));
        rows.push(std::iter::once(arm.name.clone()).chain(cells).collect());
    }
    if summary.arms.len() == 1 {
        // One arm reads better from top to bottom.
        for (name, value) in rows[0].iter().zip(&rows[1]).skip(1) {
            let _ = writeln!(out, "  {name:<16} {value}");
        }
    } else {
        write_columns(&mut out, &rows);
    }
    write_comparisons(&mut out, summary);
    out
}

/// Comparisons in words. With many arms, the first metric alone, each arm against the first and
/// the one before it; the others are in `summary.json`.
fn write_comparisons(out: &mut String, summary: &Summary) {
    let Some(first) = summary.comparisons.first() else {
        return;
    };
    let arms: Vec<&str> = summary.arms.iter().map(|arm| arm.name.as_str()).collect();
    let shown: Vec<_> = summary
        .comparisons
        .iter()
        .filter(|c| is_headline(&arms, &first.metric, &c.metric, &c.a, &c.b))
        .collect();
    let _ = writeln!(out, "\ncomparisons (paired by case, corrected by Holm)");
    let rows: Vec<Vec<String>> = shown
        .iter()
        .map(|c| {
            let interval = c.ci95.map_or_else(String::new, |[low, high]| {
                format!("[{low:+.3}, {high:+.3}]")
            });
            let difference = c
                .difference
                .map_or_else(|| "-".to_owned(), |d| format!("{d:+.3}"));
            vec![
                format!("{} − {}", c.a, c.b),
                c.metric.clone(),
                difference,
                interval,
                c.verdict.clone(),
            ]
        })
        .collect();
    write_columns(out, &rows);
    let left_out = summary.comparisons.len() - shown.len();
    if left_out > 0 {
        let _ = writeln!(out, "  {left_out} more in summary.json and in the report");
    }
}

fn cell(metric: &Value) -> String {
    let number = |value: &Value| value.as_f64();
    match (
        number(&metric["mean"]),
        number(&metric["ci95"][0]),
        number(&metric["ci95"][1]),
    ) {
        (Some(mean), Some(low), Some(high)) => {
            let d = if mean.abs() < 10.0 { 3 } else { 1 };
            format!("{mean:.d$} [{low:.d$}, {high:.d$}]")
        }
        (Some(mean), ..) => format!("{mean:.3}"),
        _ => "-".to_owned(),
    }
}

/// Appends rows as columns that are as wide as their widest cell.
pub(crate) fn write_columns(out: &mut String, rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut line = String::from(" ");
        for (cell, width) in row.iter().zip(&widths) {
            let pad = width.saturating_sub(cell.chars().count());
            let _ = write!(line, " {cell}{} ", " ".repeat(pad));
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}
