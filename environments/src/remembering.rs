//! An environment whose agents remember what they saw and did.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value;

use crate::environment::{
    Describe, Environment, EnvironmentError, EnvironmentFactory, StepOutcome,
};
use crate::ids::{AgentId, EpisodeIx};
use crate::streams::RunSeed;

/// One past step of one agent, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The step, from 0.
    pub step: u32,
    /// What the agent saw.
    pub saw: String,
    /// What it did.
    pub did: Value,
    /// What it was rewarded with.
    pub reward: f64,
}

/// What an agent sees now, and its own latest steps, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered<O> {
    /// What it sees now.
    pub now: O,
    /// Its own past.
    pub past: Vec<Arc<Turn>>,
}

/// Another environment, whose agents are shown their own latest steps with what they see.
///
/// The past is a part of the episode, so that nothing outside it has to be kept.
#[derive(Debug, Clone)]
pub struct Remembering<E> {
    environment: E,
    /// Steps that an agent is shown.
    length: usize,
    step: u32,
    past: Vec<VecDeque<Arc<Turn>>>,
}

impl<E: Environment> Remembering<E> {
    /// `environment`, whose agents are shown `length` of their own steps.
    pub fn new(environment: E, length: usize) -> Self {
        Self {
            past: vec![VecDeque::new(); environment.agents()],
            environment,
            length,
            step: 0,
        }
    }

    /// The environment itself.
    pub fn inner(&self) -> &E {
        &self.environment
    }
}

impl<E: Describe> Environment for Remembering<E> {
    type Observation = Remembered<E::Observation>;
    type Action = E::Action;

    fn agents(&self) -> usize {
        self.environment.agents()
    }

    fn observe(&self, agent: AgentId) -> Self::Observation {
        let past = self.past.get(agent.index());
        Remembered {
            now: self.environment.observe(agent),
            past: past.into_iter().flatten().cloned().collect(),
        }
    }

    fn step(&mut self, actions: &[E::Action]) -> Result<StepOutcome, EnvironmentError> {
        let saw: Vec<String> = match self.length {
            0 => Vec::new(),
            _ => (0..actions.len() as u32)
                .map(|agent| self.environment.observe(AgentId(agent)))
                .map(|seen| self.environment.describe(&seen))
                .collect(),
        };
        let outcome = self.environment.step(actions)?;
        for (agent, (saw, action)) in saw.into_iter().zip(actions).enumerate() {
            let Some(past) = self.past.get_mut(agent) else {
                break;
            };
            if past.len() == self.length {
                past.pop_front();
            }
            past.push_back(Arc::new(Turn {
                step: self.step,
                saw,
                did: self.environment.action_value(action),
                reward: outcome.rewards.get(agent).copied().unwrap_or(0.0),
            }));
        }
        self.step += 1;
        Ok(outcome)
    }

    fn action_value(&self, action: &E::Action) -> Value {
        self.environment.action_value(action)
    }

    fn metrics(&self) -> Vec<(&'static str, f64)> {
        self.environment.metrics()
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), EnvironmentError> {
        self.environment.set(key, value)
    }
}

impl<E: Describe> Describe for Remembering<E> {
    fn rules(&self) -> &str {
        self.environment.rules()
    }

    fn describe(&self, seen: &Self::Observation) -> String {
        let now = self.environment.describe(&seen.now);
        if seen.past.is_empty() {
            return now;
        }
        let mut text = String::from("Your last steps:\n");
        for turn in &seen.past {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "- step {}: {}; you did {}; reward {:.3}",
                turn.step, turn.saw, turn.did, turn.reward
            );
        }
        let _ = write!(text, "Now: {now}");
        text
    }

    fn action_schema(&self) -> Value {
        self.environment.action_schema()
    }

    fn read_action(&self, agent: AgentId, value: &Value) -> Result<E::Action, EnvironmentError> {
        self.environment.read_action(agent, value)
    }

    fn neutral_action(&self, agent: AgentId) -> Option<E::Action> {
        self.environment.neutral_action(agent)
    }
}

/// Makes the environments of another factory, whose agents remember.
#[derive(Debug, Clone)]
pub struct RememberingFactory<F> {
    /// The other factory.
    pub factory: F,
    /// Steps that an agent is shown.
    pub length: usize,
}

impl<F> EnvironmentFactory for RememberingFactory<F>
where
    F: EnvironmentFactory,
    F::Environment: Describe,
{
    type Environment = Remembering<F::Environment>;

    fn reset(
        &self,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Self::Environment, EnvironmentError> {
        let environment = self.factory.reset(seed, episode)?;
        Ok(Remembering::new(environment, self.length))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A number that actions are added to.
    struct Sum(i64);

    impl Environment for Sum {
        type Observation = i64;
        type Action = i64;

        fn agents(&self) -> usize {
            1
        }

        fn observe(&self, _: AgentId) -> i64 {
            self.0
        }

        fn step(&mut self, add: &[i64]) -> Result<StepOutcome, EnvironmentError> {
            self.0 += add[0];
            Ok(StepOutcome {
                rewards: vec![0.5],
                terminated: false,
                minutes: 1.0,
            })
        }

        fn action_value(&self, add: &i64) -> Value {
            json!(add)
        }
    }

    impl Describe for Sum {
        fn describe(&self, sum: &i64) -> String {
            format!("it is {sum}")
        }

        fn action_schema(&self) -> Value {
            json!({"type": "integer"})
        }

        fn read_action(&self, _: AgentId, value: &Value) -> Result<i64, EnvironmentError> {
            Ok(value.as_i64().unwrap_or(0))
        }
    }

    #[test]
    fn the_latest_steps_are_shown_oldest_first() {
        let mut sum = Remembering::new(Sum(1), 2);
        let told = |sum: &Remembering<Sum>| sum.describe(&sum.observe(AgentId(0)));
        assert_eq!(told(&sum), "it is 1");
        for add in [2, 3, 4] {
            sum.step(&[add]).unwrap();
        }
        assert_eq!(
            told(&sum),
            "Your last steps:\n- step 1: it is 3; you did 3; reward 0.500\n\
             - step 2: it is 6; you did 4; reward 0.500\nNow: it is 10"
        );
        let mut sum = Remembering::new(Sum(1), 0);
        sum.step(&[2]).unwrap();
        assert_eq!(told(&sum), "it is 3");
    }
}
