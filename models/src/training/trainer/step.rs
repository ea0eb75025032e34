//! One step, and one evaluation.

use rayon::prelude::*;
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

use super::super::{
    BatchOf, Evaluation, ExampleLosses, Forward, Gradients, Hook, MicroBatch, Moment, Pass,
    StepReport, TrainConfig, TrainError, Trainable, TrainingSource, per_example,
};
use super::Trainer;

/// Micro-batches of a step that are computed at a time: one a thread.
pub(super) fn at_a_time<D>(config: &TrainConfig<D>) -> usize {
    rayon::current_num_threads().min(config.accumulation)
}

fn forward<'a, M: Trainable>(
    model: &'a M,
    batch: &'a BatchOf<M>,
    pass: Pass,
) -> Result<Box<dyn Forward + 'a>, TrainError> {
    let found = model.forward(batch, pass)?;
    let (expected, got) = (batch.example_of().len(), found.losses().len());
    if got != expected {
        return Err(TrainError::Parameter {
            name: "losses of the model".to_owned(),
            expected: format!("one for each of {expected} targets"),
            got: got.to_string(),
        });
    }
    Ok(found)
}

impl<M: Trainable> Trainer<'_, M> {
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
            targets: batches.iter().map(targets_of).sum(),
            read: batches.iter().map(MicroBatch::read).sum(),
            epoch: self.walk.position().epoch,
        };
        let examples = batches
            .iter()
            .map(|batch| batch.examples().len() as u64)
            .sum();
        self.gradients.clear();
        // Several at a time, but objective and sums in order: results do not depend on how many.
        let at_a_time = at_a_time(&self.config);
        for (number, batches) in batches.chunks(at_a_time).enumerate() {
            let first = number * at_a_time;
            for (loss, objective) in self.backward(batches, first, report.targets, examples)? {
                report.loss += loss / report.targets as f64;
                report.objective += objective;
            }
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
        let most = match self.config.evaluation.batches {
            0 => usize::MAX,
            batches => batches,
        };
        let (mut sum, mut targets) = (0.0, 0);
        for batch in self.data.held_out(self.config.micro_batch).take(most) {
            sum += total(forward(self.model, &batch, Pass::Evaluation)?.losses());
            targets += targets_of(&batch);
        }
        if targets == 0 {
            return Ok(None);
        }
        let evaluation = Evaluation {
            step: self.step,
            loss: sum / targets as f64,
            targets,
        };
        self.with_hooks(|hook, moment| hook.after_evaluation(moment, &evaluation))?;
        Ok(Some(evaluation))
    }

    pub(super) fn start(&mut self) -> Result<(), TrainError> {
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
    fn next_batches(&mut self) -> Vec<BatchOf<M>> {
        (0..self.config.accumulation)
            .map(|_| self.walk.next_batch(self.config.micro_batch))
            .collect()
    }

    /// What the model draws for a micro-batch of this step comes from this stream.
    fn key(&self, batch: usize) -> StreamKey {
        StreamKey {
            seed: RunSeed(self.config.seed),
            episode: EpisodeIx(1),
            agent: Some(AgentId(batch as u32)),
            round: RoundIx(self.step as u32),
            purpose: Purpose::Training,
        }
    }

    /// Adds the gradients of some micro-batches, the first of them numbered `first`; of each its
    /// summed loss and its part of the objective.
    fn backward(
        &mut self,
        batches: &[BatchOf<M>],
        first: usize,
        targets: u64,
        examples: u64,
    ) -> Result<Vec<(f64, f64)>, TrainError> {
        let model = self.model;
        let keys: Vec<StreamKey> = (first..)
            .take(batches.len())
            .map(|at| self.key(at))
            .collect();
        let passes = batches.par_iter().zip(keys);
        let passes = passes.map(|(batch, key)| forward(model, batch, Pass::Training(key)));
        let passes: Vec<Result<Box<dyn Forward>, TrainError>> = passes.collect();
        let mut found = Vec::with_capacity(batches.len());
        let mut ready = Vec::with_capacity(batches.len());
        for (batch, pass) in batches.iter().zip(passes) {
            let pass = pass?;
            let loss = total(pass.losses());
            self.check_finite("the loss", loss)?;
            let part = self.objective.loss(&ExampleLosses {
                examples: batch.examples(),
                sums: &per_example(batch, pass.losses()),
                batch_targets: targets,
                batch_examples: examples,
            })?;
            self.check_finite("the objective", part.value)?;
            found.push((loss, part.value));
            let of_targets = batch.example_of().iter();
            let weights: Vec<f32> = of_targets
                .map(|example| part.weights[*example as usize])
                .collect();
            ready.push((pass, weights));
        }
        if self.config.accumulation == 1 {
            for (pass, weights) in ready {
                pass.backward(&weights, &mut self.gradients)?;
            }
            return Ok(found);
        }
        self.parts
            .resize_with(batches.len(), || Gradients::none(&self.parameters));
        ready
            .into_par_iter()
            .zip(&mut self.parts)
            .try_for_each(|((pass, weights), part)| {
                part.clear();
                pass.backward(&weights, part)
            })?;
        for part in &self.parts {
            self.gradients.add_all(part);
        }
        Ok(found)
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

    pub(super) fn check_values(&self) -> Result<(), TrainError> {
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
}

fn targets_of(batch: &impl MicroBatch) -> u64 {
    batch.example_of().len() as u64
}

/// Sum in f64, in order.
fn total(losses: &[f32]) -> f64 {
    losses.iter().copied().map(f64::from).sum()
}
