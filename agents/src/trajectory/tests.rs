use std::sync::Arc;

use rounds_environments::control::{Actions, PointMass, Vectorised};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_models::CallRecord;
use rounds_policies::policy::PolicyError;
use rounds_policies::trajectory::{
    Choices, ControllerPolicy, RandomController, Situation, TrajectoryPolicy,
};
use serde_json::Value;

use super::{EnvironmentMaker, TrajectoryPlugin};
use crate::engine::{Engine, EngineError, EngineOptions, FinishedEpisode, Outcome, RunSink};

#[derive(Default)]
struct Sink(Vec<FinishedEpisode>);

impl RunSink for Sink {
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError> {
        self.0.push(episode);
        Ok(())
    }

    fn calls(&mut self, _: Vec<CallRecord>) -> Result<(), EngineError> {
        Ok(())
    }
}

fn environment() -> EnvironmentMaker {
    Arc::new(|places| {
        let point = PointMass {
            step_limit: 9,
            ..PointMass::default()
        };
        let made = Vectorised::new(point, places, RunSeed(0), EpisodeIx(0))?;
        Ok(Box::new(made))
    })
}

fn plugin(policy: impl TrajectoryPolicy + 'static, trainings: usize) -> TrajectoryPlugin {
    let policy: Arc<dyn TrajectoryPolicy> = Arc::new(policy);
    TrajectoryPlugin {
        environment: environment(),
        places: 64,
        policies: vec![policy; trainings],
        max_steps: 1000,
        reference: None,
    }
}

fn random() -> ControllerPolicy<RandomController> {
    let made = environment()(1).unwrap();
    let controller = RandomController::new(Actions::cube(2, -1.0, 1.0)).unwrap();
    ControllerPolicy::new(controller, made.space()).unwrap()
}

fn run(plugin: TrajectoryPlugin, in_flight: usize, episodes: u32) -> Vec<FinishedEpisode> {
    let options = EngineOptions {
        seed: RunSeed(5),
        in_flight,
        log: true,
    };
    let places = plugin.places.min(in_flight);
    let mut engine = Engine::new(options, TrajectoryPlugin { places, ..plugin }).unwrap();
    let mut sink = Sink::default();
    engine
        .run(&mut (0..episodes).map(EpisodeIx), &mut sink)
        .unwrap();
    sink.0.sort_by_key(|episode| episode.ix);
    sink.0
}

fn events(episode: &FinishedEpisode) -> Vec<Value> {
    let text = std::str::from_utf8(&episode.events).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn bytes_do_not_depend_on_company() {
    let alone = run(plugin(random(), 1), 1, 20);
    assert_eq!(alone, run(plugin(random(), 1), 7, 20));
    assert_eq!(alone, run(plugin(random(), 1), 64, 20));
    let lines = events(&alone[3]);
    assert_eq!(lines.len(), 1 + 9 + 1 + 1);
    let rewards: f64 = lines[1..10]
        .iter()
        .map(|line| line["reward"].as_f64().unwrap())
        .sum();
    assert_eq!(lines[10]["returns"][0].as_f64().unwrap(), rewards);
    assert_eq!(lines[1]["saw"].as_array().unwrap().len(), 4);
    assert_eq!(lines[1]["action"].as_array().unwrap().len(), 2);
}

#[test]
fn trainings_share_starts_and_draw_for_themselves() {
    let two = run(plugin(random(), 2), 8, 6);
    let first = |episode: &FinishedEpisode| events(episode)[1].clone();
    for start in 0..3 {
        let (a, b) = (first(&two[2 * start]), first(&two[2 * start + 1]));
        assert_eq!(a["saw"], b["saw"]);
        assert_ne!(a["action"], b["action"]);
    }
    assert_ne!(first(&two[0])["saw"], first(&two[2])["saw"]);
}

/// Fails or panics for those whose place is far out, and for every batch that one of them is in.
#[derive(Debug)]
struct Choosy {
    panics: bool,
}

impl TrajectoryPolicy for Choosy {
    fn context_steps(&self) -> usize {
        3
    }

    fn decide(
        &self,
        agents: &[Situation<'_>],
        choices: &mut Choices<'_>,
    ) -> Result<(), PolicyError> {
        choices.actions.fill(0.5);
        if agents.iter().any(|agent| agent.observation[0] > 0.5) {
            assert!(!self.panics, "too far out");
            return Err(PolicyError::Failed("too far out".to_owned()));
        }
        assert!(agents.iter().all(|agent| agent.context.len() <= 3));
        Ok(())
    }
}

#[test]
fn a_failing_policy_ends_only_the_episodes_that_it_fails_for() {
    for panics in [false, true] {
        let all = run(plugin(Choosy { panics }, 1), 32, 40);
        assert_eq!(all.len(), 40);
        let failed = all
            .iter()
            .filter(|episode| episode.outcome != Outcome::Done)
            .count();
        assert!((2..40).contains(&failed), "{failed}");
        for episode in &all {
            let lines = events(episode);
            let far = |line: &Value| line["saw"][0].as_f64().is_some_and(|x| x > 0.5);
            let reason = lines.last().unwrap()["reason"].as_str();
            match episode.outcome == Outcome::Done {
                true => assert!(!lines.iter().any(far) && reason.is_none()),
                false => assert!(reason.unwrap().contains("too far out")),
            }
        }
        assert_eq!(all, run(plugin(Choosy { panics }, 1), 1, 40));
    }
}

/// Does what no system can take, once.
#[derive(Debug)]
struct Faulty;

impl TrajectoryPolicy for Faulty {
    fn context_steps(&self) -> usize {
        0
    }

    fn decide(
        &self,
        agents: &[Situation<'_>],
        choices: &mut Choices<'_>,
    ) -> Result<(), PolicyError> {
        for (agent, action) in agents.iter().zip(choices.actions.chunks_exact_mut(2)) {
            let bad = agent.key.episode == EpisodeIx(4) && agent.key.round.0 == 2;
            action.fill(if bad { f64::NAN } else { 0.1 });
        }
        Ok(())
    }
}

#[test]
fn an_action_that_cannot_be_taken_ends_its_own_episode() {
    let all = run(plugin(Faulty, 1), 16, 12);
    for episode in &all {
        match episode.ix {
            EpisodeIx(4) => {
                let reason = events(episode).last().unwrap()["reason"].clone();
                assert!(reason.as_str().unwrap().contains("finite"), "{reason}");
                assert_eq!(events(episode).len(), 3);
            }
            _ => assert_eq!(episode.outcome, Outcome::Done),
        }
    }
    assert_eq!(all, run(plugin(Faulty, 1), 1, 12));
}

#[test]
fn a_limit_of_steps_ends_an_episode_as_done() {
    let limited = TrajectoryPlugin {
        max_steps: 4,
        ..plugin(random(), 1)
    };
    let all = run(limited, 4, 8);
    for episode in &all {
        assert_eq!(episode.outcome, Outcome::Done);
        let lines = events(episode);
        assert_eq!(
            (lines[5]["kind"].as_str(), lines[5]["r"].as_u64()),
            (Some("finished"), Some(4))
        );
        assert_eq!(lines[5]["terminated"], false);
    }
}
