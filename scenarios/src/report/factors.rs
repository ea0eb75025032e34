//! Means by two factors: one stands along the axis, the other is told by colour.

use super::accuracy::{ARMS_DRAWN, ticks};
use super::canvas::{Anchor, Ink, draw, fit_text, text_width};
use super::data::ReportError;
use super::html::plain;

/// A mean with its interval, where it has one.
pub type Mean = (f64, Option<[f64; 2]>);

/// A level of the factor that is told by colour.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorLevel {
    /// Its name.
    pub name: String,
    /// Number of its colour; levels keep theirs in all pictures where this is their place among all.
    pub colour: usize,
    /// Its mean at each level of the factor along the axis.
    pub means: Vec<Option<Mean>>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
/// Share of the room of a level along the axis that its means take.
const SPREAD: f64 = 0.5;

/// Draws means with their intervals, side by side at each of the levels `along` the axis and joined across them;
/// `None` when there is no mean at all.
///
/// # Errors
/// [`ReportError::Plot`] when the plot cannot be drawn.
pub fn factors(
    along: &[&str],
    levels: &[FactorLevel],
    upright: &str,
) -> Result<Option<String>, ReportError> {
    let levels = &levels[..levels.len().min(ARMS_DRAWN)];
    let means = levels.iter().flat_map(|level| level.means.iter().flatten());
    let ends = means.flat_map(|(mean, ci95)| {
        let [low, high] = ci95.unwrap_or([*mean; 2]);
        [low, *mean, high]
    });
    let ends = ends.filter(|end| end.is_finite());
    let Some((low, high)) = ends.fold(None, |all: Option<(f64, f64)>, end| {
        let (low, high) = all.unwrap_or((0.0, 0.0));
        Some((low.min(end), high.max(end)))
    }) else {
        return Ok(None);
    };
    let high = if high > low { high } else { low + 1.0 };
    let widest = levels.iter().map(|level| text_width(&level.name));
    let margin = widest.fold(40.0, f64::max).min(190.0) + 30.0;
    let (left, right, top, bottom) = (56.0, WIDTH - margin, 26.0, HEIGHT - 34.0);
    let room = (right - left) / along.len().max(1) as f64;
    let x = |at: usize, level: usize| {
        let part = (level as f64 + 0.5) / levels.len() as f64 - 0.5;
        left + room * (at as f64 + 0.5 + SPREAD * part)
    };
    let y = |value: f64| bottom - (value - low) / (high - low) * (bottom - top);
    draw(
        "means by two factors",
        (WIDTH as u32, HEIGHT as u32),
        |pen| {
            for tick in ticks(low, high) {
                pen.line(&[(left, y(tick)), (right, y(tick))], Ink::Grid, 1)?;
                pen.text(&plain(tick), (left - 8.0, y(tick)), Ink::Muted, Anchor::End)?;
            }
            pen.line(&[(left, y(0.0)), (right, y(0.0))], Ink::Muted, 1)?;
            for (at, name) in along.iter().enumerate() {
                let middle = (left + room * (at as f64 + 0.5), bottom + 18.0);
                pen.text(&fit_text(name, room), middle, Ink::Text, Anchor::Middle)?;
            }
            pen.text(upright, (left - 44.0, 10.0), Ink::Text, Anchor::Start)?;
            for (number, level) in levels.iter().enumerate() {
                let ink = Ink::Series(level.colour);
                let drawn = level.means.iter().enumerate();
                let drawn: Vec<(f64, Mean)> = drawn
                    .filter_map(|(at, mean)| Some((x(at, number), (*mean)?)))
                    .filter(|(_, (mean, _))| mean.is_finite())
                    .collect();
                let line: Vec<(f64, f64)> =
                    drawn.iter().map(|(at, mean)| (*at, y(mean.0))).collect();
                pen.line(&line, ink, 1)?;
                for (at, (mean, ci95)) in &drawn {
                    let ends = ci95.filter(|ci95| ci95.iter().all(|end| end.is_finite()));
                    if let Some([low, high]) = ends {
                        pen.line(&[(*at, y(low)), (*at, y(high))], ink, 2)?;
                        for end in [low, high] {
                            pen.line(&[(at - 4.0, y(end)), (at + 4.0, y(end))], ink, 2)?;
                        }
                    }
                    pen.dot((*at, y(*mean)), 4, ink)?;
                }
                let legend = top + 20.0 * number as f64;
                pen.bar(
                    (right + 14.0, legend - 4.0),
                    (right + 22.0, legend + 4.0),
                    ink,
                )?;
                let name = fit_text(&level.name, margin - 30.0);
                pen.text(&name, (right + 28.0, legend), Ink::Text, Anchor::Start)?;
            }
            Ok(())
        },
    )
    .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(name: &str, colour: usize, means: &[f64]) -> FactorLevel {
        let interval = |mean: &f64| Some((*mean, Some([mean - 1.0, mean + 1.0])));
        FactorLevel {
            name: name.to_owned(),
            colour,
            means: means.iter().map(interval).collect(),
        }
    }

    #[test]
    fn levels_are_named_where_they_stand_and_keep_their_colours() {
        let all = [
            level("protocol", 0, &[5.0, 3.0]),
            level("dt", 1, &[4.0, -2.0]),
        ];
        let whole = factors(&["rota", "ma-spl"], &all, "harm").unwrap().unwrap();
        for name in ["protocol", "dt", "rota", "ma-spl", "harm"] {
            assert!(whole.contains(name), "{name}");
        }
        // A level alone has the colour that it has among others.
        let one = factors(&["rota", "ma-spl"], &all[1..], "harm")
            .unwrap()
            .unwrap();
        assert!(whole.contains("var(--s0)") && whole.contains("var(--s1)"));
        assert!(!one.contains("var(--s0)") && one.contains("var(--s1)"));
    }

    #[test]
    fn what_is_missing_or_no_number_is_not_drawn() {
        let none = FactorLevel {
            means: vec![None, None],
            ..level("dt", 0, &[])
        };
        assert_eq!(factors(&["rota", "ma-spl"], &[none], "harm").unwrap(), None);
        assert_eq!(factors(&[], &[], "harm").unwrap(), None);
        let part = FactorLevel {
            means: vec![None, Some((f64::NAN, None)), Some((0.0, None))],
            ..level("dt", 0, &[])
        };
        let svg = factors(&["a", "b", "c"], &[part], "harm").unwrap().unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        assert_eq!(svg.matches("<circle").count(), 1);
    }
}
