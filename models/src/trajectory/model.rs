//! A model without its numbers.

use super::config::TrajectoryConfig;
use super::error::TrajectoryError;
use super::inputs::Inputs;
use super::layout::{Named, layout};
use super::parameters::Parameters;
use super::pass::{Pass, PassOptions};
use super::program::{Program, Reach, write};
use super::workspace::Workspace;

/// The shape of a model: what is computed from parameters and inputs.
#[derive(Debug)]
pub struct TrajectoryModel {
    config: TrajectoryConfig,
    named: Vec<Named>,
    all: Program,
    last: Program,
}

impl TrajectoryModel {
    /// A model of these settings.
    ///
    /// # Errors
    /// [`TrajectoryError::Setting`] for settings that cannot be.
    pub fn new(config: TrajectoryConfig) -> Result<Self, TrajectoryError> {
        config.validate()?;
        let named = layout(&config);
        let all = write(&config, &named, Reach::All);
        let last = write(&config, &named, Reach::Last);
        Ok(Self {
            config,
            named,
            all,
            last,
        })
    }

    /// The settings.
    pub fn config(&self) -> &TrajectoryConfig {
        &self.config
    }

    /// Names and shapes of the parameters in order, as in the state dictionaries of PyTorch.
    pub fn layout(&self) -> impl ExactSizeIterator<Item = (&str, &[usize])> {
        let each = self.named.iter();
        each.map(|named| (named.name.as_str(), named.shape.as_slice()))
    }

    /// Puts tensors (name, shape, numbers row by row) in the order of this model. What published checkpoints hold beside, the
    /// heads without a loss and the table of words, is left out.
    ///
    /// # Errors
    /// [`TrajectoryError`] naming the first tensor that is missing, unknown or of another shape.
    pub fn parameters(
        &self,
        tensors: impl IntoIterator<Item = (String, Vec<usize>, Vec<f32>)>,
    ) -> Result<Parameters, TrajectoryError> {
        Parameters::from_tensors(self.named.clone(), tensors)
    }

    /// Width of the hidden layer of each block, which factors of units and [taps](Pass::units) have.
    pub fn units(&self) -> usize {
        self.config.inner()
    }

    /// Predicts the actions of all steps of a batch, and keeps what the way back needs in `workspace`.
    ///
    /// # Errors
    /// [`TrajectoryError`] for inputs, parameters or factors that do not fit the model.
    pub fn forward<'a>(
        &'a self,
        workspace: &'a mut Workspace,
        parameters: &'a Parameters,
        inputs: Inputs<'a>,
        options: PassOptions<'a>,
    ) -> Result<Pass<'a>, TrajectoryError> {
        self.check(parameters)?;
        if let Some(factors) = options.unit_factors {
            self.check_factors(factors)?;
        }
        Pass::run(self, workspace, parameters, inputs, options)
    }

    /// Checks that parameters are those of this model.
    pub(super) fn check(&self, parameters: &Parameters) -> Result<(), TrajectoryError> {
        let mut got = parameters.names().zip(parameters.shapes());
        for named in &self.named {
            let name = named.name.clone();
            match got.next() {
                Some((other, shape)) if other == name => {
                    if shape != named.shape {
                        let (want, got) = (named.shape.clone(), shape.to_vec());
                        return Err(TrajectoryError::Shape { name, want, got });
                    }
                }
                _ => return Err(TrajectoryError::Missing { name }),
            }
        }
        match got.next() {
            Some((name, _)) => Err(TrajectoryError::Unknown {
                name: name.to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Checks factors of hidden units: a row for each block, none below 0.
    pub(super) fn check_factors(&self, factors: &[Vec<f32>]) -> Result<(), TrajectoryError> {
        let (layers, units) = (self.config.layers, self.units());
        let fits = factors.len() == layers && factors.iter().all(|row| row.len() == units);
        if !fits {
            let what = "factors of hidden units";
            let (want, got) = (layers * units, factors.iter().map(Vec::len).sum());
            return Err(TrajectoryError::Length { what, want, got });
        }
        let wrong = |factor: &&f32| !(factor.is_finite() && **factor >= 0.0);
        match factors.iter().flatten().find(wrong) {
            Some(factor) => {
                let want = "at least 0 and finite";
                Err(TrajectoryError::setting(
                    "factor of a hidden unit",
                    factor,
                    want,
                ))
            }
            None => Ok(()),
        }
    }

    pub(super) fn program(&self, reach: Reach) -> &Program {
        match reach {
            Reach::All => &self.all,
            Reach::Last => &self.last,
        }
    }
}
