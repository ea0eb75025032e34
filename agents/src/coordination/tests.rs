use std::sync::Arc;

use rounds_environments::coordination::objectives::Detection;
use rounds_environments::coordination::tracking::{TrackingConfig, TrackingFactory};
use rounds_environments::coordination::{
    CommGraph, Configuration, CoordinationWorld, GraphKind, Ground, Objective,
};
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::{EpisodeIx, RoundIx};
use rounds_environments::streams::RunSeed;
use rounds_models::{
    CallRecord, Delay, FnModel, LanguageModel, ModelRequest, ModelServer, ReplayModel,
    ServerOptions,
};
use rounds_policies::language::{Choices, LanguageOptions, LanguagePlayer};
use serde_json::{Value, json};

use super::asked::{Asking, Known};
use super::{Asked, Choosing, CoordinationPlugin};
use crate::engine::{Engine, EngineError, EngineOptions, FinishedEpisode, Outcome, RunSink};

const ROUNDS: u32 = 6;

#[derive(Default)]
struct Sink {
    episodes: Vec<FinishedEpisode>,
    calls: Vec<CallRecord>,
}

impl RunSink for Sink {
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError> {
        self.episodes.push(episode);
        Ok(())
    }

    fn calls(&mut self, calls: Vec<CallRecord>) -> Result<(), EngineError> {
        self.calls.extend(calls);
        Ok(())
    }
}

/// What an agent is told.
fn told(request: &ModelRequest) -> Value {
    serde_json::from_str(&request.messages[1].content).unwrap()
}

/// The action that would have gained most, in prose.
fn best(request: &ModelRequest) -> String {
    let told = told(request);
    let actions = told["situation"]["actions"].as_array().unwrap();
    let gain = |action: &Value| action["would_have_gained"].as_f64().unwrap_or(0.0);
    let best = actions
        .iter()
        .max_by(|a, b| gain(a).total_cmp(&gain(b)))
        .unwrap();
    format!(
        "I think:\n```json\n{}\n```",
        json!({"action": best["action"]})
    )
}

fn play(model: Arc<dyn LanguageModel>, in_flight: usize) -> Sink {
    let config = TrackingConfig {
        agents: 3,
        targets: 5,
        horizon: ROUNDS,
        ..TrackingConfig::default()
    };
    let one = Configuration {
        name: String::new(),
        graph: GraphKind::Path,
        mix: Default::default(),
    };
    let factory = TrackingFactory::new(config, vec![one], false).unwrap();
    let server = ModelServer::start(model, ServerOptions::default());
    let player = LanguagePlayer::new(Choices, LanguageOptions::default());
    let plugin = CoordinationPlugin {
        factory: Arc::new(factory),
        choosing: Choosing::Asked(Asked {
            decider: player.decider(Arc::new(server)),
            history: 2,
        }),
        yardstick: None,
        picture_every: 0,
    };
    let options = EngineOptions {
        seed: RunSeed(5),
        in_flight,
        log: true,
    };
    let mut engine = Engine::new(options, plugin).unwrap();
    let mut sink = Sink::default();
    engine.run(&mut (0..4).map(EpisodeIx), &mut sink).unwrap();
    sink.episodes.sort_by_key(|episode| episode.ix);
    sink
}

fn lines(episode: &FinishedEpisode) -> Vec<Value> {
    let text = std::str::from_utf8(&episode.events).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of_kind<'a>(lines: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    lines.iter().filter(move |line| line["kind"] == kind)
}

#[test]
fn the_bytes_depend_neither_on_the_order_of_replies_nor_on_episodes_in_flight() {
    let plain = || FnModel::new("best", |request| Ok(best(request)));
    let first = play(Arc::new(plain()), 1);
    assert_eq!(first.episodes.len(), 4);
    assert_eq!(first.calls.len(), 4 * 3 * ROUNDS as usize);
    for episode in &first.episodes {
        assert_eq!(episode.outcome, Outcome::Done);
        let lines = lines(episode);
        assert_eq!(lines[0]["asked"], true);
        assert_eq!(of_kind(&lines, "acted").count(), ROUNDS as usize);
        // Two edges, both ways.
        let finished = of_kind(&lines, "finished").next().unwrap();
        assert_eq!(finished["messages"], 4 * ROUNDS);
    }
    for (model, in_flight) in [
        (plain().reversed(), 4),
        (plain().with_delay(Delay { lo_ms: 0, hi_ms: 3 }), 4),
        (
            plain().with_delay(Delay { lo_ms: 0, hi_ms: 2 }).reversed(),
            2,
        ),
    ] {
        assert_eq!(play(Arc::new(model), in_flight).episodes, first.episodes);
    }
    let recorded = ReplayModel::from_records(first.calls).unwrap();
    assert_eq!(play(Arc::new(recorded), 3).episodes, first.episodes);
}

#[test]
fn what_cannot_be_read_is_counted_and_the_agent_stays() {
    let model = FnModel::new("odd", |request: &ModelRequest| {
        let (agent, attempt) = (request.key.agent.0, request.key.attempt);
        Ok(match (agent, attempt) {
            (1, _) => "I had rather not.".to_owned(),
            (2, 0) => r#"{"action": 24}"#.to_owned(),
            _ => best(request),
        })
    });
    let sink = play(Arc::new(model), 2);
    for episode in &sink.episodes {
        assert_eq!(episode.outcome, Outcome::Done);
        let lines = lines(episode);
        for acted in of_kind(&lines, "acted") {
            let actions = acted["actions"].as_array().unwrap();
            assert!(actions[1].is_null() && actions[0].is_u64() && actions[2].is_u64());
        }
        let of = |agent: &str| {
            let found: Vec<&Value> = of_kind(&lines, "malformed_reply")
                .filter(|line| line["agent"] == agent)
                .collect();
            assert_eq!(found.len(), ROUNDS as usize);
            found[0].clone()
        };
        let (never, late) = (of("1"), of("2"));
        assert_eq!(
            (&never["replies"], &never["neutral"]),
            (&json!(3), &json!(true))
        );
        assert_eq!(
            (&late["replies"], &late["neutral"]),
            (&json!(1), &json!(false))
        );
        assert!(late["why"].as_str().unwrap().contains("0 to 23"), "{late}");
    }
    // One, three and two calls a round.
    assert_eq!(sink.calls.len(), 4 * 6 * ROUNDS as usize);
}

#[test]
fn a_call_that_keeps_failing_ends_its_episode_alone() {
    let model = FnModel::new("gone", |request: &ModelRequest| {
        match (request.key.episode.0, request.key.round.0) {
            (2, 3) => Err(rounds_models::ModelError::Rejected {
                message: "no such model".to_owned(),
            }),
            _ => Ok(best(request)),
        }
    });
    let sink = play(Arc::new(model), 4);
    for (number, episode) in sink.episodes.iter().enumerate() {
        match &episode.outcome {
            Outcome::Failed(why) if number == 2 => assert!(why.contains("no such model"), "{why}"),
            outcome => assert_eq!((outcome, number != 2), (&Outcome::Done, true)),
        }
    }
}

/// Three agents with two actions each, worth what a list says for each round.
struct Listed {
    rounds: Vec<[f64; 2]>,
    objective: Detection,
}

impl Listed {
    fn new(rounds: &[[f64; 2]]) -> Self {
        let ground = Arc::new(Ground::new(&[2; 3]).unwrap());
        Self {
            rounds: rounds.to_vec(),
            objective: Detection::empty(ground, 2),
        }
    }
}

impl CoordinationWorld for Listed {
    fn ground(&self) -> &Ground {
        self.objective.ground()
    }

    fn reveal(&mut self, round: RoundIx) -> Result<(), EnvironmentError> {
        let weights = self.rounds[round.index() - 1];
        let filled = self.objective.refill(&weights, |element, hits| {
            hits.push(element % 2, 0.5);
        });
        filled.map_err(|error| EnvironmentError::Failed(error.to_string()))
    }

    fn objective(&self) -> &dyn Objective {
        &self.objective
    }

    fn apply(&mut self, _: &[Option<u32>]) -> Result<(), EnvironmentError> {
        Ok(())
    }
}

/// What agent 0 is told before `round`, at the end of a path of three.
fn before(rounds: &[[f64; 2]], round: u32, actions: [u32; 3]) -> Value {
    let mut world = Listed::new(rounds);
    for round in 1..round {
        world.reveal(RoundIx(round)).unwrap();
    }
    let graph = CommGraph::metropolis(3, &[(0, 1), (1, 2)], false).unwrap();
    let mut asking = Asking::of_world(&world, 2);
    let known = Known {
        world: &world,
        graph: &graph,
        round: RoundIx(round),
        horizon: 3,
        actions: &actions.map(Some),
    };
    let (mut summary, mut gains) = ([0.0; 2], [0.0; 2]);
    known
        .told(&mut asking, 0, &mut summary, &mut gains)
        .unwrap()
}

#[test]
fn nothing_told_depends_on_the_coming_round_or_on_who_is_no_neighbour() {
    let list = [[1.0, 2.0], [3.0, 1.0], [1.0, 1.0]];
    let other = [[1.0, 2.0], [9.0, 9.0], [7.0, 1.0]];
    let told = before(&list, 2, [0, 1, 0]);
    assert_eq!(told, before(&other, 2, [0, 1, 0]));
    assert_ne!(before(&list, 3, [0, 1, 0]), before(&other, 3, [0, 1, 0]));
    assert_eq!(told, before(&list, 2, [0, 1, 1]));
    assert_ne!(told, before(&list, 2, [0, 0, 0]));
    assert_eq!(told["neighbours"], json!([{"agent": 1, "did": "1"}]));
    // The neighbour had action 1 half covered already.
    let gain = |action: usize| {
        told["actions"][action]["would_have_gained"]
            .as_f64()
            .unwrap()
    };
    assert_eq!([gain(0), gain(1)], [0.5, 0.5]);
    assert_eq!(
        told["own_past"][0],
        json!({"round": 1, "did": "0", "gained": 0.5})
    );
    let first = before(&list, 1, [0, 1, 0]);
    assert_eq!(first["own_past"], json!([]));
    assert_eq!(first["neighbours"], json!([{"agent": 1}]));
    assert_eq!(first["actions"][0], json!({"action": 0, "is": "0"}));
}
