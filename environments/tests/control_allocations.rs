//! Steps and starts allocate nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use rounds_environments::control::classic::{CartPole, MountainCar, Pendulum};
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
