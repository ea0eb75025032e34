//! A training with its model and data, ready to run.

use std::fs;
use std::path::Path;

use rayon::prelude::*;
use rounds_environments::streams::RunSeed;
use rounds_models::Message;
use rounds_models::local::text::{Chat, RenderRequest};
use rounds_models::local::transformer::{Checkpoint, Parameters};
use rounds_models::training::{
    CausalLm, Document, Event, Outcome, Plugins, TrainConfig, TrainError, Trainer, TrainingData,
    Verdict,
};

use super::corpus::{Corpus, Example, collect};
use super::held_out::held_out_loss;
use super::start::{new_chat, new_model};
use super::trained::{NOTE, TRAINED_SCHEMA, Trained, hash_of, sample_of};
use crate::clinic::NOTICE;
use crate::run::{RunError, pretty};
use crate::schema::{ModelStart, TrainingSpec};
use crate::speech::with_causes;
use crate::statistics::Estimate;

/// Folder of the run that holds what was trained beside a frozen base, as PEFT reads it.
const ADAPTER: &str = "adapter";

/// How a training ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// Steps, and the last of them.
    pub outcome: Outcome,
    /// Mean of −ln p a token over held-out examples, in nats.
    pub held_out: Option<Estimate>,
    /// What the model says of itself; `None` where the training was ended before its last step.
    pub trained: Option<Trained>,
}

/// A training with its model and data, ready to run.
pub struct Training {
    spec: TrainingSpec,
    chat: Chat,
    start: Checkpoint,
    data: TrainingData,
    about: String,
    restricted: bool,
    hash: String,
    sample: Option<String>,
}

impl Training {
    /// Collects the data, learns or loads the tokenizer, and makes or loads the model.
    ///
    /// # Errors
    /// [`RunError`] when the data, the base or the settings cannot be used.
    pub fn prepare(mut spec: TrainingSpec) -> Result<Self, RunError> {
        check_plugins(&spec.config)?;
        let corpus = collect(&spec.data)?;
        let hash = hash_of(&spec, &corpus);
        let sample = sample_of(&spec)?;
        let (chat, start) = match &spec.start {
            ModelStart::From(folder) => {
                let chat = Chat::from_folder(folder, None).map_err(|e| input(folder, &e))?;
                let start = Checkpoint::load(folder).map_err(|e| input(folder, &e))?;
                (chat, start)
            }
            ModelStart::New(sizes) => {
                let chat = new_chat(sizes, &corpus)?;
                let start = new_model(sizes, &chat, spec.config.seed)?;
                (chat, start)
            }
        };
        let pad = chat.tokenizer().special().pad.as_ref();
        spec.config.data.pad = pad.map_or(0, |pad| pad.id);
        spec.config.data.length = spec.config.data.length.min(start.config.context);
        let documents = documents(&chat, &corpus)?;
        let data = TrainingData::new(spec.config.data.clone(), documents).map_err(training)?;
        Ok(Self {
            spec,
            chat,
            start,
            data,
            about: corpus.about,
            restricted: corpus.restricted,
            hash,
            sample,
        })
    }

    /// What is trained on, in a sentence.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Whether texts of restricted records are among the data.
    pub fn is_restricted(&self) -> bool {
        self.restricted
    }

    /// Hash of the training and of what it trains on.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The training as its file describes it.
    pub fn spec(&self) -> &TrainingSpec {
        &self.spec
    }

    /// Numbers of the model.
    pub fn parameters(&self) -> u64 {
        self.start
            .parameters
            .iter()
            .map(|(_, var)| var.elem_count() as u64)
            .sum()
    }

    /// The documents.
    pub fn data(&self) -> &TrainingData {
        &self.data
    }

    /// Trains, or goes on from the newest checkpoint in `folder`, and writes the model. `observe`
    /// is told each step, and may end the training.
    ///
    /// # Errors
    /// [`RunError`] when the training fails: its checkpoints stay.
    pub fn run(
        &self,
        folder: &Path,
        observe: impl FnMut(&Event) -> Verdict,
    ) -> Result<Finished, RunError> {
        let config = &self.spec.config;
        let shape = self.start.config.clone();
        // The loop changes them in place, and a training may be run again.
        let copied = self.start.parameters.copied();
        let parameters = copied.map_err(|error| RunError::Input(error.to_string()))?;
        let model = match &config.lora {
            None => CausalLm::new(shape, parameters),
            Some(lora) => CausalLm::adapted(shape, parameters, lora, RunSeed(config.seed)),
        };
        let model = model.map_err(training)?;
        let plugins = Plugins::default();
        let mut trainer = Trainer::new(&model, &self.data, config.clone(), &plugins)
            .map_err(training)?
            .in_folder(folder)
            .observed_by(observe);
        trainer.resume().map_err(training)?;
        let outcome = trainer.run().map_err(training)?;
        drop(trainer);
        if outcome.stopped {
            return Ok(Finished {
                outcome,
                held_out: None,
                trained: None,
            });
        }
        let held_out = held_out_loss(&model, &self.data, config.micro_batch, config.seed);
        let held_out = held_out.map_err(training)?;
        let trained = self.note(&outcome, &held_out);
        if let (Some(lora), ModelStart::From(base)) = (model.lora(), &self.spec.start) {
            let saved = lora.save(&folder.join(ADAPTER), &base.to_string_lossy());
            saved.map_err(training)?;
        }
        self.save(folder, model.into_parameters().map_err(training)?, &trained)?;
        Ok(Finished {
            outcome,
            held_out: Some(held_out),
            trained: Some(trained),
        })
    }

    /// What is told of the training, with the names of things.
    pub fn facts(&self, finished: &Finished) -> Vec<(String, String)> {
        let config = &self.spec.config;
        let tokens = |of: &[usize]| -> u64 {
            let documents = of.iter().map(|&at| &self.data.documents()[at]);
            let in_loss = documents.flat_map(|document| &document.in_loss);
            in_loss.filter(|counts| **counts).count() as u64
        };
        let (trained, held) = (self.data.training(), self.data.held_out_documents());
        let loss = finished
            .held_out
            .as_ref()
            .map_or_else(String::new, |estimate| {
                match (estimate.mean, estimate.ci95) {
                    (Some(mean), Some([low, high])) => {
                        format!("{mean:.4} [{low:.4}, {high:.4}] nats a token")
                    }
                    (Some(mean), None) => format!("{mean:.4} nats a token"),
                    _ => "nothing was held out".to_owned(),
                }
            });
        let facts = [
            ("data", self.about.clone()),
            (
                "trained on",
                format!(
                    "{} examples, {} tokens in the loss",
                    trained.len(),
                    tokens(trained)
                ),
            ),
            (
                "held out",
                format!(
                    "{} examples, {} tokens in the loss",
                    held.len(),
                    tokens(held)
                ),
            ),
            (
                "left out",
                format!(
                    "{} examples without a token in the loss",
                    self.data.dropped().len()
                ),
            ),
            (
                "model",
                format!(
                    "{} parameters, vocabulary {}",
                    self.parameters(),
                    self.start.config.vocab_size
                ),
            ),
            (
                "steps",
                format!(
                    "{} of {} rows",
                    finished.outcome.step,
                    config.micro_batch * config.accumulation
                ),
            ),
            ("held-out loss, mean over examples", loss),
            ("seed", config.seed.to_string()),
            ("hash", self.hash.clone()),
        ];
        facts.map(|(what, value)| (what.to_owned(), value)).into()
    }

    fn note(&self, outcome: &Outcome, held_out: &Estimate) -> Trained {
        Trained {
            schema: TRAINED_SCHEMA.to_owned(),
            name: self.spec.name.clone(),
            hash: self.hash.clone(),
            sample: self.sample.clone(),
            data: self.about.clone(),
            restricted: self.restricted,
            steps: outcome.step,
            parameters: self.parameters(),
            held_out_loss: held_out.mean,
            notice: NOTICE.to_owned(),
        }
    }

    /// Writes the folder of the model as a whole or not at all.
    fn save(&self, folder: &Path, parameters: Parameters, note: &Trained) -> Result<(), RunError> {
        let beside = folder.join("tokenizer");
        fs::create_dir_all(&beside).map_err(RunError::file(&beside, "cannot be made"))?;
        let saved = self.chat.tokenizer().save(&beside);
        saved.map_err(|error| input(&beside, &error))?;
        let at = beside.join(NOTE);
        fs::write(&at, pretty(note)).map_err(RunError::file(&at, "cannot be written"))?;
        let mut files = Vec::new();
        let listed = fs::read_dir(&beside).map_err(RunError::file(&beside, "cannot be read"))?;
        for entry in listed {
            files.push(
                entry
                    .map_err(RunError::file(&beside, "cannot be read"))?
                    .path(),
            );
        }
        files.sort();
        let checkpoint = Checkpoint {
            parameters,
            tokenizer_files: files,
            ..self.start.clone()
        };
        let out = &self.spec.out;
        if let Some(parent) = out.parent() {
            fs::create_dir_all(parent).map_err(RunError::file(parent, "cannot be made"))?;
        }
        checkpoint.save(out).map_err(|error| input(out, &error))
    }
}

/// Refuses plugins that there are not, and options that they do not have.
fn check_plugins(config: &TrainConfig) -> Result<(), RunError> {
    let plugins = Plugins::default();
    plugins.optimizer(&config.optimizer).map_err(training)?;
    plugins.objective(&config.objective).map_err(training)?;
    for hook in &config.hooks {
        plugins.hook(hook).map_err(training)?;
    }
    Ok(())
}

fn documents(chat: &Chat, corpus: &Corpus) -> Result<Vec<Document>, RunError> {
    let told = |id: &str, error: &dyn std::fmt::Display| RunError::Input(format!("{id}: {error}"));
    let document = |example: &Example| match example {
        Example::Conversation {
            id,
            group,
            messages,
        } => {
            let request = RenderRequest::<Message>::whole(messages);
            let encoded = chat
                .encode_for_training(&request)
                .map_err(|e| told(id, &e))?;
            Ok(Document {
                id: id.clone(),
                group: group.clone(),
                tokens: encoded.ids,
                in_loss: encoded.in_loss,
                source: 0,
            })
        }
        Example::Text { id, text } => {
            let tokens = chat
                .tokenizer()
                .encode(text, true)
                .map_err(|e| told(id, &e))?;
            Ok(Document::plain(id.clone(), tokens))
        }
    };
    corpus.examples.par_iter().map(document).collect()
}

fn input(path: &Path, error: &dyn std::error::Error) -> RunError {
    RunError::Input(format!("{}: {}", path.display(), with_causes(error)))
}

fn training(error: TrainError) -> RunError {
    match error {
        TrainError::Config { .. }
        | TrainError::UnknownPlugin { .. }
        | TrainError::Plugin { .. }
        | TrainError::Document { .. }
        | TrainError::NoDocuments { .. }
        | TrainError::Memory { .. }
        | TrainError::OtherRun { .. } => RunError::Input(error.to_string()),
        other => RunError::Training(Box::new(other)),
    }
}
