//! Reference vectors of control environments.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

mod golden_files;
mod trajectory_vectors;

use golden_files::{counted, list, real};
use rounds_environments::control::classic::{CartPole, MountainCar, Pendulum};
use rounds_environments::control::maze::{MazeConfig, PointMaze};
use rounds_environments::control::{ControlEnvironment, Dynamics, Vectorised};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use serde_json::Value;
use trajectory_vectors::{close, reals, vectors};

fn key() -> StreamKey {
    StreamKey::episode(RunSeed(0), EpisodeIx(0), Purpose::Dynamics)
}

/// Plays a case by the equations alone, and among others in one call until it ends.
fn play<D>(dynamics: D, case: &Value, what: &str) -> usize
where
    D: Dynamics<State: AsRef<[f64]> + AsMut<[f64]>>,
{
    let start = reals(&case["init_state"]);
    let mut state = dynamics.start(key());
    let numbers = state.as_mut();
    numbers.fill(0.0);
    numbers[..start.len()].copy_from_slice(&start);
    let mut many = Vectorised::new(dynamics, 3, RunSeed(0), EpisodeIx(0)).unwrap();
    many.set_state(1, &state);
    let size = many.space().observation_size();
    let mut seen = vec![0.0; size];
    let mut over = false;
    for (t, action) in list(&case["actions"]).iter().enumerate() {
        let what = format!("{what}, step {t}");
        let action = reals(action);
        let moved = many.dynamics().advance(&mut state, &action, key());
        many.dynamics().observe(&state, &mut seen);
        let after = reals(&case["state_after"][t]);
        close(&state.as_ref()[..after.len()], &after, 1e-9, &what);
        let widened: Vec<f64> = seen.iter().map(|seen| f64::from(*seen)).collect();
        close(&widened, &reals(&case["obs"][t]), 1e-6, &what);
        close(&[moved.reward], &reals(&case["reward"][t]), 1e-9, &what);
        let ends = case["terminated"][t].as_bool();
        assert_eq!(Some(moved.terminated), ends, "{what}");
        if over {
            continue;
        }
        let stepped = many.advance(&action.repeat(3)).unwrap();
        assert_eq!(stepped.rewards[1], moved.reward, "{what}");
        assert_eq!(stepped.terminated[1], moved.terminated, "{what}");
        assert_eq!(many.state(1), state, "{what}");
        assert_eq!(many.observations()[size..2 * size], seen, "{what}");
        over = many.is_over(1);
    }
    list(&case["actions"]).len()
}

#[test]
fn golden_classic_control() {
    let Some(file) = vectors("classic_control.json") else {
        return;
    };
    let cases = list(&file["cases"]);
    let (mut steps, mut played) = (0, 0);
    for (number, case) in cases.iter().enumerate() {
        let name = case["env"].as_str().unwrap();
        let what = format!("case {number}, {name}");
        steps += match name {
            "CartPole-v1" => play(CartPole::default(), case, &what),
            "Pendulum-v1" => play(Pendulum::default(), case, &what),
            "MountainCarContinuous-v0" => play(MountainCar::default(), case, &what),
            other => {
                println!("skipped: no environment is called {other}");
                continue;
            }
        };
        played += 1;
    }
    counted("classic_control.json", played);
    println!("{steps} steps");
}

/// The maze of a case, where it is one of the project's.
fn maze(case: &Value) -> Option<PointMaze> {
    let name = case["env"].as_str().unwrap();
    if !name.starts_with("PointMaze_UMaze") {
        println!("skipped: no maze is called {name}");
        return None;
    }
    let config = MazeConfig {
        dense: name.contains("Dense"),
        continuing: case["continuing_task"].as_bool().unwrap(),
        ..MazeConfig::default()
    };
    Some(PointMaze::new(config).unwrap())
}

fn at(numbers: &[f64], goal: &[f64]) -> [f64; 6] {
    [numbers, goal].concat().try_into().unwrap()
}

#[test]
fn golden_point_maze() {
    let Some(file) = vectors("point_maze.json") else {
        return;
    };
    let cases = list(&file["cases"]);
    let (mut played, mut steps, mut free, mut worst) = (0, 0, 0, 0.0_f64);
    for (number, case) in cases.iter().enumerate() {
        let Some(maze) = maze(case) else {
            continue;
        };
        played += 1;
        let goal = reals(&case["goal"]);
        let start = [reals(&case["qpos0"]), reals(&case["qvel0"])].concat();
        // Once on from its own states and once from the vectors' state before each step.
        let (mut state, mut before) = (at(&start, &goal), start);
        let actions = list(&case["actions"]).iter().map(reals);
        for (t, (action, seen)) in actions.zip(list(&case["obs"])).enumerate() {
            let what = format!("case {number}, step {t}");
            let after = reals(seen);
            let touches = !maze.is_free([before[0], before[1]]);
            let mut single = at(&before, &goal);
            let tolerance = if touches { 1e-6 } else { 1e-9 };
            for (state, tolerance) in [(&mut single, tolerance), (&mut state, 1e-6)] {
                let moved = maze.advance(state, &action, key());
                let miss = |(got, expected): (&f64, &f64)| (got - expected).abs();
                worst = state.iter().zip(&after).map(miss).fold(worst, f64::max);
                close(&state[..4], &after, tolerance, &what);
                close(
                    &[moved.reward],
                    &[real(&case["reward"][t])],
                    tolerance,
                    &what,
                );
                let ends = case["terminated"][t].as_bool();
                assert_eq!(Some(moved.terminated), ends, "{what}");
            }
            // Without contact a step is a closed form.
            if !touches {
                for axis in [0, 1] {
                    let v = before[2 + axis].clamp(-5.0, 5.0);
                    let push = 100.0 * action[axis].clamp(-1.0, 1.0) - v;
                    let v = v + 0.01 * push / (maze.config().mass() + 0.01);
                    let x = before[axis] + 0.01 * v;
                    close(&[x, v], &[after[axis], after[2 + axis]], 1e-9, &what);
                }
                free += 1;
            }
            before = after;
            steps += 1;
        }
    }
    counted("point_maze.json", played);
    println!("{steps} steps, {free} of them free of contact, largest miss {worst:e}");
    assert!(free > 0, "expected steps that are free of contact");
}
