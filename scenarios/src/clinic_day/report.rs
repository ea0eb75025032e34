//! The sections of a report on clinic days.

use super::gathered::{GatheredDays, OfDays};
use super::harm::{Factors, harms, interplay};
use super::score::in_configuration;
use crate::report::{
    Curve, ReportError, ReportFigure, ReportSection, ReportTable, Scale, curves, ward,
};
use crate::statistics::Summary;

/// Configurations whose days are drawn; all are in the tables.
pub(super) const DRAWN: usize = 6;
/// Arms that are columns of a table; more are rows.
const MOST_ACROSS: usize = 7;
/// What the tables compare, with its title and its decimals.
const COMPARED: [(&str, &str, usize); 6] = [
    ("harm", "harm a patient", 2),
    ("collapses", "share that collapses", 4),
    ("diagnosis_minutes", "minutes to the right diagnosis", 1),
    ("wait_minutes", "minutes of waiting", 1),
    ("left_unseen", "share left unseen", 3),
    ("utility", "utility of a tick", 2),
];

/// The sections on `arms`, by name; figures come from the summary.
///
/// # Errors
/// [`ReportError::Plot`] when something cannot be drawn.
pub fn sections(
    arms: &[(&str, &GatheredDays)],
    summary: &Summary,
) -> Result<Vec<ReportSection>, ReportError> {
    let mut names: Vec<&OfDays> = Vec::new();
    for of in arms
        .iter()
        .flat_map(|(_, gathered)| &gathered.configurations)
    {
        if names.iter().all(|known| known.name != of.name) {
            names.push(of);
        }
    }
    let mut out = Vec::new();
    out.extend(harms(arms, &names, summary)?);
    out.extend(interplay(summary));
    out.extend(loads(arms, &names, summary)?);
    out.push(compared(arms, &names, summary));
    out.extend(pictures(arms, &names, summary)?);
    Ok(out)
}

/// Mean and interval of a metric of one arm in one configuration.
pub(super) fn found(summary: &Summary, arm: &str, name: &str) -> Option<(f64, Option<[f64; 2]>)> {
    let of = summary.arms.iter().find(|known| known.name == arm)?;
    let metric = of.metrics.get(name)?;
    let ends = metric["ci95"][0].as_f64().zip(metric["ci95"][1].as_f64());
    Some((
        metric["mean"].as_f64()?,
        ends.map(|(low, high)| [low, high]),
    ))
}

/// Name of a metric in one configuration; the metric itself where there is one alone.
pub(super) fn named(metric: &str, configuration: &str) -> String {
    match configuration.is_empty() {
        true => metric.to_owned(),
        false => in_configuration(metric, configuration),
    }
}

/// Curves over the load, where there are several loads of one overlap.
fn loads(
    arms: &[(&str, &GatheredDays)],
    names: &[&OfDays],
    summary: &Summary,
) -> Result<Option<ReportSection>, ReportError> {
    let mut overlaps: Vec<f64> = names.iter().map(|of| of.facts.overlap).collect();
    overlaps.sort_by(f64::total_cmp);
    overlaps.dedup();
    let shown = Factors::of(arms).one_each(arms);
    let mut figures = Vec::new();
    for (metric, title, _) in COMPARED {
        for &overlap in &overlaps {
            let mut here: Vec<&&OfDays> = names
                .iter()
                .filter(|of| of.facts.overlap == overlap && of.facts.arrivals_per_hour.is_finite())
                .collect();
            here.sort_by(|a, b| {
                let [a, b] = [a, b].map(|of| of.facts.arrivals_per_hour);
                a.total_cmp(&b)
            });
            here.dedup_by(|a, b| a.facts.arrivals_per_hour == b.facts.arrivals_per_hour);
            if here.len() < 2 {
                continue;
            }
            let drawn: Vec<Curve> = shown
                .iter()
                .map(|(arm, _)| Curve {
                    name: (*arm).to_owned(),
                    points: here
                        .iter()
                        .filter_map(|of| {
                            let (mean, ci) = found(summary, arm, &named(metric, &of.name))?;
                            Some((of.facts.arrivals_per_hour, mean, ci))
                        })
                        .collect(),
                    reference: false,
                })
                .collect();
            if let Some(svg) = curves(&drawn, ("patients an hour", title), Scale::Linear)? {
                let mut caption = format!("{title}, overlap {overlap}");
                if let Some(first) = caption.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                figures.push(ReportFigure { caption, svg });
            }
        }
    }
    let mut text = vec![
        "Bands are 95 % intervals over the days. All arms have the same days with the same \
         patients, so that the differences below are known better than the bands show."
            .to_owned(),
    ];
    if shown.len() < arms.len() {
        text.push(
            "Of the arms with the same sender the first is drawn; the tables have all.".to_owned(),
        );
    }
    Ok((!figures.is_empty()).then(|| ReportSection {
        title: "Over the load".to_owned(),
        text,
        figures,
        tables: Vec::new(),
    }))
}

/// A table for each metric: configurations down, arms across, each beside the first.
fn compared(arms: &[(&str, &GatheredDays)], names: &[&OfDays], summary: &Summary) -> ReportSection {
    let base = arms.first().map_or("", |(name, _)| *name);
    let minutes = names.first().map_or(0.0, |of| of.facts.restricted_to);
    let mut text = vec![format!(
        "Patients count who arrive after the warm-up. Times are means within {minutes} minutes from the \
         curve of Kaplan and Meier: who still waits or lies in bed when the day ends is censored then, and who \
         left unseen or was diagnosed wrongly counts as not diagnosed for as long as the day lasts. Utility is \
         what the staff at the beds is expected to learn in a tick, each bed weighed by acuity and \
         uncertainty."
    )];
    if arms.len() > 1 {
        text.push(format!(
            "In brackets the difference from {base}, paired by day, with its 95 % interval. These intervals are \
             not corrected for their number; the comparisons above are."
        ));
    }
    let measured = COMPARED.iter().filter(|(metric, ..)| {
        let mut all = summary.arms.iter();
        all.any(|arm| arm.metrics.contains_key(*metric))
    });
    let tables = measured.map(|(metric, title, decimals)| {
        let (title, decimals) = (*title, *decimals);
        let cell = |arm: &str, of: &OfDays| {
            let name = named(metric, &of.name);
            let own = found(summary, arm, &name);
            own.map_or("–".to_owned(), |(mean, ci)| match arm == base {
                true => format!("{mean:.decimals$}{}", interval(ci, decimals)),
                false => {
                    let less = difference(summary, (arm, base), &name, decimals);
                    format!("{mean:.decimals$} ({less})")
                }
            })
        };
        let called = |of: &OfDays| match of.name.is_empty() {
            true => "all days".to_owned(),
            false => of.name.clone(),
        };
        // Whichever there are more of goes down the page.
        let arms = arms.iter().map(|(arm, _)| *arm);
        match arms.len() > MOST_ACROSS {
            false => ReportTable {
                head: std::iter::once(title.to_owned())
                    .chain(arms.clone().map(str::to_owned))
                    .collect(),
                rows: names
                    .iter()
                    .map(|of| {
                        let cells = arms.clone().map(|arm| cell(arm, of));
                        std::iter::once(called(of)).chain(cells).collect()
                    })
                    .collect(),
            },
            true => ReportTable {
                head: std::iter::once(title.to_owned())
                    .chain(names.iter().map(|of| called(of)))
                    .collect(),
                rows: arms
                    .map(|arm| {
                        let cells = names.iter().map(|of| cell(arm, of));
                        std::iter::once(arm.to_owned()).chain(cells).collect()
                    })
                    .collect(),
            },
        }
    });
    ReportSection {
        title: "Waiting, leaving and the right diagnosis".to_owned(),
        text,
        figures: Vec::new(),
        tables: tables.collect(),
    }
}

fn interval(ci95: Option<[f64; 2]>, decimals: usize) -> String {
    ci95.map_or(String::new(), |ends| {
        let [low, high] = ends.map(|end| rounded(end, decimals));
        format!(" [{low:.decimals$}, {high:.decimals$}]")
    })
}

/// A number as it is written, without a negative zero.
fn rounded(value: f64, decimals: usize) -> f64 {
    let parts = libm::pow(10.0, decimals as f64);
    (value * parts).round() / parts + 0.0
}

/// Arm less base, as the summary has it, the other way round.
fn difference(
    summary: &Summary,
    (arm, base): (&str, &str),
    metric: &str,
    decimals: usize,
) -> String {
    let mut all = summary.comparisons.iter();
    let of = all.find(|c| c.a == base && c.b == arm && c.metric == metric);
    let Some((of, difference)) = of.and_then(|of| Some((of, of.difference?))) else {
        return "–".to_owned();
    };
    let turned = of.ci95.map(|[low, high]| [-high, -low]);
    let turned = interval(turned, decimals);
    format!("{:+.decimals$}{turned}", rounded(-difference, decimals))
}

/// The first day of every configuration, under the arm that was fastest to the right diagnosis and
/// the one that was slowest.
fn pictures(
    arms: &[(&str, &GatheredDays)],
    names: &[&OfDays],
    summary: &Summary,
) -> Result<Option<ReportSection>, ReportError> {
    let mut figures = Vec::new();
    for of in names.iter().take(DRAWN) {
        let mut here: Vec<(&str, &OfDays, f64)> = arms
            .iter()
            .filter_map(|(arm, gathered)| {
                let mut all = gathered.configurations.iter();
                let own = all.find(|own| own.name == of.name)?;
                let name = named("diagnosis_minutes", &of.name);
                let minutes = found(summary, arm, &name).map_or(f64::INFINITY, |(mean, _)| mean);
                Some((*arm, own, minutes))
            })
            .collect();
        here.sort_by(|a, b| a.2.total_cmp(&b.2));
        let last = here.len().saturating_sub(1);
        let ends = here
            .iter()
            .enumerate()
            .filter(|(k, _)| *k == 0 || *k == last);
        for (_, (arm, own, _)) in ends {
            if let Some(svg) = ward(&own.picture)? {
                let suffix = match of.name.is_empty() {
                    true => String::new(),
                    false => format!(": {}", of.name),
                };
                let caption = format!("{arm}, first day{suffix}");
                figures.push(ReportFigure { caption, svg });
            }
        }
    }
    Ok((!figures.is_empty()).then(|| ReportSection {
        title: "Beds over the day".to_owned(),
        text: vec![
            "A bar is a patient in a bed until the diagnosis, the darker the more urgent. Of the arms, the \
             one that was fastest to the right diagnosis is drawn and the one that was slowest."
                .to_owned(),
        ],
        figures,
        tables: Vec::new(),
    }))
}
