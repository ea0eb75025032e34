//! One step, and one evaluation.

use candle_core::Tensor;
use rayon::prelude::*;
use rounds_environments::streams::RunSeed;

use super::super::data::Row;
use super::super::{
    Batch, Evaluation, ExampleLosses, Hook, Moment, StepReport, TrainConfig, TrainError, Trainable,
};
use super::Trainer;

/// Micro-batches of a step that are computed at a time: one a thread.
pub(super) fn at_a_time(config: &TrainConfig) -> usize {
    rayon::current_num_threads().min(config.accumulation)
}

fn losses(model: &dyn Trainable, batch: &Batch) -> Result<Tensor, TrainError> {
    let losses = model.losses(batch)?;
    if losses.dims() != [batch.places.len()] {
        return Err(TrainError::Parameter {
            name: "losses of the model".to_owned(),
            expected: format!("one for each of {} targets", batch.places.len()),
            got: format!("shape {:?}", losses.dims()),
        });
    }
    Ok(losses)
}

impl Trainer<'_> {
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
        // Several at a time, but objective and sums in order: results do not depend on how many.
        for batches in batches.chunks(at_a_time(&self.config)) {
            for (loss, objective) in self.backward(batches, report.tokens, examples)? {
                report.loss += loss / report.tokens as f64;
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
        let rows = self.data.held_out_rows();
        let most = match self.config.evaluation.batches {
            0 => usize::MAX,
            batches => batches,
        };
        let (mut sum, mut tokens) = (0.0, 0);
        for rows in rows.chunks(self.config.micro_batch).take(most) {
            let batch = Batch::new(self.data, rows);
            sum += total(&losses(self.model, &batch)?)?;
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
    fn next_batches(&mut self) -> Vec<Batch> {
        let batches = (0..self.config.accumulation).map(|_| {
            let rows: Vec<Row> = (0..self.config.micro_batch)
                .map(|_| self.cursor.next_row(self.data))
                .collect();
            Batch::new(self.data, &rows)
        });
        batches.collect()
    }

    /// Adds the gradients of some micro-batches; of each its summed loss and its part of the objective.
    fn backward(
        &mut self,
        batches: &[Batch],
        tokens: u64,
        examples: u64,
    ) -> Result<Vec<(f64, f64)>, TrainError> {
        let model = self.model;
        let forward = batches.par_iter().map(|batch| losses(model, batch));
        let forward: Vec<Result<Tensor, TrainError>> = forward.collect();
        let mut found = Vec::with_capacity(batches.len());
        let mut parts = Vec::with_capacity(batches.len());
        for (batch, losses) in batches.iter().zip(forward) {
            let losses = losses?;
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
            found.push((loss, objective));
            parts.push(part);
        }
        let gradients: Vec<_> = parts.par_iter().map(Tensor::backward).collect();
        for gradients in gradients {
            self.gradients.add(&self.parameters, &gradients?)?;
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

/// Sum in f64, in order.
fn total(losses: &Tensor) -> Result<f64, TrainError> {
    Ok(losses.to_vec1::<f32>()?.into_iter().map(f64::from).sum())
}
