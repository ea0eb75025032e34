//! Points in time as the records write them.

use std::fmt;

/// A point in time to the second, `YYYY-MM-DD[ HH:MM:SS]`, ordered as time is.
///
/// Dates of a record are shifted per subject, so they compare only inside one subject.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Reads `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`; `None` for anything else and for dates that
    /// no calendar has.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (date, time) = match text.len() {
            10 => (text, None),
            19 if text[10] == b' ' => (&text[..10], Some(&text[11..])),
            _ => return None,
        };
        if date[4] != b'-' || date[7] != b'-' {
            return None;
        }
        let year = number(&date[..4])?;
        let month = number(&date[5..7])?;
        let day = number(&date[8..])?;
        if year == 0 || day == 0 || day > days_in_month(year, month)? {
            return None;
        }
        let mut packed = ((year << 4 | month) << 5 | day) << 17;
        if let Some(time) = time {
            if time[2] != b':' || time[5] != b':' {
                return None;
            }
            let (hour, minute, second) = (
                number(&time[..2])?,
                number(&time[3..5])?,
                number(&time[6..])?,
            );
            if hour > 23 || minute > 59 || second > 59 {
                return None;
            }
            packed |= (hour << 6 | minute) << 6 | second;
        }
        Some(Self(packed))
    }

    /// Year, month, day.
    pub fn date(self) -> (u64, u64, u64) {
        (self.0 >> 26, self.0 >> 22 & 15, self.0 >> 17 & 31)
    }

    /// Completed years from `self` (a birth) to `at`; 0 when `at` is earlier.
    pub fn years_until(self, at: Self) -> u64 {
        let (born, now) = (self.date(), at.date());
        let before_birthday = (now.1, now.2) < (born.1, born.2);
        now.0
            .saturating_sub(born.0)
            .saturating_sub(u64::from(before_birthday))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let (hour, minute, second) = (self.0 >> 12 & 31, self.0 >> 6 & 63, self.0 & 63);
        // Digit by digit: an import writes millions of these, and padded formatting of six
        // numbers took more than a tenth of its time.
        let mut text = *b"0000-00-00 00:00:00";
        let parts = [
            (4, year),
            (7, month),
            (10, day),
            (13, hour),
            (16, minute),
            (19, second),
        ];
        for (end, part) in parts {
            let mut rest = part;
            for digit in text[..end].iter_mut().rev() {
                if rest == 0 {
                    break;
                }
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + u64::from(digit - b'0'))
    })
}

fn days_in_month(year: u64, month: u64) -> Option<u64> {
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_read_is_written_again_and_keeps_its_order() {
        assert_eq!(at("2164-10-23 21:09:00").to_string(), "2164-10-23 21:09:00");
        assert_eq!(at("2164-10-23").to_string(), "2164-10-23 00:00:00");
        assert!(at("2164-10-23 21:09:01") > at("2164-10-23 21:09:00"));
        assert!(at("2165-01-01") > at("2164-12-31 23:59:59"));
    }

    #[test]
    fn dates_of_no_calendar_and_other_formats_are_refused() {
        for text in [
            "",
            "23/10/2164",
            "2164-13-01",
            "2163-02-29",
            "2164-10-00",
            "2164-10-23 24:00:00",
            "2164-10-23T21:09:00",
            "2164-10-23 21:09",
        ] {
            assert_eq!(Timestamp::parse(text.as_bytes()), None, "{text}");
        }
        assert!(Timestamp::parse(b"2164-02-29").is_some());
    }

    #[test]
    fn years_are_completed_years() {
        let born = at("2094-03-05");
        assert_eq!(born.years_until(at("2164-10-23 21:09:00")), 70);
        assert_eq!(born.years_until(at("2164-03-04")), 69);
        assert_eq!(born.years_until(at("2164-03-05")), 70);
        assert_eq!(born.years_until(at("2090-01-01")), 0);
    }
}
