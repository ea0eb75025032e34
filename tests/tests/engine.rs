//! The engine itself: batches, schedules, clocks and teams.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bevy_ecs::prelude::*;
use rounds::agents::clinic::Protocol;
use rounds::agents::engine::{Engine, EngineError, EngineOptions, MemberOf, Members, Phase, Tick};
use rounds::clinic::install;
use rounds::environments::streams::RunSeed;
use rounds::policies::clinic::task::{Action, Observation};
use rounds::policies::policy::{Ask, Decider, Decisions, Policy};
use rounds::run::Episode;
use rounds::speech::Cassette;
use rounds_tests::{clinic, episodes, events, run_into, scenario};

const WARD: &str = "scenarios/ward.toml";

/// Counts calls and the largest batch.
struct Counted {
    within: Arc<dyn Policy<Observation, Action>>,
    calls: Arc<AtomicUsize>,
    largest: Arc<AtomicUsize>,
}

impl Policy<Observation, Action> for Counted {
    fn decide(&self, seed: RunSeed, batch: &[Ask<Observation>]) -> Decisions<Action> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.largest.fetch_max(batch.len(), Ordering::SeqCst);
        self.within.decide(seed, batch)
    }
}

#[test]
fn a_thousand_waiting_agents_are_one_batch() {
    let set = scenario(WARD, &["episodes=1000", "limits.in_flight=1000"]);
    let mut built = clinic(&set, &Cassette::default());
    let (parts, Protocol::DynamiCare(Decider::Direct(within))) = built.clinic_parts() else {
        panic!("the ward decides at once")
    };
    let (calls, largest) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    let counted = Counted {
        within,
        calls: Arc::clone(&calls),
        largest: Arc::clone(&largest),
    };
    built.experiment.install = install(parts, Decider::Direct(Arc::new(counted)));
    events(&built.experiment, 1);
    assert!(largest.load(Ordering::SeqCst) >= 1000);
    // Triage, then a few steps in each of ten rounds; a call an agent would be tens of thousands.
    let calls = calls.load(Ordering::SeqCst);
    assert!(calls < 200, "{calls} calls");
}

#[derive(Resource, Default)]
struct Shared(u32);

fn one(mut shared: ResMut<Shared>) {
    shared.0 += 1;
}

fn other(mut shared: ResMut<Shared>) {
    shared.0 *= 2;
}

#[test]
fn systems_that_conflict_without_an_order_are_refused() {
    let options = EngineOptions {
        seed: RunSeed(1),
        in_flight: 1,
        log: false,
    };
    let unordered = |app: &mut bevy_app::App| {
        app.init_resource::<Shared>()
            .add_systems(Tick, (one, other).in_set(Phase::Act));
    };
    let Err(EngineError::Schedule(why)) = Engine::new(options, unordered) else {
        panic!("an ambiguous schedule was taken")
    };
    assert!(why.contains("Shared"), "{why}");
    let ordered = |app: &mut bevy_app::App| {
        app.init_resource::<Shared>()
            .add_systems(Tick, (one, other).chain().in_set(Phase::Act));
    };
    assert!(Engine::new(options, ordered).is_ok());
}

#[test]
fn an_agent_serves_one_group_after_another() {
    let mut world = World::new();
    let [first, second] = [world.spawn_empty().id(), world.spawn_empty().id()];
    let [a, b] = [0, 1].map(|_| world.spawn(MemberOf(first)).id());
    let members = |world: &World, group| -> Vec<Entity> {
        let members = world.get::<Members>(group);
        members.map_or_else(Vec::new, |members| members.iter().collect())
    };
    assert_eq!(members(&world, first), [a, b]);
    world.entity_mut(a).insert(MemberOf(second));
    assert_eq!(
        (members(&world, first), members(&world, second)),
        (vec![b], vec![a])
    );
    world.entity_mut(a).remove::<MemberOf>();
    assert!(members(&world, second).is_empty() && world.get_entity(a).is_ok());
}

fn run(set: &[&str]) -> Vec<Episode> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let built = clinic(&scenario(WARD, set), &Cassette::default());
    run_into(&built.experiment, &out, 2);
    episodes(&out)
}

#[test]
fn results_come_back_after_their_turnaround() {
    let mut later = 0;
    for episode in run(&["episodes=40"]) {
        for pair in episode.events.windows(2) {
            if pair[0].kind == "asked" && pair[1].kind == "answered" {
                let passed = pair[1].minute.unwrap() - pair[0].minute.unwrap();
                assert!(passed >= 0.0);
                later += usize::from(passed > 5.0);
            }
        }
        let minutes: Vec<f64> = episode.events.iter().filter_map(|e| e.minute).collect();
        assert!(minutes.is_sorted(), "time never runs back");
    }
    assert!(later > 10, "only {later} results took their time");
}

#[test]
fn a_team_changes_while_it_works_and_stays_within_its_limit() {
    let mut teams = BTreeSet::new();
    for episode in run(&["episodes=60", "agents.team.max_members=3"]) {
        for event in episode.events.iter().filter(|e| e.kind == "coordinated") {
            let team = event.texts("team");
            assert!((1..=3).contains(&team.len()), "{team:?}");
            let distinct: BTreeSet<_> = team.iter().collect();
            assert_eq!(distinct.len(), team.len());
            teams.insert(format!("{team:?}"));
        }
    }
    assert!(teams.len() > 10, "{teams:?}");
}
