//! Environments of one's own: the promises of the engine hold for them too.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use rounds::prelude::*;
use rounds_tests::{episodes, events};

/// Two agents walk on a line; a step off its end panics, a step of 3 is refused.
struct Line {
    at: [i64; 2],
    draws: StreamKey,
    fault: Option<i64>,
}

impl Environment for Line {
    type Observation = i64;
    type Action = i64;

    fn agents(&self) -> usize {
        2
    }

    fn observe(&self, agent: AgentId) -> i64 {
        self.at[agent.0 as usize]
    }

    fn step(&mut self, moves: &[i64]) -> Result<StepOutcome, EnvironmentError> {
        self.draws.round.0 += 1;
        let gust: i64 = self.draws.open().random_range(-1..=1);
        for (at, by) in self.at.iter_mut().zip(moves) {
            *at += by + gust;
        }
        match self.fault {
            Some(0) => panic!("fell off the line"),
            Some(1) => {
                return Err(EnvironmentError::InvalidAction {
                    agent: AgentId(1),
                    why: "expected a step of at most 2".to_owned(),
                });
            }
            _ => {}
        }
        Ok(StepOutcome {
            rewards: self.at.iter().map(|at| -(*at as f64).abs()).collect(),
            terminated: self.at[0] == self.at[1],
            minutes: 0.5,
        })
    }

    fn action_value(&self, by: &i64) -> Value {
        json!(by)
    }

    fn metrics(&self) -> Vec<(&'static str, f64)> {
        vec![("gap", (self.at[0] - self.at[1]).abs() as f64)]
    }
}

struct Lines {
    faults: bool,
}

impl EnvironmentFactory for Lines {
    type Environment = Line;

    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Line, EnvironmentError> {
        let draws = StreamKey::episode(seed, episode, Purpose::Dynamics);
        let fault = i64::from(episode.0 % 7);
        let mut start = draws.open();
        if self.faults && fault == 2 {
            return Err(EnvironmentError::Failed("no line is left".to_owned()));
        }
        Ok(Line {
            at: [start.random_range(-5..0), start.random_range(0..5)],
            draws,
            fault: self.faults.then_some(fault),
        })
    }
}

fn game(in_flight: usize) -> Stepped {
    Stepped {
        episodes: 70,
        max_steps: 40,
        in_flight,
        ..Stepped::named("line")
    }
}

fn walk() -> RandomChoice<i64> {
    RandomChoice::new(vec![-1, 0, 1]).unwrap()
}

#[test]
fn the_promises_hold_for_the_line() {
    let checked = testkit::stepped(&game(100), Lines { faults: false }, walk())
        .observations(|at| vec![*at as f64], -100.0..=100.0)
        .actions(|by| vec![*by as f64], -1.0..=1.0)
        .rewards(-100.0..=0.0)
        .may_reach_limit()
        .check();
    assert!(checked.passed(), "{checked}");
    assert_eq!(checked.results.len(), 7);
}

#[test]
fn same_bytes_for_any_jobs_and_any_episodes_in_flight() {
    let lines = || Lines { faults: true };
    let expected = events(&game(1).arm("walk", lines(), walk()).experiment, 1);
    for (in_flight, jobs) in [(1, 4), (10, 2), (1000, 1), (1000, 4)] {
        let arm = game(in_flight).arm("walk", lines(), walk());
        assert!(
            events(&arm.experiment, jobs) == expected,
            "{in_flight} in flight, {jobs} jobs"
        );
    }
}

#[test]
fn faults_of_an_environment_end_their_own_episodes_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let run = |faults: bool| {
        let out = folder.path().join(faults.to_string());
        let arm = game(100).arm("walk", Lines { faults }, walk());
        rounds_tests::run_into(&arm.experiment, &out, 2);
        episodes(&out)
    };
    let (sound, faulty) = (run(false), run(true));
    assert_eq!(faulty.len(), 70);
    for (sound, faulty) in sound.iter().zip(&faulty) {
        let ended = faulty.events.last().unwrap();
        let expected = match faulty.episode % 7 {
            0 => "the environment panicked: fell off the line",
            1 => "action of agent 1 is not allowed: expected a step of at most 2",
            2 => "the episode could not be made: no line is left",
            _ => {
                assert_eq!(sound, faulty);
                continue;
            }
        };
        assert_eq!(ended.text("outcome"), Some("failed"));
        assert_eq!(ended.text("reason"), Some(expected));
    }
}

#[test]
fn arms_are_compared_on_the_same_episodes() {
    let folder = tempfile::tempdir().unwrap();
    let lines = || Lines { faults: false };
    let arms = [
        game(100).arm("walk", lines(), walk()),
        game(100).arm("stay", lines(), Fixed(0)),
        game(100).arm("stay again", lines(), Fixed(0)),
    ];
    let summary = run_arms(folder.path(), &arms, 2).unwrap();
    assert_eq!(summary.episodes.done, 210);
    for arm in &summary.arms {
        for name in ["return", "rounds", "terminated", "gap"] {
            assert!(arm.metrics[name]["mean"].is_number(), "{} {name}", arm.name);
        }
    }
    let same = summary.comparisons.iter().find(|c| c.a == "stay").unwrap();
    assert_eq!(
        (same.metric.as_str(), same.difference),
        ("return", Some(0.0))
    );
    let again = run_arms(folder.path(), &arms, 1).unwrap();
    assert_eq!(
        again.arms, summary.arms,
        "a second call continues what is there"
    );
}
