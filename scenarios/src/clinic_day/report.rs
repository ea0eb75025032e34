//! The sections of a report on clinic days.

use super::gathered::{GatheredDays, OfDays};
use super::score::in_configuration;
use crate::report::{
    Curve, ReportError, ReportFigure, ReportSection, ReportTable, Scale, curves, ward,
};
use crate::statistics::{EffectScale, Summary};

/// Configurations whose days are drawn; all are in the tables.
const DRAWN: usize = 6;
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
    out.extend(loads(arms, &names, summary)?);
    out.push(compared(arms, &names, summary));
    out.extend(harms(arms, &names, summary)?);
    out.extend(interplay(summary));
    out.extend(pictures(arms, &names, summary)?);
    Ok(out)
}

/// Mean and interval of a metric of one arm in one configuration.
fn found(summary: &Summary, arm: &str, name: &str) -> Option<(f64, Option<[f64; 2]>)> {
    let of = summary.arms.iter().find(|known| known.name == arm)?;
    let metric = of.metrics.get(name)?;
    let ends = metric["ci95"][0].as_f64().zip(metric["ci95"][1].as_f64());
    Some((
        metric["mean"].as_f64()?,
        ends.map(|(low, high)| [low, high]),
    ))
}

/// Harm by arm, where patients deteriorate: who is sent where across, who gives doses as curves.
fn harms(
    arms: &[(&str, &GatheredDays)],
    names: &[&OfDays],
    summary: &Summary,
) -> Result<Option<ReportSection>, ReportError> {
    let mut figures = Vec::new();
    for of in names.iter().take(DRAWN) {
        let metric = named("harm", &of.name);
        let mut doses: Vec<&str> = Vec::new();
        let mut senders: Vec<&str> = Vec::new();
        let parted = |arm: &'_ str| -> Option<(String, String)> {
            let (sent, dosed) = arm.split_once(" + ")?;
            Some((sent.to_owned(), dosed.to_owned()))
        };
        for (arm, _) in arms {
            if let Some((sent, dosed)) = arm.split_once(" + ") {
                if !senders.contains(&sent) {
                    senders.push(sent);
                }
                if !doses.contains(&dosed) {
                    doses.push(dosed);
                }
            }
        }
        let curve = |dosed: &&str| Curve {
            name: (*dosed).to_owned(),
            points: arms
                .iter()
                .filter_map(|(arm, _)| {
                    let (sent, own) = parted(arm)?;
                    let at = senders.iter().position(|known| **known == sent)?;
                    let (mean, ci95) = found(summary, arm, &metric).filter(|_| own == **dosed)?;
                    Some((at as f64 + 1.0, mean, ci95))
                })
                .collect(),
            reference: false,
        };
        let drawn: Vec<Curve> = doses.iter().map(curve).collect();
        let told: Vec<String> = senders
            .iter()
            .enumerate()
            .map(|(at, sent)| format!("{}: {sent}", at + 1))
            .collect();
        let across = format!("assignment ({})", told.join(", "));
        if let Some(svg) = curves(&drawn, (&across, "harm a patient"), Scale::Linear)? {
            figures.push(ReportFigure {
                caption: format!("Harm by assignment and doses: {}", of.name),
                svg,
            });
        }
    }
    if figures.is_empty() {
        return Ok(None);
    }
    Ok(Some(ReportSection {
        title: "Harm".to_owned(),
        text: vec![
            "Harm is the mean over patients of the minutes for which they are unstable, weighted by acuity. Bands are \
             95 % intervals over days. Parallel lines are no interaction on the scale of differences."
                .to_owned(),
        ],
        figures,
        tables: Vec::new(),
    }))
}

/// The interactions that the scenario asks about.
fn interplay(summary: &Summary) -> Option<ReportSection> {
    let rows: Vec<Vec<String>> = summary
        .interactions
        .iter()
        .map(|found| {
            let value = match (found.value, found.ci95) {
                (Some(value), Some([low, high])) => format!("{value:.3} [{low:.3}, {high:.3}]"),
                (Some(value), None) => format!("{value:.3}"),
                (None, _) => found.why.clone().unwrap_or_default(),
            };
            let (scale, none) = match found.scale {
                EffectScale::Difference => ("difference", 0.0),
                EffectScale::Ratio => ("ratio", 1.0),
            };
            let verdict = match found.ci95 {
                Some([low, high]) if low > none || high < none => "yes",
                Some(_) => "cannot tell",
                None => "–",
            };
            vec![
                found.name.clone(),
                found.metric.clone(),
                scale.to_owned(),
                value,
                found.n.to_string(),
                verdict.to_owned(),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| ReportSection {
        title: "Interactions".to_owned(),
        text: vec![
            "How much more the second factor changes where the first is at its other level, on the scale that the \
             scenario states: 0 is none on that of differences, 1 on that of ratios."
                .to_owned(),
        ],
        figures: Vec::new(),
        tables: vec![ReportTable {
            head: ["interaction", "metric", "scale", "value", "days", "is there one"]
                .map(str::to_owned)
                .to_vec(),
            rows,
        }],
    })
}

/// Name of a metric in one configuration; the metric itself where there is one alone.
fn named(metric: &str, configuration: &str) -> String {
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
            let drawn: Vec<Curve> = arms
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
    Ok((!figures.is_empty()).then(|| ReportSection {
        title: "Over the load".to_owned(),
        text: vec![
            "Bands are 95 % intervals over the days. All arms have the same days with the same \
             patients, so that the differences below are known better than the bands show."
                .to_owned(),
        ],
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
    let tables = COMPARED.map(|(metric, title, decimals)| {
        let mut head = vec![title.to_owned()];
        head.extend(arms.iter().map(|(arm, _)| (*arm).to_owned()));
        let rows = names.iter().map(|of| {
            let name = named(metric, &of.name);
            let mut row = vec![match of.name.is_empty() {
                true => "all days".to_owned(),
                false => of.name.clone(),
            }];
            for (arm, _) in arms {
                let own = found(summary, arm, &name);
                row.push(own.map_or("–".to_owned(), |(mean, ci)| match *arm == base {
                    true => format!("{mean:.decimals$}{}", interval(ci, decimals)),
                    false => {
                        let less = difference(summary, (arm, base), &name, decimals);
                        format!("{mean:.decimals$} ({less})")
                    }
                }));
            }
            row
        });
        ReportTable {
            rows: rows.collect(),
            head,
        }
    });
    ReportSection {
        title: "Waiting, leaving and the right diagnosis".to_owned(),
        text,
        figures: Vec::new(),
        tables: tables.into(),
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
