//! What tests and benchmarks of multi-agent coordination share.

use std::sync::Arc;

use rounds_agents::coordination::{CoordinationPlugin, Made, Make, Yardstick};
use rounds_agents::engine::{
    Engine, EngineError, EngineOptions, FinishedEpisode, Outcome, RunSink,
};
use rounds_environments::coordination::tracking::{TrackingConfig, TrackingFactory};
use rounds_environments::coordination::{Configuration, Density, GraphKind};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_models::CallRecord;
use rounds_policies::coordination::{Greedy, Method, MplOptions, Queries};

/// The method of a name with its defaults, MA-MPL with `levels` maximisers instead of `sqrt(T)`.
pub fn named(name: &str, levels: u32) -> Method {
    match Method::from_name(name).unwrap() {
        Method::MaMpl(options) => Method::MaMpl(MplOptions {
            levels: Some(levels),
            ..options
        }),
        other => other,
    }
}

/// Makes the agents of a method.
pub fn make(method: &Method) -> Make {
    let method = method.clone();
    Arc::new(move |setting| {
        let (ground, graph) = (setting.ground, setting.graph);
        let (class, horizon) = (setting.class, setting.horizon);
        Ok(Made {
            population: method.build(ground, graph, class, horizon, setting.summary_len)?,
            traffic: method.traffic(ground, graph, horizon),
            lag: method.lag(graph),
        })
    })
}

/// Measures utilities against clairvoyant greedy.
pub fn greedy() -> Yardstick {
    Arc::new(|setting| {
        let ground = Arc::new(setting.ground.clone());
        let queries = (0..ground.agents())
            .map(|agent| Queries::new(ground.clone(), agent, setting.summary_len))
            .collect();
        Ok(Box::new(Greedy::new(queries, setting.summary_len)))
    })
}

/// Episodes of target tracking on one kind of graph, 8:1:1 targets.
pub fn tracking(config: TrackingConfig, graph: GraphKind) -> TrackingFactory {
    TrackingFactory::new(config, vec![one(graph)], false).unwrap()
}

/// A configuration that has only a graph to tell.
pub fn one<M: Default>(graph: GraphKind) -> Configuration<M> {
    Configuration {
        name: String::new(),
        graph,
        mix: M::default(),
    }
}

/// A random graph in which an agent has four neighbours on average.
pub fn sparse() -> GraphKind {
    let density = Density::MeanDegree(4.0);
    GraphKind::ErdosRenyi { density }
}

/// Keeps the events of the episode that ends, which must be done.
#[derive(Debug, Default)]
pub struct Kept(pub Vec<u8>);

impl RunSink for Kept {
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError> {
        assert_eq!(episode.outcome, Outcome::Done);
        self.0 = episode.events;
        Ok(())
    }

    fn calls(&mut self, _: Vec<CallRecord>) -> Result<(), EngineError> {
        Ok(())
    }
}

/// A world of the engine for one episode at a time.
pub fn engine(family: CoordinationPlugin, seed: RunSeed, log: bool) -> Engine {
    let options = EngineOptions {
        seed,
        in_flight: 1,
        log,
    };
    Engine::new(options, family).unwrap()
}

/// Runs one episode; its events.
pub fn play(engine: &mut Engine, episode: EpisodeIx) -> Vec<u8> {
    let mut kept = Kept::default();
    engine
        .run(&mut std::iter::once(episode), &mut kept)
        .unwrap();
    kept.0
}
