//! How long a server asks to wait.

use std::time::Duration;

use reqwest::header::HeaderMap;

/// The wait that the headers of a reply ask for: `retry-after-ms`, or `retry-after` in seconds or
/// as a date, which is compared with the server's own `date`.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    let wait = |seconds: f64| Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    if let Some(ms) = text("retry-after-ms").and_then(number) {
        return wait(ms / 1e3);
    }
    let asked = text("retry-after")?;
    if let Some(seconds) = number(asked) {
        return wait(seconds);
    }
    let seconds = date(asked)? - date(text("date")?)?;
    wait(seconds as f64)
}

/// Seconds of a date such as `Sun, 06 Nov 1994 08:49:37 GMT` from the start of the year 0.
fn date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut parts = text.split_once(", ")?.1.split([' ', ':']);
    let number = |parts: &mut std::str::Split<'_, _>| parts.next()?.parse::<i64>().ok();
    let day = number(&mut parts)?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as i64;
    let (year, hour) = (number(&mut parts)?, number(&mut parts)?);
    let (minute, second) = (number(&mut parts)?, number(&mut parts)?);
    if !(0..10_000).contains(&year) || parts.next() != Some("GMT") {
        return None;
    }
    // Years begin in March here, so that the leap day is the last of its year.
    let (year, month) = if month < 2 {
        (year - 1, month + 10)
    } else {
        (year, month - 2)
    };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = days + (153 * month + 2) / 5 + day;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&'static str, &'static str)]) -> Option<f64> {
        let pairs = headers.iter().map(|(name, value)| {
            let name = reqwest::header::HeaderName::from_static(name);
            (name, reqwest::header::HeaderValue::from_static(value))
        });
        retry_after(&pairs.collect()).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn seconds_milliseconds_and_dates_are_read() {
        assert_eq!(asked(&[("retry-after", "7")]), Some(7.0));
        assert_eq!(asked(&[("retry-after", "0.25")]), Some(0.25));
        assert_eq!(asked(&[("retry-after", "-3")]), Some(0.0));
        assert_eq!(
            asked(&[("retry-after-ms", "1500"), ("retry-after", "2")]),
            Some(1.5)
        );
        let dates = |now, then| asked(&[("date", now), ("retry-after", then)]);
        let leap = dates(
            "Wed, 28 Feb 2024 23:59:50 GMT",
            "Fri, 01 Mar 2024 00:00:20 GMT",
        );
        assert_eq!(leap, Some(86_430.0));
        let turn = dates(
            "Sun, 31 Dec 2023 23:59:59 GMT",
            "Mon, 01 Jan 2024 00:00:01 GMT",
        );
        assert_eq!(turn, Some(2.0));
    }

    #[test]
    fn what_is_no_wait_is_left_out() {
        assert_eq!(asked(&[]), None);
        for wrong in ["soon", "NaN", "inf", "Sun, 06 Foo 1994 08:49:37 GMT"] {
            assert_eq!(
                asked(&[("date", "x"), ("retry-after", wrong)]),
                None,
                "{wrong}"
            );
        }
        let no_clock = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(asked(&[("retry-after", no_clock)]), None);
    }
}
