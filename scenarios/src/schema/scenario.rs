//! A scenario as plain structs, read out of a merged tree.

use std::collections::BTreeMap;

use rounds_environments::streams::RunSeed;
use serde::Serialize;

use super::{
    clinic::ClinicSpec,
    diagnostics::{Problem, ProblemKind, Problems},
    document::Table,
    family::{Family, read_family},
    interaction::{InteractionSpec, read_interactions},
    limits::{Limits, read_limits},
    model::{ModelSpec, read_models},
    policy::PolicySpec,
    reader::TableReader,
    source::Origin,
    team::TeamSpec,
    timeline::{TimelineEntry, read_timeline},
    values::{Fault, string},
};

/// The value of `schema` in a scenario file.
pub const SCHEMA: &str = "rounds.scenario/1";

/// What a run does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// Root of all random streams.
    pub seed: RunSeed,
    /// Cases, at least 1. By default [`DEFAULT_EPISODES`], or every record once.
    pub episodes: Option<u32>,
    /// Runs of each case, at least 1.
    pub repeats: u32,
    /// The environment, its agents and their policies.
    #[serde(flatten)]
    pub family: Family,
    /// Models by name.
    pub models: BTreeMap<String, ModelSpec>,
    /// Changes of the environment, in the order of their times.
    pub timeline: Vec<TimelineEntry>,
    /// Limits.
    pub limits: Limits,
    /// Interactions of arms that it asks about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interactions: Vec<InteractionSpec>,
}

/// A scenario whose family is the clinic.
#[derive(Debug, Clone, Copy)]
pub struct ClinicScenario<'a> {
    /// Root of all random streams.
    pub seed: RunSeed,
    /// Cases, as [`Scenario::episodes`].
    pub episodes: Option<u32>,
    /// Runs of each case.
    pub repeats: u32,
    /// The environment.
    pub environment: &'a ClinicSpec,
    /// The team of doctors.
    pub team: &'a TeamSpec,
    /// Policies by name.
    pub policies: &'a BTreeMap<String, PolicySpec>,
    /// Models by name.
    pub models: &'a BTreeMap<String, ModelSpec>,
    /// Changes of the environment.
    pub timeline: &'a [TimelineEntry],
    /// Limits.
    pub limits: &'a Limits,
}

impl Scenario {
    /// Whether somebody at the terminal decides, so that episodes come one after the other.
    pub fn asks_a_person(&self) -> bool {
        self.family.asks_a_person()
    }

    /// The models that speak in it, with their names.
    pub fn speaking_models(&self) -> Vec<(&str, &ModelSpec)> {
        let names = self.family.speaking_models();
        let named = names
            .into_iter()
            .filter_map(|name| Some((name, self.models.get(name)?)));
        named.collect()
    }

    /// The scenario as one of the clinic; `None` for another family.
    pub fn clinic(&self) -> Option<ClinicScenario<'_>> {
        let Family::Clinic(clinic) = &self.family else {
            return None;
        };
        Some(ClinicScenario {
            seed: self.seed,
            episodes: self.episodes,
            repeats: self.repeats,
            environment: &clinic.environment,
            team: &clinic.team,
            policies: &clinic.policies,
            models: &self.models,
            timeline: &self.timeline,
            limits: &self.limits,
        })
    }
}

/// Episodes of a scenario that names no number and has no set of records to go through.
pub const DEFAULT_EPISODES: u32 = 100;

/// Reads a merged tree that begins at `place`; `None` when a required part could not be read.
/// What is returned is a scenario only when no problem was noted.
pub(crate) fn read(table: &Table, place: Origin, problems: &Problems) -> Option<Scenario> {
    let mut root = TableReader::new(table, "", place, problems);
    root.expect_schema(SCHEMA, "a scenario");
    if root.entry("name").is_none() {
        root.missing("name", "name = \"ward\"");
    }
    let name = root.get("name", |node| match string(node)? {
        empty if empty.trim().is_empty() => Err(Fault::new(
            ProblemKind::OutOfRange,
            "a name that is not empty",
        )),
        name => Ok(name),
    });
    let seed = RunSeed(root.integer("seed", 0, u64::MAX, 0));
    let episodes = root
        .entry("episodes")
        .is_some()
        .then(|| root.count("episodes", 1, DEFAULT_EPISODES));
    let (model_names, models) = read_models(&mut root);
    let family = read_family(&mut root, &model_names, &models);
    let rounds = family.as_ref().map_or(0, Family::default_rounds);
    let visits = matches!(family, Some(Family::Clinic(_)) | None);
    let trained = matches!(family, Some(Family::Trajectory(_)));
    match (visits, trained) {
        (true, _) => {}
        (false, true) => refuse(&mut root, &["timeline"]),
        (false, false) => refuse(&mut root, &["repeats", "timeline"]),
    }
    let repeats = root.count("repeats", 1, 1);
    let timeline = read_timeline(&mut root);
    let days = matches!(family, Some(Family::ClinicDay(_)));
    let limits = read_limits(&mut root, rounds, visits, days);
    let interactions = read_interactions(&mut root);
    // Arms are laid over the tree and read each as a scenario of its own.
    root.entry("arms");
    root.entry("baseline");
    root.finish();
    Some(Scenario {
        name: name?,
        seed,
        episodes,
        repeats,
        family: family?,
        models,
        timeline,
        limits,
        interactions,
    })
}

/// Notes keys that mean nothing for the kind of environment.
fn refuse(root: &mut TableReader<'_>, keys: &[&'static str]) {
    for key in keys {
        if let Some(entry) = root.entry(key) {
            root.note(Problem::at(
                &entry.key,
                ProblemKind::NotAllowed,
                format!("`{key}` means nothing for this kind of environment"),
                "not a key of its scenarios",
            ));
        }
    }
}
