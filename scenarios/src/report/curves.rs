//! Curves over the rounds with their intervals, each named at its end.

use super::accuracy::ticks;
use super::canvas::{Anchor, Ink, LETTER, draw, fit_text, text_width};
use super::data::ReportError;
use super::html::plain;

/// One curve.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// Its name, written at its end.
    pub name: String,
    /// Points `(x, mean, [low, high])`, in the order of x; the interval where there is one.
    pub points: Vec<(f64, f64, Option<[f64; 2]>)>,
    /// Drawn thin and grey: a reference, no result.
    pub reference: bool,
}

/// How heights grow with values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// In proportion, from zero or the least value up.
    Linear,
    /// With the logarithm: equal heights are equal factors. Values of zero and less are not drawn.
    Logarithmic,
}

impl Scale {
    /// Height of a value before it is fitted to the plot.
    fn height(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Logarithmic => value.log10(),
        }
    }

    fn draws(self, value: f64) -> bool {
        self.height(value).is_finite()
    }

    /// Values to name between two values, both drawn.
    fn ticks(self, low: f64, high: f64) -> Vec<f64> {
        if self == Self::Linear {
            return ticks(low, high);
        }
        let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
        let steps: &[f64] = match high / low {
            ..30.0 => &[1.0, 2.0, 5.0],
            ..1000.0 => &[1.0, 3.0],
            _ => &[1.0],
        };
        decades
            .flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)))
            .filter(|tick| (low..=high).contains(tick))
            .collect()
    }
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;

/// Draws `curves`; `None` when there is no point at all.
///
/// # Errors
/// [`ReportError::Plot`] when the plot cannot be drawn.
pub fn curves(
    curves: &[Curve],
    (across, upright): (&str, &str),
    scale: Scale,
) -> Result<Option<String>, ReportError> {
    let shown: Vec<&Curve> = curves.iter().filter(|c| !c.points.is_empty()).collect();
    let points = || shown.iter().flat_map(|curve| &curve.points);
    let ends = points().flat_map(|(_, mean, ci)| ci.unwrap_or([*mean, *mean]));
    let ends = ends.chain(points().map(|(_, mean, _)| *mean));
    let (low, high) = span(ends.filter(|y| scale.draws(*y)));
    let (first, last) = span(points().map(|(x, ..)| *x));
    if !(low <= high && first <= last) {
        return Ok(None);
    }
    let (low, high) = match scale {
        Scale::Linear if high > low.min(0.0) => (low.min(0.0), high),
        Scale::Linear => (low, low + 1.0),
        // Room above and below, and for a single value.
        Scale::Logarithmic => (low / 1.1, high * 1.1),
    };
    let last = if last > first { last } else { first + 1.0 };
    let names = shown.iter().map(|curve| text_width(&curve.name));
    let margin = names.fold(40.0, f64::max).min(190.0) + 18.0;
    let (left, right, top, bottom) = (56.0, WIDTH - margin, 26.0, HEIGHT - 46.0);
    let x = |value: f64| left + (value - first) / (last - first) * (right - left);
    let (least, most) = (scale.height(low), scale.height(high));
    let y = |value: f64| bottom - (scale.height(value) - least) / (most - least) * (bottom - top);
    draw(
        "curves over the rounds",
        (WIDTH as u32, HEIGHT as u32),
        |pen| {
            for tick in scale.ticks(low, high) {
                pen.line(&[(left, y(tick)), (right, y(tick))], Ink::Grid, 1)?;
                pen.text(&plain(tick), (left - 8.0, y(tick)), Ink::Muted, Anchor::End)?;
            }
            for tick in ticks(first, last) {
                pen.text(
                    &plain(tick),
                    (x(tick), bottom + 14.0),
                    Ink::Muted,
                    Anchor::Middle,
                )?;
            }
            let middle = (left + right) / 2.0;
            pen.text(across, (middle, HEIGHT - 12.0), Ink::Text, Anchor::Middle)?;
            pen.text(upright, (left - 44.0, 10.0), Ink::Text, Anchor::Start)?;
            let results = shown.iter().filter(|curve| !curve.reference);
            let inks: Vec<(&str, Ink)> = results
                .enumerate()
                .map(|(k, curve)| (curve.name.as_str(), Ink::Series(k)))
                .collect();
            let ink = |curve: &Curve| {
                let own = inks.iter().find(|(name, _)| *name == curve.name);
                own.filter(|_| !curve.reference)
                    .map_or(Ink::Muted, |(_, ink)| *ink)
            };
            for curve in &shown {
                let upper = curve
                    .points
                    .iter()
                    .filter_map(|(at, _, ci)| Some((*at, (*ci)?[1])));
                let lower = curve
                    .points
                    .iter()
                    .filter_map(|(at, _, ci)| Some((*at, (*ci)?[0])));
                let outline = upper.chain(lower.rev());
                let drawn = outline.filter(|(_, v)| scale.draws(*v));
                let outline: Vec<(f64, f64)> = drawn.map(|(at, v)| (x(at), y(v))).collect();
                if outline.len() > 2 {
                    pen.band(&outline, ink(curve))?;
                }
            }
            for curve in &shown {
                let line = curve
                    .points
                    .iter()
                    .filter(|(_, mean, _)| scale.draws(*mean));
                let line: Vec<(f64, f64)> = line.map(|(at, mean, _)| (x(*at), y(*mean))).collect();
                let width = if curve.reference { 1 } else { 2 };
                pen.line(&line, ink(curve), width)?;
            }
            let mut labels: Vec<(f64, &Curve)> = shown
                .iter()
                .filter_map(|curve| Some((y(curve.points.last()?.1), *curve)))
                .filter(|(at, _)| at.is_finite())
                .collect();
            labels.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (at, (_, curve)) in spread(&labels, top, bottom).into_iter().zip(&labels) {
                let ink = ink(curve);
                pen.bar((right + 6.0, at - 4.0), (right + 12.0, at + 4.0), ink)?;
                let label = fit_text(&curve.name, margin - 18.0);
                pen.text(&label, (right + 16.0, at), Ink::Text, Anchor::Start)?;
            }
            Ok(())
        },
    )
    .map(Some)
}

fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    })
}

/// Heights of labels that do not touch, near to where they belong: down from the top, then up from
/// the bottom.
fn spread(labels: &[(f64, &Curve)], top: f64, bottom: f64) -> Vec<f64> {
    let step = LETTER + 2.0;
    let mut heights: Vec<f64> = labels.iter().map(|(at, _)| *at).collect();
    let mut least = top;
    for height in &mut heights {
        *height = height.max(least);
        least = *height + step;
    }
    let mut most = bottom;
    for height in heights.iter_mut().rev() {
        *height = height.min(most);
        most = *height - step;
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(name: &str, values: &[f64]) -> Curve {
        let points = values.iter().enumerate();
        Curve {
            name: name.to_owned(),
            points: points
                .map(|(k, v)| (k as f64, *v, Some([v - 0.1, v + 0.1])))
                .collect(),
            reference: false,
        }
    }

    #[test]
    fn curves_are_named_and_labels_do_not_touch() {
        let all: Vec<Curve> = (0..9)
            .map(|k| curve(&format!("arm{k}"), &[1.0, 2.0]))
            .collect();
        let svg = curves(&all, ("round", "utility"), Scale::Linear)
            .unwrap()
            .unwrap();
        assert!((0..9).all(|k| svg.contains(&format!("arm{k}"))));
        let labels: Vec<(f64, &Curve)> = all.iter().map(|c| (50.0, c)).collect();
        let heights = spread(&labels, 20.0, 400.0);
        assert!(heights.windows(2).all(|pair| pair[1] - pair[0] >= LETTER));
        assert!(curves(&[], ("", ""), Scale::Linear).unwrap().is_none());
        let flat = curve("one", &[f64::NAN]);
        assert!(curves(&[flat], ("", ""), Scale::Linear).unwrap().is_none());
    }

    #[test]
    fn equal_factors_are_equal_heights_on_a_logarithmic_scale() {
        let log = Scale::Logarithmic;
        assert_eq!(log.ticks(0.0004, 4.0), [0.001, 0.01, 0.1, 1.0]);
        assert_eq!(log.ticks(0.9, 90.0), [1.0, 3.0, 10.0, 30.0]);
        assert_eq!(log.ticks(0.9, 11.0), [1.0, 2.0, 5.0, 10.0]);
        assert!(!log.draws(0.0) && !log.draws(-1.0) && log.draws(0.01));
        let falling = Curve {
            points: vec![(0.0, 4.0, None), (1.0, 0.0, None), (2.0, 0.04, None)],
            ..Curve::default()
        };
        let svg = curves(&[falling], ("step", "loss"), log).unwrap().unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        let below = Curve {
            points: vec![(0.0, -1.0, None)],
            ..Curve::default()
        };
        assert!(curves(&[below], ("", ""), log).unwrap().is_none());
    }
}
