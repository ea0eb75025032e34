//! Reads a log episode by episode.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use rounds_environments::text::json_fault;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::RunError;

/// One event of a log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct EventLine {
    /// Episode.
    #[serde(rename = "e")]
    pub episode: u32,
    /// Round.
    #[serde(rename = "r")]
    pub round: u32,
    /// Number within the episode.
    #[serde(rename = "n")]
    pub number: u32,
    /// Simulated minutes since the start of the episode.
    #[serde(rename = "t")]
    pub minute: Option<f64>,
    /// `world`, `agent`, or a family's own.
    pub side: String,
    /// Who.
    pub agent: String,
    /// What.
    pub kind: String,
    /// Everything else.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl EventLine {
    /// A field as text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(Value::as_str)
    }

    /// A field as a number.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.fields.get(key).and_then(Value::as_f64)
    }

    /// A field as a list of texts.
    pub fn texts(&self, key: &str) -> Vec<&str> {
        self.fields
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }
}

/// All events of one episode.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// Its number.
    pub episode: u32,
    /// Its events, in order.
    pub events: Vec<EventLine>,
}

/// Reads the episodes of a log one after another; never holds more than one.
#[derive(Debug)]
pub struct EpisodeReader {
    path: PathBuf,
    lines: BufReader<File>,
    number: u64,
    pending: Option<EventLine>,
}

impl EpisodeReader {
    /// Opens a log and checks its first line.
    ///
    /// # Errors
    /// [`RunError`] when there is none or it is of another schema.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let file = File::open(path).map_err(RunError::file(path, "cannot be read"))?;
        let mut lines = BufReader::with_capacity(1 << 18, file);
        let mut first = Vec::new();
        lines
            .read_until(b'\n', &mut first)
            .map_err(RunError::file(path, "cannot be read"))?;
        let schema = serde_json::from_slice::<Value>(&first).ok();
        if schema
            .as_ref()
            .and_then(|v| v.get("schema"))
            .and_then(Value::as_str)
            != Some("rounds.events/1")
        {
            return Err(RunError::Damaged {
                path: path.to_owned(),
                line: Some(1),
                why: "this is no log of a run, expected {\"schema\":\"rounds.events/1\"}"
                    .to_owned(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            lines,
            number: 1,
            pending: None,
        })
    }

    /// Lines read so far.
    pub(super) fn line(&self) -> u64 {
        self.number
    }

    fn next_line(&mut self) -> Option<Result<EventLine, RunError>> {
        let mut line = Vec::new();
        self.number += 1;
        match self.lines.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => Some(
                serde_json::from_slice(line.trim_ascii_end()).map_err(|error| {
                    let why = format!("this is no event: {}", json_fault(&error));
                    RunError::Damaged {
                        path: self.path.clone(),
                        line: Some(self.number),
                        why,
                    }
                }),
            ),
            Err(error) => Some(Err(RunError::file(&self.path, "cannot be read")(error))),
        }
    }
}

impl Iterator for EpisodeReader {
    type Item = Result<Episode, RunError>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = match self.pending.take() {
            Some(event) => event,
            None => match self.next_line()? {
                Ok(event) => event,
                Err(error) => return Some(Err(error)),
            },
        };
        let mut episode = Episode {
            episode: first.episode,
            events: vec![first],
        };
        loop {
            match self.next_line() {
                None => return Some(Ok(episode)),
                Some(Err(error)) => return Some(Err(error)),
                Some(Ok(event)) if event.episode == episode.episode => episode.events.push(event),
                Some(Ok(event)) => {
                    self.pending = Some(event);
                    return Some(Ok(episode));
                }
            }
        }
    }
}
