//! The plots over arms: accuracy with its intervals, and accuracy against cost.

use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;

use super::canvas::{Anchor, Ink, LETTER, Pen, draw, fit_text, text_width};
use super::data::{ReportArm, ReportError, ReportMetric};
use super::html::{number, plain};

/// The accuracies drawn, each with its colour.
const ACCURACIES: [(&str, Ink); 2] = [("hit@1", Ink::Series(0)), ("hit@10", Ink::Series(1))];
/// What an answer costs: the first of these that the arms have.
const COSTS: [&str; 5] = ["questions", "calls", "cost", "care_cost_usd", "rounds"];
/// Arms beyond this number are in the table only.
pub(super) const ARMS_DRAWN: usize = 30;

const WIDTH: f64 = 560.0;

/// A metric with a finite mean.
fn metric<'a>(arm: &'a ReportArm, name: &str) -> Option<(&'a ReportMetric, f64)> {
    let found = arm.metrics.iter().find(|m| m.name == name)?;
    found
        .mean
        .filter(|m| m.is_finite())
        .map(|mean| (found, mean))
}

fn interval(metric: &ReportMetric) -> Option<[f64; 2]> {
    metric
        .ci95
        .filter(|ci| ci.iter().all(|end| end.is_finite()))
}

/// Round numbers along an axis.
pub(super) fn ticks(low: f64, high: f64) -> Vec<f64> {
    let axis: RangedCoordf64 = (low..high).into();
    axis.key_points(6)
}

/// Horizontal bars of hit@1 and hit@10 for each arm; `None` when no arm has either.
pub(super) fn by_arm(arms: &[ReportArm]) -> Result<Option<String>, ReportError> {
    let rows: Vec<&ReportArm> = arms
        .iter()
        .filter(|arm| {
            ACCURACIES
                .iter()
                .any(|(name, _)| metric(arm, name).is_some())
        })
        .take(ARMS_DRAWN)
        .collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let drawn: Vec<(&str, Ink)> = ACCURACIES
        .into_iter()
        .filter(|(name, _)| rows.iter().any(|arm| metric(arm, name).is_some()))
        .collect();
    let widest = rows
        .iter()
        .map(|arm| text_width(&arm.name))
        .fold(40.0, f64::max);
    let left = widest.min(200.0) + 16.0;
    let (right, top, row) = (WIDTH - 60.0, 34.0, 44.0);
    let bottom = top + row * rows.len() as f64;
    let x = |share: f64| left + share.clamp(0.0, 1.0) * (right - left);
    draw(
        "accuracy by arm",
        (WIDTH as u32, (bottom + 30.0) as u32),
        |pen| {
            legend(pen, left, &drawn)?;
            for quarter in 0..=4 {
                let share = f64::from(quarter) / 4.0;
                pen.line(&[(x(share), top), (x(share), bottom)], Ink::Grid, 1)?;
                let at = (x(share), bottom + 14.0);
                pen.text(
                    &format!("{} %", quarter * 25),
                    at,
                    Ink::Muted,
                    Anchor::Middle,
                )?;
            }
            for (k, arm) in rows.iter().enumerate() {
                let middle = top + row * (k as f64 + 0.5);
                let label = fit_text(&arm.name, left - 16.0);
                pen.text(&label, (left - 10.0, middle), Ink::Text, Anchor::End)?;
                for (j, (name, ink)) in drawn.iter().enumerate() {
                    let Some((measured, mean)) = metric(arm, name) else {
                        continue;
                    };
                    let y = middle + 18.0 * (j as f64 - (drawn.len() - 1) as f64 / 2.0);
                    pen.bar((left, y - 7.0), (x(mean), y + 7.0), *ink)?;
                    if let Some([low, high]) = interval(measured) {
                        whisker_across(pen, x(low), x(high), y)?;
                    }
                    pen.text(&number(mean), (right + 10.0, y), Ink::Muted, Anchor::Start)?;
                }
            }
            Ok(())
        },
    )
    .map(Some)
}

fn legend(pen: &Pen<'_, '_>, left: f64, drawn: &[(&str, Ink)]) -> Result<(), ReportError> {
    let mut x = left;
    for (name, ink) in drawn {
        pen.bar((x, 8.0), (x + 12.0, 20.0), *ink)?;
        pen.text(name, (x + 18.0, 14.0), Ink::Text, Anchor::Start)?;
        x += 18.0 + text_width(name) + 24.0;
    }
    pen.text("bars: 95 % interval", (x, 14.0), Ink::Muted, Anchor::Start)
}

fn whisker_across(pen: &Pen<'_, '_>, low: f64, high: f64, y: f64) -> Result<(), ReportError> {
    pen.line(&[(low, y), (high, y)], Ink::Text, 2)?;
    for x in [low, high] {
        pen.line(&[(x, y - 4.0), (x, y + 4.0)], Ink::Text, 2)?;
    }
    Ok(())
}

/// One arm in the scatter.
struct Spot<'a> {
    name: &'a str,
    cost: f64,
    cost_ci: Option<[f64; 2]>,
    hit: f64,
    hit_ci: Option<[f64; 2]>,
}

/// hit@1 against what an answer costs; `None` with fewer than two arms to place.
///
/// The second value is the name of the cost metric.
pub(super) fn against_cost(
    arms: &[ReportArm],
) -> Result<Option<(String, &'static str)>, ReportError> {
    for cost in COSTS {
        let spots: Vec<Spot<'_>> = arms
            .iter()
            .filter_map(|arm| {
                let (hit, hit_mean) = metric(arm, "hit@1")?;
                let (paid, paid_mean) = metric(arm, cost)?;
                Some(Spot {
                    name: &arm.name,
                    cost: paid_mean,
                    cost_ci: interval(paid),
                    hit: hit_mean,
                    hit_ci: interval(hit),
                })
            })
            .take(ARMS_DRAWN)
            .collect();
        // Where all pay the same there is nothing to see.
        let paid_alike = spots.windows(2).all(|pair| pair[0].cost == pair[1].cost);
        if spots.len() > 1 && !paid_alike {
            return scatter(&spots, cost).map(|svg| Some((svg, cost)));
        }
    }
    Ok(None)
}

fn scatter(spots: &[Spot<'_>], cost: &str) -> Result<String, ReportError> {
    let (left, right, top, bottom) = (64.0, WIDTH - 28.0, 30.0, 300.0);
    let most = spots
        .iter()
        .map(|s| s.cost_ci.map_or(s.cost, |ci| ci[1].max(s.cost)))
        .fold(0.0, f64::max);
    let least = spots
        .iter()
        .map(|s| s.cost_ci.map_or(s.cost, |ci| ci[0].min(s.cost)))
        .fold(0.0, f64::min);
    let span = if most > least {
        (most - least) * 1.3
    } else {
        1.0
    };
    let x = |paid: f64| left + (paid - least) / span * (right - left);
    let y = |share: f64| bottom - share.clamp(0.0, 1.0) * (bottom - top);
    draw("accuracy against cost", (WIDTH as u32, 346), |pen| {
        pen.text("hit@1", (8.0, 12.0), Ink::Text, Anchor::Start)?;
        for quarter in 0..=4 {
            let share = f64::from(quarter) / 4.0;
            pen.line(&[(left, y(share)), (right, y(share))], Ink::Grid, 1)?;
            let at = (left - 8.0, y(share));
            pen.text(&format!("{} %", quarter * 25), at, Ink::Muted, Anchor::End)?;
        }
        for tick in ticks(least, least + span) {
            pen.line(&[(x(tick), top), (x(tick), bottom)], Ink::Grid, 1)?;
            pen.text(
                &plain(tick),
                (x(tick), bottom + 14.0),
                Ink::Muted,
                Anchor::Middle,
            )?;
        }
        let axis = format!("{cost} per episode (fewer is cheaper)");
        pen.text(
            &axis,
            ((left + right) / 2.0, bottom + 34.0),
            Ink::Text,
            Anchor::Middle,
        )?;
        let mut taken: Vec<Frame> = Vec::new();
        for spot in spots {
            let (px, py) = (x(spot.cost), y(spot.hit));
            let across = spot
                .cost_ci
                .map(|[low, high]| [(x(low), py), (x(high), py)]);
            let upright = spot.hit_ci.map(|[low, high]| [(px, y(high)), (px, y(low))]);
            for ends in [across, upright].into_iter().flatten() {
                pen.line(&ends, Ink::Muted, 1)?;
                taken.push(Frame::between(ends[0], ends[1], 2.0));
            }
        }
        for (k, spot) in spots.iter().enumerate() {
            let at = (x(spot.cost), y(spot.hit));
            pen.dot(at, 6, Ink::Series(k))?;
            taken.push(Frame::between(at, at, 7.0));
        }
        for (k, spot) in spots.iter().enumerate() {
            let at = (x(spot.cost), y(spot.hit));
            let label = fit_text(spot.name, 180.0);
            let limits = Frame {
                x0: left,
                y0: top - 8.0,
                x1: right + 20.0,
                y1: bottom,
            };
            if let Some(frame) = free_place(at, text_width(&label), limits, &taken) {
                let middle = (frame.y0 + frame.y1) / 2.0;
                let near = (at.0.clamp(frame.x0, frame.x1), middle);
                if (near.0 - at.0).abs().max((near.1 - at.1).abs()) > 11.0 {
                    // A label away from its dot is tied to it.
                    pen.line(&[at, near], Ink::Series(k), 1)?;
                }
                let ground = (frame.x0, frame.y0 + 1.0);
                pen.bar(ground, (frame.x1, frame.y1 - 1.0), Ink::Ground)?;
                pen.text(&label, (frame.x0 + 2.0, middle), Ink::Text, Anchor::Start)?;
                taken.push(frame);
            }
        }
        Ok(())
    })
}

/// A rectangle on the canvas.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) x0: f64,
    pub(super) y0: f64,
    pub(super) x1: f64,
    pub(super) y1: f64,
}

impl Frame {
    /// Around two points, the first of them above and to the left, with a margin.
    pub(super) fn between(from: (f64, f64), to: (f64, f64), margin: f64) -> Self {
        Self {
            x0: from.0 - margin,
            y0: from.1 - margin,
            x1: to.0 + margin,
            y1: to.1 + margin,
        }
    }

    fn meets(&self, other: &Self) -> bool {
        self.x0 < other.x1 && other.x0 < self.x1 && self.y0 < other.y1 && other.y0 < self.y1
    }

    fn inside(&self, limits: &Self) -> bool {
        self.x0 >= limits.x0 && self.x1 <= limits.x1 && self.y0 >= limits.y0 && self.y1 <= limits.y1
    }
}

/// The first place near a spot where a label touches nothing; `None` where all are taken (the table has the name).
pub(super) fn free_place(
    at: (f64, f64),
    width: f64,
    limits: Frame,
    taken: &[Frame],
) -> Option<Frame> {
    let (w, half) = (width + 4.0, LETTER * 0.65);
    let mut places = Vec::new();
    for (dx, dy) in [
        (10.0, 0.0),
        (10.0, 14.0),
        (24.0, 0.0),
        (24.0, 14.0),
        (40.0, 0.0),
    ] {
        for y in [at.1 - dy, at.1 + dy] {
            places.push((at.0 + dx, y));
            places.push((at.0 - dx - w, y));
        }
    }
    for dy in [18.0, 30.0, 42.0, 54.0] {
        for y in [at.1 - dy, at.1 + dy] {
            places.push((at.0 - w / 2.0, y));
            places.push((at.0 + 10.0, y));
            places.push((at.0 - 10.0 - w, y));
        }
    }
    places
        .into_iter()
        .map(|(x, y)| Frame {
            x0: x,
            y0: y - half,
            x1: x + w,
            y1: y + half,
        })
        .find(|frame| frame.inside(&limits) && !taken.iter().any(|t| t.meets(frame)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_never_touch_each_other() {
        let limits = Frame {
            x0: 0.0,
            y0: 0.0,
            x1: 500.0,
            y1: 300.0,
        };
        let mut taken = vec![Frame::between((250.0, 150.0), (250.0, 150.0), 7.0)];
        while let Some(frame) = free_place((250.0, 150.0), 60.0, limits, &taken) {
            assert!(frame.inside(&limits) && !taken.iter().any(|t| t.meets(&frame)));
            taken.push(frame);
        }
        assert!(taken.len() > 4, "only {} placed", taken.len());
    }

    #[test]
    fn one_arm_has_bars_and_no_scatter() {
        let arms = &super::super::sample::sample().arms[..1];
        assert!(by_arm(arms).unwrap().is_some());
        assert!(against_cost(arms).unwrap().is_none());
    }

    #[test]
    fn the_first_cost_that_two_arms_have_is_the_axis() {
        let mut arms = super::super::sample::sample().arms;
        assert_eq!(against_cost(&arms).unwrap().unwrap().1, "questions");
        for arm in &mut arms {
            arm.metrics.retain(|m| m.name != "questions");
        }
        assert_eq!(against_cost(&arms).unwrap().unwrap().1, "calls");
    }

    #[test]
    fn values_that_are_not_finite_are_not_drawn() {
        let mut arms = super::super::sample::sample().arms;
        for metric in arms.iter_mut().flat_map(|arm| &mut arm.metrics) {
            metric.mean = Some(f64::INFINITY);
        }
        assert!(by_arm(&arms).unwrap().is_none());
        arms[0].metrics[0].mean = Some(0.5);
        arms[0].metrics[0].ci95 = Some([f64::NAN, 1.0]);
        assert!(by_arm(&arms).unwrap().is_some());
    }
}
