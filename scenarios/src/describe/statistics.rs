//! What was measured, and how it was compared.

use super::words::{counted, listed};
use super::{Described, Suite};
use crate::schema::ClinicScenario;
use crate::statistics::Direction;
use crate::statistics::estimate::LEVEL;

/// Metrics, intervals, tests, and what a suite demands.
pub(super) fn sentences(
    scenario: &ClinicScenario<'_>,
    arms: &[Described],
    suite: Option<&Suite>,
) -> Vec<String> {
    let Some(first) = arms.first() else {
        return Vec::new();
    };
    let decisive: Vec<String> = first
        .decisive
        .iter()
        .map(|(name, direction)| match direction {
            Direction::HigherIsBetter => name.clone(),
            Direction::LowerIsBetter => format!("{name} (lower is better)"),
        })
        .collect();
    let others = first.metrics.len().saturating_sub(decisive.len());
    let level = super::words::percent(LEVEL);
    let mut out = vec![
        format!(
            "Metrics were computed from the event log alone; the primary ones were {}, beside {}.",
            listed(&decisive),
            counted(others as u64, "secondary metric")
        ),
        format!(
            "Means are given with {level} confidence intervals over cases, which hold for repeated \
             visits: Wilson's score interval at the effective sample size for proportions; for other \
             metrics the bootstrap-t with 999 resamples with 8 to 100 cases, and otherwise the t \
             interval with the degrees of freedom of Bell and McCaffrey."
        ),
    ];
    if arms.len() > 1 {
        let mcnemar = match scenario.repeats {
            1 => "the exact test of McNemar for proportions, ",
            _ => "",
        };
        out.push(format!(
            "Arms were compared case by case: t intervals of the paired differences, and {mcnemar}exact \
             sign-flip tests where at most 14 cases differed and paired t tests otherwise. p-values were \
             corrected for multiple comparisons by the method of Holm."
        ));
    }
    if let Some(suite) = suite {
        out.push(demands(suite));
        if let Some(judge) = &suite.judge {
            out.push(format!(
                "Checks that ask for a judgement were decided by the model \u{201c}{}\u{201d}, asked {} each.",
                judge.model,
                match judge.votes {
                    1 => "once".to_owned(),
                    votes => format!("{votes} times with the majority counting,"),
                }
            ));
        }
    }
    out
}

fn demands(suite: &Suite) -> String {
    if suite.thresholds.is_empty() {
        return "The evaluation was passed when every case came out as expected.".to_owned();
    }
    let bounds = suite.thresholds.iter();
    let bounds: Vec<String> = bounds
        .map(|(name, bound)| format!("{name} {bound}"))
        .collect();
    format!("The evaluation was passed with {}.", listed(&bounds))
}
