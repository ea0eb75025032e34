//! A run: its start, its end, and what it keeps on the way.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rounds_environments::streams::RunSeed;
use serde_json::{Value, json};

use super::super::checkpoint::{self, States};
use super::super::history::{History, Line};
use super::super::memory::Need;
use super::super::{
    BatchOf, ConfigOf, Evaluation, Event, Gradients, Groups, Hook, Objective, Observer, Optimizer,
    ParameterSet, Plugins, Position, SourceConfig, State, StepReport, TrainError, Trainable,
    TrainingSource, Verdict, Walk,
};
use super::step::at_a_time;

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
pub struct Trainer<'a, M: Trainable> {
    pub(super) model: &'a M,
    pub(super) data: &'a M::Source,
    pub(super) config: ConfigOf<M>,
    pub(super) parameters: ParameterSet,
    pub(super) gradients: Gradients,
    /// Gradients of micro-batches that are computed at the same time.
    pub(super) parts: Vec<Gradients>,
    pub(super) groups: Groups,
    pub(super) optimizer: Box<dyn Optimizer>,
    pub(super) objective: Box<dyn Objective>,
    pub(super) hooks: Vec<Box<dyn Hook>>,
    pub(super) walk: Box<dyn Walk<Batch = BatchOf<M>> + Send + 'a>,
    pub(super) step: u64,
    pub(super) started: bool,
    pub(super) folder: Option<PathBuf>,
    pub(super) observer: Box<dyn Observer + 'a>,
}

/// Steps and tokens of this process, for the speed.
struct Pace {
    began: Instant,
    steps: u64,
    read: u64,
}

impl<'a, M: Trainable> Trainer<'a, M> {
    /// A run of `config` that has not begun.
    ///
    /// # Errors
    /// [`TrainError::Config`], [`TrainError::UnknownPlugin`] and [`TrainError::Plugin`] for the
    /// configuration, what [`Trainable::check`] finds in the data,
    /// [`TrainError::Memory`] when the run does not fit into memory.
    pub fn new(
        model: &'a M,
        data: &'a M::Source,
        config: ConfigOf<M>,
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
        model.check(&config, data)?;
        let parameters = ParameterSet::new(model.parameters())?;
        let groups = Groups::new(&parameters, &config.groups, config.weight_decay)?;
        let optimizer = plugins.optimizer(&config.optimizer)?;
        let objective = plugins.objective(&config.objective)?;
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
            activations: model.activation_bytes(config.micro_batch, config.data.row_length()),
            at_a_time: at_a_time(&config) as u64,
        };
        need.check(config.memory_bytes)?;
        Ok(Self {
            gradients: Gradients::none(&parameters),
            parts: Vec::new(),
            walk: data.walk(RunSeed(config.seed), Position::default()),
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
        self.walk = self.data.walk(RunSeed(self.config.seed), record.position);
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
        let (keep, position) = (self.config.checkpoints.keep, self.walk.position());
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
                    json!(self.parameters.shape(place)),
                )
            })
            .collect();
        let data = self.data.description();
        Ok(
            json!({ "config": config, "data": data, "model": self.model.description(), "parameters": shapes }),
        )
    }

    /// Tells the observer; whether it wants to stop.
    fn tell_step(&mut self, report: StepReport, pace: &mut Pace) -> bool {
        pace.steps += 1;
        pace.read += report.read;
        let seconds = pace.began.elapsed().as_secs_f64();
        let left = (self.config.steps - self.step) as f64;
        let event = Event::Step {
            report,
            read_per_second: pace.read as f64 / seconds.max(1e-9),
            seconds_left: left * seconds / pace.steps as f64,
        };
        self.observer.observe(&event) == Verdict::Stop
    }
}

fn due(step: u64, every: u64) -> bool {
    every > 0 && step.is_multiple_of(every)
}
