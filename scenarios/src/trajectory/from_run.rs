//! Episodes of a finished run as a data set.

use std::path::Path;

use rounds_environments::control::data::{End, Episode as Played, Header, Loaded, Trajectories};
use serde_json::Value;

use super::score::reference;
use crate::run::{
    Episode, EpisodeReader, EventLine, Manifest, RunDirectory, RunError, read_manifest,
};

/// Reads the finished episodes of a run directory, and how many others there were.
///
/// Actions are those of the environment, and what was seen is in single precision, as it was acted on.
///
/// # Errors
/// [`RunError`] when the folder holds no run, the run is none of a control environment, an event is damaged or no episode is
/// finished.
pub fn episodes_of_run(folder: &Path) -> Result<(Loaded, usize), RunError> {
    let manifest = read_manifest(folder)?;
    let log = folder.join(RunDirectory::EVENTS);
    let fault = |why: String| RunError::Input(format!("{}: {why}", log.display()));
    let mut data: Option<Trajectories> = None;
    let mut unfinished = 0;
    for episode in EpisodeReader::open(&log)? {
        let episode = episode?;
        let at = |why: String| fault(format!("episode {}: {why}", episode.episode));
        let Some(one) = recorded(&episode).map_err(at)? else {
            unfinished += 1;
            continue;
        };
        let data = match &mut data {
            Some(data) => data,
            none => {
                let header = header(&manifest, &episode);
                let made = Trajectories::new(header, one.last.len(), one.action);
                none.insert(made.map_err(|error| at(error.to_string()))?)
            }
        };
        data.push(Played {
            observations: &one.seen,
            actions: &one.actions,
            rewards: &one.rewards,
            end: one.end,
            last: Some(&one.last),
        })
        .map_err(|error| at(error.to_string()))?;
    }
    let data = data.ok_or_else(|| {
        let got = format!("none in {unfinished} episodes");
        fault(format!(
            "expected at least one finished episode of a control environment, got {got}"
        ))
    })?;
    let warnings = data.warnings();
    let bounds = None;
    Ok((
        Loaded {
            data,
            warnings,
            bounds,
        },
        unfinished,
    ))
}

/// An episode as its events tell it.
struct Recorded {
    seen: Vec<f64>,
    actions: Vec<f64>,
    rewards: Vec<f64>,
    last: Vec<f64>,
    /// Numbers in an action.
    action: usize,
    end: End,
}

/// `None` of an episode that did not finish.
fn recorded(episode: &Episode) -> Result<Option<Recorded>, String> {
    let (mut seen, mut actions, mut rewards) = (Vec::new(), Vec::new(), Vec::new());
    let mut action = 0;
    for event in &episode.events {
        match event.kind.as_str() {
            "acted" => {
                let step = event.round;
                let at = |why: String| format!("step {step}: {why}");
                seen.extend(singles(numbers(event, "saw").map_err(at)?));
                let done = numbers(event, "action").map_err(at)?;
                action = done.len();
                actions.extend(done);
                let reward = event.number("reward");
                rewards.push(reward.ok_or_else(|| at(no_numbers(event, "reward")))?);
            }
            "finished" => {
                let ended = event.fields.get("terminated").and_then(Value::as_bool);
                let ended = ended.ok_or("`finished` does not say whether it was `terminated`")?;
                return Ok(Some(Recorded {
                    seen,
                    actions,
                    rewards,
                    last: singles(numbers(event, "last")?).collect(),
                    action,
                    end: if ended { End::Terminal } else { End::Timeout },
                }));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Logs keep the shortest digits of numbers in single precision, which are other numbers in double precision.
fn singles(numbers: Vec<f64>) -> impl Iterator<Item = f64> {
    numbers.into_iter().map(|number| f64::from(number as f32))
}

/// The numbers of a field, of which one may stand alone.
fn numbers(event: &EventLine, key: &str) -> Result<Vec<f64>, String> {
    let field = event.fields.get(key);
    let read: Option<Vec<f64>> = match field {
        Some(Value::Array(all)) => all.iter().map(Value::as_f64).collect(),
        Some(one) => one.as_f64().map(|one| vec![one]),
        None => None,
    };
    read.ok_or_else(|| no_numbers(event, key))
}

fn no_numbers(event: &EventLine, key: &str) -> String {
    let got = event.fields.get(key);
    let got = got.map_or_else(|| "nothing".to_owned(), Value::to_string);
    format!("`{}`: expected numbers in `{key}`, got {got}", event.kind)
}

/// Where the episodes come from.
fn header(manifest: &Manifest, episode: &Episode) -> Header {
    let began = episode.events.iter().find(|event| event.kind == "began");
    let bounds = began.and_then(|event| event.fields.get("reference"));
    let resolved: Option<toml::Table> = toml::from_str(&manifest.resolved).ok();
    let environment = resolved.as_ref().and_then(|all| all.get("environment"));
    let kind = environment.and_then(|table| table.get("kind")?.as_str());
    Header {
        environment: kind.unwrap_or(&manifest.scenario).to_owned(),
        settings: serde_json::json!({ "run": manifest.hash, "environment": environment }),
        collector: format!("{} of {}", manifest.arm, manifest.scenario),
        seeds: vec![manifest.seed],
        reference: bounds.and_then(reference),
        ..Header::default()
    }
}
