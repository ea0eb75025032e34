//! Files of models: safetensors, whose header says what the model fits.
//!
//! Tensors bear their names of PyTorch. The entry `rounds` of the metadata is JSON: schema and [`ModelHeader`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use rounds_environments::control::Space;
use rounds_environments::control::data::{ActionMap, Normaliser, Reference};
use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use super::config::TrajectoryConfig;
use super::error::TrajectoryError;
use super::model::TrajectoryModel;
use super::parameters::Parameters;

/// What the metadata of a file says it is.
const SCHEMA: &str = "rounds.trajectory-model/1";
/// Name of the entry of the metadata.
const ENTRY: &str = "rounds";

/// What a model is and what it fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelHeader {
    /// Settings of the model.
    pub config: TrajectoryConfig,
    /// Kind of the environment that it was trained for, as scenarios name it, or the id of a data set.
    pub environment: String,
    /// Scale of the observations that it was trained on.
    pub normaliser: Normaliser,
    /// How its actions become those of the environment; none where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_map: Option<ActionMap>,
    /// Returns to go were divided by this.
    pub return_scale: f64,
    /// Returns that count as 0 and as 100, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    schema: String,
    header: ModelHeader,
}

impl ModelHeader {
    /// Checks that all parts are of one size.
    ///
    /// # Errors
    /// [`TrajectoryError::Setting`] naming the part, what it is and what it may be.
    pub fn validate(&self) -> Result<(), TrajectoryError> {
        self.config.validate()?;
        let Normaliser { mean, std } = &self.normaliser;
        let size = self.config.observation;
        for (field, got) in [("normaliser.mean", mean), ("normaliser.std", std)] {
            if got.len() != size {
                let want = format!("{size} numbers");
                return Err(TrajectoryError::setting(field, got.len(), want));
            }
        }
        if let Some(mean) = mean.iter().find(|mean| !mean.is_finite()) {
            return Err(TrajectoryError::setting(
                "normaliser.mean",
                mean,
                "finite numbers",
            ));
        }
        if let Some(std) = std.iter().find(|std| !(**std > 0.0 && std.is_finite())) {
            return Err(TrajectoryError::setting(
                "normaliser.std",
                std,
                "numbers above 0",
            ));
        }
        if !(self.return_scale > 0.0 && self.return_scale.is_finite()) {
            let got = self.return_scale;
            return Err(TrajectoryError::setting(
                "return_scale",
                got,
                "a number above 0",
            ));
        }
        if let Some(reference) = self.reference {
            reference.validate().map_err(|error| {
                TrajectoryError::setting("reference", error, "an expert better than chance")
            })?;
        }
        if let Some(map) = &self.action_map {
            map.validate(self.config.action).map_err(|error| {
                TrajectoryError::setting(
                    "action_map",
                    error,
                    "a map onto the bounds of the actions",
                )
            })?;
        }
        Ok(())
    }

    /// Checks that the model's observations and actions are as many as an environment's.
    ///
    /// # Errors
    /// [`TrajectoryError::Space`] naming both sides.
    pub fn check_space(&self, space: &Space) -> Result<(), TrajectoryError> {
        for (what, model, got) in [
            (
                "numbers in an observation",
                self.config.observation,
                space.observation_size(),
            ),
            (
                "numbers in an action",
                self.config.action,
                space.action_size(),
            ),
        ] {
            if model != got {
                return Err(TrajectoryError::Space {
                    what,
                    model,
                    environment: space.name.to_owned(),
                    got,
                });
            }
        }
        Ok(())
    }
}

/// A tensor on its way into a file.
struct Kept<'a> {
    shape: &'a [usize],
    values: &'a [f32],
}

impl View for Kept<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    fn data_len(&self) -> usize {
        4 * self.values.len()
    }
}

/// Writes a model. A file that was there is replaced once the new one is whole.
///
/// # Errors
/// [`TrajectoryError`] for a header that does not fit the parameters, and when the system would not write.
pub fn save(
    path: &Path,
    header: &ModelHeader,
    parameters: &Parameters,
) -> Result<(), TrajectoryError> {
    let at = |source| within(path, source);
    header.validate().map_err(at)?;
    let model = TrajectoryModel::new(header.config.clone()).map_err(at)?;
    model.check(parameters).map_err(at)?;
    let metadata = Metadata {
        schema: SCHEMA.to_owned(),
        header: header.clone(),
    };
    let metadata = serde_json::to_string(&metadata).map_err(|error| format_fault(path, error))?;
    let tensors = parameters.names().zip(parameters.shapes());
    let tensors = tensors.zip(parameters.values());
    let tensors = tensors.map(|((name, shape), values)| (name, Kept { shape, values }));
    let metadata = Some(HashMap::from([(ENTRY.to_owned(), metadata)]));
    safetensors::serialize_to_file(tensors, metadata, path).map_err(|error| fault(path, error))
}

/// Reads a model of [`save`].
///
/// # Errors
/// [`TrajectoryError`] for a file that is missing or not of the format, a header that does not fit, and tensors that are missing,
/// unknown, of another shape or not finite.
pub fn load(path: &Path) -> Result<(ModelHeader, Parameters), TrajectoryError> {
    let bytes = read(path)?;
    let (_, described) = SafeTensors::read_metadata(&bytes).map_err(|error| fault(path, error))?;
    let entry = described.metadata().as_ref().and_then(|all| all.get(ENTRY));
    let Some(entry) = entry else {
        return Err(TrajectoryError::Untold {
            path: path.to_owned(),
        });
    };
    let metadata: Metadata = serde_json::from_str(entry)
        .map_err(|error| format_fault(path, format!("metadata {ENTRY:?}: {error}")))?;
    if metadata.schema != SCHEMA {
        let got = metadata.schema;
        return Err(format_fault(
            path,
            format!("expected the schema {SCHEMA:?}, got {got:?}"),
        ));
    }
    let header = metadata.header;
    header.validate().map_err(|source| within(path, source))?;
    let parameters = tensors(path, &bytes, &header.config)?;
    Ok((header, parameters))
}

/// Reads the tensors of any safetensors file that holds a model of these settings: weights that were published for PyTorch and
/// converted.
///
/// # Errors
/// [`TrajectoryError`] as for [`load`].
pub fn load_published(
    path: &Path,
    config: &TrajectoryConfig,
) -> Result<Parameters, TrajectoryError> {
    let bytes = read(path)?;
    tensors(path, &bytes, config)
}

fn read(path: &Path) -> Result<Vec<u8>, TrajectoryError> {
    std::fs::read(path).map_err(|source| TrajectoryError::Io {
        path: path.to_owned(),
        source,
    })
}

fn tensors(
    path: &Path,
    bytes: &[u8],
    config: &TrajectoryConfig,
) -> Result<Parameters, TrajectoryError> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| fault(path, error))?;
    let model = TrajectoryModel::new(config.clone()).map_err(|source| within(path, source))?;
    let mut read = Vec::new();
    for (name, tensor) in file.iter() {
        if super::layout::is_unused(name) {
            continue;
        }
        if tensor.dtype() != Dtype::F32 {
            let got = tensor.dtype();
            return Err(format_fault(
                path,
                format!("tensor {name}: expected f32, got {got:?}"),
            ));
        }
        let numbers = tensor.data().as_chunks::<4>().0.iter();
        let numbers: Vec<f32> = numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
            let why = format!(
                "tensor {name}: expected finite numbers, got {} at {at}",
                numbers[at]
            );
            return Err(format_fault(path, why));
        }
        read.push((name.to_owned(), tensor.shape().to_vec(), numbers));
    }
    model
        .parameters(read)
        .map_err(|source| within(path, source))
}

fn within(path: &Path, source: TrajectoryError) -> TrajectoryError {
    TrajectoryError::In {
        path: path.to_owned(),
        source: Box::new(source),
    }
}

fn format_fault(path: &Path, why: impl ToString) -> TrajectoryError {
    TrajectoryError::Format {
        path: path.to_owned(),
        why: why.to_string(),
    }
}

fn fault(path: &Path, error: safetensors::SafeTensorError) -> TrajectoryError {
    match error {
        safetensors::SafeTensorError::IoError(source) => TrajectoryError::Io {
            path: path.to_owned(),
            source,
        },
        other => format_fault(path, format!("not a safetensors file: {other}")),
    }
}
