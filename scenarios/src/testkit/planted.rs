//! Faults that are planted in chosen episodes, to see whether the others notice.

use std::sync::Arc;

use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_policies::policy::{Ask, Decisions, Policy, PolicyError};

use super::checked::Checked;
use super::experiment::told;
use super::finding::{Check, Fault, Finding};
use super::log::{MOST, by_episode, lines_differ};
use super::runs::log_of;
use crate::run::{EventLine, Experiment};

/// A planted fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Planted {
    /// The episode cannot be made.
    NotMade,
    /// The environment panics.
    Panics,
    /// The environment refuses.
    Refuses,
    /// The policy panics.
    PolicyPanics,
    /// The policy fails.
    PolicyFails,
}

/// The message of every planted fault.
pub(super) const MESSAGE: &str = "planted by the test kit";

impl Planted {
    const ALL: [Self; 5] = [
        Self::NotMade,
        Self::Panics,
        Self::Refuses,
        Self::PolicyPanics,
        Self::PolicyFails,
    ];

    fn words(self) -> &'static str {
        match self {
            Self::NotMade => "the episode cannot be made",
            Self::Panics => "the environment panics",
            Self::Refuses => "the environment fails",
            Self::PolicyPanics => "the policy panics",
            Self::PolicyFails => "the policy fails",
        }
    }
}

/// Which episodes have a fault.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Plan(Vec<(u32, Planted)>);

impl Plan {
    /// One episode for each fault, spread over the run; at least half of all stay sound.
    pub(super) fn new(episodes: u32, faults: &[Planted]) -> Self {
        let most = (episodes / 2).min(faults.len() as u32);
        let place = |k: u32| k * episodes / most.max(1);
        Self((0..most).map(place).zip(faults.iter().copied()).collect())
    }

    pub(super) fn of(&self, episode: EpisodeIx) -> Option<Planted> {
        let found = self.0.iter().find(|(at, _)| *at == episode.0);
        found.map(|(_, planted)| *planted)
    }
}

/// All faults.
pub(super) fn all_faults() -> &'static [Planted] {
    &Planted::ALL
}

/// A policy with the faults of a plan.
pub(super) struct PlantedPolicy<O, A> {
    pub(super) within: Arc<dyn Policy<O, A>>,
    pub(super) plan: Plan,
}

impl<O: Clone + Send + Sync, A: Send + Sync> Policy<O, A> for PlantedPolicy<O, A> {
    fn decide(&self, seed: RunSeed, batch: &[Ask<O>]) -> Decisions<A> {
        let of = |ask: &Ask<O>| self.plan.of(ask.key.episode);
        if batch
            .iter()
            .any(|ask| of(ask) == Some(Planted::PolicyPanics))
        {
            std::panic::panic_any(MESSAGE);
        }
        let mut decided = self.within.decide(seed, batch)?;
        for (ask, result) in batch.iter().zip(&mut decided) {
            if of(ask) == Some(Planted::PolicyFails) {
                *result = Err(PolicyError::Failed(MESSAGE.to_owned()));
            }
        }
        Ok(decided)
    }
}

/// Compares a sound experiment with the one in which `plan` is planted: planted episodes fail, all
/// others have the same lines.
pub(super) fn check_isolation(
    checked: &mut Checked,
    sound: &Experiment,
    planted: &Experiment,
    plan: &Plan,
) {
    let tried = format!("{} planted faults", plan.0.len());
    let logs = log_of(sound, 1).and_then(|sound| Ok((sound, log_of(planted, 2)?)));
    let (sound, planted) = match &logs {
        Ok((sound, planted)) => (by_episode(sound), by_episode(planted)),
        Err(error) => {
            let finding = Finding::of_run(Check::Isolation, Fault::Run(told(error)));
            checked.put(Check::Isolation, tried, vec![finding]);
            return;
        }
    };
    let mut findings = Vec::new();
    for (episode, expected) in &sound {
        let got = planted.get(episode).map_or(&[][..], Vec::as_slice);
        match plan.of(EpisodeIx(*episode)) {
            None => {
                let way = "beside planted faults";
                findings.extend(lines_differ(Check::Isolation, way, *episode, expected, got));
            }
            Some(fault) => {
                let end = got.last();
                let event = end.and_then(|(_, line)| serde_json::from_str::<EventLine>(line).ok());
                let outcome = event.as_ref().and_then(|event| event.text("outcome"));
                if outcome != Some("failed") {
                    let fault = Fault::NotFailed {
                        planted: fault.words(),
                        got: outcome.unwrap_or("no end").to_owned(),
                    };
                    let line = end.map(|end| end.0);
                    findings.push(Finding::at(Check::Isolation, *episode, line, fault));
                }
            }
        }
    }
    findings.truncate(MOST);
    checked.put(Check::Isolation, tried, findings);
}
