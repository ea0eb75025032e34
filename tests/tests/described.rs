//! An environment of one's own, played by a program and by a person.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rounds::environments::environment::Describe;
use rounds::prelude::*;
use rounds_models::{Console, ModelServer, ProcessOptions, ReplayModel, ServerOptions};
use rounds_policies::described::DescribedAgents;

/// Three heaps are counted down; whoever is asked says by how much.
#[derive(Debug, Clone)]
struct Heap(i64);

impl Environment for Heap {
    type Observation = i64;
    type Action = i64;

    fn agents(&self) -> usize {
        1
    }

    fn observe(&self, _: AgentId) -> i64 {
        self.0
    }

    fn step(&mut self, take: &[i64]) -> Result<StepOutcome, EnvironmentError> {
        self.0 -= take[0];
        Ok(StepOutcome {
            rewards: vec![-1.0],
            terminated: self.0 <= 0,
            minutes: 1.0,
        })
    }

    fn action_value(&self, take: &i64) -> Value {
        json!(take)
    }
}

impl Describe for Heap {
    fn describe(&self, left: &i64) -> String {
        format!("{left} left")
    }

    fn action_schema(&self) -> Value {
        json!({"type": "integer", "minimum": 1, "maximum": 3})
    }

    fn read_action(&self, agent: AgentId, value: &Value) -> Result<i64, EnvironmentError> {
        value
            .as_i64()
            .filter(|take| (1..=3).contains(take))
            .ok_or_else(|| EnvironmentError::InvalidAction {
                agent,
                why: format!("expected 1 to 3, got {value}"),
            })
    }
}

struct Heaps;

impl EnvironmentFactory for Heaps {
    type Environment = Heap;

    fn reset(&self, _: RunSeed, episode: EpisodeIx) -> Result<Heap, EnvironmentError> {
        Ok(Heap(4 + i64::from(episode.0)))
    }
}

fn game() -> Stepped {
    Stepped {
        episodes: 3,
        ..Stepped::named("heaps")
    }
}

fn options(script: &str, folder: &Path) -> ProcessOptions {
    ProcessOptions {
        name: "mine".to_owned(),
        command: vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()],
        folder: folder.to_owned(),
        hello: String::new(),
        deadline: Duration::from_secs(10),
        restarts: 0,
        processes: 2,
        batch: 1,
        keep: None,
    }
}

fn events(run: &Path) -> String {
    std::fs::read_to_string(run.join("arms/00-played/events.jsonl")).unwrap()
}

#[test]
fn a_program_plays_and_its_recording_plays_the_same() {
    let folder = tempfile::tempdir().unwrap();
    // Greedy, and told once that 4 is too many.
    let script = r#"read hello; while read line; do
        id=${line#*:}; id=${id%%,*}
        case "$line" in *'"note"'*) n=3;; *'"observation":"4 left"'*) n=4;; *) n=2;; esac
        echo "{\"batch\":$id,\"decisions\":[{\"action\":$n}]}"
    done"#;
    let decider = DescribedAgents::new(Heap(1)).process(options(script, folder.path()));
    let arm = game().arm_with("played", Heaps, decider.unwrap());
    let first = folder.path().join("first");
    let summary = run_arms(&first, &[arm], 2).unwrap();
    assert_eq!(summary.episodes.done, 3);
    let log = events(&first);
    assert!(
        log.contains("\"action\":3") && log.contains("\"action\":2"),
        "{log}"
    );
    assert!(!log.contains("\"action\":4"));

    let recorded = ReplayModel::open(&first.join("arms/00-played/calls.jsonl")).unwrap();
    let decider = Decider::Model {
        policy: Arc::new(DescribedAgents::new(Heap(1))),
        server: Arc::new(ModelServer::start(
            Arc::new(recorded),
            ServerOptions::default(),
        )),
        re_asks: 1,
    };
    let again = folder.path().join("again");
    run_arms(&again, &[game().arm_with("played", Heaps, decider)], 1).unwrap();
    assert_eq!(events(&again), log);
}

#[test]
fn an_action_that_is_none_ends_its_episode_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"read hello; while read line; do
        id=${line#*:}; id=${id%%,*}; echo "{\"batch\":$id,\"decisions\":[{\"action\":9}]}"
    done"#;
    let decider = DescribedAgents::new(Heap(1)).process(options(script, folder.path()));
    let arm = game().arm_with("played", Heaps, decider.unwrap());
    let summary = run_arms(folder.path().join("run"), &[arm], 1).unwrap();
    assert_eq!(summary.episodes.failed, 3);
    assert!(events(&folder.path().join("run")).contains("expected 1 to 3, got 9"));
}

struct Script(Mutex<VecDeque<&'static str>>, Mutex<String>);

impl Console for Script {
    fn say(&self, text: &str) {
        self.1.lock().unwrap().push_str(text);
    }

    fn line(&self) -> std::io::Result<Option<String>> {
        Ok(self.0.lock().unwrap().pop_front().map(str::to_owned))
    }
}

#[test]
fn a_person_plays_until_it_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let lines = ["help", "two", "3", "1", "2", "3", "quit"];
    let script = Arc::new(Script(Mutex::new(lines.into()), Mutex::default()));
    let decider = DescribedAgents::new(Heap(1)).human("me", script.clone());
    let mut game = game();
    game.in_flight = 1;
    let arm = game.arm_with("played", Heaps, decider);
    let summary = run_arms(folder.path().join("run"), &[arm], 1).unwrap();
    let left = summary.episodes;
    assert_eq!((left.done, left.aborted, left.failed), (2, 1, 0));
    let said = script.1.lock().unwrap().clone();
    assert!(
        said.contains("4 left") && said.contains("\"maximum\":3"),
        "{said}"
    );
    assert!(said.contains("expected 1 to 3, got \"two\""), "{said}");
}

/// Takes three, in prose, and two of two; has to be asked twice about 5, and takes too much of 6.
fn taker() -> ScriptedRules {
    let rules = r#"
        default = "Well: {\"action\": 3}"
        [[rules]]
        contains = "Now: 2 left"
        reply = '{"action": 2}'
        [[rules]]
        episode = 1
        attempt = 0
        reply = "Five?"
        [[rules]]
        episode = 2
        round = 1
        reply = '{"action": "all"}'
    "#;
    ScriptedRules::from_toml(rules).unwrap()
}

#[test]
fn a_language_model_plays_and_its_recording_plays_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let play = |name: &str, model: Arc<dyn LanguageModel>, jobs: usize| {
        let server = ModelServer::start(model, ServerOptions::default());
        let arm = game().arm_spoken("played", Heaps, server, LanguageOptions::default());
        let run = folder.path().join(name);
        let summary = run_arms(&run, &[arm.unwrap()], jobs).unwrap();
        (events(&run), summary)
    };
    let first = ScriptedModel::new(taker()).unwrap();
    let (log, summary) = play("first", Arc::new(first), 1);
    // 4 and 5 are taken; 6 fails in its second step, and a heap has no neutral action.
    let counts = summary.episodes;
    assert_eq!((counts.done, counts.failed), (2, 1));
    assert!(log.contains("no reply for agent 0 could be used"), "{log}");
    assert!(log.contains("expected 1 to 3"), "{log}");
    let late: Vec<&str> = log
        .lines()
        .filter(|l| l.contains("malformed_reply"))
        .collect();
    assert_eq!(late.len(), 2, "{late:?}");
    assert!(late[0].contains("\"replies\":1") && late[1].contains("\"neutral\":true"));
    assert!(log.contains("\"malformed\":1,\"neutral\":0"), "{log}");
    for jobs in [2, 4] {
        let rules = ScriptedRules {
            reverse: true,
            delay_ms: [0, 2],
            ..taker()
        };
        let slow = ScriptedModel::new(rules).unwrap();
        assert_eq!(play(&format!("jobs-{jobs}"), Arc::new(slow), jobs).0, log);
    }
    let calls = folder.path().join("first/arms/00-played/calls.jsonl");
    let recorded = ReplayModel::open(&calls).unwrap();
    assert_eq!(play("again", Arc::new(recorded), 3).0, log);
}
