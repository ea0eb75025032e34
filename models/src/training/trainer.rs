//! The loop.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rounds_environments::streams::RunSeed;
use serde_json::{Value, json};

use super::checkpoint::{self, States};
use super::data::{Cursor, Position, Row};
use super::history::{History, Line};
use super::memory::Need;
use super::{
    Batch, Evaluation, Event, ExampleLosses, Gradients, Groups, Hook, Moment, Objective, Observer,
    Optimizer, ParameterSet, Plugins, State, StepReport, TrainConfig, TrainError, Trainable,
    TrainingData, Verdict,
};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Steps done, those before a resumption included.
    pub step: u64,
    /// Whether the observer asked to stop before the last step.
    pub stopped: bool,
    /// The last step made.
    pub last: Option<StepReport>,
    /// The last evaluation made.
    pub evaluation: Option<Evaluation>,
}

/// Trains a model.
pub struct Trainer<'a> {
    model: &'a dyn Trainable,
    data: &'a TrainingData,
    config: TrainConfig,
    parameters: ParameterSet,
    gradients: Gradients,
    groups: Groups,
    optimizer: Box<dyn Optimizer>,
    objective: Box<dyn Objective>,
    hooks: Vec<Box<dyn Hook>>,
    cursor: Cursor,
    step: u64,
    started: bool,
    folder: Option<PathBuf>,
    observer: Box<dyn Observer + 'a>,
}

/// Steps and tokens of this process, for the speed.
struct Pace {
    began: Instant,
    steps: u64,
    read: u64,
}

impl<'a> Trainer<'a> {
    /// A run of `config` that has not begun.
    ///
    /// # Errors
    /// [`TrainError::Config`], [`TrainError::UnknownPlugin`] and [`TrainError::Plugin`] for the
    /// configuration, [`TrainError::Document`] for token ids that the model does not know,
    /// [`TrainError::Memory`] when the run does not fit into memory.
    pub fn new(
        model: &'a dyn Trainable,
        data: &'a TrainingData,
        config: TrainConfig,
        plugins: &Plugins,
    ) -> Result<Self, TrainError> {
        config.validate()?;
        if *data.config() != config.data {
            return Err(TrainError::config(
                "data",
                "what the data were made with",
                "another configuration",
            ));
        }
        data.check_vocabulary(model.vocabulary())?;
        if config.data.length > model.context() {
            let want = format!("at most the model's context of {}", model.context());
            return Err(TrainError::config("data.length", want, config.data.length));
        }
        let parameters = ParameterSet::new(model.parameters())?;
        let groups = Groups::new(&parameters, &config.groups, config.weight_decay)?;
        let optimizer = plugins.optimizer(&config.optimizer)?;
        let mut objective = plugins.objective(&config.objective)?;
        objective.start(data)?;
        let hooks = config
            .hooks
            .iter()
            .map(|hook| plugins.hook(hook))
            .collect::<Result<_, _>>()?;
        let need = Need {
            trained: parameters.total() as u64,
            largest: (0..parameters.len())
                .map(|place| parameters.elements(place) as u64)
                .max()
                .unwrap_or(0),
            slots: optimizer.slots() as u64,
            activations: model.activation_bytes(config.micro_batch, config.data.length),
        };
        need.check(config.memory_bytes)?;
        Ok(Self {
            gradients: Gradients::none(&parameters),
            cursor: Cursor::at(data, RunSeed(config.seed), Position::default()),
            model,
            data,
            config,
            parameters,
            groups,
            optimizer,
            objective,
            hooks,
            step: 0,
            started: false,
            folder: None,
            observer: Box::new(|_: &Event| Verdict::Continue),
        })
    }

    /// Keeps checkpoints and the history in `folder`.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Tells `observer` what happens.
    #[must_use]
    pub fn observed_by(mut self, observer: impl Observer + 'a) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// Goes on from the newest checkpoint in the folder; the number of its step, `None` where there is none.
    ///
    /// # Errors
    /// [`TrainError::OtherRun`] when it belongs to another model, data set or configuration,
    /// [`TrainError::Damaged`] and [`TrainError::File`] when it cannot be read.
    pub fn resume(&mut self) -> Result<Option<u64>, TrainError> {
        let newest = self
            .checkpoints()
            .map(|root| checkpoint::newest(&root))
            .transpose()?
            .flatten();
        let Some((_, path)) = newest else {
            return Ok(None);
        };
        self.resume_from(&path)?;
        Ok(Some(self.step))
    }

    /// Goes on from the checkpoint at `path`.
    ///
    /// # Errors
    /// As [`Trainer::resume`].
    pub fn resume_from(&mut self, path: &Path) -> Result<(), TrainError> {
        let (record, states) = checkpoint::load(path, &self.run_description()?, &self.parameters)?;
        let none = State::default();
        let of = |part: &str| states.get(part).unwrap_or(&none);
        let damaged = |problem: String| TrainError::damaged(path, problem);
        self.optimizer
            .load(&self.parameters, of("optimizer"))
            .map_err(damaged)?;
        self.objective.load(of("objective")).map_err(damaged)?;
        self.groups
            .load(&self.parameters, of("groups"))
            .map_err(damaged)?;
        for (number, hook) in self.hooks.iter_mut().enumerate() {
            hook.load(&self.parameters, of(&format!("hook.{number}")))
                .map_err(damaged)?;
        }
        self.cursor = Cursor::at(self.data, RunSeed(self.config.seed), record.position);
        self.step = record.step;
        self.started = true;
        Ok(())
    }

    /// Trains to the last step of the configuration, evaluating and keeping checkpoints on the way.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`] when a loss or a gradient is not a number: the checkpoints before stay.
    /// [`TrainError::LaterCheckpoint`] when the folder holds a checkpoint of a later step than this run is
    /// at: a run does not write over another. What a tensor operation, a plugin or a file reports. After an error the trainer must not be
    /// used further: resume a new one.
    pub fn run(&mut self) -> Result<Outcome, TrainError> {
        if let Some(root) = self.checkpoints()
            && let Some((later, path)) = checkpoint::newest(&root)?
            && later > self.step
        {
            return Err(TrainError::LaterCheckpoint {
                path,
                step: self.step,
            });
        }
        let mut history = match &self.folder {
            Some(folder) => {
                fs::create_dir_all(folder).map_err(TrainError::file(folder, "create it"))?;
                Some(History::open(folder, self.step)?)
            }
            None => None,
        };
        let mut outcome = Outcome {
            step: self.step,
            stopped: false,
            last: None,
            evaluation: None,
        };
        let mut pace = Pace {
            began: Instant::now(),
            steps: 0,
            read: 0,
        };
        let mut add = |line: &Line| history.as_mut().map_or(Ok(()), |history| history.add(line));
        while self.step < self.config.steps && !outcome.stopped {
            let report = self.step()?;
            outcome.step = self.step;
            outcome.last = Some(report);
            add(&Line::Step(report))?;
            outcome.stopped |= self.tell_step(report, &mut pace);
            let at_end = self.step == self.config.steps;
            if (due(self.step, self.config.evaluation.every) || at_end)
                && let Some(evaluation) = self.evaluate()?
            {
                outcome.evaluation = Some(evaluation);
                add(&Line::Evaluation(evaluation))?;
                outcome.stopped |=
                    self.observer.observe(&Event::Evaluated(evaluation)) == Verdict::Stop;
            }
            let save = due(self.step, self.config.checkpoints.every) || at_end || outcome.stopped;
            if save && let Some(path) = self.save()? {
                let event = Event::Saved {
                    step: self.step,
                    path,
                };
                outcome.stopped |= self.observer.observe(&event) == Verdict::Stop;
            }
        }
        outcome.stopped &= self.step < self.config.steps;
        Ok(outcome)
    }

    /// Makes one step of the optimizer.
    ///
    /// # Errors
    /// As [`Trainer::run`].
    pub fn step(&mut self) -> Result<StepReport, TrainError> {
        self.start()?;
        let rate =
            self.config.learning_rate * self.config.schedule.factor(self.step, self.config.steps);
        let batches = self.next_batches();
        let mut report = StepReport {
            step: self.step + 1,
            loss: 0.0,
            objective: 0.0,
            rate,
            gradient_norm: 0.0,
            tokens: batches.iter().map(Batch::targets_len).sum(),
            read: batches
                .iter()
                .flat_map(|batch| &batch.segments)
                .filter(|segment| **segment > 0)
                .count() as u64,
            epoch: self.cursor.position().epoch,
        };
        let examples = batches
            .iter()
            .map(|batch| batch.examples.len() as u64)
            .sum();
        self.gradients.clear();
        for batch in &batches {
            let (loss, objective) = self.backward(batch, report.tokens, examples)?;
            report.loss += loss / report.tokens as f64;
            report.objective += objective;
        }
        report.gradient_norm = match self.config.clip {
            0.0 => self.gradients.norm(),
            limit => self.gradients.clip(limit),
        };
        self.check_gradients(report.gradient_norm)?;
        self.with_hooks(|hook, moment| hook.before_step(moment))?;
        self.optimizer
            .step(&self.parameters, &self.gradients, &self.groups, rate)?;
        self.step += 1;
        self.objective.after_step(self.step)?;
        self.with_hooks(|hook, moment| hook.after_step(moment))?;
        Ok(report)
    }

    /// Evaluates the held-out set; `None` where there is none.
    ///
    /// # Errors
    /// As [`Trainer::run`].
    pub fn evaluate(&mut self) -> Result<Option<Evaluation>, TrainError> {
        let rows = self.data.held_out_rows();
        let most = match self.config.evaluation.batches {
            0 => usize::MAX,
            batches => batches,
        };
        let (mut sum, mut tokens) = (0.0, 0);
        for rows in rows.chunks(self.config.micro_batch).take(most) {
            let batch = Batch::new(self.data, rows);
            sum += total(&self.losses(&batch)?)?;
            tokens += batch.targets_len();
        }
        if tokens == 0 {
            return Ok(None);
        }
        let loss = sum / tokens as f64;
        let evaluation = Evaluation {
            step: self.step,
            loss,
            perplexity: loss.exp(),
            tokens,
        };
        self.with_hooks(|hook, moment| hook.after_evaluation(moment, &evaluation))?;
        Ok(Some(evaluation))
    }

    /// Writes a checkpoint; its folder, `None` where the trainer has no folder.
    ///
    /// # Errors
    /// [`TrainError::File`] when that fails and [`TrainError::NotFinite`] when a value is not a number;
    /// older checkpoints are untouched then.
    pub fn save(&mut self) -> Result<Option<PathBuf>, TrainError> {
        self.start()?;
        let Some(root) = self.checkpoints() else {
            return Ok(None);
        };
        self.check_values()?;
        let mut states = States::new();
        states.insert("optimizer".to_owned(), self.optimizer.state());
        states.insert("objective".to_owned(), self.objective.state());
        states.insert("groups".to_owned(), self.groups.state());
        for (number, hook) in self.hooks.iter().enumerate() {
            states.insert(format!("hook.{number}"), hook.state());
        }
        let (keep, position) = (self.config.checkpoints.keep, self.cursor.position());
        let run = self.run_description()?;
        checkpoint::save(
            &root,
            keep,
            self.step,
            position,
            &run,
            &self.parameters,
            &states,
        )
        .map(Some)
    }

    /// The trained parameters.
    pub fn parameters(&self) -> &ParameterSet {
        &self.parameters
    }

    /// The groups as they are now.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Steps done.
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    fn checkpoints(&self) -> Option<PathBuf> {
        self.folder
            .as_ref()
            .map(|folder| folder.join("checkpoints"))
    }

    /// Everything that the course of the run hangs on.
    fn run_description(&self) -> Result<Value, TrainError> {
        let mut config = serde_json::to_value(&self.config)
            .map_err(|error| TrainError::config("config", "a table", error))?;
        if let Some(config) = config.as_object_mut() {
            config.remove("checkpoints");
            config.remove("memory_bytes");
        }
        let shapes: serde_json::Map<String, Value> = (0..self.parameters.len())
            .map(|place| {
                (
                    self.parameters.names()[place].clone(),
                    json!(self.parameters.var(place).dims()),
                )
            })
            .collect();
        let data =
            json!({ "sha256": self.data.fingerprint(), "documents": self.data.documents().len() });
        Ok(
            json!({ "config": config, "data": data, "model": self.model.description(), "parameters": shapes }),
        )
    }

    fn start(&mut self) -> Result<(), TrainError> {
        if !self.started {
            self.started = true;
            self.with_hooks(|hook, moment| hook.start(moment))?;
        }
        Ok(())
    }

    fn with_hooks(
        &mut self,
        mut act: impl FnMut(&mut dyn Hook, &mut Moment<'_>) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let mut moment = Moment {
            step: self.step,
            steps: self.config.steps,
            parameters: &self.parameters,
            gradients: &mut self.gradients,
            groups: &mut self.groups,
            seed: RunSeed(self.config.seed),
        };
        self.hooks
            .iter_mut()
            .try_for_each(|hook| act(hook.as_mut(), &mut moment))
    }

    /// The micro-batches of the next step.
    fn next_batches(&mut self) -> Vec<Batch> {
        let batches = (0..self.config.accumulation).map(|_| {
            let rows: Vec<Row> = (0..self.config.micro_batch)
                .map(|_| self.cursor.next_row(self.data))
                .collect();
            Batch::new(self.data, &rows)
        });
        batches.collect()
    }

    fn losses(&self, batch: &Batch) -> Result<candle_core::Tensor, TrainError> {
        let losses = self.model.losses(batch)?;
        if losses.dims() != [batch.places.len()] {
            return Err(TrainError::Parameter {
                name: "losses of the model".to_owned(),
                expected: format!("one for each of {} targets", batch.places.len()),
                got: format!("shape {:?}", losses.dims()),
            });
        }
        Ok(losses)
    }

    /// Adds a micro-batch's gradients; its summed loss and its part of the objective.
    fn backward(
        &mut self,
        batch: &Batch,
        tokens: u64,
        examples: u64,
    ) -> Result<(f64, f64), TrainError> {
        let losses = self.losses(batch)?;
        let loss = total(&losses)?;
        self.check_finite("the loss", loss)?;
        let sums = batch.per_example(&losses)?;
        let part = self.objective.loss(&ExampleLosses {
            examples: &batch.examples,
            sums: &sums,
            batch_tokens: tokens,
            batch_examples: examples,
        })?;
        let objective = f64::from(part.to_scalar::<f32>()?);
        self.check_finite("the objective", objective)?;
        self.gradients.add(&self.parameters, &part.backward()?)?;
        Ok((loss, objective))
    }

    fn check_finite(&self, what: &str, value: f64) -> Result<(), TrainError> {
        if value.is_finite() {
            return Ok(());
        }
        Err(TrainError::NotFinite {
            step: self.step + 1,
            what: what.to_owned(),
            value,
        })
    }

    fn check_values(&self) -> Result<(), TrainError> {
        for (place, name) in self.parameters.names().iter().enumerate() {
            let odd = self.parameters.read(place, |values| {
                values.iter().copied().find(|value| !value.is_finite())
            })?;
            if let Some(value) = odd {
                let what = format!("a value of {name}");
                return Err(TrainError::NotFinite {
                    step: self.step,
                    what,
                    value: f64::from(value),
                });
            }
        }
        Ok(())
    }

    /// A gradient that is not a number is told by name; so is one that never arrives, because some
    /// tensor operations drop gradients without a word.
    fn check_gradients(&self, norm: f64) -> Result<(), TrainError> {
        for (place, name) in self.parameters.names().iter().enumerate() {
            match self.gradients.get(place) {
                None if self.step == 0 => {
                    return Err(TrainError::Parameter {
                        name: name.clone(),
                        expected: "a gradient in the first step".to_owned(),
                        got: "none".to_owned(),
                    });
                }
                Some(values) if !norm.is_finite() => {
                    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                        self.check_finite(&format!("a gradient of {name}"), f64::from(*value))?;
                    }
                }
                _ => {}
            }
        }
        self.check_finite("the length of the gradient", norm)
    }

    /// Tells the observer; whether it wants to stop.
    fn tell_step(&mut self, report: StepReport, pace: &mut Pace) -> bool {
        pace.steps += 1;
        pace.read += report.read;
        let seconds = pace.began.elapsed().as_secs_f64();
        let left = (self.config.steps - self.step) as f64;
        let event = Event::Step {
            report,
            tokens_per_second: pace.read as f64 / seconds.max(1e-9),
            seconds_left: left * seconds / pace.steps as f64,
        };
        self.observer.observe(&event) == Verdict::Stop
    }
}

fn due(step: u64, every: u64) -> bool {
    every > 0 && step.is_multiple_of(every)
}

/// Sum in f64, in order.
fn total(losses: &candle_core::Tensor) -> Result<f64, TrainError> {
    Ok(losses.to_vec1::<f32>()?.into_iter().map(f64::from).sum())
}
