//! A pass over a batch and the ways back from it.

use crate::kernels::{add_scaled, stride};

use super::error::TrajectoryError;
use super::inputs::Inputs;
use super::model::TrajectoryModel;
use super::parameters::Parameters;
use super::program::{Program, Reach, Tokens, Value};
use super::run::{Backward, Context, Direction, Frame, Tape, cut};
use super::workspace::{CHUNK, Group, Workspace};

/// What a pass does beside predicting.
#[derive(Debug, Clone, Copy, Default)]
pub struct PassOptions<'a> {
    /// Key of the masks of dropout, another one in each step of training; without it nothing is dropped.
    pub dropout: Option<u64>,
    /// Factors of the hidden units of each block, `[layers][units]`, none below 0: 0 takes a unit out.
    pub unit_factors: Option<&'a [Vec<f32>]>,
}

/// What a way back is to find; both are added to what stands there.
#[derive(Debug, Default)]
pub struct Sought<'a> {
    /// Gradients of the parameters, in their order.
    pub parameters: Option<&'a mut [Vec<f32>]>,
    /// Gradients of the given states, `[B, K, d_s]`.
    pub states: Option<&'a mut [f32]>,
}

/// The predictions of a batch, with what the way back needs.
#[derive(Debug)]
pub struct Pass<'a> {
    model: &'a TrajectoryModel,
    workspace: &'a mut Workspace,
    parameters: &'a Parameters,
    inputs: Inputs<'a>,
    options: PassOptions<'a>,
    /// Whether the weights are packed for the way back.
    turned: bool,
}

impl<'a> Pass<'a> {
    pub(super) fn run(
        model: &'a TrajectoryModel,
        workspace: &'a mut Workspace,
        parameters: &'a Parameters,
        inputs: Inputs<'a>,
        options: PassOptions<'a>,
    ) -> Result<Self, TrajectoryError> {
        let program = model.program(Reach::All);
        inputs.sequences(model.config(), &mut workspace.sequences)?;
        workspace.group(program.per_step);
        let level = workspace.level;
        let prepared = &mut workspace.prepared;
        prepared.pack(level, program, parameters, Direction::Forward);
        let mut pass = Self {
            model,
            workspace,
            parameters,
            inputs,
            options,
            turned: false,
        };
        let mut groups = std::mem::take(&mut pass.workspace.groups);
        let context = pass.context();
        let threads = &pass.workspace.threads;
        threads.for_each_item(&mut groups, |group| {
            let runs = cut(&group.sequences, program.per_step, CHUNK);
            group.tapes.resize_with(runs.len(), Tape::default);
            for (tape, run) in group.tapes.iter_mut().zip(runs) {
                tape.begin(program, &group.sequences[run]);
                let mut frame = Frame {
                    context: &context,
                    tape,
                };
                for operation in &program.operations {
                    operation.forward(&mut frame);
                }
            }
        });
        pass.workspace.groups = groups;
        pass.read_predictions();
        Ok(pass)
    }

    /// The pass that `workspace` holds since it ran on the same parameters, inputs and options.
    pub(super) fn again(
        model: &'a TrajectoryModel,
        workspace: &'a mut Workspace,
        parameters: &'a Parameters,
        inputs: Inputs<'a>,
        options: PassOptions<'a>,
    ) -> Self {
        Self {
            model,
            workspace,
            parameters,
            inputs,
            options,
            turned: false,
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            level: self.workspace.level,
            config: self.model.config(),
            program: self.program(),
            inputs: self.inputs,
            parameters: self.parameters,
            prepared: &self.workspace.prepared,
            dropout: self.options.dropout,
            unit_factors: self.options.unit_factors,
            keep: true,
        }
    }

    fn program(&self) -> &'a Program {
        self.model.program(Reach::All)
    }

    fn read_predictions(&mut self) {
        let width = self.model.config().action;
        let output = self.program().output;
        let mut predictions = std::mem::take(&mut self.workspace.predictions);
        self.read_states(output, &mut predictions);
        let mut losses = std::mem::take(&mut self.workspace.losses);
        losses.clear();
        for sequence in &self.workspace.sequences {
            let end = (sequence.row + 1) * self.inputs.context;
            let real = end - sequence.steps + sequence.padding..end;
            for at in real {
                let own = at * width..(at + 1) * width;
                let pairs = predictions[own.clone()]
                    .iter()
                    .zip(&self.inputs.actions[own]);
                let sum: f32 = pairs.map(|(a, b)| (a - b) * (a - b)).sum();
                losses.push(sum / width as f32);
            }
        }
        self.workspace.predictions = predictions;
        self.workspace.losses = losses;
    }

    /// Writes the rows of a value at the states as `[B, K, width]`; zeros stand where padding was left out.
    fn read_states(&self, value: Value, to: &mut Vec<f32>) {
        let program = self.program();
        let shape = program.values[value.0];
        let (width, step) = (shape.width, stride(shape.width));
        to.clear();
        to.resize(self.inputs.rows * self.inputs.context * width, 0.0);
        let context = self.context();
        for tape in self.workspace.groups.iter().flat_map(|group| &group.tapes) {
            let from = tape.value(program.places[value.0]);
            let mut start = 0;
            for sequence in &tape.sequences {
                for at in 0..sequence.steps {
                    let place = program.per_step.place(Tokens::States, sequence.steps, at);
                    let row = start + program.per_step.row(shape.tokens, sequence.steps, place);
                    let there = sequence.row * context.inputs.context + sequence.skip + at;
                    let to = &mut to[there * width..][..width];
                    to.copy_from_slice(&from[row * step..][..width]);
                }
                start += program.per_step.count(shape.tokens, sequence.steps);
            }
        }
    }

    /// Predicted actions, `[B, K, d_a]`; zeros where the model leaves padding out.
    pub fn predictions(&self) -> &[f32] {
        &self.workspace.predictions
    }

    /// The squared error of each step that is no padding, row by row: the mean over the dimensions of its action.
    pub fn losses(&self) -> &[f32] {
        &self.workspace.losses
    }

    /// What block `block` gives on at the states, `[B, K, H]`: after its residual sum, or its last norm in the graph
    /// models. `None` when there is no such block.
    pub fn block(&self, block: usize) -> Option<Vec<f32>> {
        let tap = self.program().taps.get(block)?;
        let mut values = Vec::new();
        self.read_states(tap.block, &mut values);
        Some(values)
    }

    /// The hidden units of block `block` at the states after their activation, `[B, K, units]`. `None` when there is
    /// no such block.
    pub fn units(&self, block: usize) -> Option<Vec<f32>> {
        let tap = self.program().taps.get(block)?;
        let mut values = Vec::new();
        self.read_states(tap.units, &mut values);
        Some(values)
    }

    /// Adds the gradients of `Σ weights[i] · losses[i]` to those of the parameters.
    ///
    /// # Errors
    /// [`TrajectoryError::Length`] when there is not one weight for each loss or gradients do not fit.
    pub fn backward(
        &mut self,
        weights: &[f32],
        gradients: &mut [Vec<f32>],
    ) -> Result<(), TrajectoryError> {
        let sought = Sought {
            parameters: Some(gradients),
            states: None,
        };
        self.backward_losses(weights, sought)
    }

    /// The same for parameters, states or both.
    ///
    /// # Errors
    /// [`TrajectoryError::Length`] when there is not one weight for each loss or gradients do not fit.
    pub fn backward_losses(
        &mut self,
        weights: &[f32],
        sought: Sought<'_>,
    ) -> Result<(), TrajectoryError> {
        length("weights of losses", self.losses().len(), weights.len())?;
        let width = self.model.config().action;
        let mut gradient = vec![0.0; self.predictions().len()];
        let mut weights = weights.iter();
        for sequence in &self.workspace.sequences {
            let end = (sequence.row + 1) * self.inputs.context;
            let real = end - sequence.steps + sequence.padding..end;
            for (at, weight) in real.zip(&mut weights) {
                let factor = weight * 2.0 / width as f32;
                let own = at * width..(at + 1) * width;
                let targets = &self.inputs.actions[own.clone()];
                let pairs = self.predictions()[own.clone()].iter().zip(targets);
                for (gradient, (got, wanted)) in gradient[own].iter_mut().zip(pairs) {
                    *gradient = factor * (got - wanted);
                }
            }
        }
        self.backward_from(&gradient, sought)
    }

    /// Adds what is sought of the gradients of anything whose gradient by the predictions, `[B, K, d_a]`, is given.
    ///
    /// # Errors
    /// [`TrajectoryError::Length`] when a gradient does not fit.
    pub fn backward_from(
        &mut self,
        gradient: &[f32],
        sought: Sought<'_>,
    ) -> Result<(), TrajectoryError> {
        length(
            "gradient of predictions",
            self.predictions().len(),
            gradient.len(),
        )?;
        if let Some(states) = &sought.states {
            length("gradient of states", self.inputs.states.len(), states.len())?;
        }
        if let Some(gradients) = &sought.parameters {
            let want = self.parameters.values();
            length("gradients of parameters", want.len(), gradients.len())?;
            for (want, got) in want.iter().zip(gradients.iter()) {
                length("gradient of a parameter", want.len(), got.len())?;
            }
        }
        let program = self.program();
        let (level, parameters) = (self.workspace.level, self.parameters);
        if !self.turned {
            let prepared = &mut self.workspace.prepared;
            prepared.pack(level, program, parameters, Direction::Backward);
            self.turned = true;
        }
        let mut groups = std::mem::take(&mut self.workspace.groups);
        let context = self.context();
        let threads = &self.workspace.threads;
        let (matrices, states) = (sought.parameters.is_some(), sought.states.is_some());
        threads.for_each_item(&mut groups, |group| {
            group.go_back(&context, gradient, matrices, states);
        });
        if let Some(gradients) = sought.parameters {
            let mut sums: Vec<(usize, &mut Vec<f32>)> = gradients.iter_mut().enumerate().collect();
            threads.for_each_item(&mut sums, |(at, sum)| {
                for group in &groups {
                    add_scaled(level, 1.0, &group.gradients[*at], sum);
                }
            });
        }
        if let Some(states) = sought.states {
            let mut rest = states;
            for group in &groups {
                let (own, after) = rest.split_at_mut(group.states.len());
                add_scaled(level, 1.0, &group.states, own);
                rest = after;
            }
        }
        self.workspace.groups = groups;
        Ok(())
    }
}

impl Group {
    fn go_back(&mut self, context: &Context<'_>, gradient: &[f32], matrices: bool, states: bool) {
        let program = context.program;
        let parameters = context.parameters.values();
        self.gradients.resize_with(parameters.len(), Vec::new);
        for (gradient, values) in self.gradients.iter_mut().zip(parameters) {
            gradient.clear();
            gradient.resize(values.len(), 0.0);
        }
        self.states.clear();
        if states {
            let size = context.inputs.context * context.config.observation;
            self.states.resize(self.sequences.len() * size, 0.0);
        }
        let first_row = self.sequences.first().map_or(0, |sequence| sequence.row);
        for tape in &mut self.tapes {
            let mut back = Backward {
                frame: Frame { context, tape },
                gradients: &mut self.gradients,
                matrices,
                states: states.then_some(&mut self.states[..]),
                first_row,
            };
            let (mut seed, _) = back.target(program.output);
            let width = context.config.action;
            let step = stride(width);
            for span in back.frame.spans(Tokens::States) {
                let first = span.sequence.row * context.inputs.context + span.sequence.skip;
                for row in 0..span.count {
                    let from = &gradient[(first + row) * width..][..width];
                    seed[(span.start + row) * step..][..width].copy_from_slice(from);
                }
            }
            back.put(program.output, seed);
            for operation in program.operations.iter().rev() {
                operation.backward(&mut back);
            }
            tape.clear_gradients();
        }
    }
}

fn length(what: &'static str, want: usize, got: usize) -> Result<(), TrajectoryError> {
    match want == got {
        true => Ok(()),
        false => Err(TrajectoryError::Length { what, want, got }),
    }
}
