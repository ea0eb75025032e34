//! What a scenario or suite does, in words for a methods section and as facts.
//!
//! Both come from the resolved scenario and the data that it names, so they say what a run would
//! do; equal input gives equal bytes.

mod arms;
mod beds;
mod choosers;
mod clinic_day;
mod coordination;
mod facts;
mod family;
mod patients;
mod policies;
mod statistics;
mod team;
mod trajectory;
mod words;

use std::collections::BTreeMap;

pub use clinic_day::{day_facts, day_methods};
pub use coordination::{coordination_facts, coordination_methods};
pub use facts::facts;
use serde_json::Value;
pub use trajectory::{trajectory_facts, trajectory_methods};

use crate::clinic::{BuiltClinic, NOTICE};
use crate::schema::{Arm, AtLeast, ClinicScenario, ScenarioSet, SuiteJudge};
use crate::statistics::Direction;

/// An arm with what its data turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// The arm.
    pub arm: Arm,
    /// Episodes in all.
    pub episodes: u32,
    /// Patients, each seen once or more.
    pub patients: u32,
    /// Name of what the doctors know.
    pub knowledge: String,
    /// Conditions that the doctors know.
    pub conditions: usize,
    /// Findings that the doctors know.
    pub findings: usize,
    /// Names and hashes of the data.
    pub data: Value,
    /// The records may not be shared.
    pub restricted: bool,
    /// Checks by axis, where patients are played from cases.
    pub checks: BTreeMap<String, usize>,
    /// Critical checks among them.
    pub critical: usize,
    /// Metrics in the order of tables.
    pub metrics: Vec<String>,
    /// Metrics that decide, with their direction.
    pub decisive: Vec<(String, Direction)>,
}

/// What a suite adds to its scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// Bounds of metrics.
    pub thresholds: BTreeMap<String, AtLeast>,
    /// Who judges.
    pub judge: Option<SuiteJudge>,
}

impl Described {
    /// What `built` says of `arm`.
    pub fn new(arm: &Arm, built: &BuiltClinic) -> Self {
        let manifest = &built.experiment.manifest;
        let score = &built.experiment.score;
        let repeats = arm.scenario.repeats.max(1);
        let mut described = Self {
            arm: arm.clone(),
            episodes: manifest.episodes,
            patients: manifest.episodes / repeats,
            knowledge: built.knowledge.name().to_owned(),
            conditions: built.knowledge.conditions().len(),
            findings: built.knowledge.findings().len(),
            data: manifest.data.clone(),
            restricted: manifest.restricted,
            checks: BTreeMap::new(),
            critical: 0,
            metrics: score.order().iter().map(|m| (*m).to_owned()).collect(),
            decisive: score
                .decisive()
                .iter()
                .map(|(name, direction)| ((*name).to_owned(), *direction))
                .collect(),
        };
        if let Some(cases) = &built.cases {
            let book = &cases.book;
            let played: std::collections::BTreeSet<&str> = (0..manifest.episodes)
                .filter_map(|episode| Some(book.of_episode(episode)?.0.spec.id.as_str()))
                .collect();
            described.patients = played.len() as u32;
            let cases = book.cases().iter();
            for case in cases.filter(|case| played.contains(case.spec.id.as_str())) {
                for check in &case.spec.checks {
                    *described.checks.entry(check.axis.clone()).or_default() += 1;
                    described.critical += usize::from(check.critical);
                }
            }
        }
        described
    }

    /// The scenario of the arm.
    fn scenario(&self) -> Option<ClinicScenario<'_>> {
        self.arm.scenario.clinic()
    }
}

/// The paragraphs of a methods section on `set`, whose arms are `arms`.
pub fn methods(
    set: &ScenarioSet,
    base: &ClinicScenario<'_>,
    arms: &[Described],
    suite: Option<&Suite>,
) -> String {
    let what = if suite.is_some() { "suite" } else { "scenario" };
    let mut simulation = vec![format!(
        "Diagnostic visits were simulated with Rounds {}, a deterministic multi-agent simulator, \
         under the {what} \u{201c}{}\u{201d}.",
        env!("CARGO_PKG_VERSION"),
        set.scenario.name
    )];
    simulation.extend(
        arms.first()
            .map(|first| patients::sentences(base, first))
            .unwrap_or_default(),
    );
    let mut doctors = team::sentences(base);
    doctors.extend(policies::sentences(base, arms));
    doctors.extend(arms::limits(base));
    let mut numbers = statistics::sentences(base, arms, suite);
    numbers.extend(family::interactions(set));
    let paragraphs = [
        simulation,
        doctors,
        arms::design(set, arms),
        numbers,
        arms::sources(set, arms),
        vec![format!(
            "{NOTICE} The visits are simulated, and no result is evidence about real patients."
        )],
    ];
    let paragraphs = paragraphs
        .into_iter()
        .filter(|sentences| !sentences.is_empty());
    let paragraphs: Vec<String> = paragraphs.map(|sentences| sentences.join(" ")).collect();
    format!("{}\n", paragraphs.join("\n\n"))
}
