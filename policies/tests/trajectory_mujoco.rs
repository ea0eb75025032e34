//! Data and searches in the bodies of MuJoCo.
#![cfg(feature = "mujoco")]
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it measured"
)]

use std::ops::ControlFlow;

use rounds_environments::control::ControlEnvironment;
use rounds_environments::control::data::Header;
use rounds_environments::control::mujoco::{Body, Mujoco, MujocoConfig};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_policies::trajectory::ars::{ArsConfig, Trained, train};
use rounds_policies::trajectory::{RandomController, collect};

fn bodies(body: Body, entities: usize) -> Box<dyn ControlEnvironment> {
    let config = MujocoConfig {
        step_limit: 200,
        ..MujocoConfig::of(body)
    };
    Box::new(Mujoco::new(&config, entities, RunSeed(0), EpisodeIx(0)).unwrap())
}

fn searched(body: Body, entities: usize, config: ArsConfig) -> Trained {
    let config = ArsConfig {
        evaluate_every: 5,
        ..config
    };
    let go_on = |_: &_| ControlFlow::Continue(());
    train(&mut *bodies(body, entities), &config, RunSeed(2), go_on).unwrap()
}

#[test]
fn the_number_side_by_side_changes_no_bit() {
    for body in Body::ALL {
        let played = |entities| {
            let mut environment = bodies(body, entities);
            let random = RandomController::new(environment.space().actions.clone()).unwrap();
            collect(
                &mut *environment,
                &random,
                3..9,
                RunSeed(1),
                Header::default(),
            )
            .unwrap()
        };
        let alone = played(1);
        assert!(alone == played(4), "{body:?}");
    }
    let [one, other] = [3, 16].map(|entities| {
        let config = ArsConfig {
            steps: 4_000,
            ..ArsConfig::default()
        };
        searched(Body::Hopper, entities, config)
    });
    assert_eq!(one.best, other.best);
    assert_eq!(one.curve, other.curve);
    assert!(one.rollouts == other.rollouts);
}

/// A pole falls within some 25 steps when nobody pushes; 200 steps are the limit. Staying up is all that is paid, so
/// nothing is taken from it.
#[test]
fn it_learns_to_balance() {
    let config = ArsConfig {
        shift: 0.0,
        step: 0.1,
        noise: 0.1,
        steps: 8_000,
        ..ArsConfig::default()
    };
    let trained = searched(Body::InvertedPendulum, 16, config);
    let curve: Vec<f64> = trained.curve.iter().map(|at| at.mean_return).collect();
    println!("inverted-pendulum: {curve:.1?}");
    assert!(
        trained.best_evaluation.mean_return > 3.0 * curve[0],
        "{curve:?}"
    );
}
