//! What a trained model says of itself.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::corpus::{Corpus, Example};
use crate::hash::sha256;
use crate::run::RunError;
use crate::schema::{DemonstrationsSpec, TrainingDataSpec, TrainingSpec};

/// The value of `schema` in the note.
pub const TRAINED_SCHEMA: &str = "rounds.trained/1";

/// Name of the note in the folder of a model.
pub(super) const NOTE: &str = "rounds_training.json";

/// Visits of a sample, at most.
const SAMPLE: u32 = 200;

/// What a trained model says of itself, in `rounds_training.json` of its folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// [`TRAINED_SCHEMA`].
    pub schema: String,
    /// Name of the training.
    pub name: String,
    /// Hash of its file and of all that it was trained on.
    pub hash: String,
    /// Hash of its file and of the first of its visits, where it was trained on visits that were
    /// played for it: what it is known again by without playing all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// What it was trained on, in a sentence.
    pub data: String,
    /// Texts of restricted records were among them: keep the model as they are kept.
    pub restricted: bool,
    /// Steps.
    pub steps: u64,
    /// Numbers that were trained or kept frozen.
    pub parameters: u64,
    /// Mean of −ln p over the held-out tokens in the loss, in nats.
    pub held_out_loss: Option<f64>,
    /// What must be said of it.
    pub notice: String,
}

/// Hash of a training and of what it trains on: equal for equal results.
pub(super) fn hash_of(spec: &TrainingSpec, corpus: &Corpus) -> String {
    let mut parts = vec![TRAINED_SCHEMA.to_owned(), settings_of(spec)];
    for example in &corpus.examples {
        match example {
            Example::Conversation { id, messages, .. } => {
                parts.push(id.clone());
                for message in messages {
                    parts.push(message.role.clone());
                    parts.push(message.content.clone());
                }
            }
            Example::Text { id, text } => parts.extend([id.clone(), text.clone()]),
        }
    }
    let lengths: String = parts
        .iter()
        .map(|part| format!("{} ", part.len()))
        .collect();
    sha256(format!("{lengths}\n{}", parts.concat()))
}

/// The hash that [`Trained::sample`] holds.
pub(super) fn sample_of(spec: &TrainingSpec) -> Result<Option<String>, RunError> {
    let TrainingDataSpec::Demonstrations(all) = &spec.data else {
        return Ok(None);
    };
    let first = DemonstrationsSpec {
        episodes: all.episodes.min(SAMPLE),
        ..all.clone()
    };
    let corpus = super::collect(&TrainingDataSpec::Demonstrations(first))?;
    Ok(Some(format!(
        "{} of {}",
        hash_of(spec, &corpus),
        all.episodes
    )))
}

/// The settings that the result depends on; where it goes to, and where its data lies, are none.
fn settings_of(spec: &TrainingSpec) -> String {
    format!("{:?} {:?}", spec.start, spec.config)
}

/// Whether `folder` holds the model that the training makes of its data.
///
/// # Errors
/// [`RunError`] when the data cannot be collected.
pub fn is_current(spec: &TrainingSpec, folder: &Path) -> Result<bool, RunError> {
    let note = std::fs::read(folder.join(NOTE)).ok();
    let note: Option<Trained> = note.and_then(|text| serde_json::from_slice(&text).ok());
    let Some(note) = note else {
        return Ok(false);
    };
    if note.sample.is_some() {
        return Ok(note.sample == sample_of(spec)?);
    }
    Ok(note.hash == hash_of(spec, &super::collect(&spec.data)?))
}
