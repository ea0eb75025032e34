//! Reference vectors of MuJoCo's bodies, and what holds of all of them.
#![cfg(feature = "mujoco")]
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

mod golden_files;
mod trajectory_vectors;

use golden_files::{counted, list, real};
use rand::RngExt;
use rounds_environments::control::mujoco::{
    Body, Mujoco, MujocoConfig, MujocoFactory, Simulation, Step,
};
use rounds_environments::control::{Actions, ControlEnvironment};
use rounds_environments::environment::{Describe, Environment, EnvironmentFactory};
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use serde_json::Value;
use trajectory_vectors::{close, reals, vectors};

const SEED: RunSeed = RunSeed(8);

fn body(name: &Value) -> Body {
    match name.as_str().unwrap() {
        "Hopper-v5" => Body::Hopper,
        "HalfCheetah-v5" => Body::HalfCheetah,
        "Walker2d-v5" => Body::Walker2d,
        "InvertedPendulum-v5" => Body::InvertedPendulum,
        other => panic!("no body {other}"),
    }
}

fn simulation(body: Body) -> Simulation {
    Simulation::new(&MujocoConfig::of(body)).unwrap()
}

/// Largest miss so far.
fn worse(most: &mut f64, got: &[f64], expected: &[f64], what: &str) {
    close(got, expected, 1e-6, what);
    for (got, expected) in got.iter().zip(expected) {
        *most = most.max((got - expected).abs());
    }
}

fn seen(simulation: &Simulation) -> Vec<f64> {
    simulation.seen().collect()
}

#[test]
fn golden_mujoco_courses() {
    let Some(file) = vectors("mujoco_envs.json") else {
        return;
    };
    let (mut steps, mut most) = (0, 0.0);
    let cases = list(&file["cases"]);
    for (number, case) in cases.iter().enumerate() {
        let mut simulation = simulation(body(&case["env"]));
        let (places, speeds) = (reals(&case["qpos0"]), reals(&case["qvel0"]));
        simulation.set_state(&places, &speeds).unwrap();
        let what = format!("case {number}, start");
        worse(&mut most, &seen(&simulation), &reals(&case["obs0"]), &what);
        for (t, action) in list(&case["actions"]).iter().enumerate() {
            let what = format!("case {number}, step {t}");
            let Step {
                reward,
                parts,
                terminated,
                unstable,
            } = simulation.step(&reals(action));
            worse(
                &mut most,
                &seen(&simulation),
                &reals(&case["obs"][t]),
                &what,
            );
            worse(&mut most, &[reward], &reals(&case["reward"][t]), &what);
            assert_eq!(Some(terminated), case["terminated"][t].as_bool(), "{what}");
            assert!(!unstable, "{what}");
            let expected = &case["reward_parts"][t];
            if !expected.is_null() && body(&case["env"]) != Body::InvertedPendulum {
                let way = simulation.places()[0];
                let all = [parts.forward, parts.control, parts.healthy, way];
                worse(&mut most, &all, &reals(expected), &what);
            }
            steps += 1;
        }
        let what = format!("case {number}, end");
        worse(
            &mut most,
            simulation.places(),
            &reals(&case["qpos_end"]),
            &what,
        );
        worse(
            &mut most,
            simulation.speeds(),
            &reals(&case["qvel_end"]),
            &what,
        );
    }
    counted("mujoco_envs.json", cases.len());
    println!("{steps} steps, largest miss {most:e}");
}

#[test]
fn golden_mujoco_single_steps() {
    let Some(file) = vectors("mujoco_envs.json") else {
        return;
    };
    let mut most = 0.0;
    let cases = list(&file["one_step"]);
    for (number, case) in cases.iter().enumerate() {
        let what = format!("step {number}");
        let config = MujocoConfig::of(body(&case["env"]));
        let mut many = Mujoco::new(&config, 2, SEED, EpisodeIx(0)).unwrap();
        let (places, speeds) = (reals(&case["qpos"]), reals(&case["qvel"]));
        many.set_state(1, &places, &speeds).unwrap();
        let action = reals(&case["action"]);
        let stepped = many.advance(&action.repeat(2)).unwrap();
        let (reward, terminated) = (stepped.rewards[1], stepped.terminated[1]);
        worse(&mut most, &[reward], &[real(&case["reward"])], &what);
        assert_eq!(Some(terminated), case["terminated"].as_bool(), "{what}");
        let one = many.simulation(1);
        worse(&mut most, &seen(one), &reals(&case["obs"]), &what);
        worse(&mut most, one.places(), &reals(&case["qpos_next"]), &what);
        worse(&mut most, one.speeds(), &reals(&case["qvel_next"]), &what);
        let size = many.space().observation_size();
        let rounded: Vec<f32> = seen(one).iter().map(|number| *number as f32).collect();
        assert_eq!(many.observations()[size..], rounded, "{what}");
    }
    counted("mujoco_envs.json, one_step", cases.len());
    println!("largest miss {most:e}");
}

fn key(episode: u32) -> StreamKey {
    let (episode, agent) = (EpisodeIx(episode), AgentId(0));
    StreamKey::agent(SEED, episode, agent, RoundIx(0), Purpose::Truth)
}

fn bounds(actions: &Actions) -> (f64, f64) {
    match actions {
        Actions::Continuous { low, high } => (low[0], high[0]),
        Actions::Discrete { .. } => panic!("bodies have bounds"),
    }
}

/// Actions of an episode, a little beyond the bounds.
fn pushes(many: &Mujoco, episode: u32, steps: usize) -> Vec<f64> {
    let mut stream = StreamKey {
        purpose: Purpose::Policy,
        ..key(episode)
    }
    .open();
    let (low, high) = bounds(&many.space().actions);
    let count = steps * many.space().action_size();
    let draw = || stream.random_range(1.1 * low..=1.1 * high);
    std::iter::repeat_with(draw).take(count).collect()
}

/// Bits of all that an entity was and earned in 40 steps of an episode, among others who play other ones.
fn course(body: Body, entities: usize, entity: usize, episode: u32) -> Vec<u64> {
    let config = MujocoConfig::of(body);
    let mut many = Mujoco::new(&config, entities, RunSeed(0), EpisodeIx(99)).unwrap();
    let size = many.space().action_size();
    // Somebody else was here before, and left in the middle.
    for action in pushes(&many, 77, 7).chunks(size) {
        many.advance(&action.repeat(entities)).unwrap();
    }
    let plays = |other: usize| match other == entity {
        true => episode,
        false => 1000 + other as u32,
    };
    for other in 0..entities {
        many.start(other, key(plays(other)));
    }
    let actions: Vec<Vec<f64>> = (0..entities)
        .map(|other| pushes(&many, plays(other), 40))
        .collect();
    let mut all = Vec::new();
    for t in 0..40 {
        let rows = actions.iter().flat_map(|one| &one[t * size..][..size]);
        let now: Vec<f64> = rows.copied().collect();
        let stepped = many.advance(&now).unwrap();
        all.push(stepped.rewards[entity]);
        all.push(f64::from(u8::from(stepped.terminated[entity])));
        all.extend(many.simulation(entity).places());
        all.extend(many.simulation(entity).speeds());
    }
    all.push(many.total_reward(entity));
    all.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn company_and_the_past_change_no_bit() {
    for body in Body::ALL {
        let alone = course(body, 1, 0, 20);
        assert!(course(body, 7, 3, 20) == alone, "{body:?}");
        assert!(course(body, 2, 1, 20) == alone, "{body:?}");
        assert!(course(body, 1, 0, 21) != alone, "{body:?}");
    }
}

#[test]
fn starts_are_near_the_models_start_and_bodies_fall() {
    for (body, noise) in [
        (Body::Hopper, 0.005),
        (Body::Walker2d, 0.005),
        (Body::InvertedPendulum, 0.01),
    ] {
        let mut one = simulation(body);
        let rest: Vec<f64> = one.places().to_vec();
        one.start(key(1));
        for (place, rest) in one.places().iter().zip(rest) {
            assert!((place - rest).abs() <= noise && *place != rest, "{body:?}");
        }
        assert!(one.speeds().iter().all(|speed| speed.abs() <= noise));
        let config = MujocoConfig::of(body);
        let mut many = Mujoco::new(&config, 3, SEED, EpisodeIx(0)).unwrap();
        let idle = vec![0.0; 3 * many.space().action_size()];
        let mut steps = 0;
        while (0..3).any(|entity| !many.is_over(entity)) {
            many.advance(&idle).unwrap();
            steps += 1;
        }
        println!("{body:?} falls within {steps} steps when left alone");
        assert!(steps < 1000, "{body:?}");
        assert!(many.stepped().terminated.iter().all(|ended| *ended));
    }
    let mut cheetah = simulation(Body::HalfCheetah);
    cheetah.start(key(1));
    assert!(cheetah.places().iter().all(|place| place.abs() <= 0.1));
}

#[test]
fn the_limit_cuts_and_what_is_over_stands_still() {
    let config = MujocoConfig {
        step_limit: 5,
        ..MujocoConfig::of(Body::HalfCheetah)
    };
    let mut many = Mujoco::new(&config, 2, SEED, EpisodeIx(0)).unwrap();
    let idle = [0.0; 12];
    many.advance(&idle).unwrap();
    many.retire(0);
    let still = many.simulation(0).places().to_vec();
    for _ in 0..6 {
        many.advance(&idle).unwrap();
    }
    assert_eq!(many.simulation(0).places(), still);
    assert_eq!((many.steps(0), many.steps(1)), (1, 5));
    assert_eq!(many.stepped().truncated, [true, true]);
    assert_eq!(many.stepped().terminated, [false, false]);
    assert_eq!(many.stepped().rewards, [0.0, 0.0]);
    let error = many.advance(&idle[..6]).unwrap_err().to_string();
    assert!(
        error.starts_with("expected 2 actions of 6 numbers"),
        "{error}"
    );
    many.start(0, key(3));
    let mut bad = idle;
    bad[2] = f64::NAN;
    let error = many.advance(&bad).unwrap_err().to_string();
    assert!(error.contains("agent 0"), "{error}");
}

/// The engine, programs and people see what a policy sees.
#[test]
fn bodies_can_be_played() {
    for body in Body::ALL {
        let factory = MujocoFactory::new(&MujocoConfig::of(body), 2).unwrap();
        let mut played = factory.reset(SEED, EpisodeIx(3)).unwrap();
        let mut plain = Mujoco::new(&MujocoConfig::of(body), 2, SEED, EpisodeIx(3)).unwrap();
        let size = plain.space().observation_size();
        assert!(played.rules().len() > 200);
        let action = played.neutral_action(AgentId(0)).unwrap();
        let value = played.action_value(&action);
        assert_eq!(played.read_action(AgentId(0), &value).unwrap(), action);
        let mut total = 0.0;
        for _ in 0..10 {
            let outcome = Environment::step(&mut played, &[action.clone(), action.clone()]);
            let rewards = outcome.unwrap().rewards;
            assert_eq!(rewards, plain.advance(&action.repeat(2)).unwrap().rewards);
            total += rewards.iter().sum::<f64>() / 2.0;
        }
        let seen = played.observe(AgentId(1));
        assert_eq!(seen.numbers, plain.observations()[size..]);
        assert_eq!(played.describe(&seen).lines().count(), 1 + size);
        let metrics = played.metrics();
        assert_eq!(
            (metrics[1], metrics[3]),
            (("steps", 10.0), ("unstable", 0.0))
        );
        assert!((metrics[0].1 - total).abs() < 1e-9, "{metrics:?}");
    }
}

/// Speeds beyond all reason make the library begin anew.
#[test]
fn a_simulation_that_fails_ends_its_episode() {
    for (speed, after) in [(1e12, 0), (1e12, 3)] {
        let config = MujocoConfig::of(Body::Hopper);
        let mut many = Mujoco::new(&config, 2, SEED, EpisodeIx(0)).unwrap();
        for _ in 0..after {
            many.advance(&[0.0; 6]).unwrap();
        }
        let places = many.simulation(0).places().to_vec();
        many.set_state(0, &places, &[speed; 6]).unwrap();
        let seen = many.observations()[..11].to_vec();
        let stepped = many.advance(&[0.0; 6]).unwrap();
        assert_eq!(stepped.terminated, [true, false]);
        assert_eq!(stepped.rewards[0], 0.0);
        assert!(many.is_unstable(0) && !many.is_unstable(1));
        assert_eq!(many.observations()[..11], seen);
        many.start(0, key(5));
        many.advance(&[0.0; 6]).unwrap();
        assert!(!many.is_unstable(0) && !many.is_over(0));
    }
}

#[test]
fn models_of_a_folder_are_used_and_bad_ones_refused_by_name() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/src/control/mujoco/models");
    let folder = tempfile::tempdir().unwrap();
    let config = MujocoConfig {
        models: Some(folder.path().to_owned()),
        ..MujocoConfig::default()
    };
    let refused = |config: &MujocoConfig| Simulation::new(config).unwrap_err().to_string();
    let error = refused(&config);
    assert!(
        error.starts_with("setting models:") && error.contains("hopper.xml"),
        "{error}"
    );
    let path = folder.path().join("hopper.xml");
    std::fs::write(&path, "<mujoco><nonsense/></mujoco>").unwrap();
    let error = refused(&config);
    assert!(
        error.contains("hopper.xml") && error.contains("nonsense"),
        "{error}"
    );
    std::fs::copy(format!("{own}/walker2d_v5.xml"), &path).unwrap();
    let error = refused(&config);
    let expected = "expected [6, 6, 3] places, speeds and controls in hopper.xml, got [9, 9, 6]";
    assert!(error.ends_with(expected), "{error}");
    std::fs::copy(format!("{own}/hopper.xml"), &path).unwrap();
    let mut there = Simulation::new(&config).unwrap();
    let mut ours = simulation(Body::Hopper);
    there.start(key(1));
    ours.start(key(1));
    assert_eq!(there.step(&[0.3; 3]), ours.step(&[0.3; 3]));
    let config = MujocoConfig {
        step_limit: 0,
        ..MujocoConfig::default()
    };
    let error = refused(&config);
    assert!(error.starts_with("setting step_limit:"), "{error}");
}
