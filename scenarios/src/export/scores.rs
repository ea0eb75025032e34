//! The metrics of an episode as scores.
//!
//! A metric without a value is a score of not-a-number with a reason: what Inspect leaves out of
//! means. JSON has no such number, but Inspect's logs do, so this text is put together by hand.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::clinic::cases::CheckResult;
use crate::run::EpisodeRow;

/// Name of the score that holds the verdicts of all checks.
const CHECKS: &str = "checks";

/// The metrics of an arm in the order in which people should see them.
#[derive(Debug, Clone)]
pub(super) struct ScoreNames {
    /// Names, each with why it is undefined in the whole arm.
    pub(super) names: Vec<(String, Option<String>)>,
}

/// The scores of an episode as a JSON object, except that undefined values are `NaN`. `answer` is
/// what the first of them is of; `checks` are those of an evaluation.
pub(super) fn scores(
    names: &ScoreNames,
    row: &EpisodeRow,
    answer: Option<&str>,
    checks: Option<&[CheckResult]>,
) -> String {
    let mut out = String::from("{");
    let mut answer = answer;
    for (name, why_all) in &names.names {
        let Some(value) = row.metrics.get(name) else {
            continue;
        };
        if out.len() > 1 {
            out.push(',');
        }
        let value = value.filter(|value| value.is_finite());
        let number = value.map_or("NaN".to_owned(), |value| json!(value).to_string());
        let _ = write!(out, "{}:{{\"value\":{number}", json!(name));
        if let Some(answer) = answer.take() {
            let _ = write!(out, ",\"answer\":{}", json!(answer));
        }
        if value.is_none() {
            let (reason, words) = undefined(name, row, why_all.as_deref());
            let (reason, words) = (json!(reason), json!(words));
            let _ = write!(out, ",\"reason\":{reason},\"explanation\":{words}");
        }
        out.push('}');
    }
    if let Some(checks) = checks {
        let met = checks
            .iter()
            .map(|check| (check.id.clone(), check.met.into()));
        let met: serde_json::Map<String, Value> = met.collect();
        let score = json!({"value": met, "metadata": {"checks": checks}});
        let comma = if out.len() > 1 { "," } else { "" };
        let _ = write!(out, "{comma}\"{CHECKS}\":{score}");
    }
    out.push('}');
    out
}

/// Why a metric of an episode has no value: for programs, and in words.
fn undefined<'a>(
    name: &str,
    row: &EpisodeRow,
    why_all: Option<&'a str>,
) -> (&'static str, &'a str) {
    let is = |metric: &str| {
        let value = row.metrics.get(metric).copied().flatten();
        value.is_some_and(|value| value > 0.0)
    };
    match row.outcome.as_str() {
        "failed" => return ("episode_failed", "the episode failed"),
        "aborted" => return ("episode_aborted", "the episode was cut short"),
        _ => {}
    }
    if name.ends_with(']') {
        return ("other_part", "only episodes of this part have it");
    }
    if name == "hit@1.covered" && is("referred") {
        return ("referred", "the doctor referred instead of answering");
    }
    let judged = name == "correct" || name == "passed" || name.starts_with("score");
    if judged && is("undetermined") {
        return ("grader_failed", "the verdict is not determined");
    }
    match why_all {
        Some(why) => ("not_defined", why),
        None => ("not_defined", "it is not defined for this episode"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_metrics_have_a_reason() {
        let names = ScoreNames {
            names: ["a", "hit@1.covered", "x[y]"]
                .map(|name| (name.to_owned(), None))
                .into(),
        };
        let mut row = EpisodeRow {
            outcome: "done".to_owned(),
            metrics: [
                ("a".to_owned(), Some(0.5)),
                ("hit@1.covered".to_owned(), None),
                ("referred".to_owned(), Some(1.0)),
                ("x[y]".to_owned(), None),
            ]
            .into(),
            ..EpisodeRow::default()
        };
        let text = scores(&names, &row, Some("I say \"b\""), None);
        assert!(
            text.starts_with(r#"{"a":{"value":0.5,"answer":"I say \"b\""},"hit@1.covered":{"#),
            "{text}"
        );
        assert!(text.contains(r#":{"value":NaN,"reason":"referred""#));
        assert!(text.contains(r#"{"value":NaN,"reason":"other_part""#));
        row.outcome = "failed".to_owned();
        let text = scores(&names, &row, None, None);
        assert!(text.contains(r#""hit@1.covered":{"value":NaN,"reason":"episode_failed""#));
        assert!(serde_json::from_str::<Value>(&text.replace("NaN", "0")).is_ok());
    }
}
