//! The plots of one visit: who was in the team when, and how the beliefs moved.

use std::collections::BTreeMap;

use super::canvas::{Anchor, Ink, LETTER, SERIES, draw, fit_text, text_width};
use super::data::{ReportCase, ReportError};

const WIDTH: f64 = 560.0;
/// Specialists drawn in one team plot.
const ROWS: usize = 24;

/// Rounds to label so that the numbers do not touch: every first, second, fifth, tenth, …
fn label_step(rounds: u32, width: f64) -> u32 {
    let room = (width / 28.0).max(1.0);
    let mut step = 1_u32;
    for factor in [2, 5, 10, 20, 50, 100, 1000, 100_000, 10_000_000] {
        if f64::from(rounds) / f64::from(step) <= room {
            break;
        }
        step = factor;
    }
    step
}

/// Team over time: a row for each specialist, a column for each round; `None` without a team.
pub(super) fn team(case: &ReportCase) -> Result<Option<String>, ReportError> {
    let mut rows: Vec<&str> = Vec::new();
    for span in &case.teams {
        if !rows.contains(&span.agent.as_str()) && rows.len() < ROWS {
            rows.push(&span.agent);
        }
    }
    let Some(first) = case.teams.iter().map(|s| s.from_round).min() else {
        return Ok(None);
    };
    let last = case.teams.iter().map(|s| s.to_round).max().unwrap_or(first);
    let columns = last.saturating_sub(first).saturating_add(1);
    let widest = rows
        .iter()
        .map(|name| text_width(name))
        .fold(60.0, f64::max);
    let left = widest.min(200.0) + 16.0;
    let (right, top, row) = (WIDTH - 12.0, 8.0, 28.0);
    let bottom = top + row * rows.len() as f64;
    let x = |round: f64| left + (round - f64::from(first)) / f64::from(columns) * (right - left);
    draw(
        "team over the rounds",
        (WIDTH as u32, (bottom + 40.0) as u32),
        |pen| {
            for k in 0..=rows.len() {
                let y = top + row * k as f64;
                pen.line(&[(left, y), (right, y)], Ink::Grid, 1)?;
            }
            for span in &case.teams {
                let Some(k) = rows.iter().position(|name| *name == span.agent) else {
                    continue;
                };
                let y = top + row * k as f64;
                let (from, to) = (
                    x(f64::from(span.from_round)),
                    x(f64::from(span.to_round) + 1.0),
                );
                if to > from {
                    pen.bar(
                        (from + 1.0, y + 5.0),
                        ((to - 1.0).max(from + 2.0), y + row - 5.0),
                        Ink::Series(k),
                    )?;
                }
            }
            for (k, name) in rows.iter().enumerate() {
                let y = top + row * (k as f64 + 0.5);
                let label = fit_text(name, left - 16.0);
                pen.text(&label, (left - 10.0, y), Ink::Text, Anchor::End)?;
            }
            let step = label_step(columns, right - left);
            for offset in (0..columns).step_by(step as usize) {
                let round = f64::from(first) + f64::from(offset);
                let at = (x(round + 0.5), bottom + 13.0);
                pen.text(&format!("{round}"), at, Ink::Muted, Anchor::Middle)?;
            }
            pen.text(
                "round",
                ((left + right) / 2.0, bottom + 31.0),
                Ink::Muted,
                Anchor::Middle,
            )
        },
    )
    .map(Some)
}

/// Beliefs over the rounds: a line for each of the answers that ever stood highest; `None` with no belief.
pub(super) fn belief(case: &ReportCase) -> Result<Option<String>, ReportError> {
    let mut peak: BTreeMap<&str, f64> = BTreeMap::new();
    for point in &case.belief {
        for (name, p) in point.top.iter().filter(|(_, p)| p.is_finite()) {
            let best = peak.entry(name).or_insert(0.0);
            *best = best.max(*p);
        }
    }
    let mut names: Vec<(&str, f64)> = peak.into_iter().collect();
    names.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    names.truncate(SERIES);
    let rounds = || case.belief.iter().map(|b| b.round);
    let (Some(first), Some(last)) = (rounds().min(), rounds().max()) else {
        return Ok(None);
    };
    // One point is no course.
    if names.is_empty() || first == last {
        return Ok(None);
    }
    let widest = names
        .iter()
        .map(|(name, _)| text_width(name))
        .fold(60.0, f64::max);
    let (left, right) = (60.0, WIDTH - widest.min(200.0) - 28.0);
    let (top, bottom) = (12.0, 232.0);
    let columns = f64::from(last - first).max(1.0);
    let x = |round: u32| left + f64::from(round - first) / columns * (right - left);
    let y = |p: f64| bottom - p.clamp(0.0, 1.0) * (bottom - top);
    draw("belief over the rounds", (WIDTH as u32, 276), |pen| {
        for quarter in 0..=4 {
            let p = f64::from(quarter) / 4.0;
            pen.line(&[(left, y(p)), (right, y(p))], Ink::Grid, 1)?;
            let at = (left - 8.0, y(p));
            pen.text(&format!("{} %", quarter * 25), at, Ink::Muted, Anchor::End)?;
        }
        let span = last - first;
        for offset in (0..=span).step_by(label_step(span.saturating_add(1), right - left) as usize)
        {
            let at = (x(first + offset), bottom + 14.0);
            pen.text(
                &format!("{}", first + offset),
                at,
                Ink::Muted,
                Anchor::Middle,
            )?;
        }
        pen.text(
            "round",
            ((left + right) / 2.0, bottom + 32.0),
            Ink::Muted,
            Anchor::Middle,
        )?;
        let mut ends: Vec<(usize, f64)> = Vec::new();
        for (k, (name, _)) in names.iter().enumerate() {
            let points: Vec<(f64, f64)> = case
                .belief
                .iter()
                .filter_map(|b| {
                    let (_, p) = b.top.iter().find(|(n, p)| n == name && p.is_finite())?;
                    Some((x(b.round), y(*p)))
                })
                .collect();
            pen.line(&points, Ink::Series(k), 2)?;
            if points.len() <= 40 {
                for at in &points {
                    pen.dot(*at, 3, Ink::Series(k))?;
                }
            }
            if let Some((_, end)) = points.last() {
                ends.push((k, *end));
            }
        }
        for (k, at) in spread(ends, top, bottom) {
            let label = fit_text(names[k].0, 200.0);
            pen.dot((right + 12.0, at), 4, Ink::Series(k))?;
            pen.text(&label, (right + 20.0, at), Ink::Text, Anchor::Start)?;
        }
        Ok(())
    })
    .map(Some)
}

/// Moves labels apart until they no longer touch, keeping their order.
fn spread(mut ends: Vec<(usize, f64)>, top: f64, bottom: f64) -> Vec<(usize, f64)> {
    let gap = LETTER + 4.0;
    ends.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let mut floor = top;
    for (_, y) in &mut ends {
        *y = y.max(floor);
        floor = *y + gap;
    }
    let mut ceiling = bottom;
    for (_, y) in ends.iter_mut().rev() {
        *y = y.min(ceiling);
        ceiling = *y - gap;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::super::data::{BeliefPoint, TeamSpan};
    use super::*;

    #[test]
    fn labels_are_a_line_apart_and_in_order() {
        let placed = spread(
            vec![(0, 100.0), (1, 101.0), (2, 230.0), (3, 231.0)],
            12.0,
            232.0,
        );
        for pair in placed.windows(2) {
            assert!(pair[1].1 - pair[0].1 >= LETTER, "{placed:?}");
        }
        assert!(placed.iter().all(|(_, y)| (12.0..=232.0).contains(y)));
    }

    #[test]
    fn extreme_rounds_and_values_are_drawn_without_harm() {
        let case = ReportCase {
            teams: vec![
                TeamSpan {
                    agent: "a".into(),
                    from_round: 0,
                    to_round: u32::MAX,
                },
                TeamSpan {
                    agent: "b".into(),
                    from_round: 9,
                    to_round: 3,
                },
            ],
            belief: vec![
                BeliefPoint {
                    round: 0,
                    top: vec![("x".into(), f64::NAN), ("y".into(), 7.0)],
                },
                BeliefPoint {
                    round: u32::MAX,
                    top: vec![("y".into(), -1.0)],
                },
            ],
            ..ReportCase::default()
        };
        let team = team(&case).unwrap().unwrap();
        let belief = belief(&case).unwrap().unwrap();
        assert!(team.len() < 100_000 && belief.len() < 100_000);
        assert!(!belief.contains("NaN"));
    }

    #[test]
    fn nothing_known_draws_nothing() {
        assert!(team(&ReportCase::default()).unwrap().is_none());
        assert!(belief(&ReportCase::default()).unwrap().is_none());
    }
}
