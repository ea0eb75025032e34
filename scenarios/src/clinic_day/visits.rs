//! The visits of a day, from its events.

use serde_json::Value;

use crate::run::{Episode, EventLine};

/// What the first event of a day says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Day {
    pub(super) configuration: String,
    pub(super) number: u32,
    pub(super) beds: u32,
    pub(super) minutes: f64,
    pub(super) warm_up: f64,
    pub(super) restricted_to: f64,
    weights: Vec<f64>,
}

impl Day {
    fn new(event: &EventLine) -> Self {
        let number = |key: &str| event.number(key).unwrap_or(0.0);
        let weights = event.fields.get("acuity_weights").and_then(Value::as_array);
        Self {
            configuration: event.text("configuration").unwrap_or_default().to_owned(),
            number: number("day") as u32,
            beds: number("beds") as u32,
            minutes: number("day_minutes"),
            warm_up: number("warm_up_minutes"),
            restricted_to: number("restricted_to_minutes"),
            weights: weights
                .into_iter()
                .flatten()
                .filter_map(Value::as_f64)
                .collect(),
        }
    }

    /// Weight of an acuity, 1 being the most urgent.
    pub(super) fn weight(&self, acuity: usize) -> f64 {
        let weight = self.weights.get(acuity.max(1) - 1);
        weight.copied().unwrap_or(0.0)
    }
}

/// How waiting for a bed ended, with the minutes waited.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum End {
    Bedded(f64),
    Left(f64),
    /// The day ended first.
    #[default]
    Open,
}

/// A diagnosis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Verdict {
    pub(super) minute: f64,
    pub(super) right: bool,
    pub(super) forced: bool,
}

/// One visit.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Visit {
    pub(super) arrived: f64,
    pub(super) acuity: usize,
    pub(super) waiting: End,
    /// Bed with the minutes from and to; the end of the day where it is not discharged.
    pub(super) bed: Option<(u32, f64, f64)>,
    pub(super) diagnosed: Option<Verdict>,
    /// Minutes for which it was unstable, in bed or not.
    pub(super) unstable: f64,
    /// Whether it collapsed.
    pub(super) collapsed: bool,
    truth: Vec<String>,
}

/// Numbers of patients in a list.
fn ids<'a>(event: &'a EventLine, key: &str) -> impl Iterator<Item = usize> + 'a {
    let list = event.fields.get(key).and_then(Value::as_array);
    let numbers = list.into_iter().flatten().filter_map(Value::as_u64);
    numbers.map(|number| number as usize)
}

/// A day with its visits in the order of arrival.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Visits {
    pub(super) day: Day,
    pub(super) all: Vec<Visit>,
    /// Whether patients may deteriorate.
    pub(super) deteriorating: bool,
    /// When the tick that is read began.
    tick_began: f64,
}

impl Visits {
    /// The visits of an episode, as far as it came.
    pub(super) fn new(episode: &Episode) -> Self {
        let mut visits = Self::default();
        for event in &episode.events {
            visits.add(event);
        }
        visits
    }

    fn add(&mut self, event: &EventLine) {
        let minute = event.minute.unwrap_or(0.0);
        match event.kind.as_str() {
            "began" => {
                self.day = Day::new(event);
                self.deteriorating = event.fields.contains_key("deteriorating");
            }
            "tick" => self.tick_began = minute,
            "stability" => {
                let minutes = minute - self.tick_began;
                for patient in ids(event, "unstable") {
                    if let Some(visit) = self.all.get_mut(patient) {
                        visit.unstable += minutes;
                    }
                }
                for patient in ids(event, "collapsed") {
                    if let Some(visit) = self.all.get_mut(patient) {
                        visit.collapsed = true;
                    }
                }
            }
            "arrived" => self.all.push(Visit {
                arrived: minute,
                truth: event
                    .texts("truth")
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
                ..Visit::default()
            }),
            kind => {
                let end = self.day.minutes;
                let patient = event.fields.get("patient").and_then(Value::as_u64);
                let Some(visit) = patient.and_then(|p| self.all.get_mut(p as usize)) else {
                    return;
                };
                let waited = event.number("waited").unwrap_or(0.0);
                match kind {
                    "triaged" => visit.acuity = event.number("acuity").unwrap_or(0.0) as usize,
                    "bedded" => {
                        visit.waiting = End::Bedded(waited);
                        let bed = event.number("bed").unwrap_or(0.0) as u32;
                        visit.bed = Some((bed, minute, end));
                    }
                    "left" => visit.waiting = End::Left(waited),
                    "discharged" => {
                        if let Some((.., to)) = &mut visit.bed {
                            *to = minute;
                        }
                    }
                    "diagnosed" => {
                        let answer = event.text("answer").unwrap_or_default();
                        visit.diagnosed = Some(Verdict {
                            minute,
                            right: visit.truth.iter().any(|name| name == answer),
                            forced: event.fields.get("forced") == Some(&Value::Bool(true)),
                        });
                    }
                    _ => {}
                }
            }
        }
    }

    /// Visits that count: of patients who arrived after the warm-up.
    pub(super) fn cohort(&self) -> impl Iterator<Item = &Visit> {
        let warm_up = self.day.warm_up;
        self.all
            .iter()
            .filter(move |visit| visit.arrived >= warm_up)
    }

    /// Share of the beds that are taken, averaged over the day after the warm-up.
    pub(super) fn occupancy(&self) -> Option<f64> {
        let Day {
            beds,
            minutes,
            warm_up,
            ..
        } = &self.day;
        let all = f64::from(*beds) * (minutes - warm_up);
        let stays = self.all.iter().filter_map(|visit| visit.bed);
        let taken: f64 = stays
            .map(|(_, from, to)| (to - from.max(*warm_up)).max(0.0))
            .sum();
        (all > 0.0).then(|| taken / all)
    }
}
