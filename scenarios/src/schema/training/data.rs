//! What a model is trained on.

use std::path::PathBuf;

use crate::schema::paths::PathKind;
use crate::schema::reader::TableReader;
use crate::schema::values::{FRACTION, Fault, choice, items, path};

/// Visits that can be asked for.
const MOST_EPISODES: u32 = 1 << 24;

choice! {
    /// Kinds of data.
    enum DataKind {
        /// Visits of a scenario, decided by rule and told as conversations.
        Demonstrations = "demonstrations",
        /// Conversations of earlier runs: prompts and replies of their models.
        Calls = "calls",
        /// Plain text.
        Text = "text",
    }
}

/// What a model is trained on.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainingDataSpec {
    /// Visits of a scenario, decided by rule and told as conversations; only the decisions are in
    /// the loss.
    Demonstrations(DemonstrationsSpec),
    /// Conversations of earlier runs: only the replies are in the loss.
    Calls {
        /// Files `calls.jsonl`.
        files: Vec<PathBuf>,
    },
    /// Plain text: everything is in the loss.
    Text {
        /// The files; a paragraph is an example.
        files: Vec<PathBuf>,
    },
}

/// Visits that are played to be learnt from.
#[derive(Debug, Clone, PartialEq)]
pub struct DemonstrationsSpec {
    /// The scenario.
    pub scenario: PathBuf,
    /// Its arm; by default the first.
    pub arm: Option<String>,
    /// Settings of the scenario that are changed, as `key=value`.
    pub set: Vec<String>,
    /// Visits.
    pub episodes: u32,
    /// Seed of the visits: another than that of the scenario, whose visits are for the test.
    pub seed: u64,
    /// A folder of prompts that take the place of ours, file by file.
    pub prompts: Option<PathBuf>,
    /// Most characters of earlier exchanges in a conversation.
    pub most_chars: u32,
    /// Share of proposals in whose place a question drawn at random is put, while the proposal is what is learnt: so
    /// that visits are seen that go otherwise than the teacher's own.
    pub deviation: f64,
}

pub(super) fn read_data(mut table: TableReader<'_>) -> Option<TrainingDataSpec> {
    if table.entry("kind").is_none() {
        table.missing("kind", "kind = \"text\"");
        return None;
    }
    let data = match table.choice("kind")? {
        DataKind::Demonstrations => read_demonstrations(&mut table),
        DataKind::Calls => files(&mut table).map(|files| TrainingDataSpec::Calls { files }),
        DataKind::Text => files(&mut table).map(|files| TrainingDataSpec::Text { files }),
    };
    table.finish();
    data
}

fn read_demonstrations(table: &mut TableReader<'_>) -> Option<TrainingDataSpec> {
    for (key, example) in [
        ("scenario", "scenario = \"ward.toml\""),
        ("seed", "seed = 1000003` (not that of the scenario)`"),
    ] {
        if table.entry(key).is_none() {
            table.missing(key, example);
        }
    }
    let scenario = table.path("scenario", PathKind::File);
    let arm = table.string("arm");
    let set = table.strings("set");
    let episodes = table.small("episodes", 1, MOST_EPISODES, 500);
    let seed = table.entry("seed").is_some();
    let seed = seed.then(|| table.integer("seed", 0, u64::MAX, 0));
    let prompts = table.path("prompts", PathKind::Folder);
    let most_chars = table.count("most_chars", 1, 24_000);
    let deviation = table.number("deviation", FRACTION, 0.0);
    Some(TrainingDataSpec::Demonstrations(DemonstrationsSpec {
        scenario: scenario?,
        arm,
        set,
        episodes,
        seed: seed?,
        prompts,
        most_chars,
        deviation,
    }))
}

fn files(table: &mut TableReader<'_>) -> Option<Vec<PathBuf>> {
    if table.entry("files").is_none() {
        table.missing("files", "files = [\"FILE\"]");
    }
    table.get("files", |node| {
        let files: Result<Vec<PathBuf>, Fault> = items(node)?
            .iter()
            .map(|item| path(item, PathKind::File))
            .collect();
        match files {
            Ok(files) if files.is_empty() => Err(Fault::wrong_type("at least one file")),
            files => files,
        }
    })
}
