//! FHIR dates and times in universal time.

use crate::clinic::chart::time::{DAY_MIN, format_day, parse_day};

const DAY_S: i64 = DAY_MIN * 60;

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant {
    /// Seconds since 1970 in universal time.
    second: i64,
    /// Only a date was written.
    date_only: bool,
}

impl Instant {
    /// Reads `YYYY`, `YYYY-MM`, `YYYY-MM-DD` or a date with time and offset; `None` when it is
    /// none of these. A date that is not whole counts as its first day.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, clock) = match text.split_once('T') {
            Some((date, clock)) => (date, Some(clock)),
            None => (text, None),
        };
        let day = match date.len() {
            4 => parse_day(&format!("{date}-01-01")),
            7 => parse_day(&format!("{date}-01")),
            _ => parse_day(date),
        }?;
        let second = match clock {
            None => 0,
            Some(clock) => seconds(clock)?,
        };
        Some(Self {
            second: day * DAY_S + second,
            date_only: clock.is_none(),
        })
    }

    /// `YYYY-MM-DD HH:MM:SS`, or `YYYY-MM-DD` where only a date was written.
    pub(super) fn text(self) -> String {
        let day = self.day();
        if self.date_only {
            return day;
        }
        let second = self.second.rem_euclid(DAY_S);
        let (hour, minute) = (second / 3600, second / 60 % 60);
        format!("{day} {hour:02}:{minute:02}:{:02}", second % 60)
    }

    /// `YYYY-MM-DD`.
    pub(super) fn day(self) -> String {
        format_day(self.second.div_euclid(DAY_S))
    }

    /// Completed years from `birth` to this instant; 0 when it is earlier.
    pub(super) fn years_since(self, birth: Self) -> u32 {
        let (now, born) = (self.day(), birth.day());
        let year = |day: &str| {
            day.get(..4)
                .and_then(|y| y.parse::<i64>().ok())
                .unwrap_or(0)
        };
        let before_birthday = now.get(5..) < born.get(5..);
        let years = year(&now) - year(&born) - i64::from(before_birthday);
        u32::try_from(years).unwrap_or(0)
    }
}

/// Seconds since midnight in universal time of `HH:MM:SS[.sss](Z|+HH:MM|-HH:MM)`; without an
/// offset the time is taken as universal.
fn seconds(clock: &str) -> Option<i64> {
    let (clock, offset) = match clock.rfind(['Z', '+', '-']) {
        Some(at) => (&clock[..at], &clock[at..]),
        None => (clock, "Z"),
    };
    let two = |text: &str, most: i64| {
        let number: i64 = text.parse().ok()?;
        (text.len() == 2 && (0..=most).contains(&number)).then_some(number)
    };
    let whole = clock.split('.').next()?;
    let mut parts = whole.split(':');
    let hour = two(parts.next()?, 23)?;
    let minute = two(parts.next()?, 59)?;
    let second = parts.next().map_or(Some(0), |second| two(second, 60))?;
    if parts.next().is_some() {
        return None;
    }
    let shift = match offset {
        "Z" => 0,
        _ => {
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            let size = two(hours, 14)? * 3600 + two(minutes, 59)? * 60;
            if offset.starts_with('-') { -size } else { size }
        }
    };
    Some(hour * 3600 + minute * 60 + second - shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(written: &str) -> Option<String> {
        Instant::parse(written).map(Instant::text)
    }

    #[test]
    fn times_are_universal_and_dates_stay_dates() {
        let at = |written| text(written).unwrap();
        assert_eq!(at("2014-03-23T19:22:25+00:00"), "2014-03-23 19:22:25");
        assert_eq!(at("2014-03-23T22:22:25.403-04:00"), "2014-03-24 02:22:25");
        assert_eq!(at("2014-03-23T01:00:00+02:00"), "2014-03-22 23:00:00");
        assert_eq!(at("2014-03-23T01:00:00Z"), "2014-03-23 01:00:00");
        assert_eq!(at("2014-03-23"), "2014-03-23");
        assert_eq!(at("2014-03"), "2014-03-01");
        assert_eq!(at("2014"), "2014-01-01");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for wrong in [
            "",
            "T",
            "yesterday",
            "2014-13-01",
            "2014-02-30",
            "2014-03-23T25:00:00Z",
            "2014-03-23T10",
            "2014-03-23T10:00:00+2",
            "2014-03-23T10:00:00:00Z",
            "20é4",
        ] {
            assert_eq!(text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn years_are_completed() {
        let years = |now: &str, born: &str| {
            Instant::parse(now)
                .unwrap()
                .years_since(Instant::parse(born).unwrap())
        };
        assert_eq!(years("2016-07-26", "1993-01-11"), 23);
        assert_eq!(years("2016-01-10", "1993-01-11"), 22);
        assert_eq!(years("2016-01-11", "1993-01-11"), 23);
        assert_eq!(years("1990-01-01", "1993-01-11"), 0);
    }
}
