//! Metrics of a clinic day, from its events.

use std::collections::BTreeMap;

use serde_json::Value;

use super::visits::{End, Visits};
use crate::coordination::Replies;
use crate::run::{Episode, EpisodeRow, EventLine, RoundRow, Score, Scored};
use crate::statistics::{Direction, Lifetime, survival};

/// Version of this scorer, for manifests: runs scored by another one are not compared.
pub const SCORER: &str = "rounds.clinic-day/1";

/// Scores days: waiting, leaving, time to the correct diagnosis, and what coordination was worth.
///
/// Patients count who arrive after the warm-up; of beds and ticks what comes after it. Times are
/// restricted means within `restricted_to_minutes`, from the curve of Kaplan and Meier: who still
/// waits or lies in bed when the day ends is censored then. Who left unseen or was diagnosed wrongly
/// is never diagnosed correctly, and counts as such as long as the day lasts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClinicDayScore;

/// Causes for which waiting ends.
const BEDDED: u8 = 0;
const LEFT: u8 = 1;

/// Name of a metric in days of one configuration alone.
pub fn in_configuration(metric: &str, configuration: &str) -> String {
    format!("{metric}[{configuration}]")
}

impl Score for ClinicDayScore {
    fn order(&self) -> &[&'static str] {
        &[
            "harm",
            "collapses",
            "diagnosis_minutes",
            "wait_minutes",
            "left_unseen",
            "weighted_wait_minutes",
            "waited",
            "correct_in_time",
            "hit@1",
            "forced",
            "occupancy",
            "utility",
            "ratio",
            "regret",
            "idle",
            "malformed",
            "neutral",
            "messages_per_tick",
            "floats_per_tick",
            "patients",
            "rounds",
        ]
    }

    fn needs_events(&self) -> bool {
        true
    }

    fn decisive(&self) -> &[(&'static str, Direction)] {
        &[
            ("harm", Direction::LowerIsBetter),
            ("collapses", Direction::LowerIsBetter),
            ("diagnosis_minutes", Direction::LowerIsBetter),
            ("wait_minutes", Direction::LowerIsBetter),
            ("left_unseen", Direction::LowerIsBetter),
            ("utility", Direction::HigherIsBetter),
        ]
    }

    /// None: all are means or shares over the patients of a day.
    fn has_proportions(&self) -> bool {
        false
    }

    fn part<'a>(&self, of: &str, name: &'a str) -> Option<&'a str> {
        let rest = name.strip_prefix(of)?;
        rest.strip_prefix('[')?.strip_suffix(']')
    }

    fn score(&self, episode: &Episode) -> Scored {
        let visits = Visits::new(episode);
        let mut metrics = BTreeMap::new();
        let ended = episode.events.iter().rfind(|e| e.kind == "ended");
        // Of a day that was cut short nobody knows how it would have gone on.
        if ended.is_some_and(|e| e.text("outcome") == Some("done")) {
            patients(&visits, &mut metrics);
            metrics.insert("occupancy".to_owned(), visits.occupancy());
            if visits.deteriorating {
                metrics.insert("harm".to_owned(), harm(&visits));
                metrics.insert("collapses".to_owned(), collapses(&visits));
            }
        }
        let rounds = ticks(episode, visits.day.warm_up, &mut metrics);
        if !visits.day.configuration.is_empty() {
            for (name, _) in self.decisive() {
                if let Some(value) = metrics.get(*name).copied() {
                    metrics.insert(in_configuration(name, &visits.day.configuration), value);
                }
            }
        }
        let row = EpisodeRow {
            // The same day in several configurations is one cluster.
            case: format!("day {}", visits.day.number),
            metrics,
            ..EpisodeRow::default()
        };
        Scored { row, rounds }
    }
}

/// Acuity-weighted minutes for which a patient is unstable, on average over the patients that count.
fn harm(visits: &Visits) -> Option<f64> {
    let day = &visits.day;
    let (mut sum, mut count) = (0.0, 0.0);
    for visit in visits.cohort() {
        sum += day.weight(visit.acuity) * visit.unstable;
        count += 1.0;
    }
    (count > 0.0).then(|| sum / count)
}

/// Share of the patients that count who collapse.
fn collapses(visits: &Visits) -> Option<f64> {
    let count = visits.cohort().count();
    let collapsed = visits.cohort().filter(|visit| visit.collapsed).count();
    (count > 0).then(|| collapsed as f64 / count as f64)
}

/// The harm of a day.
pub(super) fn harm_of(day: &Episode) -> Option<f64> {
    harm(&Visits::new(day))
}

fn patients(visits: &Visits, metrics: &mut BTreeMap<String, Option<f64>>) {
    let day = &visits.day;
    let until = day.restricted_to;
    let (mut waits, mut diagnoses) = (Vec::new(), Vec::new());
    let (mut count, mut waited, mut diagnosed, mut right, mut forced) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for visit in visits.cohort() {
        count += 1.0;
        let watched = day.minutes - visit.arrived;
        let (time, cause) = match visit.waiting {
            End::Bedded(minutes) => (minutes, Some(BEDDED)),
            End::Left(minutes) => (minutes, Some(LEFT)),
            End::Open => (watched, None),
        };
        waited += f64::from(u8::from(cause != Some(BEDDED) || time > 0.0));
        waits.push(Lifetime {
            time,
            weight: 1.0,
            cause,
        });
        let verdict = visit.diagnosed.as_ref();
        if let Some(verdict) = verdict {
            diagnosed += 1.0;
            right += f64::from(u8::from(verdict.right));
            forced += f64::from(u8::from(verdict.forced));
        }
        let correct = verdict.filter(|verdict| verdict.right);
        diagnoses.push(Lifetime {
            time: correct.map_or(watched, |verdict| verdict.minute - visit.arrived),
            weight: 1.0,
            cause: correct.map(|_| 0),
        });
    }
    let mut weighed: Vec<Lifetime> = waits
        .iter()
        .zip(visits.cohort())
        .map(|(wait, visit)| Lifetime {
            weight: day.weight(visit.acuity),
            ..*wait
        })
        .collect();
    let wait = survival(&mut waits, 2, until);
    let diagnosis = survival(&mut diagnoses, 1, until);
    let share = |of: f64, all: f64| (all > 0.0).then(|| of / all);
    let left = wait.as_ref().map(|w| w.incidence[usize::from(LEFT)]);
    for (name, value) in [
        (
            "diagnosis_minutes",
            diagnosis.as_ref().map(|d| d.restricted_mean),
        ),
        (
            "correct_in_time",
            diagnosis.as_ref().map(|d| 1.0 - d.survival),
        ),
        ("wait_minutes", wait.as_ref().map(|w| w.restricted_mean)),
        ("left_unseen", left),
        (
            "weighted_wait_minutes",
            survival(&mut weighed, 2, until).map(|w| w.restricted_mean),
        ),
        ("waited", share(waited, count)),
        ("hit@1", share(right, diagnosed)),
        ("forced", share(forced, diagnosed)),
        ("patients", Some(count)),
    ] {
        metrics.insert(name.to_owned(), value);
    }
}

/// What ticks say, those after the warm-up, and a row for every tick and specialist.
fn ticks(
    episode: &Episode,
    warm_up: f64,
    metrics: &mut BTreeMap<String, Option<f64>>,
) -> Vec<RoundRow> {
    let mut rows = Vec::new();
    let (mut played, mut counted, mut chosen, mut idle) = (0.0, 0.0, 0.0, 0.0);
    let [mut utility, mut messages, mut floats] = [0.0; 3];
    let mut best: Option<f64> = None;
    let mut counts = false;
    let mut assigned: Option<&EventLine> = None;
    let mut replies: Option<Replies> = None;
    for event in &episode.events {
        match event.kind.as_str() {
            "began" => replies = Replies::of(event),
            "malformed_reply" => {
                if let Some(replies) = &mut replies {
                    replies.add(event);
                }
            }
            "assigned" => {
                counts = event.minute.is_some_and(|minute| minute >= warm_up);
                assigned = Some(event);
            }
            "tick" => {
                played += 1.0;
                let reward = event.number("utility");
                for (agent, bed) in assigned.into_iter().flat_map(beds).enumerate() {
                    chosen += 1.0;
                    idle += f64::from(u8::from(bed.is_null()));
                    rows.push(row(event, agent, bed, reward));
                }
                if counts {
                    counted += 1.0;
                    utility += reward.unwrap_or(f64::NAN);
                    messages += event.number("messages").unwrap_or(0.0);
                    floats += event.number("floats").unwrap_or(0.0);
                    if let Some(value) = event.number("best") {
                        *best.get_or_insert(0.0) += value;
                    }
                }
            }
            _ => {}
        }
    }
    let mean = |sum: f64| (counted > 0.0).then(|| sum / counted);
    for (name, value) in [
        ("utility", mean(utility)),
        ("regret", best.map(|best| best - utility)),
        (
            "ratio",
            best.filter(|best| *best > 0.0).map(|best| utility / best),
        ),
        ("messages_per_tick", mean(messages)),
        ("floats_per_tick", mean(floats)),
        ("idle", (chosen > 0.0).then(|| idle / chosen)),
        ("rounds", Some(played)),
        ("calls", Some(chosen)),
    ] {
        metrics.insert(name.to_owned(), value);
    }
    metrics.extend(replies.into_iter().flat_map(Replies::metrics));
    rows
}

fn beds(event: &EventLine) -> impl Iterator<Item = &Value> {
    let list = event.fields.get("beds").and_then(Value::as_array);
    list.into_iter().flatten()
}

/// The reward of a tick is the staff's.
fn row(event: &EventLine, agent: usize, bed: &Value, reward: Option<f64>) -> RoundRow {
    RoundRow {
        episode: event.episode,
        round: event.round,
        minute: event.minute.unwrap_or(f64::NAN),
        agent: agent.to_string(),
        action: match bed {
            Value::Null => "none".to_owned(),
            bed => format!("bed {bed}"),
        },
        reward,
    }
}
