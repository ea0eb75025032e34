//! Simulated time as the timestamps that a log needs.

/// The moment at which every run and episode begins: a run has no other time that is equal when
/// it is run again.
pub(super) const BEGIN: &str = "1970-01-01T00:00:00+00:00";

/// Latest minute that is told apart: a thousand years.
const MOST_MINUTES: f64 = 1000.0 * 365.0 * 24.0 * 60.0;

/// Seconds since the start of the episode; never negative, never without a bound.
pub(super) fn seconds(minute: f64) -> f64 {
    match minute.is_nan() {
        true => 0.0,
        false => minute.clamp(0.0, MOST_MINUTES) * 60.0,
    }
}

/// The timestamp of a simulated minute.
pub(super) fn timestamp(minute: f64) -> String {
    let micros = (seconds(minute) * 1e6).round() as u64;
    let (whole, micros) = (micros / 1_000_000, micros % 1_000_000);
    let (days, rest) = (whole / 86_400, whole % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{micros:06}+00:00",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Year, month and day of a number of days since 1970-01-01 in the Gregorian calendar.
fn civil(mut days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_become_days_and_the_time_of_day() {
        assert_eq!(timestamp(0.0), "1970-01-01T00:00:00.000000+00:00");
        assert_eq!(timestamp(1.5), "1970-01-01T00:01:30.000000+00:00");
        let day = 24.0 * 60.0;
        assert_eq!(timestamp(59.0 * day), "1970-03-01T00:00:00.000000+00:00");
        // 1972 is a leap year.
        let days = 365.0 + 365.0 + 59.0;
        assert_eq!(timestamp(days * day), "1972-02-29T00:00:00.000000+00:00");
        assert_eq!(timestamp(364.0 * day), "1970-12-31T00:00:00.000000+00:00");
    }

    #[test]
    fn no_number_is_outside_the_calendar() {
        assert_eq!(timestamp(-1.0), timestamp(0.0));
        assert_eq!(timestamp(f64::NAN), timestamp(0.0));
        assert!(timestamp(f64::INFINITY).starts_with("29"));
    }
}
