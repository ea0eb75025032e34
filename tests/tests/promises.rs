//! Promises of the engine: same bytes however it is run, and failures that stay local.

use std::sync::Arc;

use rounds::agents::clinic::Protocol;
use rounds::clinic::install;
use rounds::environments::streams::RunSeed;
use rounds::policies::clinic::task::{Action, Content, Observation, Proposal, Task};
use rounds::policies::policy::{Ask, Decider, Policy, PolicyError};
use rounds::speech::Cassette;
use rounds_tests::{clinic, episodes, run_into, scenario};

const WARD: &str = "scenarios/ward.toml";

fn events(set: &[&str], jobs: usize) -> Vec<u8> {
    let built = clinic(&scenario(WARD, set), &Cassette::default());
    rounds_tests::events(&built.experiment, jobs)
}

#[test]
fn same_bytes_for_any_jobs_and_any_episodes_in_flight() {
    let noisy = "environment.noise={unknown=0.1,flipped=0.05}";
    let one = events(&[noisy, "limits.in_flight=1"], 1);
    assert!(one.len() > 10_000);
    for in_flight in [1, 10, 1000] {
        for jobs in [1, 2, 4] {
            let other = events(&[noisy, &format!("limits.in_flight={in_flight}")], jobs);
            assert!(one == other, "in flight {in_flight}, jobs {jobs}");
        }
    }
    assert!(
        one != events(&[noisy, "seed=8"], 1),
        "another seed gives other bytes"
    );
}

/// Panics in some episodes and returns garbage in others; otherwise as the policy within.
struct Faulty {
    within: Arc<dyn Policy<Observation, Action>>,
}

impl Policy<Observation, Action> for Faulty {
    fn decide(
        &self,
        seed: RunSeed,
        batch: &[Ask<Observation>],
    ) -> Result<Vec<Result<Action, PolicyError>>, PolicyError> {
        if batch.iter().any(|ask| ask.key.episode.0 % 10 == 3) {
            panic!("a fault of the test");
        }
        let mut results = self.within.decide(seed, batch)?;
        for (ask, result) in batch.iter().zip(&mut results) {
            if ask.key.episode.0 % 10 == 7
                && matches!(
                    ask.observation.task,
                    Task::Propose { .. } | Task::Solo { .. }
                )
            {
                *result = Ok(Action::Proposal(Some(Proposal {
                    content: Content::Diagnoses(Vec::new()),
                    confidence: f64::NAN,
                    rationale: "".into(),
                })));
            }
        }
        Ok(results)
    }
}

#[test]
fn a_policy_that_panics_or_returns_garbage_ends_only_its_own_episodes() {
    let set = scenario(WARD, &["episodes=60"]);
    let folder = tempfile::tempdir().unwrap();
    let run = |faulty: bool, name: &str| {
        let mut built = clinic(&set, &Cassette::default());
        if faulty {
            let (clinic, Protocol::DynamiCare(Decider::Direct(within))) = built.clinic_parts()
            else {
                panic!("the ward decides at once")
            };
            built.experiment.install =
                install(clinic, Decider::Direct(Arc::new(Faulty { within })));
        }
        let out = folder.path().join(name);
        run_into(&built.experiment, &out, 2);
        episodes(&out)
    };
    let (sound, faulty) = (run(false, "sound"), run(true, "faulty"));
    assert_eq!(faulty.len(), 60, "every episode asked for is accounted for");
    for (sound, faulty) in sound.iter().zip(&faulty) {
        let ended = faulty.events.last().unwrap();
        match faulty.episode % 10 {
            3 => {
                assert_eq!(ended.text("outcome"), Some("failed"));
                assert_eq!(
                    ended.text("reason"),
                    Some("policy panicked: a fault of the test")
                );
            }
            7 => {
                assert_eq!(ended.text("outcome"), Some("failed"));
                assert!(
                    ended
                        .text("reason")
                        .unwrap()
                        .starts_with("policy returned garbage"),
                    "{ended:?}"
                );
            }
            _ => assert_eq!(sound, faulty, "other episodes do not notice"),
        }
    }
}
