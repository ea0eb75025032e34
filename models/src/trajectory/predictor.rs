//! A model that acts.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::kernels::{Level, Threads, stride};

use super::config::{Architecture, TrajectoryConfig};
use super::error::TrajectoryError;
use super::inputs::{Inputs, Sequence};
use super::model::TrajectoryModel;
use super::parameters::Parameters;
use super::program::Reach;
use super::run::{Context, Direction, Frame, Prepared, Tape, cut};
use super::workspace::CHUNK;

/// A model with its parameters, packed once and shared by all agents that act by it.
///
/// # Determinism
/// The bits of an action depend on the history of its entity alone: not on the other rows, on threads or on the
/// instructions of the processor.
#[derive(Debug)]
pub struct Predictor {
    model: TrajectoryModel,
    parameters: Arc<Parameters>,
    prepared: Prepared,
    unit_factors: Option<Vec<Vec<f32>>>,
    level: Level,
    /// Buffers that no call uses at the moment.
    tapes: Mutex<Vec<Tape>>,
}

/// Rows of a call that run together, and where their actions go.
struct Part<'a> {
    run: Range<usize>,
    out: &'a mut [f32],
}

impl Predictor {
    /// A model that acts.
    ///
    /// # Errors
    /// [`TrajectoryError`] for settings that cannot be and parameters of another model.
    pub fn new(
        config: TrajectoryConfig,
        parameters: Arc<Parameters>,
    ) -> Result<Self, TrajectoryError> {
        Self::with_unit_factors(config, parameters, None)
    }

    /// The same with factors of the hidden units of each block, as in [`PassOptions`](super::PassOptions).
    ///
    /// # Errors
    /// [`TrajectoryError`] for settings that cannot be, and for parameters or factors of another model.
    pub fn with_unit_factors(
        config: TrajectoryConfig,
        parameters: Arc<Parameters>,
        unit_factors: Option<Vec<Vec<f32>>>,
    ) -> Result<Self, TrajectoryError> {
        let model = TrajectoryModel::new(config)?;
        model.check(&parameters)?;
        if let Some(factors) = &unit_factors {
            model.check_factors(factors)?;
        }
        let level = Level::best();
        let mut prepared = Prepared::default();
        let program = model.program(Reach::Last);
        prepared.pack(level, program, &parameters, Direction::Forward);
        Ok(Self {
            model,
            parameters,
            prepared,
            unit_factors,
            level,
            tapes: Mutex::default(),
        })
    }

    /// The settings.
    pub fn config(&self) -> &TrajectoryConfig {
        self.model.config()
    }

    /// The parameters.
    pub fn parameters(&self) -> &Arc<Parameters> {
        &self.parameters
    }

    /// The action of the last step of each row, `[B, d_a]`; the given action of that step is not read.
    ///
    /// # Errors
    /// [`TrajectoryError`] for inputs that do not fit the model.
    pub fn predict(
        &self,
        inputs: Inputs<'_>,
        threads: &Threads,
    ) -> Result<Vec<f32>, TrajectoryError> {
        let mut out = vec![0.0; inputs.rows * self.config().action];
        self.predict_into(inputs, threads, &mut out)?;
        Ok(out)
    }

    /// The same into a slice.
    ///
    /// # Errors
    /// [`TrajectoryError`] for inputs that do not fit the model and a slice of another length.
    pub fn predict_into(
        &self,
        inputs: Inputs<'_>,
        threads: &Threads,
        out: &mut [f32],
    ) -> Result<(), TrajectoryError> {
        let config = self.config();
        let (what, want, got) = ("actions", inputs.rows * config.action, out.len());
        if want != got {
            return Err(TrajectoryError::Length { what, want, got });
        }
        let mut sequences = Vec::new();
        inputs.sequences(config, &mut sequences)?;
        for sequence in &mut sequences {
            shorten(config, sequence);
        }
        let program = self.model.program(Reach::Last);
        let context = Context {
            level: self.level,
            config,
            program,
            inputs,
            parameters: &self.parameters,
            prepared: &self.prepared,
            dropout: None,
            unit_factors: self.unit_factors.as_deref(),
            keep: false,
        };
        let mut parts = Vec::new();
        let mut rest = out;
        for run in cut(&sequences, program.per_step, CHUNK) {
            let (out, after) = rest.split_at_mut(run.len() * config.action);
            parts.push(Part { run, out });
            rest = after;
        }
        threads.for_each_item(&mut parts, |part| {
            let free = self.lock().pop();
            let mut tape = free.unwrap_or_default();
            tape.begin(program, &sequences[part.run.clone()]);
            let mut frame = Frame {
                context: &context,
                tape: &mut tape,
            };
            for operation in &program.operations {
                operation.forward(&mut frame);
            }
            let rows = frame.value(program.output).chunks(stride(config.action));
            for (row, to) in rows.zip(part.out.chunks_exact_mut(config.action)) {
                to.copy_from_slice(&row[..config.action]);
            }
            self.lock().push(tape);
        });
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Tape>> {
        // Buffers of a call that panicked hold nothing that the next reads.
        self.tapes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves out the steps of a sequence that the filters of the last prediction do not see.
fn shorten(config: &TrajectoryConfig, sequence: &mut Sequence) {
    if config.architecture != Architecture::Dc {
        return;
    }
    let per_step = config.tokens();
    let seen = 1 + config.layers * (config.window - 1);
    let steps = (seen + per_step - 2).div_ceil(per_step).min(sequence.steps);
    sequence.skip += sequence.steps - steps;
    sequence.steps = steps;
}
