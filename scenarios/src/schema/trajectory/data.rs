//! The table `[data]`: the episodes that models learn from.

use std::path::PathBuf;

use rounds_policies::trajectory::CollectError;
use rounds_policies::trajectory::ars::ArsConfig;
use rounds_policies::trajectory::{Level, LevelsConfig, Part};
use serde::{Deserialize, Serialize};

use super::environment::ControlKind;
use crate::schema::diagnostics::{Problem, ProblemKind};
use crate::schema::paths::PathKind;
use crate::schema::reader::TableReader;
use crate::schema::typed::{note, typed};
use crate::schema::values::choice;

choice! {
    /// Where episodes come from.
    enum SourceKind {
        /// A file or folder.
        File = "file",
        /// The scripted expert of the environment, at chance in parts of its steps.
        Mixture = "mixture",
        /// The scripted expert, as one of the usual levels.
        Levels = "levels",
        /// A linear policy that learns by augmented random search.
        Ars = "ars",
    }
}

/// The episodes that models learn from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfflineSpec {
    /// Where they come from.
    #[serde(flatten)]
    pub source: DataSource,
    /// Seed of what is played for them; that of the scenario where it is missing.
    pub seed: Option<u64>,
    /// Where what was played is kept, and found again as long as it would be played the same.
    pub keep: Option<PathBuf>,
}

/// Where episodes come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DataSource {
    /// A file or folder.
    File {
        /// Its path.
        path: PathBuf,
    },
    /// The scripted expert, at chance in parts of its steps.
    Mixture(CollectSpec),
    /// The scripted expert, as one of the usual levels.
    Levels {
        /// Which level.
        level: Level,
        /// How levels are made.
        #[serde(flatten)]
        config: LevelsConfig,
    },
    /// A linear policy that learns.
    Ars(Box<ArsSpec>),
}

/// What is played for a mixture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CollectSpec {
    /// Parts, one after the other.
    pub parts: Vec<Part>,
    /// Deviation of the noise of the expert's own actions.
    pub noise: f64,
}

impl Default for CollectSpec {
    fn default() -> Self {
        Self {
            parts: [0.0, 0.4, 0.8, 1.0]
                .map(|random| Part {
                    random,
                    episodes: 80,
                })
                .to_vec(),
            noise: 0.05,
        }
    }
}

/// What is played by a policy that learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArsSpec {
    /// Which set is kept: chance is random, the best policy is expert, and medium-replay is all that was seen until medium.
    pub level: Level,
    /// The policy that counts as medium: the first one so far on the way from the first return to the best, above 0 and
    /// at most 1.
    pub medium: f64,
    /// Episodes of a set that is played: all but medium-replay.
    pub episodes: u32,
    /// Deviation of the noise of its actions in such a set.
    pub noise: f64,
    /// How it learns.
    pub search: ArsConfig,
}

impl Default for ArsSpec {
    fn default() -> Self {
        Self {
            level: Level::MediumReplay,
            medium: 1.0 / 3.0,
            episodes: 200,
            noise: 0.1,
            search: ArsConfig::default(),
        }
    }
}

/// Reads `[data]`.
pub(super) fn read_data(mut table: TableReader<'_>, of: ControlKind) -> Option<OfflineSpec> {
    const OWN: [&str; 4] = ["kind", "seed", "keep", "level"];
    if table.entry("kind").is_none() {
        table.missing("kind", "kind = \"levels\"");
        return None;
    }
    let seed = table
        .entry("seed")
        .is_some()
        .then(|| table.integer("seed", 0, u64::MAX, 0));
    let keep = table.string("keep").and_then(|text| {
        let entry = table.entry("keep")?;
        Some(entry.value.origin.resolve(&text))
    });
    let source = match table.choice("kind")? {
        SourceKind::File => {
            if table.entry("path").is_none() {
                table.missing("path", "path = \"data.safetensors\"");
            }
            let path = table.path("path", PathKind::Either);
            for key in ["seed", "keep"] {
                if table.content().contains_key(key) {
                    let why = "nothing is played for what is read";
                    note(&table, key, ProblemKind::NotAllowed, why);
                }
            }
            table.finish();
            DataSource::File { path: path? }
        }
        SourceKind::Mixture => {
            let spec = typed(&table, &CollectSpec::default(), &OWN[..3], |spec| {
                for (at, part) in spec.parts.iter().enumerate() {
                    if !(0.0..=1.0).contains(&part.random) {
                        let why = format!("expected a share from 0 to 1, got {}", part.random);
                        return Err((format!("parts[{at}].random"), why));
                    }
                }
                let episodes: u64 = spec.parts.iter().map(|part| u64::from(part.episodes)).sum();
                if episodes == 0 {
                    let why = "expected at least one episode, got 0";
                    return Err(("parts".to_owned(), why.to_owned()));
                }
                match spec.noise >= 0.0 && spec.noise.is_finite() {
                    true => Ok(()),
                    false => {
                        let why = format!("expected a number of at least 0, got {}", spec.noise);
                        Err(("noise".to_owned(), why))
                    }
                }
            })?;
            DataSource::Mixture(spec)
        }
        SourceKind::Levels => {
            let level = read_level(&mut table, Level::MediumReplay)?;
            let config = typed(&table, &LevelsConfig::default(), &OWN, |config| {
                config.validate().map_err(told)
            })?;
            DataSource::Levels { level, config }
        }
        SourceKind::Ars => {
            let level = read_level(&mut table, Level::MediumReplay)?;
            let default = ArsSpec {
                level,
                search: ArsConfig {
                    shift: of.paid_for_going_on(),
                    ..ArsConfig::default()
                },
                ..ArsSpec::default()
            };
            let spec = typed(&table, &default, &OWN, check_ars)?;
            DataSource::Ars(Box::new(spec))
        }
    };
    Some(OfflineSpec { source, seed, keep })
}

fn check_ars(spec: &ArsSpec) -> Result<(), (String, String)> {
    let positive = spec.medium > 0.0 && spec.medium <= 1.0;
    let finite = spec.noise >= 0.0 && spec.noise.is_finite();
    let episodes = f64::from(spec.episodes);
    for (key, holds, expected, got) in [
        ("medium", positive, "above 0 and at most 1", spec.medium),
        ("episodes", spec.episodes >= 2, "at least 2", episodes),
        ("noise", finite, "at least 0", spec.noise),
    ] {
        if !holds {
            return Err((key.to_owned(), format!("expected {expected}, got {got}")));
        }
    }
    spec.search.validate().map_err(|error| {
        let (key, why) = told(error);
        (format!("search.{key}"), why)
    })
}

fn read_level(table: &mut TableReader<'_>, default: Level) -> Option<Level> {
    let Some(entry) = table.entry("level") else {
        return Some(default);
    };
    let written = table.string("level")?;
    let found = Level::ALL
        .into_iter()
        .find(|level| level.to_string() == written);
    if found.is_none() {
        let names: Vec<String> = Level::ALL.iter().map(Level::to_string).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let problem = Problem::at(
            &entry.value.origin,
            ProblemKind::UnknownValue,
            format!("unknown value of `{}`", table.name("level")),
            format!("`{written}` is none of them"),
        );
        table.note(problem.suggest(&written, "valid values", &names));
    }
    found
}

/// The key of a setting that cannot be, and why.
pub(super) fn told(error: CollectError) -> (String, String) {
    match error {
        CollectError::Setting { key, expected, got } => {
            (key.to_owned(), format!("expected {expected}, got {got}"))
        }
        other => (String::new(), other.to_string()),
    }
}
