//! Decisions in process: one call a batch, and whoever fails alone fails alone.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rounds_environments::streams::RunSeed;
use rounds_policies::policy::{Ask, Policy, PolicyError};

use super::world::{panic_text, quietly};

/// Calls the policy on the whole batch; when that panics, fails or has the wrong length, asks the
/// members again one by one, so that only those that fail again are lost.
pub(super) fn decide_isolated<O, A>(
    policy: &dyn Policy<O, A>,
    seed: RunSeed,
    batch: &[Ask<O>],
) -> Vec<Result<A, PolicyError>> {
    match call(policy, seed, batch) {
        Ok(results) => results,
        Err(error) if batch.len() == 1 => vec![Err(error)],
        Err(_) => batch
            .iter()
            .map(|ask| match call(policy, seed, std::slice::from_ref(ask)) {
                Ok(mut results) => results
                    .pop()
                    .unwrap_or_else(|| Err(PolicyError::Garbage("no decision at all".to_owned()))),
                Err(error) => Err(error),
            })
            .collect(),
    }
}

fn call<O, A>(
    policy: &dyn Policy<O, A>,
    seed: RunSeed,
    batch: &[Ask<O>],
) -> Result<Vec<Result<A, PolicyError>>, PolicyError> {
    let results = quietly(|| catch_unwind(AssertUnwindSafe(|| policy.decide(seed, batch))))
        .map_err(|panic| PolicyError::Panic(panic_text(panic.as_ref())))??;
    if results.len() == batch.len() {
        Ok(results)
    } else {
        Err(PolicyError::Garbage(format!(
            "expected {} decisions, got {}",
            batch.len(),
            results.len()
        )))
    }
}
