//! The test kit finds what it is for, each fault by the check that is named after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rounds::agents::clinic::PatientSource;
use rounds::clinic::{BuiltClinic, install};
use rounds::environments::clinic::patient::Patient;
use rounds::prelude::*;
use rounds::speech::Cassette;
use rounds::testkit::{Check, Checked, Fault};
use rounds_tests::{clinic, scenario};

/// What is wrong with the counter.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wrong {
    Nothing,
    /// Resets are counted outside the episodes.
    HiddenState,
    NeverEnds,
    NoNumber,
    SeesNoNumber,
    /// One episode in four fails by itself.
    Fails,
    /// An episode that fails leaves a trace that the others see.
    Leaks,
    TooMuch,
}

/// Counts to five.
struct Counter {
    wrong: Wrong,
    at: u32,
    start: f64,
    trace: Arc<AtomicU64>,
}

impl Environment for Counter {
    type Observation = f64;
    type Action = u32;

    fn agents(&self) -> usize {
        1
    }

    fn observe(&self, _: AgentId) -> f64 {
        match self.wrong {
            Wrong::SeesNoNumber if self.at == 2 => f64::INFINITY,
            _ => f64::from(self.at),
        }
    }

    fn step(&mut self, by: &[u32]) -> Result<StepOutcome, EnvironmentError> {
        self.at += by[0];
        let reward = match self.wrong {
            Wrong::NoNumber if self.at == 3 => f64::NAN,
            Wrong::TooMuch if self.at == 4 => 1e9,
            Wrong::Leaks => self.trace.load(Ordering::SeqCst) as f64,
            Wrong::Fails if self.start > 0.75 => {
                return Err(EnvironmentError::Failed("it broke".to_owned()));
            }
            _ => self.start,
        };
        Ok(StepOutcome {
            rewards: vec![reward],
            terminated: self.at >= 5 && self.wrong != Wrong::NeverEnds,
            minutes: 1.0,
        })
    }

    fn action_value(&self, by: &u32) -> Value {
        json!(by)
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        // Only an episode that was cut by a fault is dropped before five.
        if self.wrong == Wrong::Leaks && self.at < 5 {
            self.trace.fetch_add(1, Ordering::SeqCst);
        }
    }
}

struct Counters {
    wrong: Wrong,
    resets: AtomicU64,
    trace: Arc<AtomicU64>,
}

impl EnvironmentFactory for Counters {
    type Environment = Counter;

    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Counter, EnvironmentError> {
        let resets = self.resets.fetch_add(1, Ordering::SeqCst);
        let mut draws = StreamKey::episode(seed, episode, Purpose::Truth).open();
        let start = match self.wrong {
            Wrong::HiddenState => resets as f64,
            _ => draws.random::<f64>(),
        };
        Ok(Counter {
            wrong: self.wrong,
            at: 0,
            start,
            trace: Arc::clone(&self.trace),
        })
    }
}

fn check(wrong: Wrong) -> Checked {
    let game = Stepped {
        episodes: 24,
        max_steps: 8,
        in_flight: 4,
        ..Stepped::named("counter")
    };
    let counters = Counters {
        wrong,
        resets: AtomicU64::new(0),
        trace: Arc::default(),
    };
    testkit::stepped(&game, counters, Fixed(1_u32))
        .observations(|seen| vec![*seen], 0.0..=5.0)
        .rewards(0.0..=1000.0)
        .check()
}

#[test]
fn a_sound_environment_passes() {
    let checked = check(Wrong::Nothing);
    assert!(checked.passed(), "{checked}");
    let table = checked.to_string();
    assert_eq!(table.matches("holds").count(), 7, "{table}");
}

#[test]
fn hidden_state_breaks_determinism_with_the_line_that_differs() {
    let checked = check(Wrong::HiddenState);
    let finding = &checked.findings(Check::Determinism)[0];
    // Line 1 is the head of the log; the first reward is in line 2.
    assert_eq!((finding.episode, finding.line), (Some(0), Some(2)));
    let Fault::Differs { expected, got, .. } = &finding.fault else {
        panic!("{finding}");
    };
    assert!(expected.contains("\"reward\":0.0") && got.contains("\"reward\":24.0"));
    assert!(checked.to_string().contains("BROKEN"), "{checked}");
    for sound in [Check::Bounds, Check::Termination] {
        assert!(!checked.broken().contains(&sound), "{checked}");
    }
}

#[test]
fn an_episode_without_end_breaks_termination_alone() {
    let game = Stepped {
        episodes: 6,
        max_steps: 8,
        ..Stepped::named("endless")
    };
    let checked = check(Wrong::NeverEnds);
    assert_eq!(checked.findings(Check::Termination).len(), 20, "{checked}");
    assert_eq!(
        checked.findings(Check::Termination)[0].fault,
        Fault::NotEnded(8)
    );
    assert!(!checked.broken().contains(&Check::Determinism), "{checked}");
    let counters = Counters {
        wrong: Wrong::NeverEnds,
        resets: AtomicU64::new(0),
        trace: Arc::default(),
    };
    let allowed = testkit::stepped(&game, counters, Fixed(1_u32)).may_reach_limit();
    assert!(allowed.check().passed());
}

#[test]
fn what_is_no_number_breaks_the_bounds_alone() {
    for (wrong, what) in [
        (Wrong::NoNumber, "reward"),
        (Wrong::TooMuch, "reward"),
        (Wrong::SeesNoNumber, "observation"),
    ] {
        let checked = check(wrong);
        assert_eq!(checked.broken(), [Check::Bounds], "{checked}");
        let finding = &checked.findings(Check::Bounds)[0];
        assert_eq!(finding.episode, Some(0));
        assert!(
            finding.line.is_some() || finding.step == Some(2),
            "{finding}"
        );
        let Fault::OutOfBounds { what: found, .. } = &finding.fault else {
            panic!("{finding}");
        };
        assert_eq!(found, what);
    }
}

#[test]
fn an_episode_that_fails_by_itself_is_told_with_its_reason() {
    let checked = check(Wrong::Fails);
    assert_eq!(checked.broken(), [Check::Termination], "{checked}");
    let finding = &checked.findings(Check::Termination)[0];
    assert_eq!(finding.fault, Fault::Failed("it broke".to_owned()));
}

#[test]
fn a_trace_of_failed_episodes_breaks_isolation() {
    let checked = check(Wrong::Leaks);
    assert_eq!(checked.broken(), [Check::Isolation], "{checked}");
    assert!(checked.findings(Check::Isolation)[0].line.is_some());
}

fn ward() -> BuiltClinic {
    let set = scenario("scenarios/ward.toml", &["episodes=30"]);
    clinic(&set, &Cassette::default())
}

#[test]
fn the_ward_keeps_every_promise() {
    let checked = testkit::clinic(&ward()).check();
    assert!(checked.passed(), "{checked}");
    assert_eq!(checked.results.len(), 7);
}

/// Gives each visit the next patient, whoever comes first.
struct Queue {
    within: Arc<dyn PatientSource>,
    next: AtomicU64,
}

impl PatientSource for Queue {
    fn patient(&self, seed: RunSeed, _: EpisodeIx) -> Result<Box<dyn Patient>, EnvironmentError> {
        let next = self.next.fetch_add(1, Ordering::SeqCst);
        self.within.patient(seed, EpisodeIx(next as u32))
    }
}

#[test]
fn patients_in_the_order_of_arrival_are_not_deterministic() {
    let mut built = ward();
    let (mut clinic, decider) = built.clinic_parts();
    clinic.patients = Arc::new(Queue {
        within: clinic.patients,
        next: AtomicU64::new(0),
    });
    built.experiment.install = install(clinic, decider);
    let checked = testkit::clinic(&built).check();
    assert!(checked.broken().contains(&Check::Determinism), "{checked}");
    let finding = &checked.findings(Check::Determinism)[0];
    assert_eq!((finding.episode, finding.line), (Some(0), Some(2)));
    assert!(
        finding.to_string().contains("\"case\":\"kb:30\""),
        "{finding}"
    );
    let set = scenario("scenarios/ward.toml", &["episodes=30", "limits.rounds=0"]);
    let forced = rounds_tests::clinic(&set, &Cassette::default());
    assert!(testkit::clinic(&forced).check().passed());
}
