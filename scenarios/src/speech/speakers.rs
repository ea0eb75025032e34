//! The models of a scenario, each started once however many roles it has.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use rounds_models::{LanguageModel, ModelServer, ReplayModel};

use super::answering::{answering, nobody};
use super::candle::candle_name;
use super::cassette::Cassette;
use super::live::{is_dear, live_model, sizes};
use super::recording::in_file;
use crate::run::RunError;
use crate::schema::ModelSpec;

/// The models of a scenario. Roles that name the same model share its server, and with it its
/// limits.
pub(crate) struct Speakers<'a> {
    models: &'a BTreeMap<String, ModelSpec>,
    cassette: &'a Cassette,
    started: RefCell<BTreeMap<String, Arc<ModelServer>>>,
}

impl<'a> Speakers<'a> {
    /// Models by name; nothing is started yet.
    pub(crate) fn new(models: &'a BTreeMap<String, ModelSpec>, cassette: &'a Cassette) -> Self {
        Self {
            models,
            cassette,
            started: RefCell::default(),
        }
    }

    /// The server of the model called `name`; calls that were recorded are answered from the
    /// recording.
    ///
    /// # Errors
    /// [`RunError::Input`] when there is no such model, or it cannot be made.
    pub(crate) fn server(&self, name: &str) -> Result<Arc<ModelServer>, RunError> {
        if let Some(server) = self.started.borrow().get(name) {
            return Ok(Arc::clone(server));
        }
        let spec = self
            .models
            .get(name)
            .ok_or_else(|| RunError::Input(format!("there is no model {name:?}")))?;
        let recorded = match self.cassette.instead {
            Some(_) => None,
            None => self.recorded_name(spec)?,
        };
        // A branch of a recording is made live from its first new round on.
        let asks = self.cassette.live || self.cassette.branch.is_some();
        let live = || match is_dear(spec) && !asks {
            true => Ok(nobody(name, "no model is asked here")),
            false => live_model(spec),
        };
        let model = answering(self.cassette, recorded.as_deref(), live)?;
        let server = Arc::new(ModelServer::start(model, sizes(spec)));
        let mut started = self.started.borrow_mut();
        started.insert(name.to_owned(), Arc::clone(&server));
        Ok(server)
    }

    /// The name that the calls of this model have in a recording that alone answers. `None` where
    /// only one model was recorded: whoever it was, it answers for the only model there is.
    fn recorded_name(&self, spec: &ModelSpec) -> Result<Option<String>, RunError> {
        let Some(calls) = self.cassette.calls.as_ref().filter(|_| !self.cassette.live) else {
            return Ok(None);
        };
        if self.models.len() < 2 {
            return Ok(None);
        }
        let recorded = ReplayModel::open(calls).map_err(|error| in_file(calls, &error))?;
        let names = recorded.models();
        if names.len() < 2 {
            return Ok(None);
        }
        let name = match spec {
            ModelSpec::OpenAi(spec) => spec.model.clone(),
            ModelSpec::Candle(spec) => candle_name(spec),
            ModelSpec::Scripted { .. } | ModelSpec::Replay { .. } | ModelSpec::Trajectory(_) => {
                let model: Arc<dyn LanguageModel> = live_model(spec)?;
                model.name().to_owned()
            }
        };
        if names.iter().any(|known| *known == name) {
            return Ok(Some(name));
        }
        Err(RunError::Input(format!(
            "{}: holds no calls of the model {name:?}, but of {}",
            calls.display(),
            names.join(", ")
        )))
    }
}
