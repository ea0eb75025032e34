//! Augmented random search on small systems.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it measured"
)]

use std::ops::ControlFlow;

use rounds_environments::control::classic::{CartPole, Pendulum};
use rounds_environments::control::data::Header;
use rounds_environments::control::{ControlEnvironment, PointMass, Vectorised};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_policies::trajectory::ars::{ArsConfig, LinearController, Progress, train};
use rounds_policies::trajectory::collect;

fn points(entities: usize) -> Vectorised<PointMass> {
    Vectorised::new(PointMass::default(), entities, RunSeed(0), EpisodeIx(0)).unwrap()
}

/// The card's settings are for Hopper. Here starts differ more than policies, so it takes more directions.
fn config(steps: u64) -> ArsConfig {
    ArsConfig {
        directions: 32,
        top: 16,
        step: 0.1,
        noise: 0.3,
        steps,
        evaluation_episodes: 50,
        ..ArsConfig::default()
    }
}

fn go_on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Doing nothing earns about -33, the expert of the card -4.8.
#[test]
fn it_learns_to_bring_the_point_to_the_origin() {
    for seed in [1, 2, 3] {
        let trained = train(&mut points(16), &config(160_000), RunSeed(seed), go_on).unwrap();
        let curve: Vec<f64> = trained.curve.iter().map(|at| at.mean_return).collect();
        println!("seed {seed}: {curve:.2?}");
        let best = trained.best_evaluation.mean_return;
        assert!(curve[0] < -20.0 && best > -7.5, "seed {seed}: {curve:?}");
        assert_eq!(best, curve.iter().copied().fold(f64::MIN, f64::max));
        // What is kept is what was evaluated, and what was evaluated is not what was trained on.
        let again = collect(
            &mut points(3),
            &trained.best,
            0..200,
            RunSeed(99),
            Header::default(),
        );
        let returns = again.unwrap().returns();
        let mean = returns.iter().sum::<f64>() / 200.0;
        assert!(mean > -8.0, "seed {seed}: {mean}");
        let kept = trained.rollouts.unwrap();
        assert_eq!(kept.steps(), 160_000);
        assert_eq!(kept.header().environment, "point-mass");
    }
}

#[test]
fn the_number_side_by_side_changes_no_bit() {
    let trained = |entities| {
        let mut told = Vec::new();
        let all = train(&mut points(entities), &config(8_000), RunSeed(5), |now| {
            told.push(*now);
            ControlFlow::Continue(())
        });
        let all = all.unwrap();
        (all.best, all.curve, all.rollouts.unwrap(), told)
    };
    let alone = trained(1);
    for entities in [5, 16, 40] {
        assert_eq!(alone, trained(entities), "{entities}");
    }
    let other = train(&mut points(4), &config(8_000), RunSeed(6), go_on).unwrap();
    assert_ne!(alone.0, other.best);
}

#[test]
fn a_policy_is_the_same_after_a_file_of_text() {
    let trained = train(&mut points(16), &config(4_000), RunSeed(7), go_on).unwrap();
    let text = serde_json::to_string(&trained.best).unwrap();
    let read: LinearController = serde_json::from_str(&text).unwrap();
    assert_eq!(read, trained.best);
    read.validate().unwrap();
}

#[test]
fn it_goes_on_until_it_is_told_to_stop() {
    let mut iterations = 0;
    let trained = train(&mut points(16), &config(1_000_000), RunSeed(8), |now| {
        iterations = now.iterations;
        match now.evaluation {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    });
    assert_eq!(iterations, 10);
    assert_eq!(trained.unwrap().curve.len(), 2);
}

/// Actions reach the bounds of the environment, whatever they are.
#[test]
fn bounds_other_than_one_are_used() {
    let config = ArsConfig {
        step: 1.0,
        noise: 1.0,
        ..config(16_000)
    };
    let mut pendulum = Vectorised::new(Pendulum::default(), 16, RunSeed(0), EpisodeIx(0)).unwrap();
    let trained = train(&mut pendulum, &config, RunSeed(1), go_on).unwrap();
    let rollouts = trained.rollouts.unwrap();
    let most = rollouts
        .actions()
        .iter()
        .fold(0.0, |a: f64, b| a.max(b.abs()));
    assert_eq!(most, 2.0);
}

#[test]
fn what_cannot_be_searched_is_refused() {
    let refused = |environment: &mut dyn ControlEnvironment, config: ArsConfig| {
        let result = train(environment, &config, RunSeed(0), go_on);
        result.unwrap_err().to_string()
    };
    let mut poles = Vectorised::new(CartPole::default(), 2, RunSeed(0), EpisodeIx(0)).unwrap();
    let error = refused(&mut poles, ArsConfig::default());
    assert_eq!(
        error,
        "environment: expected actions with bounds, got choices in cart-pole"
    );
    let cases: [(fn(&mut ArsConfig), &str); 7] = [
        (
            |c| c.directions = 0,
            "directions: expected 1 to 10000, got 0",
        ),
        (
            |c| c.top = 9,
            "top: expected 1 to the number of directions, 8, got 9",
        ),
        (
            |c| c.step = f64::NAN,
            "step: expected above 0 and at most 1000000, got NaN",
        ),
        (
            |c| c.noise = 0.0,
            "noise: expected above 0 and at most 1000000, got 0",
        ),
        (
            |c| c.shift = f64::INFINITY,
            "shift: expected -1000000 to 1000000, got inf",
        ),
        (|c| c.steps = 0, "steps: expected 1 to 1073741808, got 0"),
        (
            |c| c.evaluate_every = 0,
            "evaluate_every: expected at least 1, got 0",
        ),
    ];
    for (change, expected) in cases {
        let mut config = ArsConfig::default();
        change(&mut config);
        assert_eq!(refused(&mut points(2), config), expected);
    }
    let trained = train(&mut points(2), &config(1_000), RunSeed(0), go_on).unwrap();
    let mut short = trained.best;
    short.weights.pop();
    let error = short.validate().unwrap_err().to_string();
    assert_eq!(error, "weights: expected 8 numbers, got 7");
}
