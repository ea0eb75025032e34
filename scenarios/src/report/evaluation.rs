//! The section of an evaluation: thresholds, cases, never-events, variants, groups, risk.

use super::canvas::{Anchor, Ink, draw};
use super::data::ReportError;
use super::html::{escape_cut, name, number};
use super::shell::table;
use super::transcript::figure;

/// Cases told check by check at most.
const EXPLAINED: usize = 200;
/// Characters of one explanation.
const EXPLAINED_CHARS: usize = 20_000;

/// What an evaluation shows beyond the metrics.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportEvaluation {
    /// Arm, metric with its bound, what came out, and whether it is met.
    pub thresholds: Vec<(String, String, Option<f64>, bool)>,
    /// The cases of each arm.
    pub arms: Vec<ReportCases>,
    /// Variants: base, variant, cases, lost, gained, difference, interval, verdict.
    pub variants: Vec<ReportVariant>,
    /// Groups of persons.
    pub groups: Vec<ReportGroup>,
    /// Risk against coverage: arm, points, covered, mean risk.
    pub curves: Vec<(String, Vec<(f64, f64)>, Option<f64>)>,
}

/// The cases of one arm.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportCases {
    /// Name of the arm.
    pub arm: String,
    /// Its cases.
    pub rows: Vec<ReportCaseRow>,
    /// Never-events: check, cases, of how many, upper bound.
    pub never: Vec<(String, usize, usize, f64)>,
}

/// One case.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportCaseRow {
    /// Its id.
    pub case: String,
    /// What it is about.
    pub title: String,
    /// Its speciality.
    pub speciality: String,
    /// How it came out, in words.
    pub status: String,
    /// Whether that is as expected.
    pub good: bool,
    /// Visits that passed, and all.
    pub passed: (usize, usize),
    /// Mean and worst score.
    pub score: (Option<f64>, Option<f64>),
    /// Checks with bad news.
    pub failing: Vec<String>,
    /// A visit that did not pass, told check by check.
    pub explained: Option<String>,
}

/// One variant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportVariant {
    /// The arm that is varied.
    pub base: String,
    /// What is varied.
    pub variant: String,
    /// Cases played otherwise.
    pub cases: usize,
    /// Cases that passed at first and fail now.
    pub lost: Vec<String>,
    /// Cases that failed at first and pass now.
    pub gained: Vec<String>,
    /// Difference of the mean score.
    pub difference: Option<f64>,
    /// Its interval.
    pub ci95: Option<[f64; 2]>,
    /// The verdict in words.
    pub verdict: String,
}

/// One group of persons.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportGroup {
    /// Name of the arm.
    pub arm: String,
    /// Part of the person and its value.
    pub group: String,
    /// Cases.
    pub cases: usize,
    /// Share of visits passed, with its interval.
    pub passed: (Option<f64>, Option<[f64; 2]>),
    /// Mean score, with its interval.
    pub score: (Option<f64>, Option<[f64; 2]>),
}

/// The section.
pub(super) fn section(data: &ReportEvaluation) -> Result<String, ReportError> {
    let mut out = String::from("<section><h2>Evaluation</h2>");
    if !data.thresholds.is_empty() {
        out.push_str(&table(
            &["arm", "threshold", "got", ""],
            data.thresholds.iter().map(|(arm, bound, got, met)| {
                let verdict = if *met { "met" } else { "not met" };
                vec![name(arm), name(bound), value(*got), mark(verdict, *met)]
            }),
        ));
    }
    let mut explained = 0;
    for arm in &data.arms {
        out.push_str(&format!("<h3>{}</h3>", name(&arm.arm)));
        out.push_str(&cases(arm, &mut explained));
    }
    if !data.variants.is_empty() {
        out.push_str("<h3>The same cases played otherwise</h3>");
        out.push_str(&variants(&data.variants));
    }
    if !data.groups.is_empty() {
        out.push_str("<h3>By group of persons</h3>");
        out.push_str(&table(
            &["arm", "group", "cases", "visits passed", "score"],
            data.groups.iter().map(|group| {
                vec![
                    name(&group.arm),
                    name(&group.group),
                    group.cases.to_string(),
                    interval(group.passed),
                    interval(group.score),
                ]
            }),
        ));
        out.push_str(
            "<p class=\"muted small\">Few cases make wide intervals: a difference inside them is no finding.</p>",
        );
    }
    if let Some(svg) = risk(&data.curves)? {
        out.push_str("<div class=\"plots\">");
        out.push_str(&figure("Risk against coverage", &svg));
        out.push_str("</div>");
    }
    out.push_str("</section>\n");
    Ok(out)
}

fn cases(arm: &ReportCases, explained: &mut usize) -> String {
    let head = [
        "case",
        "about",
        "speciality",
        "status",
        "visits passed",
        "score",
        "worst",
        "checks with bad news",
    ];
    let mut out = table(
        &head,
        arm.rows.iter().map(|row| {
            vec![
                name(&row.case),
                name(&row.title),
                name(&row.speciality),
                mark(&row.status, row.good),
                format!("{} of {}", row.passed.0, row.passed.1),
                value(row.score.0),
                value(row.score.1),
                name(&row.failing.join(", ")),
            ]
        }),
    );
    if let Some((_, met, of, upper)) = arm.never.last().filter(|(_, _, of, _)| *of > 0) {
        out.push_str(&format!(
            "<p>Never-events: {met} of {of} cases; with 95 % confidence at most {:.1} % of cases.</p>",
            100.0 * upper
        ));
    }
    for row in &arm.rows {
        let Some(text) = row.explained.as_ref().filter(|_| *explained < EXPLAINED) else {
            continue;
        };
        *explained += 1;
        out.push_str(&format!(
            "<details><summary>{}: why it did not pass</summary><pre>{}</pre></details>",
            name(&row.case),
            escape_cut(text, EXPLAINED_CHARS)
        ));
    }
    out
}

fn variants(all: &[ReportVariant]) -> String {
    table(
        &[
            "arm",
            "variant",
            "cases",
            "fail now",
            "pass now",
            "score difference",
            "verdict",
        ],
        all.iter().map(|v| {
            vec![
                name(&v.base),
                name(&v.variant),
                v.cases.to_string(),
                mark(&listed(&v.lost), v.lost.is_empty()),
                name(&listed(&v.gained)),
                interval((v.difference, v.ci95)),
                name(&v.verdict),
            ]
        }),
    )
}

fn listed(cases: &[String]) -> String {
    match cases.len() {
        0 => "none".to_owned(),
        n if n <= 6 => format!("{n}: {}", cases.join(", ")),
        n => format!("{n}: {}, …", cases[..6].join(", ")),
    }
}

fn mark(text: &str, good: bool) -> String {
    if good {
        name(text)
    } else {
        format!("<b class=\"alarm\">{}</b>", name(text))
    }
}

fn value(of: Option<f64>) -> String {
    of.map_or_else(|| "–".to_owned(), number)
}

fn interval((mean, ci95): (Option<f64>, Option<[f64; 2]>)) -> String {
    match ci95 {
        Some([low, high]) => format!("{} [{}, {}]", value(mean), number(low), number(high)),
        None => value(mean),
    }
}

/// Risk against coverage; `None` without a curve of two points.
fn risk(curves: &[(String, Vec<(f64, f64)>, Option<f64>)]) -> Result<Option<String>, ReportError> {
    let drawn: Vec<_> = curves
        .iter()
        .filter(|(_, points, _)| points.len() > 1)
        .take(6)
        .collect();
    if drawn.is_empty() {
        return Ok(None);
    }
    let most = drawn
        .iter()
        .flat_map(|(_, points, _)| points.iter().map(|(_, risk)| *risk))
        .fold(0.1, f64::max);
    let (left, right, top, bottom) = (56.0, 400.0, 12.0, 212.0);
    let x = |coverage: f64| left + coverage * (right - left);
    let y = |risk: f64| bottom - risk / most * (bottom - top);
    draw("risk against coverage", (620, 260), |pen| {
        for step in 0..=4 {
            let part = f64::from(step) / 4.0;
            let (gx, gy) = (x(part), y(part * most));
            pen.line(&[(left, gy), (right, gy)], Ink::Grid, 1)?;
            let label = format!("{:.0} %", 100.0 * part * most);
            pen.text(&label, (left - 8.0, gy), Ink::Muted, Anchor::End)?;
            let label = format!("{:.0} %", 100.0 * part);
            pen.text(&label, (gx, bottom + 14.0), Ink::Muted, Anchor::Middle)?;
        }
        let middle = (left + right) / 2.0;
        pen.text(
            "visits that count, the surest first",
            (middle, bottom + 34.0),
            Ink::Muted,
            Anchor::Middle,
        )?;
        for (k, (arm, points, area)) in drawn.iter().enumerate() {
            let line: Vec<(f64, f64)> = points.iter().map(|(c, r)| (x(*c), y(*r))).collect();
            pen.line(&line, Ink::Series(k), 2)?;
            let at = top + 10.0 + 20.0 * k as f64;
            pen.dot((right + 20.0, at), 4, Ink::Series(k))?;
            let area = area.map_or_else(String::new, |area| format!(", mean risk {area:.3}"));
            let label = super::canvas::fit_text(&format!("{arm}{area}"), 180.0);
            pen.text(&label, (right + 30.0, at), Ink::Text, Anchor::Start)?;
        }
        Ok(())
    })
    .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bad_stands_out_and_words_are_escaped() {
        let data = ReportEvaluation {
            arms: vec![ReportCases {
                arm: "<team>".to_owned(),
                rows: vec![ReportCaseRow {
                    case: "a".to_owned(),
                    status: "failed".to_owned(),
                    explained: Some("<b>why</b>".to_owned()),
                    ..ReportCaseRow::default()
                }],
                never: vec![("any".to_owned(), 0, 60, 0.0487)],
            }],
            curves: vec![("x".to_owned(), vec![(0.5, 0.0), (1.0, 0.2)], Some(0.1))],
            ..ReportEvaluation::default()
        };
        let html = section(&data).unwrap();
        assert!(html.contains("<b class=\"alarm\">failed</b>"));
        assert!(html.contains("0 of 60 cases; with 95 % confidence at most 4.9 %"));
        assert!(html.contains("&lt;b&gt;why") && html.contains("&lt;team&gt;"));
        assert!(html.contains("<svg"));
    }
}
