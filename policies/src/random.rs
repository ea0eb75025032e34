//! Policies that look at nothing: uniform choice and one fixed action.

use rand::RngExt;
use rounds_environments::streams::RunSeed;

use crate::policy::{Ask, Policy, PolicyError};

/// Chooses uniformly among a list of actions.
///
/// # Determinism
/// The choice follows from the run seed, the episode, the agent and the round.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomChoice<A> {
    actions: Vec<A>,
}

impl<A> RandomChoice<A> {
    /// A choice among `actions`.
    ///
    /// # Errors
    /// [`PolicyError::Failed`] when there is nothing to choose from.
    pub fn new(actions: Vec<A>) -> Result<Self, PolicyError> {
        if actions.is_empty() {
            return Err(PolicyError::Failed(
                "actions: expected at least one, got none".to_owned(),
            ));
        }
        Ok(Self { actions })
    }
}

impl<O, A: Clone + Send + Sync> Policy<O, A> for RandomChoice<A> {
    fn decide(
        &self,
        seed: RunSeed,
        batch: &[Ask<O>],
    ) -> Result<Vec<Result<A, PolicyError>>, PolicyError> {
        Ok(batch
            .iter()
            .map(|ask| {
                let at = ask.key.stream(seed).random_range(0..self.actions.len());
                Ok(self.actions[at].clone())
            })
            .collect())
    }
}

/// Takes the same action always.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed<A>(pub A);

impl<O, A: Clone + Send + Sync> Policy<O, A> for Fixed<A> {
    fn decide(
        &self,
        _seed: RunSeed,
        batch: &[Ask<O>],
    ) -> Result<Vec<Result<A, PolicyError>>, PolicyError> {
        Ok(batch.iter().map(|_| Ok(self.0.clone())).collect())
    }
}

#[cfg(test)]
mod tests {
    use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};

    use super::*;
    use crate::policy::AskKey;

    #[test]
    fn choices_are_repeatable_and_reach_every_action() {
        let batch: Vec<Ask<()>> = (0..64)
            .map(|round| Ask {
                key: AskKey {
                    episode: EpisodeIx(0),
                    agent: AgentId(0),
                    round: RoundIx(round),
                    number: round,
                },
                observation: (),
            })
            .collect();
        let policy = RandomChoice::new(vec!['a', 'b', 'c']).unwrap();
        let first = policy.decide(RunSeed(1), &batch).unwrap();
        assert_eq!(first, policy.decide(RunSeed(1), &batch).unwrap());
        for action in ['a', 'b', 'c'] {
            assert!(first.contains(&Ok(action)));
        }
        assert!(RandomChoice::<char>::new(Vec::new()).is_err());
        let fixed = Fixed('z').decide(RunSeed(1), &batch).unwrap();
        assert!(fixed.iter().all(|action| *action == Ok('z')));
    }
}
