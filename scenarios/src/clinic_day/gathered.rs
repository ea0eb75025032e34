//! What the report shows of an arm beyond its metrics, gathered from its days.

use std::collections::BTreeMap;

use serde_json::Value;

use super::visits::{End, Visits};
use crate::report::{Ending, Stay, WardDay};
use crate::run::{Episode, EventLine};

/// One configuration under one arm.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OfDays {
    /// Name of the configuration.
    pub name: String,
    /// What it is.
    pub facts: DayFacts,
    /// Its first day.
    pub picture: WardDay,
    /// Index and dose of the first patients that deteriorate there and are given doses, by minute.
    pub patients: BTreeMap<u64, Vec<(f64, [f64; 2])>>,
}

/// What the first event of a day says of its configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DayFacts {
    /// Patients that arrive in an hour on average.
    pub arrivals_per_hour: f64,
    /// Overlap of the scopes of the staff.
    pub overlap: f64,
    /// Beds.
    pub beds: u32,
    /// Specialists.
    pub staff: u32,
    /// Minutes to which times are restricted.
    pub restricted_to: f64,
}

impl DayFacts {
    fn new(event: &EventLine) -> Self {
        let number = |key: &str| event.number(key).unwrap_or(f64::NAN);
        Self {
            arrivals_per_hour: number("arrivals_per_hour"),
            overlap: number("overlap"),
            beds: number("beds") as u32,
            staff: event.texts("staff").len() as u32,
            restricted_to: number("restricted_to_minutes"),
        }
    }
}

/// All configurations under one arm, in the order in which episodes go through them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GatheredDays {
    /// The configurations.
    pub configurations: Vec<OfDays>,
}

impl GatheredDays {
    /// Adds a day; of each configuration the first that came to its end is kept.
    pub fn add(&mut self, episode: &Episode) {
        let began = episode.events.iter().find(|e| e.kind == "began");
        let ended = episode.events.iter().rfind(|e| e.kind == "ended");
        let done = ended.is_some_and(|e| e.text("outcome") == Some("done"));
        let Some(began) = began.filter(|_| done) else {
            return;
        };
        let name = began.text("configuration").unwrap_or_default();
        if self.configurations.iter().all(|known| known.name != name) {
            self.configurations.push(OfDays {
                name: name.to_owned(),
                facts: DayFacts::new(began),
                picture: picture(episode),
                patients: treated(episode),
            });
        }
    }

    /// Adds what was gathered of the same arm with another seed.
    pub fn merge(&mut self, other: Self) {
        for theirs in other.configurations {
            if self
                .configurations
                .iter()
                .all(|ours| ours.name != theirs.name)
            {
                self.configurations.push(theirs);
            }
        }
    }
}

/// Patients whose course is kept.
const KEPT: usize = 40;

/// Index and dose of patients while they are in bed.
fn treated(episode: &Episode) -> BTreeMap<u64, Vec<(f64, [f64; 2])>> {
    let mut all: BTreeMap<u64, Vec<(f64, [f64; 2])>> = BTreeMap::new();
    for event in episode.events.iter().filter(|event| event.kind == "dosed") {
        let list = |key: &str| event.fields.get(key).and_then(Value::as_array);
        let (Some(patients), Some(saw), Some(doses)) =
            (list("patients"), list("saw"), list("doses"))
        else {
            continue;
        };
        for ((patient, saw), dose) in patients.iter().zip(saw).zip(doses) {
            let both = saw[0].as_f64().zip(dose.as_f64());
            if let (Some(patient), Some((index, dose)), Some(minute)) =
                (patient.as_u64(), both, event.minute)
                && (all.len() < KEPT || all.contains_key(&patient))
            {
                all.entry(patient)
                    .or_default()
                    .push((minute, [index, dose]));
            }
        }
    }
    all
}

fn picture(episode: &Episode) -> WardDay {
    let visits = Visits::new(episode);
    let mut picture = WardDay {
        beds: visits.day.beds,
        minutes: visits.day.minutes,
        warm_up: visits.day.warm_up,
        ..WardDay::default()
    };
    for visit in &visits.all {
        if let Some((bed, from, to)) = visit.bed {
            picture.stays.push(Stay {
                bed,
                from,
                to,
                acuity: visit.acuity,
                ending: visit.diagnosed.map(|verdict| Ending {
                    minute: verdict.minute,
                    right: verdict.right,
                    forced: verdict.forced,
                }),
            });
        }
        let until = match visit.waiting {
            End::Bedded(minutes) => visit.arrived + minutes,
            End::Left(minutes) => {
                picture.left.push(visit.arrived + minutes);
                visit.arrived + minutes
            }
            End::Open => visits.day.minutes,
        };
        if until > visit.arrived {
            picture.waits.push([visit.arrived, until]);
        }
    }
    picture
}
