//! An environment and a policy of one's own, through the same engine, files and statistics.
//!
//! `cargo run --release --example thermostat` heats a draughty room and compares two policies.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use rounds::prelude::*;

/// A room that loses heat to the wind; one agent switches the heater, minute by minute.
struct Room {
    draws: StreamKey,
    minute: u32,
    celsius: f64,
}

impl Environment for Room {
    type Observation = f64;
    type Action = bool;

    fn agents(&self) -> usize {
        1
    }

    fn observe(&self, _: AgentId) -> f64 {
        self.celsius
    }

    fn step(&mut self, heat: &[bool]) -> Result<StepOutcome, EnvironmentError> {
        self.minute += 1;
        self.draws.round = RoundIx(self.minute);
        let wind: f64 = self.draws.open().random_range(0.0..0.6);
        self.celsius += if heat[0] { 0.7 - wind } else { -wind };
        Ok(StepOutcome {
            rewards: vec![-(self.celsius - 21.0).abs()],
            terminated: self.minute == 60,
            minutes: 1.0,
        })
    }

    fn action_value(&self, heat: &bool) -> Value {
        json!(heat)
    }
}

struct House;

impl EnvironmentFactory for House {
    type Environment = Room;

    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Room, EnvironmentError> {
        let draws = StreamKey::episode(seed, episode, Purpose::Dynamics);
        Ok(Room {
            draws,
            minute: 0,
            celsius: draws.open().random_range(15.0..25.0),
        })
    }
}

struct Thermostat;

impl Policy<f64, bool> for Thermostat {
    fn decide(&self, _: RunSeed, rooms: &[Ask<f64>]) -> Decisions<bool> {
        Ok(rooms.iter().map(|r| Ok(r.observation < 21.0)).collect())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let game = Stepped::named("thermostat");
    println!("{}", testkit::stepped(&game, House, Thermostat).check());
    let arms = [
        game.arm("random", House, RandomChoice::new(vec![true, false])?),
        game.arm("thermostat", House, Thermostat),
    ];
    let summary = run_arms("runs/thermostat", &arms, 2)?;
    println!("{}", text_table(&summary, &[]));
    Ok(())
}
