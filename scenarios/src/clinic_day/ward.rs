//! Days of the ward that are played before the test, and the stays that models learn from.

use std::collections::BTreeMap;

use rounds_agents::clinic_day::{AtBeds, ClinicDayPlugin};
use rounds_agents::engine::{
    Engine, EngineError, EngineOptions, FinishedEpisode, Outcome, RunSink,
};
use rounds_environments::control::data::{End, Episode as Stay, Header, Trajectories};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_models::CallRecord;
use serde_json::Value;

use crate::run::{Episode, EventLine, RunError};

/// Numbers that are seen of a patient.
const SEEN: usize = 7;

#[derive(Default)]
struct Kept(Vec<FinishedEpisode>);

impl RunSink for Kept {
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError> {
        self.0.push(episode);
        Ok(())
    }

    fn calls(&mut self, _: Vec<CallRecord>) -> Result<(), EngineError> {
        Ok(())
    }
}

/// Plays the first `days` days of a run in every configuration and gives their logs.
///
/// # Errors
/// [`RunError`] when a day cannot be played.
pub(super) fn play(
    plugin: &ClinicDayPlugin,
    at_beds: AtBeds,
    days: u32,
    seed: RunSeed,
) -> Result<Vec<Episode>, RunError> {
    let options = EngineOptions {
        seed,
        in_flight: 1,
        log: true,
    };
    let family = ClinicDayPlugin {
        at_beds: Some(at_beds),
        ..plugin.clone()
    };
    let mut engine = Engine::new(options, family)?;
    let mut kept = Kept::default();
    let count = days.saturating_mul(plugin.plans.len() as u32);
    engine.run(&mut (0..count).map(EpisodeIx), &mut kept)?;
    kept.0.sort_by_key(|episode| episode.ix);
    let logs = kept.0.into_iter().map(|episode| {
        if let Outcome::Failed(why) = &episode.outcome {
            return Err(RunError::Input(format!(
                "a day before the test failed: {why}"
            )));
        }
        let text = String::from_utf8_lossy(&episode.events);
        let events = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        Ok(Episode {
            episode: episode.ix.0,
            events: events.collect(),
        })
    });
    logs.collect()
}

/// One patient's time in bed while it is read.
#[derive(Debug, Default)]
struct Course {
    observations: Vec<f64>,
    doses: Vec<f64>,
    rewards: Vec<f64>,
    collapsed: bool,
}

/// The stays of logs as episodes: what was seen of a patient in bed, what it was given, and what that earned.
///
/// # Errors
/// [`RunError::Input`] when nobody was given anything.
pub(super) fn stays(logs: &[Episode], header: Header) -> Result<Trajectories, RunError> {
    let fault = |error: &dyn std::fmt::Display| RunError::Input(format!("data: {error}"));
    let mut data = Trajectories::new(header, SEEN, 1).map_err(|error| fault(&error))?;
    for log in logs {
        let mut courses: BTreeMap<u64, Course> = BTreeMap::new();
        let mut dosed: Option<&EventLine> = None;
        for event in &log.events {
            match event.kind.as_str() {
                "dosed" => dosed = Some(event),
                "stability" => {
                    if let Some(dosed) = dosed.take() {
                        add(&mut courses, dosed, event);
                    }
                }
                _ => {}
            }
        }
        for course in courses.into_values() {
            let end = match course.collapsed {
                true => End::Terminal,
                false => End::Timeout,
            };
            let pushed = data.push(Stay {
                observations: &course.observations,
                actions: &course.doses,
                rewards: &course.rewards,
                end,
                last: None,
            });
            pushed.map_err(|error| fault(&error))?;
        }
    }
    match data.episodes() {
        0 => Err(fault(
            &"no patient was given a dose on the days before the test",
        )),
        _ => Ok(data),
    }
}

/// Adds a tick to the courses of those who were given a dose in it.
fn add(courses: &mut BTreeMap<u64, Course>, dosed: &EventLine, stability: &EventLine) {
    let ids = |event: &EventLine, key: &str| -> Vec<u64> {
        let list = event.fields.get(key).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .collect()
    };
    let numbers = |value: Option<&Value>| -> Vec<f64> {
        let list = value.and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_f64)
            .collect()
    };
    let here = ids(stability, "patients");
    let rewards = numbers(stability.fields.get("rewards"));
    let collapsed = ids(stability, "collapsed");
    let saw = dosed.fields.get("saw").and_then(Value::as_array);
    let doses = numbers(dosed.fields.get("doses"));
    let rows = ids(dosed, "patients")
        .into_iter()
        .zip(saw.into_iter().flatten());
    for ((patient, saw), dose) in rows.zip(doses) {
        let seen = numbers(Some(saw));
        let at = here.iter().position(|other| *other == patient);
        let reward = at.and_then(|at| rewards.get(at));
        if let (Some(reward), SEEN) = (reward, seen.len()) {
            let course = courses.entry(patient).or_default();
            course.observations.extend(seen);
            course.doses.push(dose);
            course.rewards.push(*reward);
            course.collapsed = collapsed.contains(&patient);
        }
    }
}
