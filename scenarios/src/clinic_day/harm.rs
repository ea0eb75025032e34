//! The sections of a report on patients that deteriorate.

use super::gathered::{GatheredDays, OfDays};
use super::report::{DRAWN, found, named};
use crate::report::{
    Curve, FactorLevel, Mean, ReportError, ReportFigure, ReportSection, ReportTable, Scale, curves,
    factors,
};
use crate::statistics::{EffectScale, Summary};

/// Parts of the name of an arm: who sends the staff, and who gives doses.
fn parts(arm: &str) -> Option<(&str, &str)> {
    arm.split_once(" + ")
}

/// What differs between arms whose names are `SENDER + DOSES`.
pub(super) struct Factors<'a> {
    senders: Vec<&'a str>,
    doses: Vec<&'a str>,
}

impl<'a> Factors<'a> {
    pub(super) fn of(arms: &[(&'a str, &GatheredDays)]) -> Self {
        let mut all = Self {
            senders: Vec::new(),
            doses: Vec::new(),
        };
        for (sender, dosed) in arms.iter().filter_map(|(arm, _)| parts(arm)) {
            if !all.senders.contains(&sender) {
                all.senders.push(sender);
            }
            if !all.doses.contains(&dosed) {
                all.doses.push(dosed);
            }
        }
        all
    }

    /// Arms of which each sender has one, those with the first doses; all of them where there is one factor alone.
    pub(super) fn one_each<'b>(
        &self,
        arms: &[(&'b str, &'b GatheredDays)],
    ) -> Vec<(&'b str, &'b GatheredDays)> {
        let two = self.senders.len() > 1 && self.doses.len() > 1;
        let drawn = arms.iter().copied();
        let drawn = drawn.filter(|(arm, _)| {
            !two || parts(arm).is_none_or(|(_, dosed)| self.doses.first() == Some(&dosed))
        });
        drawn.collect()
    }

    /// What is found under the doses of number `dosed`, for each sender.
    fn level(&self, dosed: usize, value: &dyn Fn(&str) -> Option<Mean>) -> FactorLevel {
        let name = self.doses[dosed];
        let arms = self.senders.iter().map(|sent| format!("{sent} + {name}"));
        FactorLevel {
            name: name.to_owned(),
            colour: dosed,
            means: arms.map(|arm| value(&arm)).collect(),
        }
    }
}

/// Harm by who sends the staff and who gives doses, and what doses save on the same days.
///
/// # Errors
/// [`ReportError::Plot`] when something cannot be drawn.
pub(super) fn harms(
    arms: &[(&str, &GatheredDays)],
    names: &[&OfDays],
    summary: &Summary,
) -> Result<Option<ReportSection>, ReportError> {
    let all = Factors::of(arms);
    let mut figures = Vec::new();
    let mut draw = |caption: String, levels: &[FactorLevel], label: &str| {
        let svg = factors(&all.senders, levels, label)?;
        figures.extend(svg.map(|svg| ReportFigure { caption, svg }));
        Ok::<(), ReportError>(())
    };
    for of in names.iter().take(DRAWN) {
        let metric = named("harm", &of.name);
        let own = |arm: &str| found(summary, arm, &metric);
        let own: Vec<FactorLevel> = (0..all.doses.len())
            .map(|dosed| all.level(dosed, &own))
            .collect();
        draw(format!("Harm: {}", of.name), &own, "harm a patient")?;
        let Some(base) = all.doses.first() else {
            continue;
        };
        let less = |arm: &str| saved(summary, arm, base, &metric);
        let less: Vec<FactorLevel> = (1..all.doses.len())
            .map(|dosed| all.level(dosed, &less))
            .collect();
        let caption = format!("Harm saved against {base}, on the same days: {}", of.name);
        draw(caption, &less, &format!("harm less than {base}"))?;
    }
    if figures.is_empty() {
        return Ok(None);
    }
    figures.extend(courses(arms, names)?);
    Ok(Some(ReportSection {
        title: "Harm".to_owned(),
        text: vec![
            "Harm is the mean over patients of the minutes for which they are unstable, weighted by acuity. Bars are \
             95 % intervals over days; what is saved is paired by day. Parallel lines are no interaction on the scale of \
             differences. Where nobody deteriorates there is no harm, and where the staff is unlimited it does not matter \
             who is sent where."
                .to_owned(),
        ],
        figures,
        tables: Vec::new(),
    }))
}

/// What an arm saves of the harm of the arm with the doses of `base` and the same sender.
fn saved(summary: &Summary, arm: &str, base: &str, metric: &str) -> Option<Mean> {
    let (sent, _) = parts(arm)?;
    let other = format!("{sent} + {base}");
    let mut all = summary.comparisons.iter();
    let of = all.find(|c| c.metric == metric && c.a == other && c.b == arm)?;
    Some((of.difference?, of.ci95))
}

/// One patient of the first day under the doses of each policy, with the same sender.
fn courses(
    arms: &[(&str, &GatheredDays)],
    names: &[&OfDays],
) -> Result<Vec<ReportFigure>, ReportError> {
    let Some(sender) = arms
        .iter()
        .find_map(|(arm, _)| parts(arm))
        .map(|(sent, _)| sent)
    else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    for of in names.iter().take(1) {
        let same = |gathered: &&GatheredDays| {
            let mut all = gathered.configurations.iter();
            all.find(|known| known.name == of.name)
                .map(|known| known.patients.clone())
        };
        let alike: Vec<(&str, _)> = arms
            .iter()
            .filter_map(|(arm, gathered)| {
                let (sent, dosed) = parts(arm)?;
                Some((dosed, same(gathered)?)).filter(|_| sent == sender)
            })
            .collect();
        let Some((_, first)) = alike.first() else {
            continue;
        };
        let common = first.keys().copied().filter(|patient| {
            alike
                .iter()
                .all(|(_, patients)| patients.contains_key(patient))
        });
        let longest = common.max_by_key(|patient| first[patient].len());
        let Some(patient) = longest else { continue };
        for (title, value) in [("index (1 is collapse)", 0), ("dose", 1)] {
            let drawn: Vec<Curve> = alike
                .iter()
                .map(|(dosed, patients)| Curve {
                    name: (*dosed).to_owned(),
                    points: patients[&patient]
                        .iter()
                        .map(|(minute, both)| (minute / 60.0, both[value], None))
                        .collect(),
                    reference: false,
                })
                .collect();
            if let Some(svg) = curves(&drawn, ("hour of the day", title), Scale::Linear)? {
                let what = if value == 0 { "Stability" } else { "Doses" };
                out.push(ReportFigure {
                    caption: format!(
                        "{what} of patient {patient}, first day under {sender}: {}",
                        of.name
                    ),
                    svg,
                });
            }
        }
    }
    Ok(out)
}

/// The interactions that the scenario asks about.
pub(super) fn interplay(summary: &Summary) -> Option<ReportSection> {
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
                Some(ends) if ends == [none; 2] => "no: exactly none",
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
