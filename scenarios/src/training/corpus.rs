//! From the data of a training file to examples.

use std::path::{Path, PathBuf};

use rounds_models::{CallRecord, Message};
use rounds_policies::clinic::spoken::Demonstration;
use rounds_policies::prompts::Prompts;
use rounds_policies::spoken::SpokenOptions;
use serde_json::Value;

use crate::clinic::demonstrate;
use crate::run::RunError;
use crate::schema::{DemonstrationsSpec, Overrides, Scenario, TrainingDataSpec};

/// Characters of a piece of plain text; paragraphs are not cut where they are shorter.
const PIECE_CHARS: usize = 4000;

/// One example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Example {
    /// A conversation whose last message is the reply to be learnt.
    Conversation {
        /// Id of its own.
        id: String,
        /// What it belongs to, such as one visit: held out as a whole or not at all.
        group: String,
        /// The messages, the reply last.
        messages: Vec<Message>,
    },
    /// A piece of text, to be learnt as it is.
    Text {
        /// Id of its own.
        id: String,
        /// The text.
        text: String,
    },
}

/// All examples of a training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corpus {
    /// The examples, in a fixed order.
    pub examples: Vec<Example>,
    /// Where they come from, in a sentence.
    pub about: String,
    /// Texts of restricted records are among them: the model is to be kept as they are.
    pub restricted: bool,
}

/// Collects what a training file names.
///
/// # Errors
/// [`RunError`] when a scenario cannot be played, a file cannot be used, or nothing is there to
/// learn from.
///
/// # Determinism
/// The same file and data give the same examples in the same order.
pub fn collect(data: &TrainingDataSpec) -> Result<Corpus, RunError> {
    let corpus = match data {
        TrainingDataSpec::Demonstrations(spec) => demonstrations(spec)?,
        TrainingDataSpec::Calls { files } => calls(files)?,
        TrainingDataSpec::Text { files } => text(files)?,
    };
    match corpus.examples.is_empty() {
        true => Err(RunError::Input(format!(
            "{}: nothing to learn from",
            corpus.about
        ))),
        false => Ok(corpus),
    }
}

fn demonstrations(spec: &DemonstrationsSpec) -> Result<Corpus, RunError> {
    let overrides = Overrides {
        set: spec.set.clone(),
        seed: Some(spec.seed),
        episodes: Some(spec.episodes),
        ..Overrides::default()
    };
    let set = Scenario::load(&spec.scenario, &overrides)
        .map_err(|error| RunError::Settings(Box::new(error)))?;
    let arm = match &spec.arm {
        None => set.arms.first(),
        Some(name) => set.arms.iter().find(|arm| arm.name == *name),
    };
    let arm = arm.ok_or_else(|| {
        RunError::Input(format!(
            "{}: there is no arm {:?}",
            spec.scenario.display(),
            spec.arm.as_deref().unwrap_or_default()
        ))
    })?;
    let prompts = match &spec.prompts {
        None => Prompts::builtin(),
        Some(folder) => Prompts::with_folder(folder)
            .map_err(|error| RunError::Input(format!("{}: {error}", folder.display())))?,
    };
    let options = SpokenOptions {
        prompts,
        most_chars: spec.most_chars as usize,
        ..SpokenOptions::default()
    };
    let made = demonstrate(&set, arm, options, spec.deviation)?;
    if let (0, Some((episode, why))) = (made.done, made.failed.first()) {
        return Err(RunError::Input(format!(
            "{}: no visit came to its end; visit {episode}: {why}",
            spec.scenario.display()
        )));
    }
    let about = format!(
        "{} visits of {}, decided by rule: {} decisions",
        made.done,
        spec.scenario.display(),
        made.demonstrations.len()
    );
    Ok(Corpus {
        examples: made.demonstrations.into_iter().map(example).collect(),
        about,
        restricted: made.restricted,
    })
}

fn example(made: Demonstration) -> Example {
    let mut messages = made.messages;
    messages.push(Message::new("assistant", made.reply));
    Example::Conversation {
        id: made.key.to_string(),
        group: format!("episode {}", made.key.episode),
        messages,
    }
}

fn calls(files: &[PathBuf]) -> Result<Corpus, RunError> {
    let mut examples = Vec::new();
    let mut restricted = false;
    for file in files {
        let text = read(file)?;
        for (number, line) in (1..).zip(text.lines()) {
            let at = format!("{}:{number}", file.display());
            let record: CallRecord = serde_json::from_str(line)
                .map_err(|error| RunError::Input(format!("{at}: not a recorded call: {error}")))?;
            let Some(reply) = record.reply else { continue };
            let mut messages = record.messages;
            messages.push(Message::new("assistant", reply));
            examples.push(Example::Conversation {
                id: at,
                group: format!("{} episode {}", file.display(), record.key.episode),
                messages,
            });
        }
        restricted |= is_restricted(file);
    }
    let about = format!(
        "{} recorded calls of {} file(s)",
        examples.len(),
        files.len()
    );
    Ok(Corpus {
        examples,
        about,
        restricted,
    })
}

/// Whether the run that a file of calls belongs to held restricted records.
fn is_restricted(calls: &Path) -> bool {
    let manifest = calls.with_file_name("manifest.json");
    let manifest = std::fs::read(manifest).ok();
    let manifest: Option<Value> = manifest.and_then(|text| serde_json::from_slice(&text).ok());
    manifest.is_some_and(|manifest| manifest["restricted"] == true)
}

fn text(files: &[PathBuf]) -> Result<Corpus, RunError> {
    let mut examples = Vec::new();
    for file in files {
        let text = read(file)?;
        for (number, piece) in (1..).zip(pieces(&text)) {
            examples.push(Example::Text {
                id: format!("{} piece {number}", file.display()),
                text: piece.to_owned(),
            });
        }
    }
    let about = format!("{} pieces of {} text file(s)", examples.len(), files.len());
    Ok(Corpus {
        examples,
        about,
        restricted: false,
    })
}

/// The text in pieces of whole paragraphs, each of about [`PIECE_CHARS`] bytes.
fn pieces(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut begin = 0;
    let breaks = text.match_indices("\n\n").map(|(at, _)| at + 2);
    let mut last = 0;
    for at in breaks.chain([text.len()]) {
        if at - begin > PIECE_CHARS && last > begin {
            out.push(&text[begin..last]);
            begin = last;
        }
        last = at;
    }
    out.push(&text[begin..]);
    out.retain(|piece| !piece.trim().is_empty());
    out
}

fn read(file: &Path) -> Result<String, RunError> {
    std::fs::read_to_string(file).map_err(RunError::file(file, "cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_parted_between_paragraphs_and_nothing_is_lost() {
        let paragraph = |n: usize| format!("{}\n\n", "word ".repeat(n));
        let text: String = [300, 300, 300, 2000, 10].map(paragraph).concat();
        let parts = pieces(&text);
        assert_eq!(parts.concat(), text);
        assert_eq!(
            parts.len(),
            4,
            "{:?}",
            parts.iter().map(|p| p.len()).collect::<Vec<_>>()
        );
        assert!(parts[0].len() <= PIECE_CHARS);
        assert_eq!(pieces("\n\n \n\n"), Vec::<&str>::new());
    }
}
