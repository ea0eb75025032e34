//! Policies that learnt: what they are told, what they do, and that company changes nothing.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::sync::Arc;

use rounds_environments::control::classic::CartPole;
use rounds_environments::control::data::{ActionMap, Normaliser};
use rounds_environments::control::{ControlEnvironment, Dynamics, PointMass, Space, Vectorised};
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use rounds_models::trajectory::{
    Architecture, Inputs, Parameters, Predictor, Threads, TrajectoryConfig,
};
use rounds_policies::trajectory::{
    Aim, Choices, LearnedPolicy, Scales, Situation, TrajectoryContext, TrajectoryPolicy, rollouts,
};

const KINDS: [Architecture; 5] = [
    Architecture::Dt,
    Architecture::Gdt,
    Architecture::GdtPlus,
    Architecture::Dc,
    Architecture::Bc,
];

fn many<D: Dynamics>(dynamics: D, places: usize) -> Vectorised<D> {
    Vectorised::new(dynamics, places, RunSeed(1), EpisodeIx(0)).unwrap()
}

fn predictor(architecture: Architecture, space: &Space) -> Arc<Predictor> {
    let config = TrajectoryConfig {
        architecture,
        observation: space.observation_size(),
        action: space.action_size(),
        hidden: 8,
        layers: 2,
        context: 4,
        max_ep_len: 10,
        ..TrajectoryConfig::default()
    };
    let parameters = Parameters::random(&config, RunSeed(4)).unwrap();
    Arc::new(Predictor::new(config, Arc::new(parameters)).unwrap())
}

fn scales(space: &Space, action_map: Option<ActionMap>) -> Scales {
    let size = space.observation_size();
    Scales {
        normaliser: Normaliser {
            mean: vec![0.1; size],
            std: vec![0.5; size],
        },
        return_scale: 10.0,
        action_map,
    }
}

fn policy(architecture: Architecture, space: &Space, map: Option<ActionMap>) -> LearnedPolicy {
    let aim = Some(Aim {
        target: -5.0,
        delayed: false,
    });
    let (predictor, scales) = (predictor(architecture, space), scales(space, map));
    LearnedPolicy::new(predictor, scales, space, aim, Threads::default()).unwrap()
}

fn key() -> StreamKey {
    StreamKey::agent(
        RunSeed(1),
        EpisodeIx(0),
        AgentId(0),
        RoundIx(1),
        Purpose::Policy,
    )
}

/// Contexts after 0 to 11 steps.
fn contexts(policy: &LearnedPolicy, seen: usize, done: usize) -> Vec<TrajectoryContext> {
    let row = |step: usize, size: usize, of: usize| -> Vec<f32> {
        (0..size)
            .map(|at| ((step * 7 + at * 3 + of) as f32).sin())
            .collect()
    };
    (0..12)
        .map(|steps| {
            let mut context = TrajectoryContext::new(policy.context_steps(), seen, done);
            context.restart(-5.0);
            for step in 0..=steps {
                context.see(&row(step, seen, steps));
                if step < steps {
                    context.act(&row(step, done, 1), -0.3);
                }
            }
            context
        })
        .collect()
}

fn decided(
    policy: &LearnedPolicy,
    contexts: &[TrajectoryContext],
    done: usize,
) -> Vec<(Vec<f64>, Vec<f32>)> {
    let seen: Vec<Vec<f32>> = contexts
        .iter()
        .map(|context| context.iter().last().unwrap().observation.to_vec())
        .collect();
    let agents: Vec<Situation<'_>> = contexts
        .iter()
        .zip(&seen)
        .map(|(context, observation)| Situation {
            key: key(),
            observation,
            context,
        })
        .collect();
    let (mut actions, mut remembered) = (
        vec![0.0; agents.len() * done],
        vec![0.0; agents.len() * done],
    );
    let mut choices = Choices {
        actions: &mut actions,
        remembered: &mut remembered,
    };
    policy.decide(&agents, &mut choices).unwrap();
    let rows = actions
        .chunks_exact(done)
        .zip(remembered.chunks_exact(done));
    rows.map(|(a, b)| (a.to_vec(), b.to_vec())).collect()
}

#[test]
fn an_agent_is_decided_for_alike_alone_and_in_company() {
    let places = many(PointMass::default(), 1);
    for architecture in KINDS {
        let policy = policy(architecture, places.space(), None);
        let contexts = contexts(&policy, 4, 2);
        let together = decided(&policy, &contexts, 2);
        for (context, both) in contexts.iter().zip(&together) {
            assert_eq!(&decided(&policy, std::slice::from_ref(context), 2)[0], both);
        }
        let different = together
            .windows(2)
            .filter(|pair| pair[0] != pair[1])
            .count();
        assert!(different > 8, "{architecture:?}: {different}");
    }
}

#[test]
fn a_model_is_told_normalised_histories_padded_with_zeros() {
    let places = many(PointMass::default(), 1);
    let space = places.space();
    let policy = policy(Architecture::Dt, space, None);
    let mut context = TrajectoryContext::new(policy.context_steps(), 4, 2);
    context.restart(-5.0);
    context.see(&[0.6, 0.1, -0.4, 1.1]);
    context.act(&[0.25, -0.5], -2.0);
    context.see(&[0.1, 0.1, 0.1, 0.1]);
    let (_, remembered) = decided(&policy, &[context], 2).swap_remove(0);
    let expected = predictor(Architecture::Dt, space)
        .predict(
            Inputs {
                rows: 1,
                context: 4,
                states: &[
                    0., 0., 0., 0., 0., 0., 0., 0., 1., 0., -1., 2., 0., 0., 0., 0.,
                ],
                actions: &[0., 0., 0., 0., 0.25, -0.5, 0., 0.],
                returns_to_go: &[0., 0., -0.5, -0.3],
                timesteps: &[0, 0, 0, 1],
                mask: &[0., 0., 1., 1.],
            },
            &Threads::default(),
        )
        .unwrap();
    for (got, want) in remembered.iter().zip(&expected) {
        assert!((got - want).abs() < 1e-6, "{remembered:?} {expected:?}");
    }
}

#[test]
fn choices_are_the_nearest_and_are_remembered_as_chosen() {
    let places = many(CartPole::default(), 1);
    let map = ActionMap::of(&places.space().actions);
    let policy = policy(Architecture::Dt, places.space(), Some(map));
    for (action, remembered) in decided(&policy, &contexts(&policy, 4, 1), 1) {
        assert!(action == [0.0] || action == [1.0], "{action:?}");
        assert_eq!(f64::from(remembered[0]), 2.0 * action[0] - 1.0);
    }
}

#[test]
fn a_wanted_return_changes_what_is_done_but_not_for_behaviour_cloning() {
    let mut places = many(PointMass::default(), 6);
    let space = places.space().clone();
    for architecture in KINDS {
        let policy = policy(architecture, &space, None);
        let mut of = |target| {
            let aim = Aim {
                target,
                delayed: false,
            };
            rollouts(&mut places, &policy.with_aim(Some(aim)), 6, RunSeed(2)).unwrap()
        };
        let (low, high) = (of(-90.0), of(-1.0));
        assert_eq!(
            low == high,
            architecture == Architecture::Bc,
            "{architecture:?}"
        );
        assert_eq!(low, of(-90.0));
    }
    assert!(
        rollouts(
            &mut places,
            &policy(Architecture::Dt, &space, None),
            7,
            RunSeed(2)
        )
        .is_err()
    );
}

#[test]
fn what_does_not_fit_the_environment_is_refused() {
    let (point, cart) = (many(PointMass::default(), 1), many(CartPole::default(), 1));
    let (space, other) = (point.space(), cart.space());
    let told = |scales: Scales, space: &Space, target: f64| {
        let aim = Some(Aim {
            target,
            delayed: true,
        });
        let made = LearnedPolicy::new(
            predictor(Architecture::Dt, point.space()),
            scales,
            space,
            aim,
            Threads::default(),
        );
        made.unwrap_err().to_string()
    };
    assert!(told(scales(space, None), other, 1.0).contains("cart-pole"));
    assert!(told(scales(space, None), space, f64::NAN).contains("target"));
    let mut wrong = scales(space, None);
    wrong.return_scale = -1.0;
    assert!(told(wrong, space, 1.0).contains("return_scale"));
    let mut wrong = scales(space, None);
    wrong.normaliser.mean.pop();
    assert!(told(wrong, space, 1.0).contains("normaliser"));
}
