//! A small pen over the SVG backend of `plotters` whose colours follow the page.
//!
//! The backend writes fixed colours. The pen therefore draws with marker colours, and [`draw`] replaces each marker by
//! a variable of the style sheet, so that one drawing serves light and dark. Fonts are not measured: widths are
//! estimated from the number of characters.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::data::ReportError;
use super::html;

/// Number of colours for series.
pub(super) const SERIES: usize = 6;

/// A colour by its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// Labels and interval bars.
    Text,
    /// Numbers at the axes.
    Muted,
    /// Grid lines.
    Grid,
    /// The ground behind text.
    Ground,
    /// Series `0..SERIES`; larger numbers wrap.
    Series(usize),
}

impl Ink {
    fn code(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Muted => 1,
            Self::Grid => 2,
            Self::Ground => 3,
            Self::Series(k) => 4 + (k % SERIES) as u8,
        }
    }

    fn marker(self) -> RGBColor {
        RGBColor(1, 2, self.code())
    }

    fn variable(self) -> String {
        match self {
            Self::Text => "var(--text)".to_owned(),
            Self::Muted => "var(--muted)".to_owned(),
            Self::Grid => "var(--grid)".to_owned(),
            Self::Ground => "var(--card)".to_owned(),
            Self::Series(k) => format!("var(--s{})", k % SERIES),
        }
    }
}

/// Where a text sits relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// The text starts at the point.
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

/// Size of the letters in pixels.
pub(super) const LETTER: f64 = 13.0;

/// Estimated width of a text in pixels at size [`LETTER`].
pub(super) fn text_width(text: &str) -> f64 {
    text.chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' | '.' | ',' | '\'' | ':' => 0.42,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 1.0,
            'A'..='Z' => 0.72,
            c if c >= '\u{2e80}' => 1.0,
            _ => 0.64,
        })
        .sum::<f64>()
        * LETTER
}

/// A label of at most `width` pixels, ending in an ellipsis where it was cut.
pub(super) fn fit_text(text: &str, width: f64) -> String {
    // Of room that was measured for this very text, sums leave a little less.
    let width = width + 0.01;
    let mut limit = 120;
    let mut label = html::shorten(text, limit);
    while text_width(&label) > width && limit > 2 {
        limit = limit.min(label.chars().count()) - 1;
        label = html::shorten(text, limit);
    }
    label
}

/// Draws in pixels, origin at the top left.
pub(super) struct Pen<'a, 'b> {
    area: &'a DrawingArea<SVGBackend<'b>, Shift>,
    plot: &'static str,
}

fn pixel(at: (f64, f64)) -> (i32, i32) {
    (at.0.round() as i32, at.1.round() as i32)
}

impl Pen<'_, '_> {
    fn put<E>(&self, element: E) -> Result<(), ReportError>
    where
        for<'p> &'p E: plotters::element::PointCollection<'p, (i32, i32)>,
        for<'b> E: plotters::element::Drawable<SVGBackend<'b>>,
    {
        self.area.draw(&element).map_err(|e| ReportError::Plot {
            plot: self.plot,
            message: e.to_string(),
        })
    }

    /// A straight or bent line.
    pub(super) fn line(
        &self,
        points: &[(f64, f64)],
        ink: Ink,
        width: u32,
    ) -> Result<(), ReportError> {
        let points: Vec<_> = points.iter().map(|p| pixel(*p)).collect();
        self.put(PathElement::new(points, ink.marker().stroke_width(width)))
    }

    /// A filled rectangle.
    pub(super) fn bar(
        &self,
        from: (f64, f64),
        to: (f64, f64),
        ink: Ink,
    ) -> Result<(), ReportError> {
        self.put(Rectangle::new(
            [pixel(from), pixel(to)],
            ink.marker().filled(),
        ))
    }

    /// A filled rectangle of a strength from 0 to 1.
    pub(super) fn shade(
        &self,
        from: (f64, f64),
        to: (f64, f64),
        (ink, strength): (Ink, f64),
    ) -> Result<(), ReportError> {
        let style = ink.marker().mix(strength).filled();
        self.put(Rectangle::new([pixel(from), pixel(to)], style))
    }

    /// A pale area within an outline.
    pub(super) fn band(&self, outline: &[(f64, f64)], ink: Ink) -> Result<(), ReportError> {
        let outline: Vec<_> = outline.iter().map(|p| pixel(*p)).collect();
        self.put(Polygon::new(outline, ink.marker().mix(0.18).filled()))
    }

    /// A filled disc.
    pub(super) fn dot(&self, at: (f64, f64), radius: u32, ink: Ink) -> Result<(), ReportError> {
        self.put(Circle::new(pixel(at), radius, ink.marker().filled()))
    }

    /// A text, centred vertically on its point.
    pub(super) fn text(
        &self,
        text: &str,
        at: (f64, f64),
        ink: Ink,
        anchor: Anchor,
    ) -> Result<(), ReportError> {
        let h = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        // The backend divides every font size by 1.24.
        let style = ("sans-serif", LETTER * 1.24)
            .into_font()
            .color(&ink.marker())
            .pos(Pos::new(h, VPos::Center));
        self.put(Text::new(text.to_owned(), pixel(at), style))
    }
}

/// Runs `strokes` on a fresh canvas and gives an `<svg>` element for the page.
///
/// `plot` names the picture in errors and for readers that cannot see it.
///
/// # Errors
/// [`ReportError::Plot`] when the backend refuses an element.
pub(super) fn draw(
    plot: &'static str,
    size: (u32, u32),
    strokes: impl FnOnce(&Pen<'_, '_>) -> Result<(), ReportError>,
) -> Result<String, ReportError> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        strokes(&Pen { area: &area, plot })?;
        area.present().map_err(|e| ReportError::Plot {
            plot,
            message: e.to_string(),
        })?;
    }
    for ink in [Ink::Text, Ink::Muted, Ink::Grid, Ink::Ground]
        .into_iter()
        .chain((0..SERIES).map(Ink::Series))
    {
        // Quotes inside texts are escaped by the backend, so only attributes can match.
        let marker = format!("\"#0102{:02X}\"", ink.code());
        svg = svg.replace(&marker, &format!("\"{}\"", ink.variable()));
    }
    // Inside HTML the name space is known; the page then holds no address at all.
    let head = format!("<svg role=\"img\" aria-label=\"{plot}\"");
    Ok(svg
        .replacen("<svg", &head, 1)
        .replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1)
        .replace(" font-family=\"sans-serif\"", "")
        .replace(" opacity=\"1\"", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_fits_the_room_that_was_measured_for_it() {
        for text in ["as asked", "ma-spl + dt", "protocol"] {
            let margin = text_width(text) + 18.0;
            assert_eq!(fit_text(text, margin - 18.0), text);
            assert_ne!(fit_text(text, margin - 26.0), text);
        }
    }

    #[test]
    fn colours_become_variables_and_text_is_escaped() {
        let svg = draw("test plot", (40, 40), |pen| {
            pen.line(&[(0.0, 0.0), (9.0, 9.0)], Ink::Series(1), 2)?;
            pen.text("<i>\"#010200\"", (5.0, 5.0), Ink::Text, Anchor::Middle)
        })
        .unwrap();
        assert!(svg.contains("var(--s1)") && svg.contains("var(--text)"));
        assert!(
            svg.contains("&quot;#010200&quot;"),
            "texts keep their words"
        );
        assert!(!svg.contains("<i>") && !svg.contains("http"));
    }

    #[test]
    fn labels_fit_their_width() {
        assert!(text_width(&fit_text("a very long specialist name indeed", 90.0)) <= 90.0);
        assert_eq!(fit_text("short", 90.0), "short");
    }
}
