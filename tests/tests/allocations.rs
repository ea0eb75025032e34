//! Rounds of coordination allocate nothing.
//!
//! An episode of the engine is played with few rounds and with many. What making and ending it
//! allocates is the same for both, so the difference is what the rounds allocate.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::sync::Arc;

use allocation_counter::AllocationInfo;
use rounds_agents::coordination::CoordinationPlugin;
use rounds_environments::coordination::area::{AreaConfig, AreaFactory};
use rounds_environments::coordination::ekf::{EkfConfig, EkfFactory};
use rounds_environments::coordination::objectives::{
    Criterion, Detection, TableObjective, TableSpec,
};
use rounds_environments::coordination::tracking::TrackingConfig;
use rounds_environments::coordination::{
    CoordinationFactory, CoordinationWorld, GraphKind, Ground, Motion, Objective, Repeated,
    RepeatedFactory, Scene,
};
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::{EpisodeIx, RoundIx};
use rounds_environments::streams::RunSeed;
use rounds_policies::coordination::{
    Flooding, Method, MplOptions, OseaOptions, OsmaOptions, SplOptions,
};
use rounds_tests::coordination::{engine, greedy, make, named, one, play, sparse, tracking};

const SEED: RunSeed = RunSeed(11);
/// Rounds of the short and of the long episode.
const ROUNDS: [u32; 2] = [40, 140];

/// What an episode allocates, and its events.
fn episode(family: &CoordinationPlugin, log: bool) -> (AllocationInfo, Vec<u8>) {
    let mut engine = engine(family.clone(), SEED, log);
    // What the engine and its queries make once.
    play(&mut engine, EpisodeIx(0));
    let mut events = Vec::new();
    let info = allocation_counter::measure(|| events = play(&mut engine, EpisodeIx(0)));
    (info, events)
}

/// Plays both lengths; allocations of the rounds that only the long episode has.
fn of_rounds(family: impl Fn(u32) -> CoordinationPlugin) -> i64 {
    let [short, long] = ROUNDS.map(|rounds| episode(&family(rounds), false).0);
    assert!(short.count_total > 0);
    long.count_total as i64 - short.count_total as i64
}

fn family(factory: Arc<dyn CoordinationFactory>, method: &Method) -> CoordinationPlugin {
    CoordinationPlugin {
        factory,
        choosing: make(method).into(),
        yardstick: None,
        picture_every: 0,
    }
}

fn config(agents: usize, rounds: u32) -> TrackingConfig {
    TrackingConfig {
        agents,
        targets: agents * 3 / 2,
        horizon: rounds,
        ..TrackingConfig::default()
    }
}

/// Every method with its defaults but the optimum, and the settings that lead other ways.
fn methods() -> Vec<Method> {
    let defaults = Method::NAMES.into_iter().filter(|name| *name != "optimum");
    let mut methods: Vec<_> = defaults.map(|name| named(name, 5)).collect();
    let (batch, normalise) = (3, true);
    methods.extend([
        Method::MaSpl(SplOptions {
            batch,
            normalise,
            normalise_mass: true,
            own_block_authoritative: true,
            ..SplOptions::default()
        }),
        Method::MaOsma(OsmaOptions {
            batch,
            normalise,
            ..OsmaOptions::default()
        }),
        Method::MaOsea(OseaOptions {
            batch,
            normalise,
            ..OseaOptions::default()
        }),
        Method::MaMpl(MplOptions {
            batch,
            normalise,
            levels: Some(5),
            flooding: Flooding::Delayed,
            ..MplOptions::default()
        }),
    ]);
    methods
}

#[test]
fn no_method_allocates_in_its_rounds() {
    for method in methods() {
        let allocated = of_rounds(|rounds| {
            let factory = tracking(config(10, rounds), sparse());
            family(Arc::new(factory), &method)
        });
        assert_eq!(allocated, 0, "{method:?}");
    }
}

#[test]
fn the_optimum_and_a_yardstick_do_not_allocate() {
    let motion = Motion {
        speeds: vec![10.0],
        headings: 4,
        ..Motion::default()
    };
    for (name, yardstick) in [("optimum", None), ("ma-spl", Some(greedy()))] {
        let allocated = of_rounds(|rounds| {
            let config = TrackingConfig {
                motion: motion.clone(),
                ..config(4, rounds)
            };
            let factory = Arc::new(tracking(config, GraphKind::Complete));
            CoordinationPlugin {
                yardstick: yardstick.clone(),
                picture_every: 10,
                ..family(factory, &named(name, 5))
            }
        });
        assert_eq!(allocated, 0, "{name}");
    }
}

fn table() -> Arc<dyn Objective> {
    let spec = TableSpec {
        actions: vec![2, 3],
        values: (0_u32..1 << 5)
            .map(|set| f64::from(set.count_ones()).sqrt())
            .collect(),
        class: None,
    };
    Arc::new(TableObjective::new(&spec).unwrap())
}

fn detection() -> Arc<dyn Objective> {
    let ground = Arc::new(Ground::new(&[2, 3]).unwrap());
    let hits: Vec<_> = (0..5).map(|e| vec![(e % 2, 0.3), (2, 0.5)]).collect();
    Arc::new(Detection::new(ground, &[1.0, 2.0, 3.0], &hits).unwrap())
}

/// The kinds of worlds and objectives beside tracking.
const WORLDS: [&str; 5] = ["A-optimal", "log-det", "area", "table", "detection"];

fn world(kind: &str, rounds: u32) -> Arc<dyn CoordinationFactory> {
    let ekf = |criterion| -> Arc<dyn CoordinationFactory> {
        let config = EkfConfig {
            agents: 6,
            targets: 4,
            horizon: rounds,
            criterion,
            ..EkfConfig::default()
        };
        Arc::new(EkfFactory::new(config, vec![one(sparse())], false).unwrap())
    };
    let repeated = |objective| {
        let graph = vec![one(GraphKind::Path)];
        Arc::new(RepeatedFactory::new(objective, rounds, graph, false).unwrap())
    };
    match kind {
        "A-optimal" => ekf(Criterion::AOptimal),
        "log-det" => ekf(Criterion::LogDet),
        "area" => {
            let config = AreaConfig {
                agents: 6,
                cells: 20,
                horizon: rounds,
                ..AreaConfig::default()
            };
            Arc::new(AreaFactory::new(config, vec![one(sparse())], false).unwrap())
        }
        "table" => repeated(table()),
        _ => repeated(detection()),
    }
}

#[test]
fn no_world_allocates_in_its_rounds() {
    for kind in WORLDS {
        for method in methods() {
            let allocated = of_rounds(|rounds| family(world(kind, rounds), &method));
            assert_eq!(allocated, 0, "{kind}, {method:?}");
        }
    }
}

#[test]
fn the_log_allocates_only_to_grow() {
    let [short, long] = ROUNDS.map(|rounds| {
        let factory = Arc::new(tracking(config(10, rounds), sparse()));
        let with_all = CoordinationPlugin {
            yardstick: Some(greedy()),
            picture_every: 10,
            ..family(factory, &named("ma-spl", 5))
        };
        let (without, _) = episode(&with_all, false);
        let (with, events) = episode(&with_all, true);
        let count = with.count_total - without.count_total;
        let bytes = with.bytes_total - without.bytes_total;
        (count, bytes, events.len() as u64)
    });
    let ((short_count, _, short_len), (count, bytes, len)) = (short, long);
    assert!(
        len > 2 * short_len,
        "{len} bytes of events after {short_len}"
    );
    // A buffer that doubles from its first 8 bytes on: 4 times its content in all.
    let doublings = u64::from((len / short_len).ilog2()) + 1;
    assert!(
        count <= short_count + doublings,
        "{count} after {short_count}"
    );
    assert!(bytes <= 4 * len + 100, "{bytes} bytes for {len} of events");
}

/// A world that allocates once in every round.
struct Wasteful(Repeated);

impl CoordinationWorld for Wasteful {
    fn ground(&self) -> &Ground {
        self.0.ground()
    }

    fn reveal(&mut self, round: RoundIx) -> Result<(), EnvironmentError> {
        drop(std::hint::black_box(vec![round]));
        Ok(())
    }

    fn objective(&self) -> &dyn Objective {
        self.0.objective()
    }

    fn apply(&mut self, actions: &[Option<u32>]) -> Result<(), EnvironmentError> {
        self.0.apply(actions)
    }
}

struct WastefulFactory(RepeatedFactory);

impl CoordinationFactory for WastefulFactory {
    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Scene, EnvironmentError> {
        Ok(Scene {
            world: Box::new(Wasteful(Repeated::new(table()))),
            ..self.0.reset(seed, episode)?
        })
    }

    fn horizon(&self) -> u32 {
        self.0.horizon()
    }
}

#[test]
fn an_allocation_a_round_is_seen() {
    let allocated = of_rounds(|rounds| {
        let graph = vec![one(GraphKind::Path)];
        let factory = RepeatedFactory::new(table(), rounds, graph, false).unwrap();
        family(Arc::new(WastefulFactory(factory)), &named("random", 5))
    });
    assert_eq!(allocated, i64::from(ROUNDS[1] - ROUNDS[0]));
}
