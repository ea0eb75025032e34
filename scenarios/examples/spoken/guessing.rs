//! A game that describes itself.

use rounds::prelude::*;

/// A game of guessing: somewhere from 1 to 100 is a number, and after each guess it is said where.
pub struct Guessing(u32, Option<u32>);

impl Environment for Guessing {
    type Observation = String;
    type Action = u32;

    fn agents(&self) -> usize {
        1
    }

    fn observe(&self, _: AgentId) -> String {
        match self.1 {
            None => "nothing was guessed yet".to_owned(),
            Some(guess) if guess < self.0 => format!("{guess} is too low"),
            Some(guess) => format!("{guess} is too high"),
        }
    }

    fn step(&mut self, guess: &[u32]) -> Result<StepOutcome, EnvironmentError> {
        self.1 = Some(guess[0]);
        let (rewards, terminated, minutes) = (vec![-1.0], guess[0] == self.0, 1.0);
        Ok(StepOutcome { rewards, terminated, minutes })
    }

    fn action_value(&self, guess: &u32) -> Value {
        json!(guess)
    }
}

impl Describe for Guessing {
    fn rules(&self) -> &str {
        "Guess a whole number from 1 to 100 in as few steps as you can."
    }

    fn describe(&self, seen: &String) -> String {
        seen.clone()
    }

    fn action_schema(&self) -> Value {
        json!({"type": "integer", "minimum": 1, "maximum": 100})
    }

    fn read_action(&self, agent: AgentId, value: &Value) -> Result<u32, EnvironmentError> {
        let guess = value.as_u64().filter(|guess| (1..=100).contains(guess)).map(|g| g as u32);
        let why = format!("expected a number from 1 to 100, got {value}");
        guess.ok_or(EnvironmentError::InvalidAction { agent, why })
    }
}

/// Makes a game of each episode.
pub struct Numbers;

impl EnvironmentFactory for Numbers {
    type Environment = Guessing;

    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Guessing, EnvironmentError> {
        let mut draws = StreamKey::episode(seed, episode, Purpose::Truth).open();
        Ok(Guessing(draws.random_range(1..=100), None))
    }
}
