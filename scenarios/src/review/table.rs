//! The tables of a review, cell by cell, for the terminal, the text and the page.

use super::agreement::Agreement;
use super::corrected::Corrected;
use super::result::Review;

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

fn interval(value: Option<[f64; 2]>) -> String {
    value.map_or_else(
        || "–".to_owned(),
        |[low, high]| format!("[{low:.3}, {high:.3}]"),
    )
}

fn head(titles: &[&str]) -> Vec<String> {
    titles.iter().map(|title| (*title).to_owned()).collect()
}

fn cells(of: &Agreement) -> Vec<String> {
    let [[yy, yn], [ny, nn]] = of.confusion;
    vec![
        share(of.agreement),
        share(of.kappa),
        interval(of.kappa_ci95),
        share(of.macro_f1),
        format!("{yy} {yn} / {ny} {nn}"),
        of.why.clone().unwrap_or_default(),
    ]
}

/// The machine against people; the first row is the head.
pub fn agreement_rows(review: &Review) -> Vec<Vec<String>> {
    let mut rows = vec![head(&[
        "checks",
        "rated",
        "open",
        "agreement",
        "kappa",
        "95 % interval",
        "macro-F1",
        "yy yn / ny nn",
        "note",
    ])];
    for group in &review.groups {
        let name = match group.name.as_str() {
            "" => group.of.to_owned(),
            name => format!("{} {name}", group.of),
        };
        let open = if group.machine_open == 0 {
            group.open.to_string()
        } else {
            format!("{} (machine {})", group.open, group.machine_open)
        };
        let mut row = vec![name, group.rated.to_string(), open];
        row.extend(cells(&group.agreement));
        rows.push(row);
    }
    rows
}

/// Raters against each other; the first row is the head, which alone is there for one rater.
pub fn pair_rows(review: &Review) -> Vec<Vec<String>> {
    let mut rows = vec![head(&[
        "raters",
        "common",
        "agreement",
        "kappa",
        "95 % interval",
        "macro-F1",
        "yy yn / ny nn",
        "note",
    ])];
    for pair in &review.pairs {
        let mut row = vec![
            format!("{} and {}", pair.a, pair.b),
            pair.common.to_string(),
        ];
        row.extend(cells(&pair.agreement));
        rows.push(row);
    }
    rows
}

/// Scores and pass rates, corrected; the first row is the head.
pub fn corrected_rows(review: &Review) -> Vec<Vec<String>> {
    let mut rows = vec![head(&[
        "arm",
        "of",
        "visits",
        "rated",
        "machine",
        "corrected",
        "95 % interval",
        "if open goes against or for",
        "note",
    ])];
    for arm in &review.arms {
        for (of, value) in [("score", &arm.score), ("pass rate", &arm.pass_rate)] {
            rows.push(vec![
                arm.arm.clone(),
                of.to_owned(),
                arm.visits.to_string(),
                arm.rated.to_string(),
                share(value.machine),
                share(value.corrected.mean),
                interval(value.corrected.ci95),
                opened(value),
                value.corrected.why.clone().unwrap_or_default(),
            ]);
        }
    }
    rows
}

/// The bounds, where anything is open.
fn opened(value: &Corrected) -> String {
    match value.bounds {
        Some([low, high]) if high - low > 1e-12 => {
            format!("{low:.3} to {high:.3}, {}", interval(value.bounds_ci95))
        }
        Some(_) => "nothing is open".to_owned(),
        None => "–".to_owned(),
    }
}
