//! The page of a leaderboard: the ranking, and accuracy against cost with the Pareto front.

use super::accuracy::{ARMS_DRAWN, Frame, free_place, ticks};
use super::canvas::{Anchor, Ink, draw, fit_text, text_width};
use super::data::ReportError;
use super::html::{name, plain};
use super::shell::{close, open, table};
use super::transcript::figure;
use crate::leaderboard::{Standing, Standings};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 470.0;

/// Draws the page. `links` are the addresses of the reports of the ranked, seen from the page.
///
/// # Errors
/// [`ReportError::Plot`] when the plot cannot be drawn.
pub fn render_standings(
    of: &Standings,
    links: &[Option<String>],
    command: &str,
    disclaimer: &str,
) -> Result<String, ReportError> {
    let mut out = open("Leaderboard", disclaimer, command);
    out.push_str(&format!(
        "<section><h2>Ranking</h2><p>{}</p>",
        name(&of.head())
    ));
    let titles: Vec<String> = of.titles().iter().map(|title| name(title)).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let rows = of.standings.iter().enumerate().map(|(k, standing)| {
        let mut row: Vec<String> = of.row(standing).iter().map(|cell| name(cell)).collect();
        if let Some(Some(link)) = links.get(k) {
            row[1] = format!("<a href=\"{}\">{}</a>", name(link), row[1]);
        }
        row
    });
    out.push_str(&table(&titles, rows));
    out.push_str("</section>\n");
    if let Some(svg) = against_cost(of)? {
        let caption = format!(
            "{} against {}: bars are 95 % intervals, the line is the Pareto front",
            name(&of.metric),
            name(of.cost.as_deref().unwrap_or_default())
        );
        out.push_str(&format!(
            "<section><h2>Against cost</h2>{}",
            figure(&caption, &svg)
        ));
        if of.standings.len() > ARMS_DRAWN {
            out.push_str(&format!(
                "<p class=\"muted small\">The plot shows the first {ARMS_DRAWN}.</p>"
            ));
        }
        out.push_str("</section>\n");
    }
    if !of.apart.is_empty() {
        out.push_str("<section><h2>Not ranked</h2>");
        let rows = of
            .apart
            .iter()
            .map(|a| vec![name(&a.name), name(&a.reason)]);
        out.push_str(&table(&["run", "why"], rows));
        out.push_str("</section>\n");
    }
    out.push_str(&close());
    Ok(out)
}

/// Ends of an axis that holds all values with some room.
fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
    let room = if high > low { 0.08 * (high - low) } else { 0.5 };
    (low - room, high + room)
}

fn against_cost(of: &Standings) -> Result<Option<String>, ReportError> {
    let spots: Vec<(&Standing, f64)> = of
        .standings
        .iter()
        .filter_map(|standing| Some((standing, standing.cost?)))
        .take(ARMS_DRAWN)
        .collect();
    if spots.is_empty() {
        return Ok(None);
    }
    let ends = |value: f64, ci: Option<[f64; 2]>| {
        let [low, high] = ci.unwrap_or([value; 2]);
        [value, low, high]
    };
    let costs = span(spots.iter().flat_map(|(s, cost)| ends(*cost, s.cost_ci95)));
    let means = span(spots.iter().flat_map(|(s, _)| ends(s.mean, s.ci95)));
    let (left, right, top, bottom) = (64.0, WIDTH - 30.0, 30.0, HEIGHT - 56.0);
    let x = |cost: f64| left + (cost - costs.0) / (costs.1 - costs.0) * (right - left);
    let y = |mean: f64| bottom - (mean - means.0) / (means.1 - means.0) * (bottom - top);
    draw(
        "quality against cost",
        (WIDTH as u32, HEIGHT as u32),
        |pen| {
            pen.text(&of.metric, (8.0, 12.0), Ink::Text, Anchor::Start)?;
            for tick in ticks(means.0, means.1) {
                pen.line(&[(left, y(tick)), (right, y(tick))], Ink::Grid, 1)?;
                pen.text(&plain(tick), (left - 8.0, y(tick)), Ink::Muted, Anchor::End)?;
            }
            for tick in ticks(costs.0, costs.1) {
                pen.line(&[(x(tick), top), (x(tick), bottom)], Ink::Grid, 1)?;
                pen.text(
                    &plain(tick),
                    (x(tick), bottom + 14.0),
                    Ink::Muted,
                    Anchor::Middle,
                )?;
            }
            let axis = format!("{} per episode", of.cost.as_deref().unwrap_or_default());
            let below = ((left + right) / 2.0, bottom + 36.0);
            pen.text(&axis, below, Ink::Text, Anchor::Middle)?;
            let mut front: Vec<(f64, f64)> = spots
                .iter()
                .filter(|(standing, _)| standing.on_front)
                .map(|(standing, cost)| (x(*cost), y(standing.mean)))
                .collect();
            front.sort_by(|a, b| a.0.total_cmp(&b.0));
            // What is reached at a cost is reached at any higher cost: steps, not slopes.
            let mut steps: Vec<(f64, f64)> = Vec::new();
            for point in front {
                if let Some(last) = steps.last().copied() {
                    steps.push((point.0, last.1));
                }
                steps.push(point);
            }
            if let Some(last) = steps.last().copied() {
                steps.push((right, last.1));
                pen.line(&steps, Ink::Series(2), 2)?;
            }
            let mut taken = Vec::new();
            for (standing, cost) in &spots {
                let at = (x(*cost), y(standing.mean));
                let across = standing
                    .cost_ci95
                    .map(|[l, h]| [(x(l), at.1), (x(h), at.1)]);
                let upright = standing.ci95.map(|[l, h]| [(at.0, y(h)), (at.0, y(l))]);
                for ends in [across, upright].into_iter().flatten() {
                    pen.line(&ends, Ink::Muted, 1)?;
                    taken.push(Frame::between(ends[0], ends[1], 2.0));
                }
            }
            for (standing, cost) in &spots {
                let at = (x(*cost), y(standing.mean));
                let ink = if standing.on_front {
                    Ink::Series(2)
                } else {
                    Ink::Series(0)
                };
                pen.dot(at, 6, ink)?;
                taken.push(Frame::between(at, at, 7.0));
            }
            let limits = Frame {
                x0: left,
                y0: top - 8.0,
                x1: right + 20.0,
                y1: bottom,
            };
            for (standing, cost) in &spots {
                let at = (x(*cost), y(standing.mean));
                let label = fit_text(&standing.name, 220.0);
                // The table has the names for which there is no room.
                if let Some(frame) = free_place(at, text_width(&label), limits, &taken) {
                    let middle = (frame.y0 + frame.y1) / 2.0;
                    pen.text(&label, (frame.x0 + 2.0, middle), Ink::Text, Anchor::Start)?;
                    taken.push(frame);
                }
            }
            Ok(())
        },
    )
    .map(Some)
}
