//! The beds of a clinic over one day.

use super::accuracy::ticks;
use super::canvas::{Anchor, Ink, Pen, draw};
use super::data::ReportError;
use super::html::plain;

/// One day of a clinic.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WardDay {
    /// Beds.
    pub beds: u32,
    /// Length of the day in minutes.
    pub minutes: f64,
    /// Its first minutes, which do not count.
    pub warm_up: f64,
    /// Who was in which bed.
    pub stays: Vec<Stay>,
    /// From when to when each patient waited for a bed.
    pub waits: Vec<[f64; 2]>,
    /// When patients left unseen.
    pub left: Vec<f64>,
}

/// One patient in one bed; times in minutes since the start of the day.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stay {
    /// Number of the bed.
    pub bed: u32,
    /// When it was given.
    pub from: f64,
    /// When it was free again.
    pub to: f64,
    /// Acuity of the patient, 1 the most urgent.
    pub acuity: usize,
    /// The diagnosis, where there was one.
    pub ending: Option<Ending>,
}

/// A diagnosis.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ending {
    /// When.
    pub minute: f64,
    /// Whether it was right.
    pub right: bool,
    /// Whether the time in bed was over.
    pub forced: bool,
}

const WIDTH: f64 = 760.0;
/// Most beds that are drawn.
const BEDS: u32 = 60;
const ROW: f64 = 15.0;
/// Height of the strip of who waits.
const STRIP: f64 = 64.0;
const ACUITIES: usize = 5;

/// How strong an acuity is drawn: the most urgent is the strongest.
fn strength(acuity: usize) -> f64 {
    [1.0, 0.78, 0.58, 0.40, 0.25][acuity.clamp(1, ACUITIES) - 1]
}

/// Draws the beds of a day and who waits for one; `None` where there is no day.
///
/// # Errors
/// [`ReportError::Plot`] when the plot cannot be drawn.
pub fn ward(of: &WardDay) -> Result<Option<String>, ReportError> {
    if of.beds == 0 || !(of.minutes > 0.0 && of.minutes.is_finite()) {
        return Ok(None);
    }
    let beds = of.beds.min(BEDS);
    let (left, right, top) = (58.0, WIDTH - 14.0, 14.0);
    let bottom = top + ROW * f64::from(beds);
    let base = bottom + 18.0 + STRIP;
    let x = |minute: f64| left + minute.clamp(0.0, of.minutes) / of.minutes * (right - left);
    let height = base + 92.0;
    draw("beds over the day", (WIDTH as u32, height as u32), |pen| {
        if of.warm_up > 0.0 {
            pen.shade((left, top), (x(of.warm_up), base), (Ink::Grid, 0.6))?;
        }
        let hours = of.minutes / 60.0;
        for hour in ticks(0.0, hours) {
            let at = x(hour * 60.0);
            pen.line(&[(at, top), (at, base)], Ink::Grid, 1)?;
            pen.text(&plain(hour), (at, base + 14.0), Ink::Muted, Anchor::Middle)?;
        }
        pen.text(
            "hour",
            ((left + right) / 2.0, base + 32.0),
            Ink::Text,
            Anchor::Middle,
        )?;
        for bed in (0..beds).filter(|bed| bed % 2 == 0 || beds < 8) {
            let y = top + ROW * (f64::from(bed) + 0.5);
            let label = format!("bed {}", bed + 1);
            pen.text(&label, (left - 6.0, y), Ink::Muted, Anchor::End)?;
        }
        for stay in of.stays.iter().filter(|stay| stay.bed < beds) {
            draw_stay(pen, stay, top, &x)?;
        }
        strip(pen, of, (left, right, bottom + 18.0, base), &x)?;
        legend(pen, left, base + 54.0)
    })
    .map(Some)
}

fn draw_stay(
    pen: &Pen<'_, '_>,
    stay: &Stay,
    top: f64,
    x: &dyn Fn(f64) -> f64,
) -> Result<(), ReportError> {
    let y = top + ROW * f64::from(stay.bed);
    let open_to = stay.ending.map_or(stay.to, |ending| ending.minute);
    let ink = (Ink::Series(0), strength(stay.acuity));
    // A gap of a pixel between one patient and the next.
    let end = |minute: f64| (x(minute) - 1.0).max(x(stay.from) + 1.0);
    pen.shade((x(stay.from), y + 2.0), (end(open_to), y + ROW - 2.0), ink)?;
    let Some(ending) = stay.ending else {
        return Ok(());
    };
    let middle = y + ROW / 2.0;
    if stay.to > ending.minute {
        let (from, to) = (
            (x(ending.minute), middle - 1.0),
            (end(stay.to), middle + 1.0),
        );
        pen.bar(from, to, Ink::Muted)?;
    }
    mark(pen, (x(ending.minute), middle), ending)
}

/// A diagnosis: a disc where it was right, a cross where it was wrong, within a ring where it was forced.
fn mark(pen: &Pen<'_, '_>, at: (f64, f64), ending: Ending) -> Result<(), ReportError> {
    if ending.forced {
        pen.dot(at, 6, Ink::Text)?;
    }
    pen.dot(at, 5, Ink::Ground)?;
    match ending.right {
        true => pen.dot(at, 4, Ink::Series(2)),
        false => cross(pen, at, Ink::Series(1)),
    }
}

fn cross(pen: &Pen<'_, '_>, (x, y): (f64, f64), ink: Ink) -> Result<(), ReportError> {
    let d = 3.0;
    pen.line(&[(x - d, y - d), (x + d, y + d)], ink, 2)?;
    pen.line(&[(x - d, y + d), (x + d, y - d)], ink, 2)
}

/// How many wait over the day, and who left.
fn strip(
    pen: &Pen<'_, '_>,
    of: &WardDay,
    (left, right, top, base): (f64, f64, f64, f64),
    x: &dyn Fn(f64) -> f64,
) -> Result<(), ReportError> {
    let mut changes: Vec<(f64, i32)> = of
        .waits
        .iter()
        .flat_map(|[from, to]| [(*from, 1), (*to, -1)])
        .collect();
    changes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut now, mut most) = (0, 0);
    for (_, change) in &changes {
        now += change;
        most = most.max(now);
    }
    let scale = (base - top - 8.0) / f64::from(most.max(1));
    let y = |count: i32| base - f64::from(count) * scale;
    let mut line = vec![(left, base)];
    now = 0;
    for (minute, change) in changes {
        line.push((x(minute), y(now)));
        now += change;
        line.push((x(minute), y(now)));
    }
    line.push((right, y(now)));
    line.push((right, base));
    pen.band(&line, Ink::Series(1))?;
    pen.line(&line, Ink::Series(1), 1)?;
    pen.text(
        "waiting",
        (left - 6.0, base - STRIP / 2.0),
        Ink::Muted,
        Anchor::End,
    )?;
    pen.text(
        &most.to_string(),
        (left - 6.0, y(most)),
        Ink::Muted,
        Anchor::End,
    )?;
    for minute in &of.left {
        pen.line(
            &[(x(*minute), base), (x(*minute), base - 7.0)],
            Ink::Text,
            1,
        )?;
    }
    Ok(())
}

fn legend(pen: &Pen<'_, '_>, left: f64, y: f64) -> Result<(), ReportError> {
    let mut at = left;
    for acuity in 1..=ACUITIES {
        let ink = (Ink::Series(0), strength(acuity));
        pen.shade((at, y - 5.0), (at + 16.0, y + 5.0), ink)?;
        let word = match acuity {
            1 => "acuity 1, most urgent".to_owned(),
            _ => acuity.to_string(),
        };
        pen.text(&word, (at + 21.0, y), Ink::Text, Anchor::Start)?;
        at += if acuity == 1 { 182.0 } else { 48.0 };
    }
    pen.bar((at, y - 1.0), (at + 16.0, y + 1.0), Ink::Muted)?;
    pen.text(
        "diagnosed, bed not free yet",
        (at + 21.0, y),
        Ink::Text,
        Anchor::Start,
    )?;
    let y = y + 22.0;
    let verdict = |right, forced| Ending {
        minute: 0.0,
        right,
        forced,
    };
    let mut at = left + 8.0;
    for (ending, word, wide) in [
        (verdict(true, false), "right diagnosis", 130.0),
        (verdict(false, false), "wrong", 72.0),
        (verdict(true, true), "ringed: time was over", 172.0),
    ] {
        mark(pen, (at, y), ending)?;
        pen.text(word, (at + 12.0, y), Ink::Text, Anchor::Start)?;
        at += wide;
    }
    pen.line(&[(at, y + 4.0), (at, y - 4.0)], Ink::Text, 1)?;
    pen.text("left unseen", (at + 8.0, y), Ink::Text, Anchor::Start)?;
    at += 104.0;
    pen.shade((at, y - 5.0), (at + 16.0, y + 5.0), (Ink::Grid, 0.6))?;
    pen.text(
        "warm-up, not counted",
        (at + 21.0, y),
        Ink::Text,
        Anchor::Start,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stay_and_diagnosis_is_drawn() {
        let stay = |bed, from, ending| Stay {
            bed,
            from,
            to: from + 60.0,
            acuity: 2,
            ending,
        };
        let ending = |right| {
            Some(Ending {
                minute: 50.0,
                right,
                forced: false,
            })
        };
        let of = WardDay {
            beds: 2,
            minutes: 240.0,
            warm_up: 0.0,
            stays: vec![
                stay(0, 0.0, ending(true)),
                stay(1, 0.0, ending(false)),
                stay(1, 70.0, None),
            ],
            waits: vec![[0.0, 30.0], [10.0, 40.0]],
            left: vec![40.0],
        };
        let svg = ward(&of).unwrap().unwrap();
        let empty = WardDay {
            stays: Vec::new(),
            ..of.clone()
        };
        let bare = ward(&empty).unwrap().unwrap();
        let more = |what: &str| svg.matches(what).count() - bare.matches(what).count();
        assert_eq!(more("<rect"), 3 + 2, "stays, and beds not free yet");
        assert_eq!(more("<circle"), 2 + 1, "grounds, and one disc");
        assert!(
            svg.contains(">2</text>") || svg.contains("\n2\n"),
            "two wait at once"
        );
        assert!(ward(&WardDay::default()).unwrap().is_none());
    }
}
