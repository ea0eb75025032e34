//! Reads a log episode by episode.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use rounds_environments::text::json_fault;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::error::RunError;

/// One event of a log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventLine {
    /// Episode, key `e`.
    pub episode: u32,
    /// Round, key `r`.
    pub round: u32,
    /// Number within the episode, key `n`.
    pub number: u32,
    /// Simulated minutes since the start of the episode, key `t`.
    pub minute: Option<f64>,
    /// `world`, `agent`, or a family's own.
    pub side: String,
    /// Who.
    pub agent: String,
    /// What.
    pub kind: String,
    /// Everything else.
    pub fields: Map<String, Value>,
}

/// Fields for which a line has room at once.
const USUAL_FIELDS: usize = 7;

/// Written by hand: a flattened map of the derived code keeps each line in a buffer first and
/// takes longer, and a log may have millions of lines.
impl<'de> Deserialize<'de> for EventLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EventVisitor)
    }
}

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = EventLine;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EventLine, A::Error> {
        const NEEDED: [&str; 6] = ["e", "r", "n", "side", "agent", "kind"];
        let mut event = EventLine {
            fields: Map::with_capacity(USUAL_FIELDS),
            ..EventLine::default()
        };
        let mut seen = [false; NEEDED.len()];
        while let Some(key) = map.next_key::<Key>()? {
            if let Some(seen) = seen.get_mut(key.place()) {
                *seen = true;
            }
            match key {
                Key::Episode => event.episode = map.next_value()?,
                Key::Round => event.round = map.next_value()?,
                Key::Number => event.number = map.next_value()?,
                Key::Side => event.side = map.next_value()?,
                Key::Agent => event.agent = map.next_value()?,
                Key::Kind => event.kind = map.next_value()?,
                Key::Minute => event.minute = map.next_value()?,
                Key::Other(key) => {
                    event.fields.insert(key, map.next_value()?);
                }
            }
        }
        match NEEDED.iter().zip(seen).find(|(_, seen)| !seen) {
            Some((missing, _)) => Err(de::Error::missing_field(missing)),
            None => Ok(event),
        }
    }
}

/// A key of an event; texts are kept only of the keys that are a family's own.
enum Key {
    Episode,
    Round,
    Number,
    Side,
    Agent,
    Kind,
    Minute,
    Other(String),
}

impl Key {
    /// Place of a needed key in the order of the error messages.
    fn place(&self) -> usize {
        match self {
            Self::Episode => 0,
            Self::Round => 1,
            Self::Number => 2,
            Self::Side => 3,
            Self::Agent => 4,
            Self::Kind => 5,
            Self::Minute | Self::Other(_) => usize::MAX,
        }
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key of an event")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Key, E> {
        Ok(match key {
            "e" => Key::Episode,
            "r" => Key::Round,
            "n" => Key::Number,
            "t" => Key::Minute,
            "side" => Key::Side,
            "agent" => Key::Agent,
            "kind" => Key::Kind,
            other => Key::Other(other.to_owned()),
        })
    }
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
    line: Vec<u8>,
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
            line: first,
            number: 1,
            pending: None,
        })
    }

    /// Lines read so far.
    pub(super) fn line(&self) -> u64 {
        self.number
    }

    fn next_line(&mut self) -> Option<Result<EventLine, RunError>> {
        self.line.clear();
        self.number += 1;
        match self.lines.read_until(b'\n', &mut self.line) {
            Ok(0) => None,
            Ok(_) => Some(
                serde_json::from_slice(self.line.trim_ascii_end()).map_err(|error| {
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
