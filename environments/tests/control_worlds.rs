//! What holds of every control environment.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use proptest::prelude::*;
use rand::RngExt;
use rounds_environments::control::classic::{CartPole, MountainCar, Pendulum};
use rounds_environments::control::maze::{MazeConfig, PointMaze};
use rounds_environments::control::stabilise::{Stabilise, StabiliseConfig};
use rounds_environments::control::{
    Actions, ControlEnvironment, ControlFactory, Dynamics, PointMass, Vectorised,
};
use rounds_environments::environment::{
    Describe, Environment, EnvironmentError, EnvironmentFactory,
};
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, Stream, StreamKey};
use serde_json::json;

const SEED: RunSeed = RunSeed(11);

/// Runs a check on every kind of environment.
macro_rules! each {
    ($check:ident $(, $more:expr)*) => {
        $check(CartPole::default $(, $more)*)?;
        $check(Pendulum::default $(, $more)*)?;
        $check(MountainCar::default $(, $more)*)?;
        $check(PointMass::default $(, $more)*)?;
        $check(|| PointMaze::new(goals()).unwrap() $(, $more)*)?;
        $check(|| Stabilise::new(StabiliseConfig::default()).unwrap() $(, $more)*)?;
    };
}

/// A maze in which goals move, so that steps draw too.
fn goals() -> MazeConfig {
    MazeConfig {
        new_goals: true,
        reached: 1.5,
        ..MazeConfig::default()
    }
}

fn key(episode: u32, agent: u32) -> StreamKey {
    let agent = AgentId(agent);
    StreamKey::agent(SEED, EpisodeIx(episode), agent, RoundIx(0), Purpose::Truth)
}

/// One action, a little beyond the bounds where there are any.
fn act(actions: &Actions, stream: &mut Stream) -> Vec<f64> {
    match actions {
        Actions::Discrete { count } => vec![f64::from(stream.random_range(0..*count))],
        Actions::Continuous { low, high } => {
            let bounds = low.iter().zip(high);
            let drawn = bounds.map(|(low, high)| stream.random_range(low - 0.5..=high + 0.5));
            drawn.collect()
        }
    }
}

type Checked = Result<(), TestCaseError>;

/// All of an entity that a step may change.
fn all_of<D: Dynamics>(
    many: &Vectorised<D>,
    entity: usize,
) -> (D::State, Vec<f32>, f64, u32, bool) {
    let size = many.space().observation_size();
    let seen = many.observations()[entity * size..][..size].to_vec();
    let total = many.total_reward(entity);
    (
        many.state(entity),
        seen,
        total,
        many.steps(entity),
        many.is_over(entity),
    )
}

fn company_changes_nothing<D: Dynamics>(make: impl Fn() -> D, episode: u32) -> Checked {
    let mut many = Vectorised::new(make(), 5, SEED, EpisodeIx(episode)).unwrap();
    let mut alone: Vec<Vectorised<D>> = (0..5)
        .map(|agent| {
            let mut one = Vectorised::new(make(), 1, RunSeed(0), EpisodeIx(9)).unwrap();
            one.start(0, key(episode, agent));
            one
        })
        .collect();
    let mut stream = key(episode, 99).open();
    for _ in 0..60 {
        let actions: Vec<Vec<f64>> = (0..5)
            .map(|_| act(&many.space().actions, &mut stream))
            .collect();
        many.advance(&actions.concat()).unwrap();
        for (agent, one) in alone.iter_mut().enumerate() {
            one.advance(&actions[agent]).unwrap();
            prop_assert_eq!(all_of(&many, agent), all_of(one, 0));
            prop_assert_eq!(many.stepped().rewards[agent], one.stepped().rewards[0]);
        }
    }
    Ok(())
}

fn what_is_over_stands_still<D: Dynamics>(make: impl Fn() -> D, steps: u32) -> Checked {
    let mut many = Vectorised::new(make(), 2, SEED, EpisodeIx(0)).unwrap();
    let action = vec![0.0; many.space().action_size()];
    for _ in 0..steps {
        many.advance(&action.repeat(2)).unwrap();
    }
    many.retire(0);
    let before = all_of(&many, 0);
    // Nobody asks what it does any more.
    let idle = vec![f64::NAN; action.len()];
    many.advance(&[idle, action.clone()].concat()).unwrap();
    prop_assert_eq!(all_of(&many, 0), before);
    prop_assert_eq!(many.stepped().rewards[0], 0.0);
    prop_assert_eq!(many.steps(1), steps + 1);
    many.start(0, key(0, 0));
    prop_assert!(!many.is_over(0) && many.total_reward(0) == 0.0);
    Ok(())
}

fn a_bad_action_moves_nobody<D: Dynamics>(make: impl Fn() -> D) -> Checked {
    let mut many = Vectorised::new(make(), 3, SEED, EpisodeIx(0)).unwrap();
    let size = many.space().action_size();
    let before: Vec<_> = (0..3).map(|entity| all_of(&many, entity)).collect();
    let mut actions = vec![0.0; 3 * size];
    actions[2 * size - 1] = f64::NAN;
    let error = many.advance(&actions).unwrap_err();
    let named = matches!(
        error,
        EnvironmentError::InvalidAction {
            agent: AgentId(1),
            ..
        }
    );
    prop_assert!(named, "{error}");
    prop_assert!(many.advance(&actions[..size]).is_err());
    let after: Vec<_> = (0..3).map(|entity| all_of(&many, entity)).collect();
    prop_assert_eq!(before, after);
    Ok(())
}

fn the_limit_cuts<D: Dynamics>(make: impl Fn() -> D) -> Checked {
    let mut many = Vectorised::new(make(), 4, SEED, EpisodeIx(0)).unwrap();
    let limit = many.space().step_limit;
    let action = vec![0.0; many.space().action_size()];
    for _ in 0..limit {
        many.advance(&action.repeat(4)).unwrap();
    }
    let stepped = many.stepped();
    for entity in 0..4 {
        prop_assert!(stepped.terminated[entity] != stepped.truncated[entity]);
        let cut = many.steps(entity) == limit && !stepped.terminated[entity];
        prop_assert_eq!(stepped.truncated[entity], cut);
    }
    Ok(())
}

fn it_can_be_played<D: Dynamics>(make: impl Fn() -> D) -> Checked {
    let factory = ControlFactory::new(make(), 2);
    let mut played = factory.reset(SEED, EpisodeIx(3)).unwrap();
    let mut plain = Vectorised::new(make(), 2, SEED, EpisodeIx(3)).unwrap();
    prop_assert_eq!(played.agents(), 2);
    let mut stream = key(3, 7).open();
    let mut earned = [0.0; 2];
    let limit = plain.space().step_limit;
    for step in 0..limit {
        let actions: Vec<Vec<f64>> = (0..2)
            .map(|agent| {
                let mut action = act(&plain.space().actions, &mut stream);
                if let Actions::Continuous { low, high } = &plain.space().actions {
                    let bounds = low.iter().zip(high);
                    for (number, (low, high)) in action.iter_mut().zip(bounds) {
                        *number = number.clamp(*low, *high);
                    }
                }
                let value = played.action_value(&action);
                played.read_action(AgentId(agent), &value).unwrap()
            })
            .collect();
        let outcome = played.step(&actions).unwrap();
        plain.advance(&actions.concat()).unwrap();
        for (agent, earned) in earned.iter_mut().enumerate() {
            *earned += outcome.rewards[agent];
            prop_assert_eq!(all_of(&played, agent), all_of(&plain, agent));
        }
        let seen = played.observe(AgentId(1));
        prop_assert_eq!(
            &seen.numbers[..],
            &plain.observations()[seen.numbers.len()..]
        );
        let told = played.describe(&seen);
        prop_assert_eq!(told.lines().count(), 1 + seen.numbers.len(), "{}", told);
        if outcome.terminated {
            break;
        }
        prop_assert!(step + 1 < limit, "expected an end at the limit");
    }
    let metrics = played.metrics();
    prop_assert_eq!(metrics[0], ("return", (earned[0] + earned[1]) / 2.0));
    prop_assert!(played.rules().len() > 100);
    prop_assert!(played.step(&[vec![], vec![]]).is_err());
    prop_assert!(played.read_action(AgentId(0), &json!("up")).is_err());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn many_are_as_each_alone(episode in any::<u32>()) {
        each!(company_changes_nothing, episode);
    }

    #[test]
    fn over_is_over(steps in 0..5_u32) {
        each!(what_is_over_stands_still, steps);
    }
}

#[test]
fn bad_actions_move_nobody() -> Checked {
    each!(a_bad_action_moves_nobody);
    Ok(())
}

#[test]
fn limits_cut() -> Checked {
    each!(the_limit_cuts);
    Ok(())
}

#[test]
fn all_can_be_played() -> Checked {
    each!(it_can_be_played);
    Ok(())
}

/// What policies and data sets are written against knows no equations.
#[test]
fn kinds_are_used_alike() {
    let maze = PointMaze::new(MazeConfig::default()).unwrap();
    let patient = Stabilise::new(StabiliseConfig::default()).unwrap();
    let mut all: Vec<Box<dyn ControlEnvironment>> = vec![
        Box::new(Vectorised::new(CartPole::default(), 3, SEED, EpisodeIx(0)).unwrap()),
        Box::new(Vectorised::new(maze, 3, SEED, EpisodeIx(0)).unwrap()),
        Box::new(Vectorised::new(patient, 3, SEED, EpisodeIx(0)).unwrap()),
    ];
    let sizes = [
        ("cart-pole", 4, 1),
        ("point-maze", 6, 2),
        ("stabilise", 7, 1),
    ];
    for (one, (name, observation, action)) in all.iter_mut().zip(sizes) {
        let space = one.space();
        assert_eq!(space.name, name);
        assert_eq!(
            (space.observation_size(), space.action_size()),
            (observation, action)
        );
        assert_eq!(one.observations().len(), 3 * observation);
        let stepped = one.advance(&vec![0.0; 3 * action]).unwrap();
        assert_eq!(stepped.rewards.len(), 3);
    }
}

/// Starts are where the source has them, and no two agents or episodes start alike.
#[test]
fn starts_are_spread_over_their_range() {
    let poles = Vectorised::new(CartPole::default(), 2000, SEED, EpisodeIx(0)).unwrap();
    for column in 0..4 {
        let all: Vec<f64> = (0..2000)
            .map(|entity| poles.state(entity)[column])
            .collect();
        assert!(all.iter().all(|x| x.abs() <= 0.05));
        // The mean of 2000 such draws has a standard deviation of 0.00065.
        let mean = all.iter().sum::<f64>() / 2000.0;
        assert!(mean.abs() < 0.0033, "{mean}");
        assert!(all.iter().any(|x| *x > 0.045) && all.iter().any(|x| *x < -0.045));
    }
    let other = Vectorised::new(CartPole::default(), 1, SEED, EpisodeIx(1)).unwrap();
    assert_ne!(poles.state(0), other.state(0));
    assert_ne!(poles.state(0), poles.state(1));
}

#[test]
fn settings_are_read_and_refused_by_name() {
    let slow: CartPole = serde_json::from_value(json!({"dt_s": 0.01})).unwrap();
    assert_eq!(
        slow,
        CartPole {
            dt_s: 0.01,
            ..CartPole::default()
        }
    );
    assert!(serde_json::from_value::<Pendulum>(json!({"masss": 1})).is_err());
    let new = |pole| Vectorised::new(pole, 1, SEED, EpisodeIx(0)).map(|_| ());
    let light = CartPole {
        cart_mass: 0.0,
        ..CartPole::default()
    };
    let said = new(light).unwrap_err().to_string();
    assert!(
        said.starts_with("setting cart_mass: expected a number above 0"),
        "{said}"
    );
    let long = CartPole {
        step_limit: 0,
        ..CartPole::default()
    };
    assert!(
        new(long)
            .unwrap_err()
            .to_string()
            .starts_with("setting step_limit")
    );
    let still = MountainCar {
        start: [-0.4, -0.6],
        ..MountainCar::default()
    };
    let said = Vectorised::new(still, 1, SEED, EpisodeIx(0))
        .unwrap_err()
        .to_string();
    assert!(said.starts_with("setting start"), "{said}");
    let none = Vectorised::new(PointMass::default(), 0, SEED, EpisodeIx(0));
    assert!(
        none.unwrap_err()
            .to_string()
            .starts_with("setting entities")
    );
}
