//! Choice of the next question.

use rand::RngExt;
use rounds_environments::clinic::knowledge::FindingIx;
use rounds_environments::streams::Stream;

use super::config::{KnowledgeConfig, QuestionPolicy};
use super::facts::Facts;
use crate::clinic::belief::{Objective, Scope};

/// All findings by falling gain under the prior; the lowest index first among equals.
pub(super) fn prior_order(scope: &Scope) -> Vec<FindingIx> {
    let prior = scope.posterior([]);
    let mut gains = Vec::new();
    scope.gains(&prior, &mut gains);
    let mut order: Vec<FindingIx> = (0..gains.len() as u32).map(FindingIx).collect();
    order.sort_by(|a, b| gains[b.index()].total_cmp(&gains[a.index()]));
    order
}

/// The next question and its gain in bits; `None` when there is nothing worth asking.
pub(super) fn next(
    config: &KnowledgeConfig,
    scope: &Scope,
    order: &[FindingIx],
    posterior: &[f64],
    facts: &Facts,
    stream: impl FnOnce() -> Stream,
) -> Option<(FindingIx, f64)> {
    if config.questions == QuestionPolicy::None {
        return None;
    }
    if config.questions == QuestionPolicy::All {
        let e = facts.open().next()?;
        return Some((e, scope.gain(posterior, e)?));
    }
    let best = scope.best_question(posterior, facts.closed(), Objective::Gain)?;
    if best.1 < config.min_gain {
        return None;
    }
    let chosen = match config.questions {
        QuestionPolicy::GainPerCost => {
            return scope.best_question(posterior, facts.closed(), Objective::GainPerCost);
        }
        QuestionPolicy::Random => {
            let open: Vec<FindingIx> = facts.open().collect();
            open.get(stream().random_range(0..open.len())).copied()?
        }
        QuestionPolicy::Fixed => order
            .iter()
            .copied()
            .find(|e| facts.closed().get(e.index()) == Some(&false))?,
        QuestionPolicy::Gain | QuestionPolicy::None | QuestionPolicy::All => return Some(best),
    };
    Some((chosen, scope.gain(posterior, chosen)?))
}

/// Whether [`next`] has a question, without saying which.
pub(super) fn any(
    config: &KnowledgeConfig,
    scope: &Scope,
    posterior: &[f64],
    facts: &Facts,
) -> bool {
    match config.questions {
        QuestionPolicy::None => false,
        QuestionPolicy::All => facts.open().next().is_some(),
        QuestionPolicy::Random
        | QuestionPolicy::Fixed
        | QuestionPolicy::Gain
        | QuestionPolicy::GainPerCost => {
            scope.any_gain(posterior, facts.closed(), |gain| gain >= config.min_gain)
        }
    }
}
