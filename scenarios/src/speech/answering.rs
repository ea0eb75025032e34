//! Recordings in front of what is asked live.

use std::path::Path;
use std::sync::Arc;

use rounds_models::{FnModel, LanguageModel, ModelError, ReplayModel};

use super::cassette::{Cassette, StandIn};
use super::recording::in_file;
use crate::run::RunError;

/// What answers: the recording, `live` for what it does not hold, or `live` alone.
///
/// A recording of several models is cut to the calls of `name`.
///
/// # Errors
/// [`RunError::Input`] when the recording cannot be used, or what `live` says.
pub(crate) fn answering(
    cassette: &Cassette,
    name: Option<&str>,
    live: impl FnOnce() -> Result<Arc<dyn LanguageModel>, RunError>,
) -> Result<Arc<dyn LanguageModel>, RunError> {
    if let Some(StandIn(model)) = &cassette.instead {
        return Ok(Arc::clone(model));
    }
    let Some(calls) = &cassette.calls else {
        return live();
    };
    let open = |calls: &Path| -> Result<ReplayModel, RunError> {
        let recorded = ReplayModel::open(calls).map_err(|e| in_file(calls, &e))?;
        Ok(match name {
            Some(name) => recorded.for_model(name),
            None => recorded,
        })
    };
    let recorded = open(calls)?;
    if let Some(branch) = &cassette.branch {
        let new = Arc::new(recorded.diverging(branch.at, live()?));
        return Ok(match &branch.made {
            Some(made) => Arc::new(open(made)?.with_inner(Some(new))),
            None => new,
        });
    }
    let inner = if cassette.live { Some(live()?) } else { None };
    Ok(Arc::new(recorded.with_inner(inner)))
}

/// A model that is not there.
pub(crate) fn nobody(name: &str, why: &'static str) -> Arc<dyn LanguageModel> {
    Arc::new(FnModel::new(name, move |_| {
        Err(ModelError::Rejected {
            message: why.to_owned(),
        })
    }))
}
