//! The area world.

use std::sync::Arc;

use rand::RngExt;
use serde_json::{Value, json};

use super::config::AreaConfig;
use crate::coordination::ground::Ground;
use crate::coordination::motion::{check_actions, distance, point_in_disc};
use crate::coordination::objective::Objective;
use crate::coordination::objectives::WeightedCoverage;
use crate::coordination::told;
use crate::coordination::world::{CoordinationWorld, Picture};
use crate::environment::EnvironmentError;
use crate::ids::{AgentId, EpisodeIx, RoundIx};
use crate::streams::{Purpose, RunSeed, StreamKey};

/// Agents at fixed places of the unit square choose where to look; the team is paid for the area seen.
///
/// The places of an agent are drawn evenly from a disc around it and pushed into the square; a cell
/// is seen when its centre is in the disc of a place. The objective is the same in all rounds, so
/// methods can be watched as they settle.
#[derive(Debug)]
pub struct AreaWorld {
    ground: Arc<Ground>,
    agents: Vec<[f64; 2]>,
    /// Where each element looks.
    places: Vec<[f64; 2]>,
    objective: WeightedCoverage,
    summary: Vec<f64>,
    covered: f64,
}

impl AreaWorld {
    /// The world of an episode. The settings must be valid.
    ///
    /// # Errors
    /// [`EnvironmentError::Failed`] when there are more agents and actions than can be numbered.
    pub fn new(
        config: &AreaConfig,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Self, EnvironmentError> {
        let failed = |error: &dyn std::error::Error| EnvironmentError::Failed(error.to_string());
        let ground = Ground::new(&vec![config.actions; config.agents]);
        let ground = Arc::new(ground.map_err(|error| failed(&error))?);
        let mut agents = Vec::with_capacity(config.agents);
        let mut places = Vec::with_capacity(ground.len());
        for agent in 0..config.agents as u32 {
            let agent = AgentId(agent);
            let key = StreamKey::agent(seed, episode, agent, RoundIx(0), Purpose::Truth);
            let mut stream = key.open();
            let [x, y]: [f64; 2] = [stream.random(), stream.random()];
            agents.push([x, y]);
            for _ in 0..config.actions {
                let [dx, dy] = point_in_disc(config.reach, &mut stream);
                places.push([(x + dx).clamp(0.0, 1.0), (y + dy).clamp(0.0, 1.0)]);
            }
        }
        let covers: Vec<_> = places.iter().map(|place| seen(*place, config)).collect();
        let count = config.cells * config.cells;
        let weights = vec![1.0 / count as f64; count];
        let objective = WeightedCoverage::new(ground.clone(), weights, &covers);
        Ok(Self {
            ground,
            agents,
            places,
            objective: objective.map_err(|error| failed(&error))?,
            summary: vec![0.0; count],
            covered: 0.0,
        })
    }
}

/// Cells whose centres are in sight of a place.
fn seen(place: [f64; 2], config: &AreaConfig) -> Vec<usize> {
    let side = config.cells;
    let centre = |k: usize| (k as f64 + 0.5) / side as f64;
    // Rows and columns near enough, one more on each side for safety.
    let near = |at: f64| {
        let first = ((at - config.sensor_radius) * side as f64 - 1.0).max(0.0) as usize;
        let last = ((at + config.sensor_radius) * side as f64 + 2.0) as usize;
        first.min(side)..last.min(side)
    };
    let mut cells = Vec::new();
    for row in near(place[1]) {
        for column in near(place[0]) {
            if distance(place, [centre(column), centre(row)]) <= config.sensor_radius {
                cells.push(row * side + column);
            }
        }
    }
    cells
}

impl CoordinationWorld for AreaWorld {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn reveal(&mut self, _: RoundIx) -> Result<(), EnvironmentError> {
        Ok(())
    }

    fn objective(&self) -> &dyn Objective {
        &self.objective
    }

    fn apply(&mut self, actions: &[Option<u32>]) -> Result<(), EnvironmentError> {
        let ground = &self.ground;
        check_actions(actions, ground.agents(), |agent| ground.actions(agent))?;
        self.objective.clear(&mut self.summary);
        for (agent, action) in actions.iter().enumerate() {
            if let Some(action) = action {
                let element = self.ground.element(agent, *action);
                self.objective.insert(element, &mut self.summary);
            }
        }
        self.covered = self.objective.value(&self.summary);
        Ok(())
    }

    /// `covered_area`: share of the square that is seen.
    fn measures(&self) -> &'static [&'static str] {
        &["covered_area"]
    }

    fn measured(&self, out: &mut [f64]) {
        out[0] = self.covered;
    }

    fn picture(&self) -> Option<Picture<'_>> {
        Some(Picture {
            agents: &self.agents,
            targets: &[],
        })
    }

    fn rules(&self) -> &str {
        include_str!("rules.txt")
    }

    /// `place` of the agent.
    fn describe_agent(&self, agent: usize) -> Value {
        let place = self.agents.get(agent);
        place.map_or_else(|| json!({}), |&at| json!({"place": told::place(at)}))
    }

    fn action_name(&self, agent: usize, action: u32) -> String {
        let [x, y] = self.places[self.ground.element(agent, action)];
        format!("look at ({x:.2}, {y:.2})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_is_as_large_as_it_is() {
        let config = AreaConfig {
            cells: 200,
            ..AreaConfig::default()
        };
        let share = seen([0.5, 0.5], &config).len() as f64 / 40_000.0;
        let area = std::f64::consts::PI * 0.12 * 0.12;
        assert!((share - area).abs() < 2e-4, "{share} {area}");
        // A quarter of it in a corner.
        let share = seen([1.0, 0.0], &config).len() as f64 / 40_000.0;
        assert!((share - area / 4.0).abs() < 2e-4, "{share}");
        let whole = AreaConfig {
            sensor_radius: 2.0,
            cells: 7,
            ..config
        };
        assert_eq!(seen([0.3, 0.9], &whole).len(), 49);
    }

    #[test]
    fn the_area_seen_is_the_reward() {
        let config = AreaConfig::default();
        let mut world = AreaWorld::new(&config, RunSeed(1), EpisodeIx(0)).unwrap();
        world.reveal(RoundIx(1)).unwrap();
        let mut out = [0.0];
        world.apply(&[None; 20]).unwrap();
        world.measured(&mut out);
        assert_eq!(out[0], 0.0);
        world.apply(&[Some(3); 20]).unwrap();
        world.measured(&mut out);
        assert!((0.1..0.9).contains(&out[0]), "{out:?}");
        assert!(world.apply(&[Some(10); 20]).is_err());
    }
}
