//! The tables: metrics by arm and comparisons between arms.

use super::data::{ReportArm, ReportComparison, ReportMetric};
use super::headline::is_headline;
use super::html::{count, name, number};

/// Arms up to which each arm is a column; with more, each arm is a row.
const ARM_COLUMNS: usize = 4;
/// Most arms shown.
const ARMS: usize = 200;
/// Metrics shown at once; further ones are folded away.
const FIRST_METRICS: usize = 13;
/// Most metrics shown.
const METRICS: usize = 60;
/// Most comparisons shown.
const COMPARISONS: usize = 500;

/// The metrics of each arm.
pub(super) fn metrics(arms: &[ReportArm]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for metric in arms.iter().take(ARMS).flat_map(|arm| &arm.metrics) {
        if !names.contains(&metric.name.as_str()) {
            names.push(&metric.name);
        }
    }
    let left_out = arms.len().saturating_sub(ARMS) + names.len().saturating_sub(METRICS);
    names.truncate(METRICS);
    let arms = &arms[..arms.len().min(ARMS)];
    if names.is_empty() {
        return "<p class=\"muted\">No metric was measured.</p>".to_owned();
    }
    let (first, more) = names.split_at(names.len().min(FIRST_METRICS));
    let mut out = table(arms, first);
    out.push_str(
        "<p class=\"muted small\">Means over episodes with their 95 % intervals; n counts episodes.</p>",
    );
    if !more.is_empty() {
        out.push_str(&format!(
            "<details><summary>{} more</summary>{}</details>",
            count(more.len(), "metric", "metrics"),
            table(arms, more)
        ));
    }
    if left_out > 0 {
        out.push_str(&format!(
            "<p class=\"muted small\">{} more in <code>summary.json</code>.</p>",
            count(left_out, "arm or metric", "arms or metrics")
        ));
    }
    out
}

/// One table of the metrics `names`: arms as columns where they are few, else as rows.
fn table(arms: &[ReportArm], names: &[&str]) -> String {
    let find = |arm: &ReportArm, metric: &str| -> String {
        cell(arm.metrics.iter().find(|m| m.name == metric))
    };
    let by_column = arms.len() <= ARM_COLUMNS;
    let class = if by_column { "wide" } else { "tight" };
    let mut out = format!("<div class=\"scroll\"><table class=\"{class}\"><thead><tr>");
    if by_column {
        out.push_str("<th>metric</th>");
        for arm in arms {
            out.push_str(&format!("<th class=\"num\">{}</th>", name(&arm.name)));
        }
        out.push_str("</tr></thead><tbody>");
        for metric in names {
            out.push_str(&format!("<tr><th>{}</th>", name(metric)));
            out.extend(arms.iter().map(|arm| find(arm, metric)));
            out.push_str("</tr>");
        }
    } else {
        out.push_str("<th>arm</th>");
        for metric in names {
            out.push_str(&format!("<th class=\"num\">{}</th>", name(metric)));
        }
        out.push_str("</tr></thead><tbody>");
        for arm in arms {
            out.push_str(&format!("<tr><th>{}</th>", name(&arm.name)));
            out.extend(names.iter().map(|metric| find(arm, metric)));
            out.push_str("</tr>");
        }
    }
    out.push_str("</tbody></table></div>");
    out
}

fn cell(metric: Option<&ReportMetric>) -> String {
    let Some(metric) = metric else {
        return "<td class=\"num muted\">–</td>".to_owned();
    };
    let Some(mean) = metric.mean.filter(|m| m.is_finite()) else {
        let why = metric.why.as_deref().unwrap_or("undefined");
        return format!(
            "<td class=\"num\">–<br><span class=\"muted small\">{}</span></td>",
            name(why)
        );
    };
    format!(
        "<td class=\"num\"><b>{}</b> <span class=\"muted small\">{} n&nbsp;{}</span></td>",
        number(mean),
        interval(metric.ci95),
        metric.n
    )
}

fn interval(ci95: Option<[f64; 2]>) -> String {
    ci95.map_or_else(String::new, |[low, high]| {
        format!("[{},&nbsp;{}]", number(low), number(high))
    })
}

/// The comparisons with their verdicts: those that a reader wants first, the others folded away.
pub(super) fn comparisons(arms: &[ReportArm], all: &[ReportComparison]) -> String {
    let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
    let first = all.first().map_or("", |test| test.metric.as_str());
    let (headline, rest): (Vec<_>, Vec<_>) = all
        .iter()
        .take(COMPARISONS)
        .partition(|test| is_headline(&names, first, &test.metric, &test.a, &test.b));
    let mut out = comparison_table(&headline);
    if !rest.is_empty() {
        out.push_str(&format!(
            "<details><summary>{} more</summary>{}</details>",
            count(rest.len(), "comparison", "comparisons"),
            comparison_table(&rest)
        ));
    }
    if all.len() > COMPARISONS {
        out.push_str(&format!(
            "<p class=\"muted small\">{} more in <code>summary.json</code>.</p>",
            count(all.len() - COMPARISONS, "comparison", "comparisons")
        ));
    }
    out
}

fn comparison_table(tests: &[&ReportComparison]) -> String {
    let mut out = String::from(
        "<div class=\"scroll\"><table><thead><tr><th>comparison</th><th>metric</th>\
         <th class=\"num\">difference</th><th class=\"num\">95 % interval</th>\
         <th class=\"num\">p (Holm)</th><th>verdict</th></tr></thead><tbody>",
    );
    for test in tests {
        let signed = |v: f64| format!("{}{}", if v > 0.0 { "+" } else { "" }, number(v));
        out.push_str(&format!(
            "<tr><th>{} <span class=\"muted\">against</span> {}</th><td>{}</td><td class=\"num\">{}</td>\
             <td class=\"num\">{}</td><td class=\"num\">{}</td><td><span class=\"verdict {}\">{}</span></td></tr>",
            name(&test.a),
            name(&test.b),
            name(&test.metric),
            test.difference.map_or_else(|| "–".to_owned(), signed),
            test.ci95.map_or_else(|| "–".to_owned(), |ci| interval(Some(ci))),
            test.p_holm.map_or_else(|| "–".to_owned(), p_value),
            verdict_class(&test.verdict),
            name(&test.verdict),
        ));
    }
    out.push_str("</tbody></table></div>");
    out
}

fn p_value(p: f64) -> String {
    if p < 0.001 {
        "&lt;&nbsp;0.001".to_owned()
    } else {
        number(p)
    }
}

fn verdict_class(verdict: &str) -> &'static str {
    if verdict.starts_with("better") {
        "good"
    } else if verdict.starts_with("worse") {
        "bad"
    } else {
        "even"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undefined_metric_says_why() {
        let metric = ReportMetric {
            why: Some("no truth <known>".into()),
            ..ReportMetric::default()
        };
        assert!(cell(Some(&metric)).contains("no truth &lt;known&gt;"));
    }

    #[test]
    fn verdict_words_choose_the_colour() {
        assert_eq!(verdict_class("better"), "good");
        assert_eq!(verdict_class("worse"), "bad");
        assert_eq!(verdict_class("cannot tell (needs about 400)"), "even");
    }
}
