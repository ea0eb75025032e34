//! How well a model predicts what was held out, with an interval.

use std::collections::BTreeMap;

use rounds_environments::streams::RunSeed;
use rounds_models::training::{
    CausalLm, Pass, TrainError, Trainable, TrainingData, TrainingSource, per_example,
};

use crate::statistics::{Estimate, Sample, estimate};

/// Mean of −ln p a token over held-out examples, in nats; examples of one group are one case.
///
/// # Errors
/// [`TrainError`] when the model cannot be asked.
pub(super) fn held_out_loss(
    model: &CausalLm,
    data: &TrainingData,
    rows: usize,
    seed: u64,
) -> Result<Estimate, TrainError> {
    let mut losses: BTreeMap<usize, (f64, u64)> = BTreeMap::new();
    for batch in data.held_out(rows) {
        let pass = model.forward(&batch, Pass::Evaluation)?;
        let sums = per_example(&batch, pass.losses());
        for (example, sum) in batch.examples.iter().zip(sums) {
            let (loss, tokens) = losses.entry(example.document).or_default();
            *loss += f64::from(sum);
            *tokens += u64::from(example.targets);
        }
    }
    let mut groups: BTreeMap<&str, u64> = BTreeMap::new();
    let values: Vec<(u64, Option<f64>)> = losses
        .into_iter()
        .map(|(document, (loss, tokens))| {
            let next = groups.len() as u64;
            let group = data.documents()[document].group.as_str();
            let case = *groups.entry(group).or_insert(next);
            (case, (tokens > 0).then(|| loss / tokens as f64))
        })
        .collect();
    let sample = Sample::new(values).map(Sample::as_continuous);
    Ok(match sample {
        Ok(sample) => estimate(&sample, RunSeed(seed)),
        Err(error) => Estimate {
            mean: None,
            sd: None,
            ci95: None,
            n: 0,
            clusters: 0,
            why: Some(error.to_string()),
        },
    })
}
