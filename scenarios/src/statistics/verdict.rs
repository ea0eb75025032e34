//! What a comparison says, in words.

use core::fmt;

use super::compare::Difference;
use super::sample::Kind;

/// Which way a metric is good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// Larger values are better.
    #[default]
    HigherIsBetter,
    /// Smaller values are better: cost, latency, errors.
    LowerIsBetter,
}

/// What is asked of a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Question {
    /// Which way the metric is good.
    pub direction: Direction,
    /// Largest difference that does not matter. `None`: 0.05 for 0/1 metrics, a fifth of the
    /// standard deviation of the values for others.
    pub margin: Option<f64>,
}

/// Answer of a comparison of a first arm with a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// The first arm is better.
    Better,
    /// The first arm is worse.
    Worse,
    /// The interval excludes every difference larger than this one, which does not matter.
    NoDifferenceLargerThan(f64),
    /// The data do not decide; about this many cases per arm would, where that can be said.
    CannotTell(Option<usize>),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Better => f.write_str("better"),
            Self::Worse => f.write_str("worse"),
            Self::NoDifferenceLargerThan(d) => write!(f, "no difference larger than {d:.3}"),
            Self::CannotTell(Some(n)) => write!(f, "cannot tell (needs about {n})"),
            Self::CannotTell(None) => f.write_str("cannot tell"),
        }
    }
}

/// The verdict on `difference` at 5 %, with `p` corrected for the family it belongs to.
pub fn verdict(difference: &Difference, p: Option<f64>, question: Question) -> Verdict {
    let (Some(d), Some([low, high]), Some(p)) = (difference.difference, difference.ci95, p) else {
        return Verdict::CannotTell(None);
    };
    if p <= 0.05 && d != 0.0 {
        let higher = question.direction == Direction::HigherIsBetter;
        return if (d > 0.0) == higher {
            Verdict::Better
        } else {
            Verdict::Worse
        };
    }
    let margin = question.margin.unwrap_or(match difference.kind {
        Kind::Binary => 0.05,
        Kind::Continuous => 0.2 * difference.scale,
    });
    let farthest = low.abs().max(high.abs());
    if farthest <= margin {
        return Verdict::NoDifferenceLargerThan(farthest);
    }
    let for_margin = difference
        .needed_cases(margin)
        .filter(|n| *n > difference.cases);
    let needed = for_margin.or_else(|| difference.needed_cases(d.abs().min(margin)));
    Verdict::CannotTell(needed.map(|n| n.max(difference.cases + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{Design, Sample, compare};

    fn against(values: &[f64], base: &[f64], question: Question) -> Verdict {
        let [a, b] = [values, base].map(|v| Sample::independent(v).unwrap());
        let difference = compare(&a, &b, Design::Paired);
        verdict(&difference, difference.p, question)
    }

    #[test]
    fn the_four_answers() {
        let ramp: Vec<f64> = (0..30).map(f64::from).collect();
        let up: Vec<f64> = ramp.iter().map(|v| v + 1.0 + v % 2.0).collect();
        let near: Vec<f64> = ramp.iter().map(|v| v + 0.1 * (v % 2.0 - 0.5)).collect();
        let ask = Question::default();
        let low = Question {
            direction: Direction::LowerIsBetter,
            ..ask
        };
        assert_eq!(against(&up, &ramp, ask), Verdict::Better);
        assert_eq!(against(&up, &ramp, low), Verdict::Worse);
        let same = against(&near, &ramp, ask);
        assert!(
            matches!(same, Verdict::NoDifferenceLargerThan(d) if d < 0.1),
            "{same}"
        );
        let few = against(&[1.0, 0.0, 1.0, 1.0], &[0.0, 1.0, 1.0, 0.0], ask);
        assert!(
            matches!(few, Verdict::CannotTell(Some(n)) if n > 100),
            "{few}"
        );
        assert!(few.to_string().starts_with("cannot tell (needs about "));
        assert_eq!(against(&[], &[], ask).to_string(), "cannot tell");
    }
}
