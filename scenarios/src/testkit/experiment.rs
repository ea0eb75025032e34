//! The checks that need nothing but an experiment: they run it in other ways and read its log.

use std::ops::RangeInclusive;

use super::checked::Checked;
use super::finding::{Check, Fault, Finding};
use super::log::{FINITE, differs, ends, numbers};
use super::runs::{log_of, resumed_after};
use crate::run::{Experiment, RunError};

/// In which ways an experiment is run, and what its log must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Ways {
    /// Numbers of worker worlds.
    pub jobs: Vec<usize>,
    /// Numbers of episodes in flight.
    pub in_flight: Vec<usize>,
    /// Bounds of every reward.
    pub rewards: RangeInclusive<f64>,
    /// Most rounds of an episode; `None` where there is no limit.
    pub limit: Option<u32>,
    /// Whether an episode may go on until its limit.
    pub cut_is_fine: bool,
}

impl Default for Ways {
    fn default() -> Self {
        Self {
            jobs: vec![1, 2, 4],
            in_flight: vec![1, 7, 1000],
            rewards: FINITE,
            limit: None,
            cut_is_fine: false,
        }
    }
}

/// Checks determinism, resume, threads, episodes in flight, bounds of the log and termination.
pub fn check_experiment(name: &str, experiment: &Experiment, ways: &Ways) -> Checked {
    let mut checked = Checked {
        name: name.to_owned(),
        ..Checked::default()
    };
    let first = match log_of(experiment, 1) {
        Ok(log) => log,
        Err(error) => {
            let finding = Finding::of_run(Check::Determinism, Fault::Run(told(&error)));
            checked.put(Check::Determinism, "one run", vec![finding]);
            return checked;
        }
    };
    let compare = |check, way: &str, got: Result<Vec<u8>, RunError>| match got {
        Ok(got) => differs(check, way, &first, &got),
        Err(error) => Some(Finding::of_run(
            check,
            Fault::Run(format!("{way}: {}", told(&error))),
        )),
    };
    let again = compare(Check::Determinism, "again", log_of(experiment, 1));
    checked.put(
        Check::Determinism,
        "the same seed twice",
        again.into_iter().collect(),
    );
    let asked = experiment.manifest.episodes;
    let mut cuts = vec![0, asked / 2, asked.saturating_sub(1)];
    cuts.dedup();
    let resumed = cuts.iter().filter_map(|&kept| {
        let way = format!("resumed after {kept} episodes");
        compare(Check::Resume, &way, resumed_after(experiment, kept, 2))
    });
    checked.put(
        Check::Resume,
        format!("cut after {} episodes", listed(&cuts)),
        resumed.collect(),
    );
    let threads = ways.jobs.iter().filter_map(|&jobs| {
        let got = log_of(experiment, jobs);
        compare(Check::Threads, &format!("jobs {jobs}"), got)
    });
    checked.put(
        Check::Threads,
        format!("jobs {}", listed(&ways.jobs)),
        threads.collect(),
    );
    let flights = ways.in_flight.iter().filter_map(|&in_flight| {
        let other = Experiment {
            in_flight: in_flight.max(1),
            ..experiment.clone()
        };
        let way = format!("{in_flight} in flight");
        compare(Check::InFlight, &way, log_of(&other, 2))
    });
    checked.put(
        Check::InFlight,
        format!("{} in flight", listed(&ways.in_flight)),
        flights.collect(),
    );
    checked.put(
        Check::Bounds,
        "numbers of the log",
        numbers(&first, &ways.rewards),
    );
    checked.put(
        Check::Termination,
        format!("{asked} episodes"),
        ends(&first, asked, ways.limit, ways.cut_is_fine),
    );
    checked
}

fn listed<T: ToString>(numbers: &[T]) -> String {
    let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// An error with its causes.
pub(super) fn told(error: &RunError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
