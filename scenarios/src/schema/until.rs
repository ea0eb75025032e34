//! `--until "ci(metric) < 0.02"`: the precision that a bench goes on for.

use std::ops::Range;

use super::{
    diagnostics::{Problem, ProblemKind, SchemaError},
    source::{Origin, Source},
};

/// A rule that is met when the intervals of a metric are narrow.
#[derive(Debug, Clone, PartialEq)]
pub struct UntilRule {
    /// The rule as it was typed.
    pub text: String,
    /// The metric.
    pub metric: String,
    /// Two arms, for the interval of their difference; `None` for the interval of every arm.
    pub arms: Option<(String, String)>,
    /// The half-width that every interval must be below.
    pub below: f64,
}

const MESSAGE: &str = "`--until` takes `ci(metric) < number`, or `ci(metric, arm - arm) < number`";
const EXAMPLE: &str = "for example `--until \"ci(hit@1) < 0.02\"`";

impl UntilRule {
    /// Reads a rule; `metrics` and `arms` are the names there are.
    ///
    /// # Errors
    /// The first mistake, at its place, with the nearest valid name.
    pub fn parse(text: &str, metrics: &[&str], arms: &[&str]) -> Result<Self, SchemaError> {
        let wrong = |span: Range<usize>, label: &str| {
            place(text, span, ProblemKind::Syntax, MESSAGE, label).help(EXAMPLE)
        };
        let begin = text.len() - text.trim_start().len();
        let Some(inside) = text[begin..].strip_prefix("ci(") else {
            let end = text[begin..].find(['(', '<', ' ']);
            let end = end.map_or(text.len(), |end| begin + end).max(begin);
            return Err(wrong(begin..end, "expected `ci(`").into());
        };
        let from = text.len() - inside.len();
        let Some(sign) = text[from..].rfind('<').map(|at| from + at) else {
            return Err(wrong(from..text.len(), "expected `<` and a number after `)`").into());
        };
        let before = text[from..sign].trim_end();
        let Some(named) = before.strip_suffix(')') else {
            return Err(wrong(from..sign, "expected `)` before `<`").into());
        };
        let (metric, pair) = match named.split_once(',') {
            Some((metric, pair)) => (metric, Some((from + metric.len() + 1, pair))),
            None => (named, None),
        };
        let at = from + metric.len() - metric.trim_start().len();
        let metric = metric.trim();
        if !metrics.contains(&metric) {
            let span = at..at + metric.len();
            let message = format!("there is no metric `{metric}` that a bench has intervals of");
            let problem = place(
                text,
                span,
                ProblemKind::UnknownName,
                &message,
                "not a metric",
            );
            return Err(problem.suggest(metric, "metrics", metrics).into());
        }
        let arms = match pair {
            Some((at, pair)) => Some(two_arms(text, at, pair, arms)?),
            None => None,
        };
        let number = text[sign..].trim_start_matches(['<', '=']);
        let at = text.len() - number.trim_start().len();
        let span = at..(at + number.trim().len()).max(at);
        let below = match number.trim().parse::<f64>() {
            Ok(below) if below.is_finite() && below > 0.0 => below,
            _ => return Err(wrong(span, "expected a number above 0").into()),
        };
        Ok(Self {
            text: text.trim().to_owned(),
            metric: metric.to_owned(),
            arms,
            below,
        })
    }
}

/// Reads `a - b`; names may hold the sign themselves.
fn two_arms(text: &str, at: usize, pair: &str, arms: &[&str]) -> Result<(String, String), Problem> {
    let splits = pair.match_indices('-').map(|(sign, _)| {
        let (a, b) = (&pair[..sign], &pair[sign + 1..]);
        (a.trim(), b.trim())
    });
    let splits: Vec<(&str, &str)> = splits.collect();
    let known = |name: &str| arms.contains(&name);
    if let Some((a, b)) = splits.iter().find(|(a, b)| known(a) && known(b)) {
        return Ok(((*a).to_owned(), (*b).to_owned()));
    }
    // Of the wrong ones, the reading in which more is right; a sign with spaces divides.
    let spaced = pair.split_once(" - ").map(|(a, b)| (a.trim(), b.trim()));
    let nearest = spaced.as_ref().or_else(|| {
        let half_right = splits.iter().find(|(a, b)| known(a) || known(b));
        half_right.or(splits.first())
    });
    let Some((a, b)) = nearest else {
        let from = at + pair.len() - pair.trim_start().len();
        let span = from..from + pair.trim().len();
        let label = "expected two arms with `-` between them";
        return Err(place(text, span, ProblemKind::Syntax, MESSAGE, label)
            .help("for example `--until \"ci(hit@1, dynamic - static) < 0.02\"`"));
    };
    let unknown = if known(a) { *b } else { *a };
    // Both are parts of the text.
    let from = unknown.as_ptr() as usize - text.as_ptr() as usize;
    let span = from..from + unknown.len();
    let message = format!("there is no arm `{unknown}`");
    Err(
        place(text, span, ProblemKind::UnknownName, &message, "not an arm")
            .suggest(unknown, "arms", arms),
    )
}

fn place(text: &str, span: Range<usize>, kind: ProblemKind, message: &str, label: &str) -> Problem {
    let source = Source::argument("--until", text.to_owned());
    Problem::at(&Origin::new(&source, span), kind, message, label)
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: [&str; 3] = ["hit@1", "hit@10", "questions"];
    const ARMS: [&str; 3] = ["gain-5", "gain", "k=a"];

    #[test]
    fn both_forms_are_read() {
        let rule = UntilRule::parse(" ci( hit@1 ) < 0.02 ", &METRICS, &ARMS).unwrap();
        assert_eq!((rule.metric.as_str(), rule.below), ("hit@1", 0.02));
        assert_eq!(
            (rule.arms, rule.text.as_str()),
            (None, "ci( hit@1 ) < 0.02")
        );
        for text in ["ci(hit@10, gain-5 - k=a) <= 1", "ci(hit@10,gain-5-k=a)<1"] {
            let rule = UntilRule::parse(text, &METRICS, &ARMS).unwrap();
            assert_eq!(rule.arms, Some(("gain-5".to_owned(), "k=a".to_owned())));
        }
    }

    #[test]
    fn mistakes_are_told_with_the_nearest_name() {
        for (text, message, help) in [
            ("hit@1 < 0.1", "`--until` takes", "for example"),
            ("", "`--until` takes", "for example"),
            ("ci(hit@1)", "`--until` takes", "for example"),
            ("ci(hit@1 < 0.1", "`--until` takes", "for example"),
            ("ci(hit@1) < 0", "`--until` takes", "for example"),
            ("ci(hit@1) < nan", "`--until` takes", "for example"),
            (
                "ci(hit@2) < 0.1",
                "no metric `hit@2`",
                "did you mean `hit@1`?",
            ),
            ("ci(ece) < 0.1", "no metric `ece`", "metrics: hit@1"),
            ("ci(hit@1, gain) < 0.1", "`--until` takes", "for example"),
            (
                "ci(hit@1, gain-5 - gian) < 0.1",
                "no arm `gian`",
                "did you mean `gain`?",
            ),
        ] {
            let error = UntilRule::parse(text, &METRICS, &ARMS).unwrap_err();
            let problem = &error.problems()[0];
            assert!(
                problem.message.contains(message),
                "{text}: {}",
                problem.message
            );
            assert!(
                problem.help.as_ref().unwrap().contains(help),
                "{text}: {:?}",
                problem.help
            );
        }
    }
}
