//! The record of model calls while a run goes on, and its order at the end.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_models::{CallKey, CallRecord};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::directory::{RunDirectory, write_whole};
use super::error::RunError;
use super::partial::end_torn_line;

/// The file that calls are appended to.
#[derive(Debug)]
pub(super) struct CallFile {
    path: PathBuf,
    writer: BufWriter<File>,
    /// Calls that earlier tries of this run left in the file, with the number of their attempts.
    kept: BTreeMap<CallKey, u32>,
}

/// What says where the line of a call belongs; the rest of a line is long.
#[derive(Debug, Deserialize)]
struct Place<'a> {
    episode: EpisodeIx,
    agent: AgentId,
    round: RoundIx,
    #[serde(borrow)]
    purpose: Cow<'a, str>,
    number: u32,
    attempt: u32,
    #[serde(default)]
    retry: u32,
    reply: Option<IgnoredAny>,
    #[serde(default)]
    asked_again: bool,
}

impl<'a> Place<'a> {
    /// `None` for a line that was cut off.
    fn of(line: &'a str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// The order of [`CallKey`].
    fn key(&self) -> (EpisodeIx, AgentId, RoundIx, &str, u32, u32) {
        (
            self.episode,
            self.agent,
            self.round,
            &*self.purpose,
            self.number,
            self.attempt,
        )
    }
}

impl CallFile {
    /// Opens the file of a run, with what earlier tries left in it.
    pub(super) fn open(run: &Path) -> Result<Self, RunError> {
        let path = run.join(RunDirectory::CALLS_PARTIAL);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(RunError::file(&path, "cannot be opened"))?;
        end_torn_line(&path)?;
        let text = fs::read_to_string(&path).map_err(RunError::file(&path, "cannot be read"))?;
        let mut kept = BTreeMap::new();
        for place in text.lines().filter_map(Place::of) {
            let key = CallKey {
                episode: place.episode,
                agent: place.agent,
                round: place.round,
                purpose: Cow::Owned(place.purpose.into_owned()),
                number: place.number,
                attempt: place.attempt,
            };
            let attempts: &mut u32 = kept.entry(key).or_default();
            *attempts = (*attempts).max(place.retry + 1);
        }
        Ok(Self {
            path,
            writer: BufWriter::with_capacity(1 << 16, file),
            kept,
        })
    }

    /// Appends calls and hands them to the system.
    pub(super) fn append(&mut self, calls: Vec<CallRecord>) -> Result<(), RunError> {
        for mut call in calls {
            if let Some(attempts) = self.kept.get(&call.key) {
                if call.recalled {
                    continue;
                }
                // What is asked in another try goes on counting its attempts.
                call.retry += attempts;
            }
            serde_json::to_writer(&mut self.writer, &call)
                .map_err(std::io::Error::from)
                .and_then(|()| self.writer.write_all(b"\n"))
                .map_err(RunError::file(&self.path, "cannot be written"))?;
        }
        self.writer
            .flush()
            .map_err(RunError::file(&self.path, "cannot be written"))
    }

    /// Brings the calls of a run into the order of their keys, each attempt once, and removes the
    /// file that they were appended to.
    pub(super) fn sort(run: &Path) -> Result<(), RunError> {
        let partial = run.join(RunDirectory::CALLS_PARTIAL);
        if !partial.exists() {
            return Ok(());
        }
        let text =
            fs::read_to_string(&partial).map_err(RunError::file(&partial, "cannot be read"))?;
        let mut calls: Vec<(Place, &str)> = text
            .lines()
            .filter_map(|line| Some((Place::of(line)?, line)))
            .collect();
        // Of two records of one attempt, the one with a reply counts.
        calls.sort_by(|(a, _), (b, _)| {
            let attempt = |place: &Place| (place.retry, place.reply.is_none());
            a.key().cmp(&b.key()).then(attempt(a).cmp(&attempt(b)))
        });
        calls.dedup_by(|(a, _), (b, _)| (a.key(), a.retry) == (b.key(), b.retry));
        let mut sorted = String::with_capacity(text.len());
        for (at, (place, line)) in calls.iter().enumerate() {
            let again = calls
                .get(at + 1)
                .is_some_and(|(next, _)| next.key() == place.key());
            // It was the last attempt of a try that was followed by another one.
            let was_last = again && !place.asked_again;
            match was_last.then(|| CallRecord::from_line(line)) {
                Some(Ok(call)) => {
                    let call = CallRecord {
                        asked_again: true,
                        ..call
                    };
                    let line = call.to_line();
                    sorted.push_str(&line.map_err(|error| RunError::Input(error.to_string()))?);
                }
                _ => sorted.push_str(line),
            }
            sorted.push('\n');
        }
        write_whole(&run.join(RunDirectory::CALLS), sorted.as_bytes())?;
        fs::remove_file(&partial).map_err(RunError::file(&partial, "cannot be removed"))
    }
}
