//! Steps of control environments, many systems in one call, beside a loop over environments of one
//! system each and beside the equations alone.
//!
//! `cargo bench -p rounds-tests --bench control`
//!
//! All three do the same steps with the same actions and restart what is over. `tests/gymnasium/speed.py` times gymnasium on
//! the same environments; wanted there: at least 50 times its Python loop.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use rounds_environments::control::classic::{CartPole, MountainCar, Pendulum};
use rounds_environments::control::maze::{MazeConfig, PointMaze};
use rounds_environments::control::stabilise::{Stabilise, StabiliseConfig};
use rounds_environments::control::{ControlEnvironment, Dynamics, PointMass, Vectorised};
use rounds_environments::environment::Environment;
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

const SEED: RunSeed = RunSeed(7);
/// Systems that move together.
const ENTITIES: usize = 1024;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    compare(&mut criterion, CartPole::default, &[0.0]);
    compare(&mut criterion, Pendulum::default, &[0.5]);
    compare(&mut criterion, MountainCar::default, &[0.3]);
    compare(&mut criterion, PointMass::default, &[0.3, -0.2]);
    let maze = || PointMaze::new(MazeConfig::default()).expect("the defaults are sound");
    compare(&mut criterion, maze, &[0.3, -0.2]);
    let patient = || Stabilise::new(StabiliseConfig::default()).expect("the defaults are sound");
    compare(&mut criterion, patient, &[0.4]);
    criterion.final_summary();
}

fn compare<D: Dynamics>(criterion: &mut Criterion, make: impl Fn() -> D, action: &[f64]) {
    let name = make().name();
    let mut group = criterion.benchmark_group(format!("control_{name}"));
    group.throughput(Throughput::Elements(ENTITIES as u64));
    vectorised(&mut group, make(), action);
    one_each(&mut group, &make, action);
    through_the_engine(&mut group, &make, action);
    equations(&mut group, &make(), action);
    group.finish();
}

fn key(entity: usize) -> StreamKey {
    let agent = AgentId(entity as u32);
    StreamKey::agent(SEED, EpisodeIx(0), agent, RoundIx(0), Purpose::Truth)
}

fn restart<D: Dynamics>(many: &mut Vectorised<D>, from: usize) {
    for entity in 0..many.entities() {
        if many.is_over(entity) {
            many.start(entity, key(from + entity));
        }
    }
}

fn vectorised<D: Dynamics>(group: &mut BenchmarkGroup<'_, WallTime>, dynamics: D, action: &[f64]) {
    let many = Vectorised::new(dynamics, ENTITIES, SEED, EpisodeIx(0));
    let mut many = many.expect("the constants are sound");
    let actions = action.repeat(ENTITIES);
    group.bench_function("vectorised", |bencher| {
        bencher.iter(|| {
            many.advance(&actions).expect("the actions are sound");
            restart(&mut many, 0);
        });
    });
}

fn singles<D: Dynamics>(make: impl Fn() -> D) -> Vec<Vectorised<D>> {
    let single = |entity| {
        let mut one = Vectorised::new(make(), 1, SEED, EpisodeIx(0)).expect("they are sound");
        one.start(0, key(entity));
        one
    };
    (0..ENTITIES).map(single).collect()
}

fn one_each<D: Dynamics>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    make: impl Fn() -> D,
    action: &[f64],
) {
    let mut all = singles(make);
    group.bench_function("one_each", |bencher| {
        bencher.iter(|| {
            for (entity, one) in all.iter_mut().enumerate() {
                one.advance(action).expect("the action is sound");
                restart(one, entity);
            }
        });
    });
}

/// As the engine and people play: an observation, an action and an outcome of each.
fn through_the_engine<D: Dynamics>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    make: impl Fn() -> D,
    action: &[f64],
) {
    let mut all = singles(make);
    let action = [action.to_vec()];
    group.bench_function("one_each_through_the_contract", |bencher| {
        bencher.iter(|| {
            for (entity, one) in all.iter_mut().enumerate() {
                std::hint::black_box(one.observe(AgentId(0)));
                let outcome = one.step(&action).expect("the action is sound");
                if outcome.terminated {
                    one.start(0, key(entity));
                }
            }
        });
    });
}

fn equations<D: Dynamics>(group: &mut BenchmarkGroup<'_, WallTime>, dynamics: &D, action: &[f64]) {
    let mut states: Vec<(D::State, u32)> = (0..ENTITIES)
        .map(|entity| (dynamics.start(key(entity)), 0))
        .collect();
    let mut seen = vec![0.0; dynamics.observed().len()];
    group.bench_function("equations_alone", |bencher| {
        bencher.iter(|| {
            for (entity, (state, steps)) in states.iter_mut().enumerate() {
                *steps += 1;
                let moved = dynamics.advance(state, action, key(entity));
                dynamics.observe(state, &mut seen);
                std::hint::black_box((&seen, moved.reward));
                if moved.terminated || *steps >= dynamics.step_limit() {
                    *state = dynamics.start(key(entity));
                    *steps = 0;
                }
            }
        });
    });
}
