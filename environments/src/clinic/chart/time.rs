//! Calendar of the record: `YYYY-MM-DD[ HH:MM[:SS]]` as minutes, and dates in questions.

/// A point in time as the record writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    /// Minutes since 1970-01-01 00:00.
    pub minute: i64,
    /// Only the date was written.
    pub date_only: bool,
}

/// Minutes of a day.
pub(crate) const DAY_MIN: i64 = 24 * 60;

/// Reads a time; `None` when it is not one.
pub(super) fn parse(text: &str) -> Option<Stamp> {
    let text = text.trim();
    let (date, clock) = match text.split_once([' ', 'T']) {
        Some((date, clock)) => (date, Some(clock.trim())),
        None => (text, None),
    };
    let day = parse_day(date)?;
    let minutes = match clock {
        None => 0,
        Some(clock) => {
            let mut parts = clock.split(':');
            let hour: i64 = digits(parts.next()?, 2)?;
            let minute: i64 = digits(parts.next()?, 2)?;
            if hour > 23 || minute > 59 {
                return None;
            }
            hour * 60 + minute
        }
    };
    Some(Stamp {
        minute: day * DAY_MIN + minutes,
        date_only: clock.is_none(),
    })
}

/// Days since 1970-01-01 of `YYYY-MM-DD`; `None` when there is no such day.
pub(crate) fn parse_day(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let number = days_from_civil(year, month, day);
    (civil_from_days(number) == (year, month, day)).then_some(number)
}

/// `YYYY-MM-DD` of a number of days since 1970-01-01.
pub(crate) fn format_day(days: i64) -> String {
    let (year, month, day) = civil_from_days(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The first `YYYY-MM-DD` within `text` whose year lies in `years`.
pub(super) fn find_date(text: &str, years: std::ops::RangeInclusive<i64>) -> Option<String> {
    let bytes = text.as_bytes();
    bytes.windows(10).enumerate().find_map(|(at, window)| {
        let shape = window.iter().enumerate().all(|(i, b)| match i {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
        let apart = (at == 0 || !bytes[at - 1].is_ascii_digit())
            && bytes.get(at + 10).is_none_or(|b| !b.is_ascii_digit());
        let date = std::str::from_utf8(window).ok()?;
        let year = digits(date.get(..4)?, 4)?;
        (shape && apart && years.contains(&year)).then(|| date.to_owned())
    })
}

fn digits(text: &str, len: usize) -> Option<i64> {
    (text.len() == len && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let days_before_month = (153 * month + 2) / 5;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + days_before_month + day - 1 - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_go_there_and_back() {
        for day in (-1_000_000..1_000_000).step_by(97) {
            assert_eq!(parse_day(&format_day(day)).unwrap_or(day), day);
        }
        assert_eq!(parse_day("1970-01-01"), Some(0));
        assert_eq!(parse_day("2149-02-29"), None);
        assert_eq!(
            parse_day("2148-02-29").map(|d| d + 1),
            parse_day("2148-03-01")
        );
    }

    #[test]
    fn times_have_minutes_and_dates_do_not() {
        let time = parse("2149-03-01 10:30:00").unwrap();
        let date = parse("2149-03-01").unwrap();
        assert_eq!(time.minute - date.minute, 630);
        assert!(date.date_only && !time.date_only);
        assert_eq!(parse("2149-03-01 25:00:00"), None);
        assert_eq!(parse("yesterday"), None);
    }

    #[test]
    fn dates_are_found_by_year() {
        let question = "heart rate on 2149-03-02?";
        assert_eq!(
            find_date(question, 2000..=2999).as_deref(),
            Some("2149-03-02")
        );
        assert_eq!(find_date(question, 2000..=2099), None);
    }
}
