//! The world of drifting targets and what is known of them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::config::{EkfConfig, Sensor};
use super::estimate::Estimate;
use crate::coordination::ground::Ground;
use crate::coordination::motion::{Movers, distance, point_in_disc, starts};
use crate::coordination::objective::Objective;
use crate::coordination::objectives::{Information, Symmetric};
use crate::coordination::told;
use crate::coordination::world::{CoordinationWorld, Picture};
use crate::environment::EnvironmentError;
use crate::ids::{AgentId, EpisodeIx, RoundIx};
use crate::streams::{Purpose, RunSeed, Stream, StreamKey, normal_pair};

/// Agents measure targets from where they go; the team is paid for what it gets to know.
///
/// In a round the targets drift, the objective is what measurements from the agents' new places would
/// tell, judged at the predicted means, and then the agents move and those that did something measure
/// every target. The reward is `f_t`, summed over targets and not divided by anything: over an episode
/// it telescopes to `2 m q²` a round, plus the first uncertainty less the last, so it hardly tells
/// methods apart and the posterior trace does.
///
/// # Determinism
/// Drift comes from a stream for each target and round, noise from one for each agent and round.
///
/// # Source
/// MA-OC card, section 8.2.
#[derive(Debug)]
pub struct EkfWorld {
    config: Arc<EkfConfig>,
    base: StreamKey,
    round: RoundIx,
    ground: Arc<Ground>,
    movers: Movers,
    places: Vec<[f64; 2]>,
    estimates: Vec<Estimate>,
    /// Of the estimates.
    means: Vec<[f64; 2]>,
    /// The estimates that the last objective was made of.
    revealed: Vec<Estimate>,
    objective: Information,
    /// Room for the places of an agent after each action.
    x: Vec<f64>,
    y: Vec<f64>,
    /// Measurements of a round, `[agent][target]`.
    measurements: Vec<[f64; 2]>,
    measured: [f64; 2],
}

fn stream(base: StreamKey, of: usize, round: RoundIx, purpose: Purpose) -> Stream {
    let key = StreamKey {
        agent: Some(AgentId(of as u32)),
        round,
        purpose,
        ..base
    };
    key.open()
}

impl EkfWorld {
    /// The world of an episode. The settings must be valid.
    ///
    /// # Errors
    /// [`EnvironmentError::Failed`] when there are more agents and actions than can be numbered.
    pub fn new(
        config: Arc<EkfConfig>,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Self, EnvironmentError> {
        let base = StreamKey::episode(seed, episode, Purpose::Dynamics);
        let kappa = config.motion.actions();
        let ground = Ground::new(&vec![kappa; config.agents])
            .map_err(|error| EnvironmentError::Failed(error.to_string()))?;
        let ground = Arc::new(ground);
        let agents = starts(base, config.agents, config.start_radius);
        let error = config.mean_error_variance.sqrt();
        let drawn = (0..config.targets).map(|j| {
            let mut stream = stream(base, j, RoundIx(0), Purpose::Dynamics);
            let place = point_in_disc(config.start_radius, &mut stream);
            let [x, y] = normal_pair(&mut stream);
            let estimate = Estimate {
                mean: [place[0] + error * x, place[1] + error * y],
                covariance: Symmetric([config.prior_variance, 0.0, config.prior_variance]),
            };
            (place, estimate)
        });
        let (places, estimates): (_, Vec<Estimate>) = drawn.unzip();
        let mut world = Self {
            base,
            round: RoundIx(0),
            objective: Information::empty(ground.clone(), config.criterion, config.targets),
            ground,
            movers: Movers::new(&config.motion, agents),
            places,
            means: vec![[0.0; 2]; config.targets],
            revealed: estimates.clone(),
            estimates,
            x: vec![0.0; kappa],
            y: vec![0.0; kappa],
            measurements: vec![[0.0; 2]; config.agents * config.targets],
            measured: [0.0; 2],
            config,
        };
        world.measure();
        Ok(world)
    }

    /// What is known of each target.
    pub fn estimates(&self) -> &[Estimate] {
        &self.estimates
    }

    fn score(&mut self) {
        let estimates = &self.estimates;
        let predicted = estimates.iter().map(|e| e.covariance.inverse());
        self.objective.set_prior(predicted);
        let movers = &self.movers;
        let (x, y) = (&mut self.x, &mut self.y);
        let sensor = &self.config.sensor;
        self.objective.refill(|agent, block| {
            movers.after_all(agent, x, y);
            fill(sensor, x, y, estimates, block);
        });
    }

    /// The agents that did something measure all targets from where they are.
    fn sense(&mut self, actions: &[Option<u32>]) {
        let m = self.places.len();
        let sensor = self.config.sensor;
        for (agent, from) in self.movers.positions.iter().enumerate() {
            if actions[agent].is_none() {
                continue;
            }
            let mut stream = stream(self.base, agent, self.round, Purpose::Noise);
            let rows = &mut self.measurements[agent * m..(agent + 1) * m];
            for (measured, place) in rows.iter_mut().zip(&self.places) {
                let range = distance(*place, *from);
                let bearing = libm::atan2(place[1] - from[1], place[0] - from[0]);
                let noise = sensor.range_noise + sensor.range_noise_slope * range;
                let [u, v] = normal_pair(&mut stream);
                *measured = [range + noise * u, bearing + sensor.bearing_noise_rad * v];
            }
        }
        for (j, estimate) in self.estimates.iter_mut().enumerate() {
            let positions = self.movers.positions.iter().enumerate();
            let acted = positions.filter(|(agent, _)| actions[*agent].is_some());
            let rows = &self.measurements;
            estimate.update(
                &sensor,
                acted.map(|(agent, from)| (*from, rows[agent * m + j])),
            );
        }
    }

    fn measure(&mut self) {
        let estimates = self.estimates.iter();
        let trace = estimates.clone().map(|e| e.covariance.trace()).sum();
        let errors = estimates
            .zip(&self.places)
            .map(|(e, place)| distance(e.mean, *place));
        for (mean, estimate) in self.means.iter_mut().zip(&self.estimates) {
            *mean = estimate.mean;
        }
        self.measured = [trace, errors.sum::<f64>() / self.places.len() as f64];
    }
}

/// The information of every action about every target, as [`super::Linear`] has it, written out so that
/// it runs in vector registers.
fn fill(sensor: &Sensor, x: &[f64], y: &[f64], estimates: &[Estimate], block: &mut [f64]) {
    let kappa = x.len();
    let bearing = sensor.bearing_noise_rad * sensor.bearing_noise_rad;
    for (part, estimate) in block.chunks_exact_mut(3 * kappa).zip(estimates) {
        let (xx, rest) = part.split_at_mut(kappa);
        let (xy, yy) = rest.split_at_mut(kappa);
        let [mean_x, mean_y] = estimate.mean;
        for a in 0..kappa {
            let (dx, dy) = (mean_x - x[a], mean_y - y[a]);
            let range = (dx * dx + dy * dy).sqrt();
            let r = if range > sensor.least_range {
                range
            } else {
                sensor.least_range
            };
            let noise = sensor.range_noise + sensor.range_noise_slope * r;
            let square = r * r;
            let along = 1.0 / (square * noise * noise);
            let across = 1.0 / (square * square * bearing);
            xx[a] = along * dx * dx + across * dy * dy;
            xy[a] = (along - across) * dx * dy;
            yy[a] = along * dy * dy + across * dx * dx;
        }
    }
}

impl CoordinationWorld for EkfWorld {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn reveal(&mut self, round: RoundIx) -> Result<(), EnvironmentError> {
        self.round = round;
        let drift = self.config.drift;
        let targets = self.places.iter_mut().zip(&mut self.estimates);
        for (j, (place, estimate)) in targets.enumerate() {
            let [x, y] = normal_pair(&mut stream(self.base, j, round, Purpose::Dynamics));
            place[0] += drift * x;
            place[1] += drift * y;
            estimate.predict(drift);
        }
        self.revealed.copy_from_slice(&self.estimates);
        self.score();
        Ok(())
    }

    fn objective(&self) -> &dyn Objective {
        &self.objective
    }

    fn apply(&mut self, actions: &[Option<u32>]) -> Result<(), EnvironmentError> {
        self.movers.apply(actions)?;
        self.sense(actions);
        self.measure();
        Ok(())
    }

    /// `posterior_trace`: `sum_j tr(P_j)` after the measurements; `position_error`: distance of a mean
    /// from its target, mean over targets.
    fn measures(&self) -> &'static [&'static str] {
        &["posterior_trace", "position_error"]
    }

    fn measured(&self, out: &mut [f64]) {
        out.copy_from_slice(&self.measured);
    }

    fn picture(&self) -> Option<Picture<'_>> {
        Some(Picture {
            agents: &self.movers.positions,
            targets: &self.places,
        })
    }

    fn seen(&self) -> Option<Picture<'_>> {
        Some(Picture {
            agents: &self.movers.positions,
            targets: &self.means,
        })
    }

    fn rules(&self) -> &str {
        include_str!("rules.txt")
    }

    /// `place` of the agent, and the nearest of the `targets` with the `spread` of each, as they were
    /// estimated when the last round was revealed; the measurements since make the round to come.
    fn describe_agent(&self, agent: usize) -> Value {
        let Some(&at) = self.movers.positions.get(agent) else {
            return json!({});
        };
        let means = self.revealed.iter().map(|estimate| estimate.mean);
        let targets = told::targets(at, means, |target, told| {
            let spread = self.revealed[target].covariance.trace().sqrt();
            told["spread"] = json!(told::short(spread));
        });
        json!({"place": told::place(at), "targets": targets})
    }

    fn action_name(&self, _: usize, action: u32) -> String {
        self.config.motion.name(action)
    }
}
