//! A trajectory model as something to train.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rand::Rng;
use serde_json::{Value, json};

use super::episodes::{Episodes, Rows};
use super::inputs::Inputs;
use super::model::TrajectoryModel;
use super::parameters::Parameters;
use super::pass::{Pass, PassOptions};
use super::workspace::Workspace;
use crate::kernels::Threads;
use crate::training::{
    ConfigOf, Forward, Gradients, Parameter, ParameterValues, Pass as Purpose, TrainError,
    Trainable,
};

/// A model with parameters that a trainer changes.
#[derive(Debug)]
pub struct TrainableTrajectory {
    model: TrajectoryModel,
    parameters: Arc<RwLock<Arc<Parameters>>>,
    threads: Threads,
    /// Buffers that no pass uses at the moment.
    free: Mutex<Vec<Workspace>>,
}

impl TrainableTrajectory {
    /// A model whose passes run on `threads`.
    pub fn new(model: TrajectoryModel, parameters: Parameters, threads: Threads) -> Self {
        Self {
            model,
            parameters: Arc::new(RwLock::new(Arc::new(parameters))),
            threads,
            free: Mutex::default(),
        }
    }

    /// The model.
    pub fn model(&self) -> &TrajectoryModel {
        &self.model
    }

    /// The parameters as they are now.
    pub fn snapshot(&self) -> Arc<Parameters> {
        let parameters = self.parameters.read();
        Arc::clone(&parameters.unwrap_or_else(PoisonError::into_inner))
    }

    fn free(&self) -> MutexGuard<'_, Vec<Workspace>> {
        // Buffers of a pass that panicked hold nothing that the next reads.
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trainable for TrainableTrajectory {
    type Source = Episodes;

    fn parameters(&self) -> Vec<(String, Parameter)> {
        let now = self.snapshot();
        let each = now.names().zip(now.shapes()).enumerate();
        each.map(|(place, (name, shape))| {
            let held: Parameter = Arc::new(Held {
                shape: shape.to_vec(),
                place,
                of: Arc::clone(&self.parameters),
            });
            (name.to_owned(), held)
        })
        .collect()
    }

    fn forward<'a>(
        &'a self,
        batch: &'a Rows,
        purpose: Purpose,
    ) -> Result<Box<dyn Forward + 'a>, TrainError> {
        let free = self.free().pop();
        let mut workspace = free.unwrap_or_else(|| Workspace::new(self.threads.clone()));
        let parameters = self.snapshot();
        let dropout = match purpose {
            Purpose::Training(key) => Some(key.open().next_u64()),
            Purpose::Evaluation => None,
        };
        let inputs = Inputs::from(batch.batch());
        let options = PassOptions {
            dropout,
            unit_factors: None,
        };
        self.model
            .forward(&mut workspace, &parameters, inputs, options)
            .map_err(TrainError::model)?;
        Ok(Box::new(Kept {
            of: self,
            workspace: Some(workspace),
            parameters,
            inputs,
            options,
        }))
    }

    fn description(&self) -> Value {
        json!({ "trajectory": self.model.config() })
    }

    fn check(&self, config: &ConfigOf<Self>, episodes: &Episodes) -> Result<(), TrainError> {
        if config.lora.is_some() {
            let want = "none: trajectory models have no adapters";
            return Err(TrainError::config("lora", want, "an adapter"));
        }
        let own = self.model.config();
        let room = episodes.sampler().room(1);
        let context = config.data.context;
        for (key, want, got) in [
            ("data.context", own.context, context),
            ("observation", own.observation, room.states.len() / context),
            ("action", own.action, room.actions.len() / context),
        ] {
            if want != got {
                let want = format!("{want}, as the model has");
                return Err(TrainError::config(key, want, got));
            }
        }
        Ok(())
    }

    fn activation_bytes(&self, rows: usize, length: usize) -> u64 {
        let config = self.model.config();
        let tokens = (rows * length * 3) as u64;
        // Values and gradients of a block: norms, queries, keys, values, mixture, hidden units, and shares of attention.
        let per_token = config.layers * (20 * config.hidden + 2 * config.heads * 3 * length);
        tokens.saturating_mul(per_token as u64).saturating_mul(4)
    }
}

/// One tensor of the parameters.
#[derive(Debug)]
struct Held {
    shape: Vec<usize>,
    place: usize,
    of: Arc<RwLock<Arc<Parameters>>>,
}

impl ParameterValues for Held {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn read(&self, read: &mut dyn FnMut(&[f32])) -> Result<(), TrainError> {
        let parameters = self.of.read().unwrap_or_else(PoisonError::into_inner);
        read(&parameters.values()[self.place]);
        Ok(())
    }

    fn edit(&self, edit: &mut dyn FnMut(&mut [f32])) -> Result<(), TrainError> {
        let mut parameters = self.of.write().unwrap_or_else(PoisonError::into_inner);
        // Between passes nobody else holds them, so that nothing is copied.
        if let Some(values) = Arc::make_mut(&mut parameters).values_mut().nth(self.place) {
            edit(values);
        }
        Ok(())
    }
}

/// A forward pass, until its way back.
struct Kept<'a> {
    of: &'a TrainableTrajectory,
    workspace: Option<Workspace>,
    parameters: Arc<Parameters>,
    inputs: Inputs<'a>,
    options: PassOptions<'a>,
}

impl Forward for Kept<'_> {
    fn losses(&self) -> &[f32] {
        self.workspace
            .as_ref()
            .map_or(&[], |workspace| &workspace.losses)
    }

    fn backward(
        mut self: Box<Self>,
        weights: &[f32],
        gradients: &mut Gradients,
    ) -> Result<(), TrainError> {
        if let Some(workspace) = &mut self.workspace {
            let model = &self.of.model;
            let mut pass = Pass::again(
                model,
                workspace,
                &self.parameters,
                self.inputs,
                self.options,
            );
            pass.backward(weights, gradients.all_mut())
                .map_err(TrainError::model)?;
        }
        Ok(())
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if let Some(workspace) = self.workspace.take() {
            self.of.free().push(workspace);
        }
    }
}
