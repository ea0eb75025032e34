//! The page of a comparison of two runs.

use super::canvas::{Anchor, Ink, Pen, draw, fit_text, text_width};
use super::data::ReportError;
use super::html::{name, number};
use super::shell::{close, open, table};
use super::transcript::figure;
use crate::compare::{Compared, Flip, case_name};
use crate::statistics::Design;
use crate::statistics::summary::Comparison;

/// Flips on the page; the others are in `summary.json`.
const FLIPS: usize = 300;
/// Moves on the page.
const MOVES: usize = 300;
/// Metrics in the plot.
const DRAWN: usize = 40;
const WIDTH: f64 = 720.0;

/// Draws the page. `links` are addresses of the reports of both runs, seen from the page.
///
/// # Errors
/// [`ReportError::Plot`] when a plot cannot be drawn.
pub fn render_comparison(
    compared: &Compared,
    links: &[Option<String>; 2],
    command: &str,
    disclaimer: &str,
) -> Result<String, ReportError> {
    let mut out = open("Comparison", disclaimer, command);
    out.push_str("<section><h2>What is compared</h2>");
    for ((label, side), link) in [("A", &compared.a), ("B", &compared.b)].iter().zip(links) {
        let link = link.as_ref().map_or_else(String::new, |link| {
            format!(" · <a href=\"{}\">report</a>", name(link))
        });
        out.push_str(&format!(
            "<p><b>{label}</b> {}{link}</p>",
            name(&side.line())
        ));
    }
    let class = match compared.design {
        Design::Unpaired => "disclaimer",
        Design::Paired => "muted",
    };
    out.push_str(&format!(
        "<p class=\"{class}\">{}</p>",
        name(&compared.design_line())
    ));
    if !compared.changed.is_empty() {
        out.push_str("<h4>Settings that differ</h4>");
        let rows = compared.changed.iter().map(|change| {
            let value = |v: &Option<serde_json::Value>| {
                v.as_ref()
                    .map_or_else(|| "not set".to_owned(), |v| name(&v.to_string()))
            };
            vec![
                format!("<code>{}</code>", name(&change.key)),
                value(&change.a),
                value(&change.b),
            ]
        });
        out.push_str(&table(&["setting", "A", "B"], rows));
    }
    out.push_str("</section>\n<section><h2>Metrics</h2>");
    let rows = compared.metric_rows().into_iter().map(|row| {
        let class = match row[6].as_str() {
            "better" => "good",
            "worse" => "bad",
            _ => "even",
        };
        let mut cells: Vec<String> = row.iter().map(|text| name(text)).collect();
        cells[6] = format!("<span class=\"verdict {class}\">{}</span>", cells[6]);
        cells
    });
    let head = [
        "metric",
        "A",
        "B",
        "B − A",
        "95 % interval",
        "p (Holm)",
        "B is",
        "detects",
    ];
    out.push_str(&table(&head, rows));
    out.push_str(
        "<p class=\"muted small\">A difference of the size in the last column would be found in 80 of 100 \
         comparisons of this size.</p>",
    );
    if let Some(svg) = differences(&compared.summary.comparisons)? {
        let caption = "Differences B − A with 95 % intervals, each on its own scale";
        out.push_str(&figure(caption, &svg));
    }
    out.push_str("</section>\n");
    if let Some(line) = compared.flips_line() {
        out.push_str(&format!("<section><h2>Flips</h2><p>{}</p>", name(&line)));
        out.push_str(&flips(compared));
        out.push_str("</section>\n<section><h2>Places of the truth</h2>");
        out.push_str(&format!("<p>{}</p>", name(&compared.moves_line())));
        let place = |rank: Option<u32>| rank.map_or_else(|| "–".to_owned(), |r| r.to_string());
        let rows = compared.moved.iter().take(MOVES).map(|m| {
            vec![
                name(&case_name(&m.case, m.episode_a, m.repeat)),
                place(m.rank_a),
                place(m.rank_b),
            ]
        });
        if !compared.moved.is_empty() {
            out.push_str(&table(&["case", "place in A", "place in B"], rows));
        }
        out.push_str("</section>\n");
    }
    out.push_str(&close());
    Ok(out)
}

fn flips(compared: &Compared) -> String {
    if compared.flips.is_empty() {
        return String::new();
    }
    let place = |rank: Option<u32>| rank.map_or_else(|| "–".to_owned(), |r| r.to_string());
    let rows = compared.flips.iter().take(FLIPS).map(|flip: &Flip| {
        let class = if flip.change == "gained" {
            "good"
        } else {
            "bad"
        };
        let parted: Vec<String> = flip.lines().iter().map(|line| name(line)).collect();
        vec![
            name(&flip.name()),
            format!(
                "<span class=\"verdict {class}\">{}</span>",
                name(&flip.change)
            ),
            format!("{} → {}", place(flip.rank_a), place(flip.rank_b)),
            parted.join("<br>"),
            format!(
                "<code>{}</code><br><code>{}</code>",
                name(&flip.show_a),
                name(&flip.show_b)
            ),
        ]
    });
    let head = ["case", "B", "place", "where the logs part", "read both"];
    let mut out = table(&head, rows);
    if compared.gained + compared.lost > FLIPS {
        out.push_str("<p class=\"muted small\">More are in <code>summary.json</code>.</p>");
    }
    out
}

/// A row for each comparison: the difference and its interval around a line at zero.
fn differences(comparisons: &[Comparison]) -> Result<Option<String>, ReportError> {
    let drawn = |c: &Comparison| Some((c.metric.clone(), c.difference?, c.ci95?));
    let rows: Vec<(String, f64, [f64; 2])> =
        comparisons.iter().filter_map(drawn).take(DRAWN).collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let widest = rows
        .iter()
        .map(|row| text_width(&row.0))
        .fold(40.0, f64::max);
    let left = widest.min(200.0) + 16.0;
    let (right, top, row) = (WIDTH - 70.0, 12.0, 34.0);
    let bottom = top + row * rows.len() as f64;
    let centre = (left + right) / 2.0;
    draw(
        "differences with intervals",
        (WIDTH as u32, (bottom + 26.0) as u32),
        |pen| {
            pen.line(&[(centre, top), (centre, bottom)], Ink::Grid, 2)?;
            let below = bottom + 14.0;
            pen.text("0", (centre, below), Ink::Muted, Anchor::Middle)?;
            pen.text("B is less", (left, below), Ink::Muted, Anchor::Start)?;
            pen.text("B is more", (right, below), Ink::Muted, Anchor::End)?;
            for (k, (metric, difference, ci)) in rows.iter().enumerate() {
                let y = top + row * (k as f64 + 0.5);
                let far = ci[0].abs().max(ci[1].abs()).max(difference.abs());
                let half = 0.9 * (right - left) / 2.0;
                let x = |value: f64| {
                    let share = if far > 0.0 { value / far } else { 0.0 };
                    centre + half * share
                };
                let label = fit_text(metric, left - 16.0);
                pen.text(&label, (left - 10.0, y), Ink::Text, Anchor::End)?;
                whisker(pen, x(ci[0]), x(ci[1]), y)?;
                pen.dot((x(*difference), y), 5, Ink::Series(0))?;
                let value = format!(
                    "{}{}",
                    if *difference > 0.0 { "+" } else { "" },
                    number(*difference)
                );
                pen.text(&value, (right + 10.0, y), Ink::Muted, Anchor::Start)?;
            }
            Ok(())
        },
    )
    .map(Some)
}

fn whisker(pen: &Pen<'_, '_>, low: f64, high: f64, y: f64) -> Result<(), ReportError> {
    pen.line(&[(low, y), (high, y)], Ink::Text, 2)?;
    for x in [low, high] {
        pen.line(&[(x, y - 5.0), (x, y + 5.0)], Ink::Text, 2)?;
    }
    Ok(())
}
