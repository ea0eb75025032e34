//! Minari: a folder with `data/main_data.hdf5`, a group for each episode, and `data/metadata.json`.

use std::path::Path;

use hdf5::{File, Group};
use serde_json::{Map, Value, json};

use super::arrays::Array;
use super::error::DataError;
use super::flat::Loaded;
use super::hdf5_file::{dataset, flags, numbers, open, text};
use super::header::Header;
use super::score::published;
use super::trajectories::{End, Episode, Trajectories};
use super::warning::Warning;
use crate::control::Actions;
use crate::text::read_text;

/// Entries of the metadata that are JSON in a string.
const NESTED: [&str; 3] = ["observation_space", "action_space", "env_spec"];

/// Reads a Minari data set from its folder, or from the folder `data` in it. Of observations that are a dictionary, `key` names
/// the part to read; without it all parts are put behind one another in the order of their names.
///
/// Older data sets, which keep their metadata as attributes of the HDF5 file, are read too. The bounds of
/// actions, where the metadata name them, are in [`Loaded::bounds`].
///
/// # Errors
/// [`DataError::In`] with what is wrong: no such file, another format, an episode that is missing, whose arrays do not
/// fit or that does not have one observation more than actions, a number that is none, no episode.
///
/// # Source
/// Trajectory card, section 7.4.
pub fn read_minari(folder: &Path, key: Option<&str>) -> Result<Loaded, DataError> {
    let inner = folder.join("data");
    let folder = if inner.is_dir() {
        inner
    } else {
        folder.to_owned()
    };
    let read = || {
        let file = open(&folder.join("main_data.hdf5"))?;
        let metadata = metadata(&folder.join("metadata.json"), &file)?;
        episodes(&file, &metadata, key)
    };
    read().map_err(DataError::at(&folder))
}

/// The metadata, with JSON in strings read.
fn metadata(path: &Path, file: &File) -> Result<Map<String, Value>, DataError> {
    let mut metadata = match path.is_file() {
        true => {
            let fault = |why: String| DataError::Format(format!("metadata.json: {why}"));
            let value = serde_json::from_str(&read_text(path)?);
            match value.map_err(|error| fault(error.to_string()))? {
                Value::Object(metadata) => metadata,
                _ => return Err(fault("expected an object".to_owned())),
            }
        }
        false => {
            let names = NESTED.into_iter().chain(["dataset_id", "algorithm_name"]);
            let found = names.filter_map(|name| Some((name.to_owned(), text(file, name)?.into())));
            let mut metadata: Map<String, Value> = found.collect();
            if let Ok(total) = file.attr("total_episodes") {
                metadata.insert(
                    "total_episodes".to_owned(),
                    total.read_scalar::<u64>()?.into(),
                );
            }
            metadata
        }
    };
    for name in NESTED {
        if let Some(Value::String(text)) = metadata.get(name)
            && let Ok(value) = serde_json::from_str(text)
        {
            metadata.insert(name.to_owned(), value);
        }
    }
    match metadata.get("data_format").and_then(Value::as_str) {
        None | Some("hdf5") => Ok(metadata),
        Some(other) => {
            let why = format!("expected data_format \"hdf5\", got {other:?}");
            Err(DataError::Format(why))
        }
    }
}

/// What the metadata say of where the data come from.
fn header(metadata: &Map<String, Value>) -> Header {
    let word = |name: &str| {
        metadata
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let settings: Map<String, Value> = NESTED
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), metadata.get(name)?.clone())))
        .collect();
    Header {
        environment: word("dataset_id").to_owned(),
        settings: json!(settings),
        collector: word("algorithm_name").to_owned(),
        reference: published(word("dataset_id")),
        ..Header::default()
    }
}

/// The bounds of actions, where they are a box or choices.
fn bounds(metadata: &Map<String, Value>) -> Option<Actions> {
    let space = metadata.get("action_space")?;
    let corner = |name: &str| -> Option<Vec<f64>> {
        let numbers = space.get(name)?.as_array()?;
        numbers.iter().map(Value::as_f64).collect()
    };
    match space.get("type")?.as_str()? {
        "Box" => {
            let (low, high) = (corner("low")?, corner("high")?);
            (low.len() == high.len()).then_some(Actions::Continuous { low, high })
        }
        "Discrete" => Some(Actions::Discrete {
            count: u32::try_from(space.get("n")?.as_u64()?).ok()?,
        }),
        _ => None,
    }
}

fn episodes(
    file: &File,
    metadata: &Map<String, Value>,
    key: Option<&str>,
) -> Result<Loaded, DataError> {
    let names = file.member_names()?;
    let number = |name: &String| name.strip_prefix("episode_")?.parse::<usize>().ok();
    let mut numbers: Vec<usize> = names.iter().filter_map(number).collect();
    numbers.sort_unstable();
    if let Some(total) = metadata.get("total_episodes").and_then(Value::as_u64)
        && total != numbers.len() as u64
    {
        let got = numbers.len();
        let why = format!("expected the {total} episodes that the metadata name, got {got}");
        return Err(DataError::Format(why));
    }
    let mut data: Option<Trajectories> = None;
    let mut empty = Vec::new();
    for number in numbers {
        let name = format!("episode_{number}");
        let one = one(&file.group(&name)?, key)
            .map_err(|error| DataError::Format(format!("{name}: {error}")))?;
        if one.rewards.is_empty() {
            empty.push(number);
            continue;
        }
        let data = match &mut data {
            Some(data) => data,
            none => none.insert(Trajectories::new(header(metadata), one.width, one.action)?),
        };
        let (seen, last) = one.observations.split_at(one.rewards.len() * one.width);
        data.push(Episode {
            observations: seen,
            actions: &one.actions,
            rewards: &one.rewards,
            end: one.end,
            last: Some(last),
        })?;
    }
    let mut warnings = Vec::new();
    if let Some(&first) = empty.first() {
        let count = empty.len();
        warnings.push(Warning::EmptyEpisodes { count, first });
    }
    let Some(data) = data else {
        return Err(DataError::Empty { steps: 0 });
    };
    let mut loaded = Loaded::of(data, warnings)?;
    loaded.bounds = bounds(metadata);
    Ok(loaded)
}

/// An episode on its own.
struct One {
    /// One row more than there are steps.
    observations: Vec<f64>,
    width: usize,
    actions: Vec<f64>,
    action: usize,
    rewards: Vec<f64>,
    end: End,
}

fn one(group: &Group, key: Option<&str>) -> Result<One, DataError> {
    let need = |array: &'static str| {
        let found = dataset(group, array)?;
        found.ok_or(DataError::Missing { array })
    };
    let actions = numbers(&need("actions")?)?;
    let (steps, action) = actions.table("actions")?;
    let observations = match key {
        Some(key) => part(&group.group("observations")?, key)?,
        None => part(group, "observations")?,
    };
    let (rows, width) = observations.table("observations")?;
    if rows != steps + 1 {
        return Err(DataError::Shape {
            array: "observations",
            expected: format!("[{}, {width}], one more than actions", steps + 1),
            got: observations.shape,
        });
    }
    let rewards = numbers(&need("rewards")?)?.squeezed("rewards", steps)?;
    let ended = flags(&need("terminations")?)?.squeezed("terminations", steps)?;
    flags(&need("truncations")?)?.squeezed("truncations", steps)?;
    if let Some(early) = ended.iter().position(|ended| *ended)
        && early + 1 < steps
    {
        let why = format!("expected {steps} steps, but it terminates in step {early}");
        return Err(DataError::Format(why));
    }
    let end = match ended.last() {
        Some(true) => End::Terminal,
        _ => End::Timeout,
    };
    Ok(One {
        observations: observations.items,
        width,
        actions: actions.items,
        action,
        rewards,
        end,
    })
}

/// A part of the observations as a table; of a group, all its parts behind one another.
fn part(group: &Group, name: &str) -> Result<Array<f64>, DataError> {
    if !group.link_exists(name) {
        let array = "observations";
        return Err(DataError::Missing { array });
    }
    let Ok(inner) = group.group(name) else {
        let mut table = numbers(&group.dataset(name)?)?;
        // A row of any shape is one list of numbers.
        if let [rows, rest @ ..] = &table.shape[..]
            && rest.len() > 1
        {
            table.shape = vec![*rows, rest.iter().product()];
        }
        return Ok(table);
    };
    let mut names = inner.member_names()?;
    // Parts of a tuple are called _index_0, _index_1 and so on.
    names.sort_by_key(|name| {
        let index = name.strip_prefix("_index_");
        (
            index.and_then(|index| index.parse::<usize>().ok()),
            name.clone(),
        )
    });
    let parts = names.iter().map(|name| part(&inner, name));
    let parts = parts.collect::<Result<Vec<Array<f64>>, DataError>>()?;
    let tables = parts.iter().map(|part| part.table("observations"));
    let tables = tables.collect::<Result<Vec<(usize, usize)>, DataError>>()?;
    let rows = tables.first().map_or(0, |(rows, _)| *rows);
    for (part, (other, width)) in parts.iter().zip(&tables) {
        if *other != rows {
            return Err(DataError::Shape {
                array: "observations",
                expected: format!("[{rows}, {width}], as many rows in each part"),
                got: part.shape.clone(),
            });
        }
    }
    let mut items = Vec::new();
    for row in 0..rows {
        for (part, (_, width)) in parts.iter().zip(&tables) {
            items.extend_from_slice(&part.items[row * width..][..*width]);
        }
    }
    let width = tables.iter().map(|(_, width)| width).sum();
    Ok(Array {
        shape: vec![rows, width],
        items,
    })
}
