//! `leaderboard.md`: the ranking for people who read text.

use std::fmt::Write;

use super::standings::{Standing, Standings};
use crate::clinic::NOTICE;

/// The whole text.
pub fn standings_markdown(of: &Standings) -> String {
    let mut out = format!("# Leaderboard\n\n{}\n\n", of.head());
    let titles = of.titles();
    let _ = writeln!(
        out,
        "| {} |\n|{}",
        titles.join(" | "),
        "---|".repeat(titles.len())
    );
    for standing in &of.standings {
        let row: Vec<String> = of
            .row(standing)
            .iter()
            .map(|t| t.replace('|', "\\|"))
            .collect();
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    if !of.apart.is_empty() {
        out.push_str("\n## Not ranked\n\n");
        for apart in &of.apart {
            let _ = writeln!(out, "- **{}**: {}", apart.name, apart.reason);
        }
    }
    let _ = writeln!(out, "\n{NOTICE}");
    out
}

impl Standings {
    /// What ranks, and how ranks were told apart.
    pub fn head(&self) -> String {
        let which = if self.less_is_better { "less" } else { "more" };
        let unpaired = match self.unpaired {
            0 => String::new(),
            n => format!(
                " {n} of {} pairs saw different cases and were compared unpaired.",
                self.summary.comparisons.len()
            ),
        };
        format!(
            "Ranked by {} ({which} is better). A range holds the ranks that cannot be told apart at 5 %, \
             all pairs corrected by Holm.{unpaired}",
            self.metric
        )
    }

    /// Titles of the columns.
    pub fn titles(&self) -> Vec<String> {
        let mut titles = vec!["rank".to_owned(), "run".to_owned(), self.metric.clone()];
        titles.push("95 % interval".to_owned());
        if let Some(cost) = &self.cost {
            titles.push(cost.clone());
            titles.push("front".to_owned());
        }
        titles.push("cases".to_owned());
        titles
    }

    /// The cells of one row.
    pub fn row(&self, of: &Standing) -> Vec<String> {
        let [best, worst] = of.ranks;
        let rank = if best == worst {
            best.to_string()
        } else {
            format!("{best}–{worst}")
        };
        let interval = of.ci95.map_or_else(
            || "–".to_owned(),
            |[low, high]| format!("[{low:.3}, {high:.3}]"),
        );
        let mut row = vec![rank, of.name.clone(), format!("{:.3}", of.mean), interval];
        if self.cost.is_some() {
            row.push(
                of.cost
                    .map_or_else(|| "–".to_owned(), |cost| format!("{cost:.3}")),
            );
            row.push(if of.on_front { "yes" } else { "" }.to_owned());
        }
        row.push(of.cases.to_string());
        row
    }
}
