//! Models on this machine, from their tables.

use std::sync::Arc;

use rounds_models::{LanguageModel, ServerOptions};

use crate::run::RunError;
use crate::schema::CandleSpec;

/// The model of a table, loaded.
///
/// # Errors
/// [`RunError::Input`] when it is not there, cannot be used, or does not fit into the memory.
#[cfg(feature = "local")]
pub(super) fn candle_model(spec: &CandleSpec) -> Result<Arc<dyn LanguageModel>, RunError> {
    use rounds_models::local::device::{ComputeDevice, Precision};
    use rounds_models::local::model::{LocalModel, LocalOptions};
    use rounds_models::local::text::Sampling;

    use crate::schema::{DeviceSpec, DtypeSpec};

    let options = LocalOptions {
        template: spec.template.clone(),
        device: match spec.device {
            DeviceSpec::Cpu => ComputeDevice::Cpu,
            DeviceSpec::Cuda(number) => ComputeDevice::Cuda(number as usize),
        },
        dtype: spec.dtype.map(|dtype| match dtype {
            DtypeSpec::F32 => Precision::F32,
            DtypeSpec::Bf16 => Precision::Bf16,
            DtypeSpec::F16 => Precision::F16,
        }),
        threads: spec.threads.map(|n| n as usize),
        context: spec.context.map(|n| n as usize),
        cache_tokens: spec.cache_tokens.map(|n| n as usize),
        sequences: spec.sequences as usize,
        step_tokens: spec.step_tokens as usize,
        prefix_sharing: spec.prefix_sharing,
        sampling: Sampling {
            top_k: spec.top_k as usize,
            top_p: spec.top_p,
            min_p: spec.min_p,
            repetition_penalty: spec.repetition_penalty,
            ..Sampling::default()
        },
        stop: spec.stop.clone(),
        logprobs: spec.logprobs,
        ..LocalOptions::default()
    };
    let made = LocalModel::load(&spec.path, &options);
    let model = made.map_err(|error| RunError::Input(with_causes(&error)))?;
    Ok(Arc::new(model))
}

/// An error with all its causes.
#[cfg(feature = "local")]
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    for cause in std::iter::successors(error.source(), |cause| cause.source()) {
        let cause = cause.to_string();
        if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

/// This build has no such models.
///
/// # Errors
/// Always.
#[cfg(not(feature = "local"))]
pub(super) fn candle_model(spec: &CandleSpec) -> Result<Arc<dyn LanguageModel>, RunError> {
    Err(RunError::Input(format!(
        "{}: a model on this machine, which this build cannot run: build with --features local",
        spec.path.display()
    )))
}

/// Sizes of the server in front of the model: it forms its batches itself, so that it is given
/// all that is asked.
pub(super) fn candle_sizes(spec: &CandleSpec) -> ServerOptions {
    let sizes = ServerOptions::default();
    ServerOptions {
        in_flight: sizes.in_flight.max(2 * spec.sequences as usize),
        ..sizes
    }
}

/// The name of the model in recordings: that of its folder or file.
pub(super) fn candle_name(spec: &CandleSpec) -> String {
    let name = spec.path.file_name();
    name.unwrap_or_default().to_string_lossy().into_owned()
}
