//! The two courses of an episode that a run decided anew from some round on.

use std::path::Path;

use serde_json::Value;

use crate::clinic;
use crate::hash::sha256;
use crate::report::{BranchRow, ReportBranch, TranscriptLine};
use crate::run::{
    Diverged, EpisodeReader, EventLine, RunDirectory, RunError, read_manifest, write_whole,
};

/// Longest text of a line that is told by its fields, in characters.
const LONGEST: usize = 300;

/// An episode in its recorded course and in the new one.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Where the courses part.
    pub diverged: Diverged,
    /// The recorded course; `None` where it was not kept beside the recording.
    pub recorded: Option<Vec<EventLine>>,
    /// The new course.
    pub new: Vec<EventLine>,
}

impl Branch {
    /// Reads the courses of the run in a folder; `None` where it left no recording.
    ///
    /// # Errors
    /// [`RunError`] when a file is damaged.
    pub fn read(run: &Path) -> Result<Option<Self>, RunError> {
        let Some(diverged) = read_manifest(run)?.diverged else {
            return Ok(None);
        };
        let path = run.join(RunDirectory::RECORDED);
        let recorded = match path.exists() {
            true => Some(events_of(&path, diverged.episode)?),
            false => None,
        };
        Ok(Some(Self {
            recorded,
            new: events_of(&run.join(RunDirectory::EVENTS), diverged.episode)?,
            diverged,
        }))
    }

    /// Place of the first event that differs; `None` where the courses are equal or one is missing.
    pub fn first_difference(&self) -> Option<usize> {
        let recorded = self.recorded.as_ref()?;
        let most = recorded.len().max(self.new.len());
        (0..most).find(|&at| recorded.get(at) != self.new.get(at))
    }

    /// The courses in a sentence or two.
    pub fn words(&self) -> String {
        let Diverged {
            episode,
            round,
            calls,
            ..
        } = &self.diverged;
        let mut out = format!(
            "From round {round} on, episode {episode} was decided anew; all before it and all other \
             episodes are answered from {calls}."
        );
        let told = |course: &[EventLine], at: usize| {
            course.get(at).map_or_else(
                || "nothing more".to_owned(),
                |event| {
                    let line = line(event);
                    let who = match line.agent.as_str() {
                        "" => line.side,
                        agent => agent.to_owned(),
                    };
                    format!("round {}, {who} {}: {}", line.round, line.kind, line.text)
                },
            )
        };
        out.push_str(&match (&self.recorded, self.first_difference()) {
            (None, _) => format!(
                " The recorded course is not there: {calls} has no {} beside it.",
                RunDirectory::EVENTS
            ),
            (Some(_), None) => " Both courses are the same.".to_owned(),
            (Some(recorded), Some(at)) => format!(
                " They part at event {at}. Recorded: {}. New: {}.",
                told(recorded, at),
                told(&self.new, at)
            ),
        });
        out
    }

    /// The courses side by side, for a report.
    pub fn report(&self, arm: &str) -> ReportBranch {
        let first = self.first_difference();
        let recorded = self.recorded.as_deref().unwrap_or_default();
        let most = recorded.len().max(self.new.len());
        let rows = (0..most).map(|at| BranchRow {
            recorded: recorded.get(at).map(line),
            new: self.new.get(at).map(line),
            first: first == Some(at),
        });
        ReportBranch {
            arm: arm.to_owned(),
            episode: self.diverged.episode,
            round: self.diverged.round,
            words: self.words(),
            rows: match self.recorded {
                Some(_) => rows.collect(),
                None => Vec::new(),
            },
        }
    }
}

/// What a divergence is of, and the recorded course of its episode where that was kept beside the
/// recording.
///
/// # Errors
/// [`RunError`] when a file cannot be read.
pub(crate) fn of_recording(
    calls: &Path,
    (episode, round): (u32, u32),
) -> Result<(Diverged, Option<String>), RunError> {
    let bytes = std::fs::read(calls).map_err(RunError::file(calls, "cannot be read"))?;
    let diverged = Diverged {
        episode,
        round,
        calls: calls.display().to_string(),
        sha256: sha256(&bytes),
    };
    let events = calls.with_file_name(RunDirectory::EVENTS);
    if !events.exists() {
        return Ok((diverged, None));
    }
    let text =
        std::fs::read_to_string(&events).map_err(RunError::file(&events, "cannot be read"))?;
    let mine = format!("{{\"e\":{episode},");
    let mut kept = String::from("{\"schema\":\"rounds.events/1\"}\n");
    for line in text.lines().filter(|line| line.starts_with(&mine)) {
        kept.push_str(line);
        kept.push('\n');
    }
    Ok((diverged, Some(kept)))
}

/// Keeps the recorded course with the new one.
pub(crate) fn keep(run: &Path, recorded: &str) -> Result<(), RunError> {
    write_whole(&run.join(RunDirectory::RECORDED), recorded.as_bytes())
}

fn events_of(path: &Path, episode: u32) -> Result<Vec<EventLine>, RunError> {
    for read in EpisodeReader::open(path)? {
        let read = read?;
        if read.episode == episode {
            return Ok(read.events);
        }
    }
    Ok(Vec::new())
}

/// An event as a line of a transcript; what has no words of its own is told by its fields.
fn line(event: &EventLine) -> TranscriptLine {
    clinic::line(event).unwrap_or_else(|| {
        let fields = event.fields.iter();
        let fields: Vec<String> = fields
            .map(|(key, value)| match value {
                Value::String(text) => format!("{key} {text}"),
                other => format!("{key} {other}"),
            })
            .collect();
        let mut text = fields.join(", ");
        if let Some((end, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(end);
            text.push('…');
        }
        TranscriptLine {
            round: event.round,
            minute: event.minute.unwrap_or(0.0),
            side: event.side.clone(),
            agent: event.agent.clone(),
            kind: event.kind.clone(),
            text,
        }
    })
}
