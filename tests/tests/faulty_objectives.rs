//! Objectives that give what they may not: their episode fails with words that name the place, and
//! costs no other.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::sync::Arc;

use rounds_agents::coordination::CoordinationPlugin;
use rounds_agents::engine::{
    Engine, EngineError, EngineOptions, FinishedEpisode, Outcome, RunSink,
};
use rounds_environments::coordination::{
    Class, CoordinationFactory, GraphKind, Ground, Objective, Repeated, Scene, keep_clone,
};
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use rounds_models::CallRecord;
use rounds_tests::coordination::{make, named};

/// What an objective does wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wrong {
    Nothing,
    Marginal(f64),
    Value,
    Panics,
}

/// The number of agents that chose action 0, promised to be monotone; wrong in episode 1.
#[derive(Clone)]
struct Faulty {
    ground: Ground,
    wrong: Wrong,
}

impl Objective for Faulty {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn class(&self) -> Class {
        Class::Monotone
    }

    fn summary_len(&self) -> usize {
        1
    }

    fn clear(&self, summary: &mut [f64]) {
        summary.fill(0.0);
    }

    fn insert(&self, element: usize, summary: &mut [f64]) {
        summary[0] += f64::from(u8::from(element.is_multiple_of(2)));
    }

    fn value(&self, summary: &[f64]) -> f64 {
        match self.wrong {
            Wrong::Value => f64::NAN,
            Wrong::Panics => panic!("the objective has a fault of its own"),
            _ => summary[0],
        }
    }

    fn marginals(&self, agent: usize, _: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&[1.0, 0.0]);
        if let Wrong::Marginal(value) = self.wrong
            && agent == 2
        {
            out[1] = value;
        }
    }

    fn keep(&self, slot: &mut Option<Box<dyn Objective>>) {
        keep_clone(self, slot);
    }
}

struct Worlds(Wrong);

impl CoordinationFactory for Worlds {
    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Scene, EnvironmentError> {
        let wrong = match episode.0 {
            1 => self.0,
            _ => Wrong::Nothing,
        };
        let objective = Faulty {
            ground: Ground::new(&[2; 4]).unwrap(),
            wrong,
        };
        let mut draws = StreamKey::episode(seed, episode, Purpose::Truth).open();
        Ok(Scene {
            configuration: String::new(),
            world: Box::new(Repeated::new(Arc::new(objective))),
            graph: GraphKind::Ring.make(4, &mut draws, false).unwrap(),
        })
    }

    fn horizon(&self) -> u32 {
        20
    }
}

#[derive(Default)]
struct Outcomes(Vec<(EpisodeIx, Outcome)>);

impl RunSink for Outcomes {
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError> {
        self.0.push((episode.ix, episode.outcome));
        Ok(())
    }

    fn calls(&mut self, _: Vec<CallRecord>) -> Result<(), EngineError> {
        Ok(())
    }
}

/// How three episodes end, of which the second is wrong.
fn outcomes(method: &str, wrong: Wrong) -> Vec<Outcome> {
    let family = CoordinationPlugin {
        factory: Arc::new(Worlds(wrong)),
        choosing: make(&named(method, 3)).into(),
        yardstick: None,
        picture_every: 0,
    };
    let options = EngineOptions {
        seed: RunSeed(5),
        in_flight: 3,
        log: true,
    };
    let mut engine = Engine::new(options, family).unwrap();
    let mut sink = Outcomes::default();
    engine.run(&mut (0..3).map(EpisodeIx), &mut sink).unwrap();
    sink.0.sort_by_key(|(episode, _)| episode.0);
    sink.0.into_iter().map(|(_, outcome)| outcome).collect()
}

#[track_caller]
fn fails_alone(method: &str, wrong: Wrong, words: &str) {
    let all = outcomes(method, wrong);
    assert_eq!(
        (&all[0], &all[2]),
        (&Outcome::Done, &Outcome::Done),
        "{method}"
    );
    match &all[1] {
        Outcome::Failed(why) => assert!(why.contains(words), "{method}, {wrong:?}: {why}"),
        other => panic!("{method}, {wrong:?}: {other:?}"),
    }
}

#[test]
fn marginals_that_are_no_numbers_or_negative_name_agent_and_action() {
    for method in [
        "own-best", "osg", "ma-osea", "ma-osma", "ma-spl", "ma-mpl", "greedy",
    ] {
        assert_eq!(outcomes(method, Wrong::Nothing), vec![Outcome::Done; 3]);
        fails_alone(
            method,
            Wrong::Marginal(f64::NAN),
            "NaN, expected a finite number, for action 1 of agent 2",
        );
        fails_alone(
            method,
            Wrong::Marginal(-0.25),
            "the negative marginal -0.25 though it is promised to be monotone, for action 1 of agent 2",
        );
    }
}

#[test]
fn a_worth_that_is_no_number_ends_the_round_with_its_name() {
    for method in ["random", "ma-spl", "greedy"] {
        fails_alone(method, Wrong::Value, "NaN");
    }
    fails_alone("random", Wrong::Value, "round 1: the objective gave NaN");
}

#[test]
fn a_panic_inside_an_objective_costs_its_episode_alone() {
    fails_alone("ma-mpl", Wrong::Panics, "a fault of its own");
}
