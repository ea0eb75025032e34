//! Numbers, lists and files in sentences.

use std::path::Path;

/// `1 visit`, `3 visits`, `2 queries`, `2 days`.
pub(super) fn counted(number: impl Into<u64>, one: &str) -> String {
    let number = number.into();
    let stem = one.strip_suffix('y');
    let stem = stem.filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    match (number, stem) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {one}s"),
    }
}

/// `a, b and c`.
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// A share as a percentage, such as `12.5 %`.
pub(super) fn percent(share: f64) -> String {
    // Of 0.1 and the like, the product alone has digits that nobody wrote.
    format!("{} %", (share * 1e8).round() / 1e6)
}

/// The last part of a path: what is before it is of one machine.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_read_as_sentences() {
        assert_eq!(counted(1_u32, "visit"), "1 visit");
        assert_eq!(counted(0_u32, "visit"), "0 visits");
        assert_eq!(counted(2_u32, "speciality"), "2 specialities");
        assert_eq!(counted(2_u32, "day"), "2 days");
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(listed(&items), "a, b and c");
        assert_eq!(listed(&items[..1]), "a");
        assert_eq!(percent(0.1), "10 %");
        assert_eq!(percent(0.055), "5.5 %");
        assert_eq!(percent(1.0 / 3.0), "33.333333 %");
    }
}
