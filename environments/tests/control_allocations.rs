//! Steps, starts and batches allocate nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use rounds_environments::control::classic::{CartPole, MountainCar, Pendulum};
use rounds_environments::control::data::{
    End, Episode, Header, Sampler, SamplerConfig, Trajectories,
};
use rounds_environments::control::maze::{MazeConfig, PointMaze};
use rounds_environments::control::stabilise::{Stabilise, StabiliseConfig};
use rounds_environments::control::{ControlEnvironment, Dynamics, PointMass, Vectorised};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

fn steps_of<D: Dynamics>(dynamics: D) {
    let name = dynamics.name();
    let mut many = Vectorised::new(dynamics, 16, RunSeed(1), EpisodeIx(0)).unwrap();
    let actions = vec![1.0; 16 * many.space().action_size()];
    let key = StreamKey::episode(RunSeed(1), EpisodeIx(1), Purpose::Truth);
    let counted = allocation_counter::measure(|| {
        for _ in 0..300 {
            many.advance(&actions).unwrap();
            for entity in 0..16 {
                if many.is_over(entity) {
                    many.start(entity, key);
                }
            }
        }
    });
    assert_eq!(counted.count_total, 0, "{name}");
}

#[test]
fn steps_and_starts_allocate_nothing() {
    steps_of(CartPole::default());
    steps_of(Pendulum::default());
    steps_of(MountainCar::default());
    steps_of(PointMass::default());
    steps_of(Stabilise::new(StabiliseConfig::default()).unwrap());
    let maze = MazeConfig {
        new_goals: true,
        ..MazeConfig::default()
    };
    steps_of(PointMaze::new(maze).unwrap());
}

#[test]
fn batches_allocate_nothing() {
    let mut data = Trajectories::new(Header::default(), 2, 1).unwrap();
    for steps in [1, 30, 7] {
        let episode = Episode {
            observations: &vec![0.5; 2 * steps],
            actions: &vec![0.1; steps],
            rewards: &vec![1.0; steps],
            end: End::Terminal,
            last: None,
        };
        data.push(episode).unwrap();
    }
    let sampler: Sampler<f32> = Sampler::new(&data, SamplerConfig::default()).unwrap();
    let mut batch = sampler.room(64);
    let key = StreamKey::episode(RunSeed(1), EpisodeIx(0), Purpose::Training);
    let mut stream = key.open();
    let counted = allocation_counter::measure(|| {
        for _ in 0..10 {
            sampler.sample(&mut stream, &mut batch);
        }
    });
    assert_eq!(counted.count_total, 0);
}
