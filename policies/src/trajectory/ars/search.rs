//! Iterations of the search.

use rounds_environments::control::data::{ActionMap, Episode, Header, Trajectories};
use rounds_environments::control::{ControlEnvironment, Space};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey, normal_pair};

use super::config::ArsConfig;
use super::linear::{LinearController, act, bounds};
use super::whitening::Whitening;
use crate::trajectory::collect::collect;
use crate::trajectory::controller::Controller;
use crate::trajectory::error::CollectError;

/// What a search knows between two iterations.
///
/// With the whitened observation `x`, the weights `W` (0 at first) and `N` directions drawn from the standard normal
/// distribution, an iteration is:
///
/// ```text
/// r+, r- = returns of rollouts with W + nu direction and W - nu direction, less `shift` a step
/// W <- W + alpha / (b sigma) sum (r+ - r-) direction
/// ```
///
/// over the `b` directions with the largest `max(r+, r-)`, `sigma` being the deviation of their `2 b` returns.
/// All rollouts of an iteration start at once, so they are whitened by what was seen before it. Where all returns
/// are equal, nothing is learnt.
///
/// # Determinism
/// Directions are drawn from streams keyed by seed and iteration; rollout `i` of all is episode `i` of a run with the seed.
///
/// # Source
/// Trajectory card, section 8.1.
#[derive(Debug, Clone)]
pub struct Search {
    config: ArsConfig,
    seed: RunSeed,
    bounds: ActionMap,
    /// `[action, observation]`.
    weights: Vec<f64>,
    whitening: Whitening,
    iterations: u32,
    steps: u64,
}

/// All rollouts of an iteration, each with weights of its own.
#[derive(Debug)]
struct Rollouts {
    /// The first episode.
    first: u32,
    bounds: ActionMap,
    mean: Vec<f64>,
    scale: Vec<f64>,
    /// `[rollouts, action, observation]`.
    weights: Vec<f64>,
}

impl Controller for Rollouts {
    fn act(&self, observations: &[f32], keys: &[StreamKey], actions: &mut [f64]) {
        let (seen, done) = (self.mean.len(), self.bounds.low.len());
        let rows = observations.chunks_exact(seen);
        for ((seen, action), key) in rows.zip(actions.chunks_exact_mut(done)).zip(keys) {
            let size = seen.len() * done;
            let rollout = (key.episode.0 - self.first) as usize;
            let weights = &self.weights[rollout * size..][..size];
            let numbers = seen.iter().zip(&self.mean).zip(&self.scale);
            let whitened =
                numbers.map(|((number, mean), scale)| (f64::from(*number) - mean) * scale);
            act(weights.iter().copied(), whitened, action);
        }
        self.bounds.to_environment(actions);
    }
}

impl Search {
    /// A search that has seen nothing.
    ///
    /// # Errors
    /// [`CollectError::Setting`] for settings that cannot be, or an environment of choices.
    pub fn new(space: &Space, config: ArsConfig, seed: RunSeed) -> Result<Self, CollectError> {
        config.validate()?;
        let (seen, done) = (space.observation_size(), space.action_size());
        Ok(Self {
            config,
            seed,
            bounds: bounds(space)?,
            weights: vec![0.0; seen * done],
            whitening: Whitening::new(seen),
            iterations: 0,
            steps: 0,
        })
    }

    /// Iterations that were made.
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Steps of the environment that rollouts have made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The policy as it is now.
    pub fn controller(&self) -> LinearController {
        let single = |numbers: &[f64]| numbers.iter().map(|number| *number as f32).collect();
        LinearController {
            mean: single(self.whitening.mean()),
            scale: single(&self.whitening.scale()),
            weights: single(&self.weights),
            bounds: self.bounds.clone(),
        }
    }

    /// The directions of the next iteration.
    ///
    /// # Shapes
    /// `[directions, action, observation]`.
    fn directions(&self) -> Vec<f64> {
        let iteration = EpisodeIx(self.iterations);
        let key = StreamKey::episode(self.seed, iteration, Purpose::Training);
        let mut stream = key.open();
        let count = self.config.directions as usize * self.weights.len();
        let pairs = std::iter::repeat_with(|| normal_pair(&mut stream));
        pairs.flatten().take(count).collect()
    }

    /// One iteration; what its rollouts were, the two of a direction one after the other.
    ///
    /// # Errors
    /// [`CollectError`] of an environment that fails; nothing was learnt then.
    pub fn iterate(
        &mut self,
        environment: &mut dyn ControlEnvironment,
    ) -> Result<Trajectories, CollectError> {
        let directions = self.directions();
        let size = self.weights.len();
        let noise = self.config.noise;
        let rollout = |direction: &[f64], noise: f64| -> Vec<f64> {
            let moved = self.weights.iter().zip(direction);
            moved.map(|(w, way)| w + noise * way).collect()
        };
        let both = |way| [rollout(way, noise), rollout(way, -noise)].concat();
        let count = 2 * self.config.directions;
        let first = self.iterations * count;
        let rollouts = Rollouts {
            first,
            bounds: self.bounds.clone(),
            mean: self.whitening.mean().to_vec(),
            scale: self.whitening.scale(),
            weights: directions.chunks_exact(size).flat_map(both).collect(),
        };
        let header = Header {
            collector: "augmented random search".to_owned(),
            ..Header::default()
        };
        let episodes = first..first + count;
        let data = collect(environment, &rollouts, episodes, self.seed, header)?;
        self.learn(&directions, &data);
        Ok(data)
    }

    fn learn(&mut self, directions: &[f64], data: &Trajectories) {
        let shifted = |episode: Episode<'_>| {
            episode.total_reward() - self.config.shift * episode.steps() as f64
        };
        let returns: Vec<f64> = data.iter().map(shifted).collect();
        let pairs = returns.as_chunks::<2>().0;
        let mut best: Vec<usize> = (0..pairs.len()).collect();
        let most = |at: usize| pairs[at][0].max(pairs[at][1]);
        best.sort_by(|one, other| most(*other).total_cmp(&most(*one)));
        best.truncate(self.config.top as usize);
        // Sums in the order of the directions, whatever their rank.
        best.sort_unstable();
        let count = best.len() as f64;
        let all = best.iter().flat_map(|at| pairs[*at]);
        let mean = all.clone().sum::<f64>() / (2.0 * count);
        let squares = all.map(|total| (total - mean) * (total - mean));
        let deviation = (squares.sum::<f64>() / (2.0 * count)).sqrt();
        if deviation > 0.0 {
            let size = self.weights.len();
            for at in best {
                let [with, against] = pairs[at];
                let step = self.config.step / (count * deviation) * (with - against);
                let direction = &directions[at * size..][..size];
                for (weight, way) in self.weights.iter_mut().zip(direction) {
                    *weight += step * way;
                }
            }
        }
        self.whitening.add(data.observations());
        self.iterations += 1;
        self.steps += data.steps() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rounds_environments::control::{PointMass, Vectorised};

    const SEED: RunSeed = RunSeed(4);

    fn points(entities: usize) -> Vectorised<PointMass> {
        Vectorised::new(PointMass::default(), entities, RunSeed(0), EpisodeIx(0)).unwrap()
    }

    fn config() -> ArsConfig {
        ArsConfig {
            directions: 5,
            top: 2,
            step: 0.3,
            noise: 0.2,
            ..ArsConfig::default()
        }
    }

    /// The step of the card, written down once more over the rollouts that were played.
    #[test]
    fn an_iteration_is_the_step_of_the_card() {
        let mut environment = points(3);
        let mut search = Search::new(environment.space(), config(), SEED).unwrap();
        for _ in 0..3 {
            let (before, directions) = (search.weights.clone(), search.directions());
            let data = search.iterate(&mut environment).unwrap();
            let returns: Vec<f64> = data.returns().iter().map(|r| r - 50.0).collect();
            let mut ranked: Vec<usize> = (0..5).collect();
            let most = |at: usize| returns[2 * at].max(returns[2 * at + 1]);
            ranked.sort_by(|a, b| most(*b).total_cmp(&most(*a)));
            let top = &ranked[..2];
            let used: Vec<f64> = top
                .iter()
                .flat_map(|at| [returns[2 * at], returns[2 * at + 1]])
                .collect();
            let mean = used.iter().sum::<f64>() / 4.0;
            let sigma = (used.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 4.0).sqrt();
            for at in 0..8 {
                let sum: f64 = top
                    .iter()
                    .map(|d| (returns[2 * d] - returns[2 * d + 1]) * directions[8 * d + at])
                    .sum();
                let expected = before[at] + 0.3 / (2.0 * sigma) * sum;
                let got = search.weights[at];
                assert!((got - expected).abs() < 1e-12, "{got} {expected}");
            }
        }
        assert_eq!((search.iterations(), search.steps()), (3, 3 * 10 * 50));
    }

    /// Rollouts act with the weights of their direction, one with it and one against it.
    #[test]
    fn rollouts_go_both_ways() {
        let mut environment = points(10);
        let mut search = Search::new(environment.space(), config(), SEED).unwrap();
        let directions = search.directions();
        let data = search.iterate(&mut environment).unwrap();
        for (number, episode) in data.iter().enumerate() {
            let sign = if number % 2 == 0 { 0.2 } else { -0.2 };
            let direction = &directions[number / 2 * 8..][..8];
            let seen = &episode.observations[..4];
            for (action, weights) in episode.actions[..2].iter().zip(direction.chunks(4)) {
                // Nothing was seen before the first iteration, so nothing is whitened.
                let sum: f64 = weights.iter().zip(seen).map(|(w, x)| w * x).sum();
                let expected = (sign * sum).clamp(-1.0, 1.0);
                assert!((action - expected).abs() < 1e-12, "{action} {expected}");
            }
        }
    }

    #[test]
    fn equal_returns_teach_nothing() {
        // A point that cannot be pushed.
        let still = PointMass {
            push: 0.0,
            start: 0.0,
            action_cost: 0.0,
            ..PointMass::default()
        };
        let mut environment = Vectorised::new(still, 2, RunSeed(0), EpisodeIx(0)).unwrap();
        let mut search = Search::new(environment.space(), config(), SEED).unwrap();
        search.iterate(&mut environment).unwrap();
        assert!(search.weights.iter().all(|weight| *weight == 0.0));
        let controller = search.controller();
        assert_eq!(controller.scale, [0.0; 4]);
        controller.validate().unwrap();
    }
}
