//! A whole search, with evaluations.

use std::ops::ControlFlow;

use rounds_environments::control::ControlEnvironment;
use rounds_environments::control::data::{Header, Trajectories};
use rounds_environments::streams::RunSeed;

use super::config::ArsConfig;
use super::linear::LinearController;
use super::search::Search;
use crate::trajectory::collect::{collect, empty};
use crate::trajectory::error::CollectError;

/// What the policy was worth at some time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// Iterations before.
    pub iterations: u32,
    /// Steps that rollouts made before.
    pub steps: u64,
    /// Mean return over the episodes of evaluation.
    pub mean_return: f64,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Iterations so far.
    pub iterations: u32,
    /// Steps that rollouts made so far.
    pub steps: u64,
    /// Mean return of the rollouts of this iteration.
    pub mean_return: f64,
    /// The evaluation after this iteration, where there was one.
    pub evaluation: Option<Evaluation>,
}

/// What a search leaves.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The policy with the best evaluation; the curve is not monotone.
    pub best: LinearController,
    /// Its evaluation.
    pub best_evaluation: Evaluation,
    /// All evaluations, from that of the policy that does nothing.
    pub curve: Vec<Evaluation>,
    /// The policy at each point of the curve.
    pub stages: Vec<LinearController>,
    /// All rollouts in order, where they are kept: a medium-replay set.
    pub rollouts: Option<Trajectories>,
}

impl Trained {
    /// Number of the first point of the curve that is so far on the way from the first return to the best; a share of
    /// 1 is the best itself.
    pub fn stage(&self, share: f64) -> usize {
        let first = self.curve.first().map_or(0.0, |first| first.mean_return);
        let wanted = first + share * (self.best_evaluation.mean_return - first);
        // Rounding may put what is wanted above the best.
        let wanted = wanted.min(self.best_evaluation.mean_return);
        let found = self.curve.iter().position(|at| at.mean_return >= wanted);
        found.unwrap_or(0)
    }
}

/// Searches until enough steps are made, with an evaluation at the end, or until `progress`, which is told after each
/// iteration, breaks.
///
/// Evaluations are episodes that no rollout is.
///
/// # Errors
/// [`CollectError`] for settings that cannot be, an environment of choices, and one that fails.
pub fn train(
    environment: &mut dyn ControlEnvironment,
    config: &ArsConfig,
    seed: RunSeed,
    mut progress: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Trained, CollectError> {
    let mut search = Search::new(environment.space(), config.clone(), seed)?;
    let header = Header {
        collector: "augmented random search, all rollouts".to_owned(),
        ..Header::default()
    };
    let mut rollouts = match config.keep_rollouts {
        true => Some(empty(environment.space(), seed, header)?),
        false => None,
    };
    let mut best = search.controller();
    let mut best_evaluation = evaluate(environment, &search, &best, config, seed)?;
    let mut curve = vec![best_evaluation];
    let mut stages = vec![best.clone()];
    loop {
        let data = search.iterate(environment)?;
        if let Some(kept) = &mut rollouts {
            for episode in data.iter() {
                kept.push(episode)?;
            }
        }
        let mut over = search.steps() >= config.steps;
        let due = over || search.iterations().is_multiple_of(config.evaluate_every);
        let mut evaluation = None;
        if due {
            let controller = search.controller();
            let value = evaluate(environment, &search, &controller, config, seed)?;
            curve.push(value);
            evaluation = Some(value);
            stages.push(controller.clone());
            if value.mean_return > best_evaluation.mean_return {
                (best, best_evaluation) = (controller, value);
            }
        }
        let told = progress(&Progress {
            iterations: search.iterations(),
            steps: search.steps(),
            mean_return: mean(&data.returns()),
            evaluation,
        });
        over |= told.is_break();
        if over {
            return Ok(Trained {
                best,
                best_evaluation,
                curve,
                stages,
                rollouts,
            });
        }
    }
}

fn evaluate(
    environment: &mut dyn ControlEnvironment,
    search: &Search,
    controller: &LinearController,
    config: &ArsConfig,
    seed: RunSeed,
) -> Result<Evaluation, CollectError> {
    let first = ArsConfig::first_evaluation();
    let episodes = first..first + config.evaluation_episodes;
    let data = collect(environment, controller, episodes, seed, Header::default())?;
    Ok(Evaluation {
        iterations: search.iterations(),
        steps: search.steps(),
        mean_return: mean(&data.returns()),
    })
}

fn mean(returns: &[f64]) -> f64 {
    returns.iter().sum::<f64>() / returns.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rounds_environments::control::{PointMass, Vectorised};
    use rounds_environments::ids::EpisodeIx;

    #[test]
    fn stages_are_points_of_the_curve() {
        let seed = RunSeed(3);
        let mut points = Vectorised::new(PointMass::default(), 8, seed, EpisodeIx(0)).unwrap();
        let config = ArsConfig {
            step: 0.1,
            noise: 0.1,
            shift: 0.0,
            steps: 40_000,
            ..ArsConfig::default()
        };
        let trained = train(&mut points, &config, seed, |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(trained.curve.len(), trained.stages.len());
        let best = trained.stage(1.0);
        assert_eq!(trained.curve[best], trained.best_evaluation);
        assert_eq!(trained.stages[best], trained.best);
        let [first, most] = [0, best].map(|at| trained.curve[at].mean_return);
        assert!(first < most, "it learnt");
        let third = trained.stage(1.0 / 3.0);
        let wanted = first + (most - first) / 3.0;
        let reached = |at: &usize| trained.curve[*at].mean_return >= wanted;
        assert!(reached(&third) && !(0..third).any(|at| reached(&at)));
    }
}
