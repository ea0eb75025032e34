//! Slow decisions: the order and the time of replies change nothing, nobody waits for another's
//! reply, and what was recorded is not asked again.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rounds::agents::engine::{Phase, Tick};
use rounds::models::{
    CallRecord, Completion, LanguageModel, ModelRequest, ReplayModel, ScriptedModel, ScriptedRules,
    ServerOptions,
};
use rounds::run::{ExecuteOptions, Experiment, RunDirectory, execute};
use rounds::schema::ScenarioSet;
use rounds_tests::{episodes, events, project_file, run_into, scenario, spoken_through};
use tokio::sync::Notify;

const SPOKEN: &str = "tests/scripts/spoken.toml";

fn rules() -> ScriptedRules {
    ScriptedRules::open(&project_file("tests/scripts/clinicians.toml")).unwrap()
}

fn scripted(rules: ScriptedRules) -> Arc<dyn LanguageModel> {
    Arc::new(ScriptedModel::new(rules).unwrap())
}

fn in_flight(count: u32) -> ScenarioSet {
    scenario(SPOKEN, &[&format!("limits.in_flight={count}")])
}

#[test]
fn replies_in_reverse_or_after_random_delays_change_nothing() {
    let expected = events(
        &spoken_through(&in_flight(1), scripted(rules()), ServerOptions::default()),
        1,
    );
    assert!(expected.len() > 10_000);
    let mut reversed = rules();
    reversed.reverse = true;
    let mut delayed = rules();
    delayed.delay_ms = [0, 4];
    let mut both = delayed.clone();
    both.reverse = true;
    for (name, rules) in [("reversed", reversed), ("delayed", delayed), ("both", both)] {
        for (count, jobs) in [(1000, 1), (1000, 4), (10, 2)] {
            let experiment = spoken_through(
                &in_flight(count),
                scripted(rules.clone()),
                ServerOptions::default(),
            );
            assert!(
                events(&experiment, jobs) == expected,
                "{name}, {count} in flight, {jobs} jobs"
            );
        }
    }
}

#[test]
fn a_full_queue_holds_requests_back_and_loses_none() {
    let expected = events(
        &spoken_through(&in_flight(1), scripted(rules()), ServerOptions::default()),
        1,
    );
    let narrow = ServerOptions {
        queue: 1,
        in_flight: 1,
        max_batch: 1,
    };
    let mut slow = rules();
    slow.delay_ms = [1, 1];
    // One world may find the queue full of the others' requests and have none of its own there.
    for jobs in [1, 4] {
        let experiment = spoken_through(&in_flight(1000), scripted(slow.clone()), narrow);
        assert!(events(&experiment, jobs) == expected, "{jobs} jobs");
    }
}

/// Answers by rules; keeps the requests of one episode until the gate opens.
struct Gated {
    within: ScriptedModel,
    episode: u32,
    gate: Arc<Notify>,
    waited_in_vain: Arc<AtomicBool>,
}

impl LanguageModel for Gated {
    fn name(&self) -> &str {
        self.within.name()
    }

    fn complete<'a>(&'a self, requests: &'a [ModelRequest]) -> Completion<'a> {
        Box::pin(async move {
            if requests.iter().any(|r| r.key.episode.0 == self.episode) {
                let opened = tokio::time::timeout(Duration::from_secs(60), self.gate.notified());
                if opened.await.is_err() {
                    self.waited_in_vain.store(true, Ordering::SeqCst);
                }
                self.gate.notify_one();
            }
            self.within.complete(requests).await
        })
    }
}

#[test]
fn an_episode_that_waits_holds_up_no_other() {
    let gate = Arc::new(Notify::new());
    let waited_in_vain = Arc::new(AtomicBool::new(false));
    let model = Gated {
        within: ScriptedModel::new(rules()).unwrap(),
        episode: 0,
        gate: Arc::clone(&gate),
        waited_in_vain: Arc::clone(&waited_in_vain),
    };
    let options = ServerOptions {
        max_batch: 1,
        ..ServerOptions::default()
    };
    let experiment = spoken_through(&in_flight(1000), Arc::new(model), options);
    let folder = tempfile::tempdir().unwrap();
    let mut ended = Vec::new();
    let options = ExecuteOptions {
        out: folder.path().join("run"),
        resume: false,
        jobs: 1,
    };
    execute(&experiment, &options, &mut |progress, episode| {
        ended.push(episode.ix.0);
        if progress.finished + 1 == progress.asked {
            gate.notify_one();
        }
    })
    .unwrap();
    assert!(!waited_in_vain.load(Ordering::SeqCst));
    assert_eq!(ended.len(), 40);
    assert_eq!(ended.last(), Some(&0), "all others ended first");
}

fn counting_ticks(experiment: &mut Experiment, ticks: &Arc<AtomicUsize>) {
    let (within, ticks) = (Arc::clone(&experiment.install), Arc::clone(ticks));
    experiment.install = Arc::new(move |app| {
        within(app);
        let ticks = Arc::clone(&ticks);
        let count = move || {
            ticks.fetch_add(1, Ordering::SeqCst);
        };
        use bevy_ecs::schedule::IntoScheduleConfigs;
        app.add_systems(Tick, count.in_set(Phase::Record));
    });
}

#[test]
fn the_runner_sleeps_while_all_wait() {
    let mut slow = rules();
    slow.delay_ms = [5, 20];
    let set = scenario(SPOKEN, &["episodes=3"]);
    let mut experiment = spoken_through(&set, scripted(slow), ServerOptions::default());
    let ticks = Arc::new(AtomicUsize::new(0));
    counting_ticks(&mut experiment, &ticks);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    run_into(&experiment, &out, 1);
    let calls = std::fs::read_to_string(out.join(RunDirectory::CALLS)).unwrap();
    let calls = calls.lines().count();
    let ticks = ticks.load(Ordering::SeqCst);
    // A reply moves its episode through a few stages, each a tick; polling would take thousands.
    assert!(
        calls > 20 && ticks < 6 * calls,
        "{ticks} ticks, {calls} calls"
    );
}

/// Counts what is really asked.
struct Counted {
    within: ScriptedModel,
    asked: Arc<AtomicUsize>,
}

impl LanguageModel for Counted {
    fn name(&self) -> &str {
        self.within.name()
    }

    fn complete<'a>(&'a self, requests: &'a [ModelRequest]) -> Completion<'a> {
        self.asked.fetch_add(requests.len(), Ordering::SeqCst);
        self.within.complete(requests)
    }
}

#[test]
fn recorded_calls_are_replayed_and_only_the_rest_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first");
    let set = in_flight(10);
    let expected = run_into(
        &spoken_through(&set, scripted(rules()), ServerOptions::default()),
        &first,
        2,
    );
    let calls = std::fs::read_to_string(first.join(RunDirectory::CALLS)).unwrap();
    let records: Vec<CallRecord> = calls
        .lines()
        .map(|line| CallRecord::from_line(line).unwrap())
        .collect();
    assert!(records.len() > 400);

    let replay = ReplayModel::from_records(records.clone()).unwrap();
    let replayed = spoken_through(&set, Arc::new(replay), ServerOptions::default());
    assert!(
        events(&replayed, 2) == expected,
        "a replay gives the same bytes"
    );

    let asked = Arc::new(AtomicUsize::new(0));
    let live: Arc<dyn LanguageModel> = Arc::new(Counted {
        within: ScriptedModel::new(rules()).unwrap(),
        asked: Arc::clone(&asked),
    });
    let half: Vec<CallRecord> = records.iter().step_by(2).cloned().collect();
    let kept = half.len();
    let replay = ReplayModel::from_records(half)
        .unwrap()
        .with_inner(Some(live));
    let resumed = spoken_through(&set, Arc::new(replay), ServerOptions::default());
    assert!(events(&resumed, 2) == expected);
    assert_eq!(
        asked.load(Ordering::SeqCst),
        records.len() - kept,
        "nothing is paid for twice"
    );
}

#[test]
fn a_replay_of_another_prompt_ends_its_episodes_with_the_difference() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first");
    let set = scenario(SPOKEN, &["episodes=4"]);
    run_into(
        &spoken_through(&set, scripted(rules()), ServerOptions::default()),
        &first,
        1,
    );
    let replay = ReplayModel::open(&first.join(RunDirectory::CALLS)).unwrap();
    let other = scenario(SPOKEN, &["episodes=4", "seed=6"]);
    let out = folder.path().join("second");
    run_into(
        &spoken_through(&other, Arc::new(replay), ServerOptions::default()),
        &out,
        1,
    );
    for episode in episodes(&out) {
        let ended = episode.events.last().unwrap();
        assert_eq!(ended.text("outcome"), Some("failed"));
        let reason = ended.text("reason").unwrap();
        assert!(
            reason.contains("recorded") && reason.contains("got"),
            "{reason}"
        );
    }
}
