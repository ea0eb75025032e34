//! Worlds of coordination: what moves, what is drawn from which stream, and playing them.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::sync::Arc;

use rounds_environments::coordination::area::{AreaConfig, AreaFactory};
use rounds_environments::coordination::ekf::{EkfConfig, EkfFactory};
use rounds_environments::coordination::objectives::{Criterion, TableObjective, TableSpec};
use rounds_environments::coordination::tracking::{
    Mix, TrackingConfig, TrackingFactory, TrackingWorld,
};
use rounds_environments::coordination::{
    Configuration, CoordinationFactory, CoordinationWorld, Density, GraphKind, JointFactory,
    Motion, RepeatedFactory,
};
use rounds_environments::environment::{Describe, Environment, EnvironmentFactory};
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::RunSeed;
use serde_json::{Value, json};

const SEED: RunSeed = RunSeed(11);

fn mix(random: f64, adversarial: f64, polyline: f64) -> Mix {
    Mix {
        random,
        adversarial,
        polyline,
    }
}

fn one<M>(mix: M) -> Vec<Configuration<M>> {
    vec![Configuration {
        name: "only".to_owned(),
        graph: GraphKind::Complete,
        mix,
    }]
}

fn small() -> TrackingConfig {
    TrackingConfig {
        agents: 3,
        targets: 5,
        horizon: 40,
        ..TrackingConfig::default()
    }
}

fn tracking(config: TrackingConfig, mix: Mix) -> TrackingFactory {
    TrackingFactory::new(config, one(mix), false).unwrap()
}

fn world(factory: &dyn CoordinationFactory, episode: u32) -> Box<dyn CoordinationWorld> {
    factory.reset(SEED, EpisodeIx(episode)).unwrap().world
}

/// Plays one action of all agents for some rounds and tells where targets were, as bits.
fn paths(world: &mut dyn CoordinationWorld, action: Option<u32>, rounds: u32) -> Vec<[f64; 2]> {
    let agents = world.ground().agents();
    let mut path = Vec::new();
    for round in 1..=rounds {
        world.reveal(RoundIx(round)).unwrap();
        world.apply(&vec![action; agents]).unwrap();
        path.extend_from_slice(world.picture().unwrap().targets);
    }
    path
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[test]
fn targets_wander_alike_whatever_the_agents_do() {
    let factory = tracking(small(), mix(3.0, 0.0, 2.0));
    let still = paths(&mut *world(&factory, 0), None, 20);
    let moving = paths(&mut *world(&factory, 0), Some(16), 20);
    assert_eq!(still, moving);
    assert_ne!(still, paths(&mut *world(&factory, 1), None, 20));
    // Only those that flee depend on the agents; the others are not moved by it.
    let watchful = TrackingConfig {
        flee_distance: 60.0,
        ..small()
    };
    let factory = tracking(watchful, mix(3.0, 2.0, 0.0));
    let still = paths(&mut *world(&factory, 0), None, 80);
    let moving = paths(&mut *world(&factory, 0), Some(16), 80);
    let (wandering, fleeing): (Vec<_>, Vec<_>) = (0..still.len()).partition(|at| at % 5 < 3);
    assert!(wandering.iter().all(|&at| still[at] == moving[at]));
    assert!(fleeing.iter().any(|&at| still[at] != moving[at]));
}

#[test]
fn a_target_flees_straight_for_its_time_and_then_looks_again() {
    let config = TrackingConfig {
        motion: Motion {
            dt_s: 0.1,
            ..Motion::default()
        },
        ..small()
    };
    let agents = vec![[0.0, 0.0]];
    let target = [[3.0, 4.0]];
    let made = TrackingWorld::with_places(
        config,
        mix(0.0, 1.0, 0.0),
        SEED,
        EpisodeIx(0),
        agents,
        &target,
    );
    let path = paths(&mut made.unwrap(), None, 31);
    // Ten rounds of 1.5 units each along (0.6, 0.8): from 5 to 20 units away, where it may stay.
    for (at, place) in path[..10].iter().enumerate() {
        let gone = 5.0 + 1.5 * (at + 1) as f64;
        assert!(
            distance(*place, [0.6 * gone, 0.8 * gone]) < 1e-9,
            "{place:?}"
        );
    }
    // From there it wanders, by 0.5 to 1 a round, until it comes near again.
    let mut round = 10;
    while round < path.len() && distance(path[round - 1], [0.0; 2]) >= 20.0 {
        let step = distance(path[round - 1], path[round]);
        assert!((0.5..=1.0 + 1e-9).contains(&step), "{step}");
        round += 1;
    }
    if round < path.len() {
        assert!((distance(path[round - 1], path[round]) - 1.5).abs() < 1e-9);
    }
}

#[test]
fn broken_lines_turn_only_at_their_rounds() {
    let config = TrackingConfig {
        pieces: vec![4],
        targets: 1,
        ..small()
    };
    let path = paths(
        &mut *world(&tracking(config, mix(0.0, 0.0, 1.0)), 0),
        None,
        40,
    );
    let step = |at: usize| [path[at][0] - path[at - 1][0], path[at][1] - path[at - 1][1]];
    let turns: Vec<usize> = (2..40)
        .filter(|&at| distance(step(at), step(at - 1)) > 1e-9)
        .collect();
    assert_eq!(turns, [10, 20, 30]);
}

#[test]
fn agents_without_an_action_stay_and_others_move_after_the_objective() {
    let mut world = world(&tracking(small(), Mix::default()), 0);
    let before = world.picture().unwrap().agents.to_vec();
    world.reveal(RoundIx(1)).unwrap();
    assert_eq!(world.picture().unwrap().agents, before);
    world.apply(&[None, Some(16), None]).unwrap();
    let after = world.picture().unwrap().agents;
    assert_eq!((after[0], after[2]), (before[0], before[2]));
    // Action 16 is heading 0 at speed 15.
    assert!(distance(after[1], [before[1][0] + 0.3, before[1][1]]) < 1e-12);
    assert!(world.apply(&[Some(24), None, None]).is_err());
    assert!(world.apply(&[None]).is_err());
}

#[test]
fn configurations_are_taken_in_turn_with_graphs_of_their_own() {
    let density = Density::MeanDegree(2.0);
    let list = vec![
        Configuration {
            name: "complete".to_owned(),
            graph: GraphKind::Complete,
            mix: Mix::default(),
        },
        Configuration {
            name: "random".to_owned(),
            graph: GraphKind::ErdosRenyi { density },
            mix: mix(4.0, 5.0, 1.0),
        },
    ];
    let config = TrackingConfig {
        agents: 8,
        ..small()
    };
    let factory = TrackingFactory::new(config, list, false).unwrap();
    let scene = |episode| factory.reset(SEED, EpisodeIx(episode)).unwrap();
    for episode in 0..4 {
        let expected = ["complete", "random"][episode as usize % 2];
        assert_eq!(scene(episode).configuration, expected);
        assert_eq!(scene(episode).graph, scene(episode).graph);
    }
    assert_eq!(scene(0).graph.edges(), 28);
    assert!((1..=20).any(|k| scene(1).graph != scene(2 * k + 1).graph));
}

#[test]
fn who_does_nothing_learns_nothing() {
    let config = EkfConfig {
        agents: 4,
        targets: 3,
        drift: 0.5,
        ..EkfConfig::default()
    };
    for criterion in [Criterion::AOptimal, Criterion::LogDet] {
        let config = EkfConfig {
            criterion,
            ..config.clone()
        };
        let factory = EkfFactory::new(config, one(()), false).unwrap();
        let mut idle = world(&factory, 0);
        let mut busy = world(&factory, 0);
        let mut measured = [0.0; 2];
        for round in 1..=10 {
            for (world, action) in [(&mut idle, None), (&mut busy, Some(0))] {
                world.reveal(RoundIx(round)).unwrap();
                world.apply(&[action; 4]).unwrap();
            }
            assert_eq!(
                idle.picture().unwrap().targets,
                busy.picture().unwrap().targets
            );
            idle.measured(&mut measured);
            // Three targets, two axes: 4 at first and 0.25 more each round.
            let expected = 6.0 * (4.0 + 0.25 * f64::from(round));
            assert!((measured[0] - expected).abs() < 1e-9, "{measured:?}");
            let trace = measured[0];
            busy.measured(&mut measured);
            assert!(measured[0] < trace, "{measured:?}");
        }
        // What the agents know is not the truth.
        let (seen, truth) = (busy.seen().unwrap(), busy.picture().unwrap());
        assert_ne!(seen.targets, truth.targets);
        assert_eq!(seen.agents, truth.agents);
    }
}

#[test]
fn the_reward_of_a_round_is_what_the_measurements_tell() {
    let factory = EkfFactory::new(EkfConfig::default(), one(()), false).unwrap();
    let mut world = world(&factory, 3);
    let mut measured = [0.0; 2];
    world.measured(&mut measured);
    let mut trace = measured[0];
    for round in 1..=20 {
        world.reveal(RoundIx(round)).unwrap();
        let objective = world.objective();
        let mut summary = vec![0.0; objective.summary_len()];
        objective.clear(&mut summary);
        let actions: Vec<Option<u32>> = (0..10).map(|i| Some((i * 7 + round) % 24)).collect();
        for (agent, action) in actions.iter().enumerate() {
            let element = objective.ground().element(agent, action.unwrap());
            objective.insert(element, &mut summary);
        }
        let reward = objective.value(&summary);
        world.apply(&actions).unwrap();
        world.measured(&mut measured);
        // Eight targets drift by 0.5 along two axes.
        let expected = trace + 8.0 * 2.0 * 0.25 - measured[0];
        assert!((reward - expected).abs() < 1e-9, "{reward} {expected}");
        trace = measured[0];
    }
}

#[test]
fn bad_settings_are_refused_by_name() {
    let ekf = |config: EkfConfig| EkfFactory::new(config, one(()), false).unwrap_err();
    let mut config = EkfConfig::default();
    config.sensor.bearing_noise_rad = 0.0;
    let told = ekf(config).to_string();
    assert!(
        told.starts_with("setting sensor.bearing_noise_rad: expected"),
        "{told}"
    );
    let told = ekf(EkfConfig {
        drift: f64::NAN,
        ..EkfConfig::default()
    });
    assert!(told.to_string().starts_with("setting drift"), "{told}");
    let none = TrackingFactory::new(small(), Vec::new(), false).unwrap_err();
    assert!(
        none.to_string().starts_with("setting configurations"),
        "{none}"
    );
    let told = TrackingFactory::new(small(), one(mix(-1.0, 1.0, 1.0)), false).unwrap_err();
    assert!(told.to_string().starts_with("setting mix"), "{told}");
    let huge = TrackingConfig {
        agents: 1_000_000,
        targets: 1_000_000,
        ..small()
    };
    let told = TrackingFactory::new(huge, one(Mix::default()), false).unwrap_err();
    assert!(
        told.to_string().contains("at most 100000000 values"),
        "{told}"
    );
    let none = AreaConfig {
        agents: 0,
        ..AreaConfig::default()
    };
    assert!(AreaFactory::new(none, one(()), false).is_err());
    let unknown: Result<TrackingConfig, _> = serde_json::from_value(json!({"agent": 3}));
    assert!(unknown.is_err());
}

fn repeated(values: &[f64]) -> RepeatedFactory {
    let spec = TableSpec {
        class: None,
        actions: vec![2, 1],
        values: values.to_vec(),
    };
    let objective = Arc::new(TableObjective::new(&spec).unwrap());
    RepeatedFactory::new(objective, 3, one(()), false).unwrap()
}

#[test]
fn a_joint_step_pays_everybody_the_value_of_the_set() {
    let factory = JointFactory(repeated(&[0.0, 1.0, 2.0, 2.5, 1.5, 2.0, 3.25, 4.0]));
    let mut game = factory.reset(SEED, EpisodeIx(0)).unwrap();
    assert_eq!((game.agents(), game.configuration()), (2, "only"));
    assert!(game.observe(AgentId(0)).last.is_none());
    let outcome = game.step(&[Some(1), Some(0)]).unwrap();
    assert_eq!(
        (outcome.rewards, outcome.terminated),
        (vec![3.25; 2], false)
    );
    let last = game.observe(AgentId(0)).last.unwrap();
    assert_eq!((last.utility, last.added), (3.25, 1.75));
    game.step(&[None, Some(0)]).unwrap();
    let outcome = game.step(&[Some(0), None]).unwrap();
    assert_eq!((outcome.rewards[0], outcome.terminated), (1.0, true));
    let mean = (3.25 + 1.5 + 1.0) / 3.0;
    assert_eq!(game.metrics(), vec![("utility", mean)]);
    assert!(game.step(&[Some(2), None]).is_err());
    assert!(game.step(&[None]).is_err());
}

#[test]
fn actions_are_read_and_refused_with_what_was_expected() {
    let factory = JointFactory(repeated(&[0.0; 8]));
    let game = factory.reset(SEED, EpisodeIx(0)).unwrap();
    let read = |agent, value: Value| game.read_action(AgentId(agent), &value);
    assert_eq!(read(0, json!(1)).unwrap(), Some(1));
    assert_eq!(read(1, Value::Null).unwrap(), None);
    for (agent, value) in [
        (0, json!(2)),
        (1, json!(1)),
        (0, json!(-1)),
        (0, json!(0.5)),
        (0, json!("0")),
        (7, json!(0)),
    ] {
        let told = read(agent, value).unwrap_err().to_string();
        assert!(
            told.contains("expected null or an integer from 0 to"),
            "{told}"
        );
    }
    let schema = game.action_schema();
    assert_eq!(schema["maximum"], json!(1));
    assert_eq!(game.action_value(&None), Value::Null);
    assert_eq!(game.action_value(&Some(1)), json!(1));
}

#[test]
fn an_agent_is_told_where_it_is_and_what_it_can_do() {
    let factory = JointFactory(tracking(small(), Mix::default()));
    let mut game = factory.reset(SEED, EpisodeIx(0)).unwrap();
    game.step(&[Some(0); 3]).unwrap();
    let view = game.observe(AgentId(1));
    assert_eq!(view.targets.len(), 5);
    assert!(view.targets.is_sorted_by(|a, b| a.1 <= b.1));
    let text = game.describe(&view);
    for part in [
        "Round 2 of 40. You are agent 1 of 3",
        "You are at (",
        "Nearest targets: (",
        "Last round the team earned",
        "10 = 90 degrees at speed 10",
        "null = nothing",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    let names: Vec<&str> = game.metrics().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["utility", "distance", "covered"]);
}

#[test]
fn what_an_agent_is_told_of_targets_is_what_the_last_round_revealed() {
    let places = |told: &Value| -> Value {
        let targets = told["targets"].as_array().unwrap();
        let mut places: Vec<_> = targets
            .iter()
            .map(|target| {
                (
                    target["target"].as_u64(),
                    target["place"].clone(),
                    target["spread"].clone(),
                )
            })
            .collect();
        places.sort_by_key(|(target, ..)| *target);
        json!(places)
    };
    let tracking = TrackingFactory::new(small(), one(mix(8.0, 1.0, 1.0)), false).unwrap();
    let ekf = EkfConfig {
        agents: 3,
        targets: 4,
        ..EkfConfig::default()
    };
    let ekf = EkfFactory::new(ekf, one(()), false).unwrap();
    let factories: [&dyn CoordinationFactory; 2] = [&tracking, &ekf];
    for factory in factories {
        let mut world = factory.reset(SEED, EpisodeIx(0)).unwrap().world;
        let agents = world.ground().agents();
        for round in 1..=3 {
            let before = world.describe_agent(0);
            world.reveal(RoundIx(round)).unwrap();
            let revealed = world.describe_agent(0);
            assert_ne!(places(&before), places(&revealed));
            assert_eq!(before["place"], revealed["place"]);
            // What is measured after acting makes the round to come.
            world.apply(&vec![Some(0); agents]).unwrap();
            let acted = world.describe_agent(0);
            assert_eq!(places(&acted), places(&revealed));
            assert_ne!(acted["place"], revealed["place"]);
        }
        assert_eq!(world.describe_agent(agents), json!({}));
        assert!(world.rules().len() > 100);
    }
}
