//! `compare.md`: the comparison for people who read text.

use std::fmt::Write;

use super::compared::{Compared, ComparedSide};
use super::first_event::Did;
use super::flips::Flip;
use super::verdicts::CheckChange;
use crate::clinic::NOTICE;
use crate::statistics::Design;
use crate::statistics::summary::Comparison;

/// Flips and moves that the text lists.
const LISTED: usize = 100;

/// The whole text.
pub fn markdown(compared: &Compared) -> String {
    let mut out = String::from("# Comparison\n\n");
    for (name, side) in [("A", &compared.a), ("B", &compared.b)] {
        let _ = writeln!(out, "- **{name}**: {}", side.line());
    }
    let _ = writeln!(out, "\n{}\n", compared.design_line());
    for change in &compared.changed {
        let _ = writeln!(out, "- `{}`: {}", change.key, change.values());
    }
    out.push_str("\n## Metrics\n\n| metric | A | B | B − A | 95 % interval | p (Holm) | B is | detects |\n|---|---|---|---|---|---|---|---|\n");
    for row in compared.metric_rows() {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out.push_str("\nA difference of the size in the last column would be found in 80 of 100 comparisons of this size.\n");
    if let Some(line) = compared.flips_line() {
        let _ = writeln!(out, "\n## Flips\n\n{line}\n");
        for flip in compared.flips.iter().take(LISTED) {
            let _ = writeln!(out, "- **{}** {}", flip.change, cell(&flip.name()));
            for line in flip.lines() {
                let _ = writeln!(out, "  - {}", cell(&line));
            }
            let _ = writeln!(out, "  - `{}` · `{}`", flip.show_a, flip.show_b);
        }
        let _ = writeln!(
            out,
            "\n## Places of the truth\n\n{}\n",
            compared.moves_line()
        );
        for m in compared.moved.iter().take(LISTED) {
            let _ = writeln!(
                out,
                "- {}: {} → {}",
                cell(&case_name(&m.case, m.episode_a, m.repeat)),
                place(m.rank_a),
                place(m.rank_b)
            );
        }
        let longest = compared.flips.len().max(compared.moved.len());
        if longest > LISTED {
            out.push_str("\nMore are in `summary.json`.\n");
        }
    }
    let _ = writeln!(out, "\n{NOTICE}");
    out
}

/// A text that breaks no table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn place(rank: Option<u32>) -> String {
    rank.map_or_else(|| "not listed".to_owned(), |rank| format!("number {rank}"))
}

/// How a case is called; by its episode alone where its name is kept out.
pub(crate) fn case_name(case: &str, episode: u32, repeat: usize) -> String {
    let again = if repeat > 0 {
        format!(", repeat {repeat}")
    } else {
        String::new()
    };
    match case {
        "" => format!("episode {episode}{again}"),
        case => format!("{case}{again}"),
    }
}

impl ComparedSide {
    /// The side in one line.
    pub fn line(&self) -> String {
        format!(
            "{} · {} · arm {} · {} · {} episodes of {} cases",
            self.run, self.scenario, self.arm, self.seeds, self.episodes, self.cases
        )
    }
}

impl super::Changed {
    /// Both values.
    pub fn values(&self) -> String {
        let show = |value: &Option<serde_json::Value>| {
            value
                .as_ref()
                .map_or_else(|| "not set".to_owned(), ToString::to_string)
        };
        format!("{} → {}", show(&self.a), show(&self.b))
    }
}

impl Flip {
    /// How the case is called.
    pub fn name(&self) -> String {
        case_name(&self.case, self.episode_a, self.repeat)
    }

    /// Where the logs part, in words, one line for each run; then the checks with another verdict.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = match &self.first_difference {
            None => vec!["those who decide did the same in both".to_owned()],
            Some(found) => [("A", &found.a), ("B", &found.b)]
                .map(|(name, did)| match did {
                    Some(did) => format!("{name}: {}", did.words()),
                    None => format!("{name}: nothing more"),
                })
                .into(),
        };
        lines.extend(self.checks.iter().map(CheckChange::words));
        lines
    }
}

impl Did {
    /// The event in words.
    pub fn words(&self) -> String {
        let Self {
            round,
            number,
            agent,
            kind,
            what,
        } = self;
        let what = if what.is_empty() {
            String::new()
        } else {
            format!(": {what}")
        };
        format!("round {round}, event {number}, {agent} {kind}{what}")
    }
}

impl Compared {
    /// Whether cases are paired, in words.
    pub fn design_line(&self) -> String {
        match self.design {
            Design::Paired => {
                let common = self.summary.comparisons.iter().find_map(|c| c.why.clone());
                let left_out = common.map_or_else(String::new, |why| format!(" ({why})"));
                format!("Paired by case; repeats of one case are one cluster{left_out}.")
            }
            Design::Unpaired => format!(
                "NOT PAIRED, {}. The runs are compared as two groups of different cases: a difference \
                 must be larger to be seen, and no case has flipped.",
                self.unpaired.as_deref().unwrap_or("other patients")
            ),
        }
    }

    /// One row of texts for each metric: name, both means, difference, interval, p, verdict,
    /// smallest detectable difference.
    pub fn metric_rows(&self) -> Vec<[String; 8]> {
        let mean = |arm: usize, metric: &str| {
            let arm = self.summary.arms.get(arm)?;
            arm.metrics.get(metric)?["mean"].as_f64()
        };
        let number =
            |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |x| format!("{x:.3}"));
        let signed =
            |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |x| format!("{x:+.3}"));
        let row = |c: &Comparison| {
            [
                c.metric.clone(),
                number(mean(0, &c.metric)),
                number(mean(1, &c.metric)),
                signed(c.difference),
                c.ci95.map_or_else(
                    || "–".to_owned(),
                    |[low, high]| format!("[{low:+.3}, {high:+.3}]"),
                ),
                p_value(c.p_holm),
                c.verdict.clone(),
                number(c.detectable),
            ]
        };
        self.summary.comparisons.iter().map(row).collect()
    }

    /// How many cases flipped; `None` where flips are not looked for.
    pub fn flips_line(&self) -> Option<String> {
        let metric = self.flips_of.as_ref()?;
        let (visits, of) = (self.gained + self.lost, self.flipped_cases);
        let flipped = match visits == of {
            true => cases(of),
            false => format!("{visits} episodes of {}", cases(of)),
        };
        Some(format!(
            "{metric} flipped in {flipped}: {} gained by B, {} lost.",
            self.gained, self.lost
        ))
    }

    /// How many places of the truth moved.
    pub fn moves_line(&self) -> String {
        format!(
            "The truth has another place in the list in {}: {} up in B, {} down.",
            cases(self.up + self.down),
            self.up,
            self.down
        )
    }
}

fn p_value(p: Option<f64>) -> String {
    match p {
        Some(p) if p < 0.001 => "< 0.001".to_owned(),
        Some(p) => format!("{p:.3}"),
        None => "–".to_owned(),
    }
}

fn cases(n: usize) -> String {
    format!("{n} {}", if n == 1 { "case" } else { "cases" })
}
