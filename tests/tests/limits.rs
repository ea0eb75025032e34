//! Hard limits: each ends in a valid partial result that says which limit it was.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rounds::models::{
    CallRecord, Completion, LanguageModel, ModelRequest, ReplayModel, ScriptedModel, ScriptedRules,
    ServerOptions,
};
use rounds::run::{
    EpisodeRow, ExecuteOptions, Experiment, RunDirectory, SummaryHead, derive, execute, score_run,
    summarise,
};
use rounds::statistics::Summary;
use rounds_tests::{episodes, events, project_file, run_into, scenario, spoken_through};

const SPOKEN: &str = "tests/scripts/spoken.toml";
const EPISODES: u64 = 40;

fn rules(delay_ms: [u64; 2]) -> ScriptedRules {
    let path = project_file("tests/scripts/clinicians.toml");
    let mut rules = ScriptedRules::open(&path).unwrap();
    rules.delay_ms = delay_ms;
    rules
}

fn model(rules: ScriptedRules) -> Arc<dyn LanguageModel> {
    Arc::new(ScriptedModel::new(rules).unwrap())
}

fn through(set: &[&str], model: Arc<dyn LanguageModel>) -> Experiment {
    spoken_through(&scenario(SPOKEN, set), model, ServerOptions::default())
}

fn limited(set: &[&str]) -> Experiment {
    through(set, model(rules([0, 0])))
}

fn rows(experiment: &Experiment, run: &Path) -> Vec<EpisodeRow> {
    let mut rows = Vec::new();
    score_run(run, &*experiment.score, |_, scored| {
        rows.push(scored.row);
        Ok(())
    })
    .unwrap();
    rows
}

fn summary(experiment: &Experiment, run: &Path) -> Summary {
    let named = ("default", serde_json::Map::new());
    let arm = derive(named, run, &*experiment.score, |_, _| {}).unwrap();
    summarise(&SummaryHead::default(), &[arm], &*experiment.score).unwrap()
}

fn calls(run: &Path) -> Vec<CallRecord> {
    let text = std::fs::read_to_string(run.join(RunDirectory::CALLS)).unwrap_or_default();
    text.lines()
        .map(|line| CallRecord::from_line(line).unwrap())
        .collect()
}

/// Runs under a limit: everything adds up, something was cut by that limit alone, the log is whole
/// and the summary says so.
fn cut(limit: &str, set: &[&str], delay_ms: [u64; 2]) -> (Summary, Vec<CallRecord>) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let experiment = through(set, model(rules(delay_ms)));
    run_into(&experiment, &run, 2);
    let summary = summary(&experiment, &run);
    let e = summary.episodes;
    assert_eq!(
        (e.asked, e.done + e.failed + e.aborted),
        (EPISODES, EPISODES),
        "{limit}"
    );
    assert!(e.aborted > 0, "{limit}");
    let [told] = &summary.limit[..] else {
        panic!("{limit}: {:?}", summary.limit);
    };
    assert_eq!((told.name.as_str(), told.episodes), (limit, e.aborted));
    let words = match limit.split_once('.').unwrap() {
        (level, "usd") => (level, "money"),
        (level, "seconds") => (level, "time"),
        other => other,
    };
    assert!(
        told.why.starts_with(&format!("limit of {} of ", words.1)),
        "{}",
        told.why
    );
    assert!(told.why.contains(words.0), "{}", told.why);
    assert!(told.why.contains(" used"), "{}", told.why);
    for row in rows(&experiment, &run) {
        assert_eq!(row.outcome == "aborted", row.limit.is_some(), "{limit}");
        assert!(row.reason.is_some() || row.outcome == "done");
        assert!(row.case.starts_with("patient") || !row.case.is_empty());
    }
    // What happened before stays in the log.
    for episode in episodes(&run) {
        assert_eq!(episode.events.first().unwrap().kind, "patient", "{limit}");
        assert_eq!(episode.events.last().unwrap().kind, "ended", "{limit}");
    }
    (summary, calls(&run))
}

/// The most that a key of the calls took.
fn most<K: Ord>(
    calls: &[CallRecord],
    key: impl Fn(&CallRecord) -> K,
    of: impl Fn(&CallRecord) -> f64,
) -> f64 {
    let mut sums: BTreeMap<K, f64> = BTreeMap::new();
    for call in calls {
        *sums.entry(key(call)).or_default() += of(call);
    }
    sums.into_values().fold(0.0, f64::max)
}

fn tokens(call: &CallRecord) -> f64 {
    (call.usage.prompt_tokens + call.usage.completion_tokens) as f64
}

#[test]
fn limits_of_an_agent_cut_its_episode() {
    let agent = |call: &CallRecord| (call.key.episode, call.key.agent);
    let (_, calls) = cut("agent.calls", &["limits.agent.calls=4"], [0, 0]);
    assert_eq!(most(&calls, agent, |_| 1.0), 4.0);
    let (_, calls) = cut("agent.tokens", &["limits.agent.tokens=600"], [0, 0]);
    let largest = most(&calls, |call| call.key.clone(), tokens);
    // A wave asks a member of a panel at most once.
    assert!(most(&calls, agent, tokens) < 600.0 + largest);
    let (_, calls) = cut("agent.usd", &["limits.agent.usd=0.05"], [0, 0]);
    let usd = |call: &CallRecord| call.usage.cost_usd.unwrap();
    let dearest = most(&calls, |call| call.key.clone(), usd);
    assert!(most(&calls, agent, usd) < 0.05 + dearest);
    cut("agent.rounds", &["limits.agent.rounds=2"], [0, 0]);
    cut("agent.seconds", &["limits.agent.seconds=0.002"], [3, 3]);
}

#[test]
fn limits_of_an_episode_cut_it() {
    let episode = |call: &CallRecord| call.key.episode;
    let (cut_calls, calls) = cut("episode.calls", &["limits.episode.calls=12"], [0, 0]);
    assert!(most(&calls, episode, |_| 1.0) <= 12.0);
    assert!(cut_calls.limit[0].why.contains("of 12 used"));
    let (_, calls) = cut("episode.tokens", &["limits.episode.tokens=1500"], [0, 0]);
    let largest = most(&calls, |call| call.key.clone(), tokens);
    assert!(most(&calls, episode, tokens) < 1500.0 + 5.0 * largest);
    cut("episode.usd", &["limits.episode.usd=0.1"], [0, 0]);
    let (_, calls) = cut("episode.rounds", &["limits.episode.rounds=2"], [0, 0]);
    assert_eq!(calls.iter().map(|call| call.key.round.0).max(), Some(2));
    cut("episode.seconds", &["limits.episode.seconds=0.002"], [3, 3]);
}

#[test]
fn limits_of_the_run_cut_what_is_open_and_what_is_to_come() {
    let narrow = "limits.in_flight=4";
    let (_, all) = {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        run_into(&limited(&[]), &run, 1);
        ((), calls(&run))
    };
    let (summary, calls) = cut("run.calls", &["limits.run.calls=100", narrow], [0, 0]);
    assert!(calls.len() <= 100 && all.len() > 200);
    assert!(summary.episodes.done > 0, "what came to its end stays");
    let (_, calls) = cut("run.tokens", &["limits.run.tokens=9000", narrow], [0, 0]);
    let used: f64 = calls.iter().map(tokens).sum();
    let largest = most(&calls, |call| call.key.clone(), tokens);
    // Two worlds with four episodes each of at most five members.
    assert!(used >= 9000.0 && used < 9000.0 + 2.0 * 4.0 * 5.0 * largest);
    cut("run.usd", &["limits.run.usd=1", narrow], [0, 0]);
    cut("run.rounds", &["limits.run.rounds=20", narrow], [0, 0]);
    cut("run.seconds", &["limits.run.seconds=0.004", narrow], [3, 3]);
}

#[test]
fn limits_of_agents_and_episodes_give_the_same_bytes_for_any_jobs_and_order() {
    let mut shuffled = rules([0, 3]);
    shuffled.reverse = true;
    for set in [
        "limits.agent.calls=4",
        "limits.agent.tokens=600",
        "limits.episode.calls=12",
        "limits.episode.tokens=1500",
        "limits.episode.usd=0.1",
        "limits.episode.rounds=2",
    ] {
        let expected = events(&limited(&[set, "limits.in_flight=1"]), 1);
        assert!(
            expected
                .windows(10)
                .any(|part| part == b"\"limit\":\"a" || part == b"\"limit\":\"e")
        );
        for jobs in [1, 2, 4] {
            let other = through(&[set], model(shuffled.clone()));
            assert!(events(&other, jobs) == expected, "{set}, {jobs} jobs");
        }
    }
}

#[test]
fn a_replay_is_cut_where_the_run_was() {
    let set = ["limits.episode.usd=0.1", "limits.agent.tokens=900"];
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let expected = run_into(&limited(&set), &run, 2);
    let recorded = ReplayModel::open(&run.join(RunDirectory::CALLS)).unwrap();
    assert!(events(&through(&set, Arc::new(recorded)), 2) == expected);
}

#[test]
fn a_limit_that_nobody_reaches_changes_nothing() {
    let generous = ["limits.episode.calls=100000", "limits.run.usd=1000"];
    assert!(events(&limited(&generous), 2) == events(&limited(&[]), 1));
}

#[test]
fn a_run_that_its_limit_cut_goes_on_under_a_higher_one() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let expected = run_into(&limited(&["limits.in_flight=3"]), &whole, 2);
    let out = folder.path().join("cut");
    let mut paid = 0;
    for most in [
        "limits.run.calls=60",
        "limits.run.calls=150",
        "limits.run.calls=100000",
    ] {
        let live = model(rules([0, 0]));
        let model: Arc<dyn LanguageModel> = match RunDirectory::recorded_calls(&out) {
            Some(calls) => Arc::new(ReplayModel::open(&calls).unwrap().with_inner(Some(live))),
            None => live,
        };
        let experiment = through(&[most, "limits.in_flight=3"], model);
        let options = ExecuteOptions {
            out: out.clone(),
            resume: true,
            jobs: 2,
        };
        execute(&experiment, &options, &mut |_, _| {}).unwrap();
        let now = calls(&out).len();
        assert!(now > paid, "{most}");
        if most != "limits.run.calls=100000" {
            assert!(format!("limits.run.calls={now}").len() <= most.len());
            assert!(!summary(&experiment, &out).limit.is_empty());
        }
        paid = now;
    }
    assert!(std::fs::read(out.join(RunDirectory::EVENTS)).unwrap() == expected);
    assert_eq!(
        calls(&out).len(),
        calls(&whole).len(),
        "nothing is paid twice"
    );
    // Nothing is left to do.
    let options = ExecuteOptions {
        out: out.clone(),
        resume: true,
        jobs: 1,
    };
    let again = execute(&limited(&["limits.in_flight=3"]), &options, &mut |_, _| {});
    assert_eq!(again.unwrap().episodes, 0);
}

/// A model whose price nobody knows.
struct Unpriced(ScriptedModel);

impl LanguageModel for Unpriced {
    fn name(&self) -> &str {
        "no-price"
    }

    fn complete<'a>(&'a self, requests: &'a [ModelRequest]) -> Completion<'a> {
        self.0.complete(requests)
    }

    fn is_priced(&self) -> bool {
        false
    }
}

#[test]
fn money_cannot_be_limited_where_the_price_is_unknown() {
    for set in [
        "limits.run.usd=1",
        "limits.episode.usd=1",
        "limits.agent.usd=1",
    ] {
        let unpriced = Unpriced(ScriptedModel::new(rules([0, 0])).unwrap());
        let experiment = through(&[set], Arc::new(unpriced));
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("run");
        let options = ExecuteOptions {
            out: out.clone(),
            resume: false,
            jobs: 1,
        };
        let error = execute(&experiment, &options, &mut |_, _| {}).unwrap_err();
        assert!(error.is_input());
        let text = error.to_string();
        assert!(
            text.contains("\"no-price\"") && text.contains(".usd"),
            "{text}"
        );
        assert!(!out.exists(), "nothing was begun");
    }
}
