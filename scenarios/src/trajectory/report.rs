//! The sections of a report on control environments.

use std::collections::BTreeMap;

use rounds_environments::control::data::Reference;
use rounds_environments::streams::RunSeed;

use super::gathered::{End, GatheredReturns};
use crate::report::{Curve, ReportError, ReportFigure, ReportSection, ReportTable, Scale, curves};
use crate::statistics::{Estimate, Sample, estimate, interquartile};

/// The sections on `arms`, by name.
///
/// # Errors
/// [`ReportError::Plot`] when something cannot be drawn.
pub fn sections(
    arms: &[(&str, &GatheredReturns)],
    seed: u64,
) -> Result<Vec<ReportSection>, ReportError> {
    let seed = RunSeed(seed);
    let mut out = vec![scores(arms, seed)];
    out.extend(targets(arms, seed)?);
    out.extend(courses(arms)?);
    Ok(out)
}

/// The score of an episode where there is a scale, else its return.
fn worth(end: &End) -> f64 {
    match end.reference {
        Some([min, max]) => Reference { min, max }.score(end.total),
        None => end.total,
    }
}

/// Whether every episode has a scale.
fn scored(arms: &[(&str, &GatheredReturns)]) -> bool {
    let mut ends = arms.iter().flat_map(|(_, arm)| &arm.ends);
    ends.all(|end| end.reference.is_some())
}

/// What episodes were worth, by training; where nothing was trained twice each episode is a case.
fn sample(arm: &GatheredReturns) -> Option<Sample> {
    let many = arm.ends.iter().any(|end| end.training > 0);
    let cases = arm.ends.iter().zip(0..);
    let values = cases.map(|(end, at)| {
        let case = if many { u64::from(end.training) } else { at };
        (case, Some(worth(end)))
    });
    Sample::new(values).ok().map(Sample::as_continuous)
}

fn scores(arms: &[(&str, &GatheredReturns)], seed: RunSeed) -> ReportSection {
    let told = |found: &Estimate| match (found.mean, found.ci95) {
        (Some(mean), Some([low, high])) => format!("{mean:.2} [{low:.2}, {high:.2}]"),
        (Some(mean), None) => format!("{mean:.2}"),
        (None, _) => "–".to_owned(),
    };
    let rows = arms.iter().filter_map(|(name, arm)| {
        let sample = sample(arm)?;
        let trainings = arm.ends.iter().map(|end| end.training).max()? + 1;
        let target = arm.ends.first().and_then(|end| end.target);
        Some(vec![
            (*name).to_owned(),
            told(&estimate(&sample, seed)),
            told(&interquartile(&sample, seed)),
            trainings.to_string(),
            arm.ends.len().to_string(),
            target.map_or("–".to_owned(), |target| format!("{target:.2}")),
        ])
    });
    let rows = rows.collect();
    let (unit, scale) = match scored(arms) {
        true => (
            "normalised score",
            "A score of 0 is the return of chance, 100 that of the reference.",
        ),
        false => ("return", "There is no scale for these returns."),
    };
    ReportSection {
        title: "Scores".to_owned(),
        text: vec![format!(
            "{scale} Intervals are over trainings where models were trained more than once, else over episodes. The \
             interquartile mean is that of the middle half of the trainings."
        )],
        figures: Vec::new(),
        tables: vec![ReportTable {
            head: [
                "arm",
                unit,
                "interquartile mean",
                "trainings",
                "episodes",
                "wanted return",
            ]
            .map(str::to_owned)
            .to_vec(),
            rows,
        }],
    }
}

/// What was earned by what was wanted: arms whose names agree up to an `@` are one curve.
fn targets(
    arms: &[(&str, &GatheredReturns)],
    seed: RunSeed,
) -> Result<Option<ReportSection>, ReportError> {
    let mut of: BTreeMap<&str, Vec<(f64, f64, Option<[f64; 2]>)>> = BTreeMap::new();
    let mut order = Vec::new();
    for (name, arm) in arms {
        let Some(first) = arm.ends.first() else {
            continue;
        };
        let (Some(target), Some(sample)) = (first.target, sample(arm)) else {
            continue;
        };
        let wanted = worth(&End {
            total: target,
            ..*first
        });
        let found = estimate(&sample, seed);
        let model = name.split('@').next().unwrap_or(name);
        if !order.contains(&model) {
            order.push(model);
        }
        if let Some(mean) = found.mean {
            of.entry(model)
                .or_default()
                .push((wanted, mean, found.ci95));
        }
    }
    let mut drawn: Vec<Curve> = order
        .into_iter()
        .filter_map(|model| {
            let mut points = of.remove(model)?;
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            (points.len() > 1).then(|| Curve {
                name: model.to_owned(),
                points,
                reference: false,
            })
        })
        .collect();
    if drawn.is_empty() {
        return Ok(None);
    }
    let wanted = drawn.iter().flat_map(|curve| &curve.points);
    let wanted = wanted.map(|(wanted, ..)| (*wanted, *wanted, None));
    let mut asked: Vec<_> = wanted.collect();
    asked.sort_by(|a, b| a.0.total_cmp(&b.0));
    drawn.push(Curve {
        name: "as asked".to_owned(),
        points: asked,
        reference: true,
    });
    let unit = if scored(arms) { "score" } else { "return" };
    let labels = (format!("wanted {unit}"), format!("reached {unit}"));
    let svg = curves(&drawn, (&labels.0, &labels.1), Scale::Linear)?;
    let figures = svg.into_iter().map(|svg| ReportFigure {
        caption: "What agents reach by what they are asked for".to_owned(),
        svg,
    });
    Ok(Some(ReportSection {
        title: "Conditioning on the return".to_owned(),
        text: vec![
            "A model that learnt to condition on the return earns more when more is wanted of it; one that only \
             imitates earns the same for any target, and one that did what it is asked for would lie on the grey line. Bands \
             are 95 % intervals."
                .to_owned(),
        ],
        figures: figures.collect(),
        tables: Vec::new(),
    }))
}

/// Steps at which the mean course of an arm is drawn.
const DRAWN_STEPS: u32 = 120;

/// Mean sum of rewards over the steps of the episodes that are drawn.
fn courses(arms: &[(&str, &GatheredReturns)]) -> Result<Option<ReportSection>, ReportError> {
    let drawn: Vec<Curve> = arms
        .iter()
        .map(|(name, arm)| Curve {
            name: (*name).to_owned(),
            points: mean_course(&arm.courses),
            reference: false,
        })
        .collect();
    let Some(svg) = curves(&drawn, ("step", "rewards so far"), Scale::Linear)? else {
        return Ok(None);
    };
    Ok(Some(ReportSection {
        title: "Rewards over the steps".to_owned(),
        text: vec!["An episode that is over keeps what it earned.".to_owned()],
        figures: vec![ReportFigure {
            caption: "Mean sum of rewards over the first episodes of each arm".to_owned(),
            svg,
        }],
        tables: Vec::new(),
    }))
}

/// The mean of courses up to the end of the longest, in steps of all courses alike.
fn mean_course(courses: &[Vec<(f64, f64)>]) -> Vec<(f64, f64, Option<[f64; 2]>)> {
    let ends = courses.iter().filter_map(|course| course.last());
    let longest = ends.map(|(step, _)| *step).fold(0.0, f64::max);
    let steps = (longest as u32).min(DRAWN_STEPS);
    if steps == 0 {
        return Vec::new();
    }
    let mean = |step: f64| {
        let sums = courses.iter().map(|course| sum_at(course, step));
        sums.sum::<f64>() / courses.len() as f64
    };
    (0..=steps)
        .map(|at| longest * f64::from(at) / f64::from(steps))
        .map(|step| (step, mean(step), None))
        .collect()
}

/// The sum of rewards at a step, between two that are known in proportion; after the end it stays.
fn sum_at(course: &[(f64, f64)], step: f64) -> f64 {
    let after = course.partition_point(|(known, _)| *known <= step);
    match (
        after.checked_sub(1).map(|before| course[before]),
        course.get(after),
    ) {
        (Some((start, sum)), Some((end, then))) => {
            sum + (then - sum) * (step - start) / (end - start)
        }
        (Some((_, sum)), None) => sum,
        (None, _) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_course_goes_on_with_what_ended_episodes_earned() {
        let short = vec![(0.0, 0.0), (2.0, 4.0)];
        let long = vec![(0.0, 0.0), (1.0, 1.0), (3.0, 2.0), (4.0, 6.0)];
        let mean: Vec<(f64, f64)> = mean_course(&[short, long])
            .into_iter()
            .map(|(step, sum, _)| (step, sum))
            .collect();
        // Of the second 0, 1, 1.5, 2 and 6; of the first 0, 2 and from then on 4.
        let expected = [(0.0, 0.0), (1.0, 1.5), (2.0, 2.75), (3.0, 3.0), (4.0, 5.0)];
        assert_eq!(mean, expected);
        assert!(mean_course(&[]).is_empty());
        assert!(mean_course(&[vec![(0.0, 0.0)]]).is_empty());
    }
}
