//! The `[environment]` table of coordination: a world, its configurations and what is measured.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    diagnostics::{Problem, ProblemKind},
    document::Node,
    graph::{GraphSpec, named_configurations, read_graph},
    paths::PathKind,
    reader::TableReader,
    values::{Fault, NOT_NEGATIVE, POSITIVE, Range, choice, items, number},
};

choice! {
    /// How near a target is, as a score.
    pub enum ScoreSpec {
        /// `1 / (1 + distance)`.
        Bounded = "bounded",
        /// `1 / (distance + epsilon)`.
        Reciprocal = "reciprocal",
    }
}

choice! {
    /// What is known of a target, as a score.
    pub enum InformationSpec {
        /// Trace of the covariance (A-optimal).
        AOptimal = "a-optimal",
        /// Logarithm of its determinant (D-optimal).
        LogDet = "log-det",
    }
}

choice! {
    /// What the utility of a round is measured against.
    pub enum RegretSpec {
        /// The greedy joint action of one who knows the objective.
        Greedy = "greedy",
        /// The best joint action, by trying all.
        Optimum = "optimum",
        /// Nothing.
        None = "none",
    }
}

/// A configuration: who can talk to whom, and which targets there are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfigurationSpec {
    /// Its name.
    pub name: String,
    /// Its graph.
    #[serde(flatten)]
    pub graph: GraphSpec,
    /// Shares of random, adversarial and polyline targets.
    pub mix: [f64; 3],
}

/// Agents that move in the plane.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MotionSpec {
    /// Agents, at least 1.
    pub agents: u32,
    /// Targets, at least 1.
    pub targets: u32,
    /// Seconds of a round, above 0.
    pub dt: f64,
    /// Speeds to choose from, at least 0.
    pub speeds: Vec<f64>,
    /// Directions to choose from, at least 1.
    pub headings: u32,
    /// Radius of the disc in which all start, above 0.
    pub start_radius: f64,
}

/// Which world.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum WorldSpec {
    /// Tracking by nearness.
    Tracking {
        /// Who moves how.
        motion: MotionSpec,
        /// How near a target is, as a score.
        score: ScoreSpec,
        /// Added to the distance in the reciprocal score, above 0.
        epsilon: f64,
        /// Distance within which a target counts as covered, above 0.
        covered_within: f64,
        /// Slowest and fastest speed of wandering targets.
        target_speeds: [f64; 2],
        /// Numbers of straight parts that a polyline may have.
        segments: Vec<u32>,
        /// Distance at which adversarial targets flee.
        flee_within: f64,
        /// Seconds that they flee.
        flee_seconds: f64,
        /// Their speed then.
        flee_speed: f64,
    },
    /// Tracking by extended Kalman filters.
    Ekf {
        /// Who moves how.
        motion: MotionSpec,
        /// What is known of a target, as a score.
        objective: InformationSpec,
        /// Standard deviation of a target's step in each direction, above 0.
        drift: f64,
        /// Standard deviation of a range: `[at distance 0, for each unit of distance]`.
        range_noise: [f64; 2],
        /// Standard deviation of a bearing in radians, above 0.
        bearing_noise: f64,
        /// Variance of what is known of a target at first, in each direction, above 0.
        prior_variance: f64,
        /// Variance of the error of that knowledge, at least 0.
        mean_error_variance: f64,
        /// The filter takes no target to be nearer than this, above 0.
        least_range: f64,
    },
    /// Coverage of an area.
    Coverage {
        /// Agents, at least 1.
        agents: u32,
        /// Places that each can choose from, at least 1.
        actions: u32,
        /// Cells along each side of the unit square, at least 1.
        cells: u32,
        /// Radius of what an agent covers, above 0.
        sensing_radius: f64,
        /// Radius around an agent's home in which its places lie, at least 0.
        reach: f64,
    },
    /// A set function of somebody's own, the same in every round.
    Objective {
        /// File of its values.
        file: PathBuf,
    },
}

/// The environment of coordination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoordinationSpec {
    /// The world.
    pub world: WorldSpec,
    /// Its configurations, at least one; episodes go through them in turn.
    pub configurations: Vec<ConfigurationSpec>,
    /// What the utility is measured against.
    pub regret: RegretSpec,
    /// Rounds between two pictures in the log; 0 for none.
    pub picture_every: u32,
    /// Whether agents may be out of each other's reach.
    pub allow_disconnected: bool,
}

/// Kinds of world, as [`WorldSpec`] has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WorldKind {
    Tracking,
    Ekf,
    Coverage,
    Objective,
}

/// Reads `[environment]` of coordination, whose kind was read already.
pub(super) fn read_coordination(
    mut table: TableReader<'_>,
    kind: WorldKind,
) -> Option<CoordinationSpec> {
    let world = match kind {
        WorldKind::Tracking => Some(tracking(&mut table)),
        WorldKind::Ekf => Some(ekf(&mut table)),
        WorldKind::Coverage => Some(WorldSpec::Coverage {
            agents: table.small("agents", 1, 100_000, 20),
            actions: table.small("actions", 1, 100_000, 10),
            cells: table.small("cells", 1, 1000, 50),
            sensing_radius: table.number("sensing_radius", POSITIVE, 0.12),
            reach: table.number("reach", NOT_NEGATIVE, 0.2),
        }),
        WorldKind::Objective => {
            if table.entry("file").is_none() {
                table.missing("file", "file = \"objective.json\"");
            }
            let file = table.path("file", PathKind::File);
            file.map(|file| WorldSpec::Objective { file })
        }
    };
    let moving = kind == WorldKind::Tracking;
    let configurations = read_configurations(&mut table, moving);
    let regret = table.choice("regret").unwrap_or(RegretSpec::Greedy);
    let picture_every = table.count("picture_every", 0, 10);
    let allow_disconnected = table.boolean("allow_disconnected", false);
    table.finish();
    Some(CoordinationSpec {
        world: world?,
        configurations,
        regret,
        picture_every,
        allow_disconnected,
    })
}

fn tracking(table: &mut TableReader<'_>) -> WorldSpec {
    WorldSpec::Tracking {
        motion: motion(table, 15, 0.02),
        score: table.choice("score").unwrap_or(ScoreSpec::Bounded),
        epsilon: table.number("epsilon", POSITIVE, 0.001),
        covered_within: table.number("covered_within", POSITIVE, 5.0),
        target_speeds: pair(table, "target_speeds", [5.0, 10.0]),
        segments: segments(table),
        flee_within: table.number("flee_within", NOT_NEGATIVE, 20.0),
        flee_seconds: table.number("flee_seconds", NOT_NEGATIVE, 1.0),
        flee_speed: table.number("flee_speed", NOT_NEGATIVE, 15.0),
    }
}

fn ekf(table: &mut TableReader<'_>) -> WorldSpec {
    WorldSpec::Ekf {
        motion: motion(table, 8, 0.1),
        objective: table
            .choice("objective")
            .unwrap_or(InformationSpec::AOptimal),
        drift: table.number("drift", POSITIVE, 0.5),
        range_noise: pair(table, "range_noise", [0.5, 0.2]),
        bearing_noise: table.number("bearing_noise", POSITIVE, 0.3),
        prior_variance: table.number("prior_variance", POSITIVE, 4.0),
        mean_error_variance: table.number("mean_error_variance", NOT_NEGATIVE, 4.0),
        least_range: table.number("least_range", POSITIVE, 0.5),
    }
}

fn motion(table: &mut TableReader<'_>, targets: u32, dt: f64) -> MotionSpec {
    let speeds = table.get("speeds", |node| {
        let speeds = items(node)?.iter().map(|item| number(item, NOT_NEGATIVE));
        let speeds: Vec<f64> = speeds.collect::<Result<_, _>>()?;
        match speeds.is_empty() {
            false => Ok(speeds),
            true => Err(Fault::new(ProblemKind::OutOfRange, "at least one speed")),
        }
    });
    MotionSpec {
        agents: table.small("agents", 1, 100_000, 10),
        targets: table.small("targets", 1, 100_000, targets),
        dt: table.number("dt", POSITIVE, dt),
        speeds: speeds.unwrap_or_else(|| vec![5.0, 10.0, 15.0]),
        headings: table.small("headings", 1, 10_000, 8),
        start_radius: table.number("start_radius", POSITIVE, 20.0),
    }
}

fn segments(table: &mut TableReader<'_>) -> Vec<u32> {
    let read = table.get("segments", |node| {
        let parts = items(node)?.iter();
        let parts = parts.map(|item| super::values::integer(item, 1, 1_000_000));
        let parts: Vec<u64> = parts.collect::<Result<_, _>>()?;
        match parts.is_empty() {
            false => Ok(parts.into_iter().map(|k| k as u32).collect()),
            true => Err(Fault::new(ProblemKind::OutOfRange, "at least one number")),
        }
    });
    read.unwrap_or_else(|| vec![1, 2, 4])
}

/// Two numbers of at least 0.
fn pair(table: &mut TableReader<'_>, key: &'static str, default: [f64; 2]) -> [f64; 2] {
    let read = table.get(key, |node| {
        let [a, b] = numbers::<2>(node, NOT_NEGATIVE, "two numbers of at least 0")?;
        Ok([a, b])
    });
    read.unwrap_or(default)
}

fn numbers<const N: usize>(
    node: &Node,
    range: Range,
    words: &'static str,
) -> Result<[f64; N], Fault> {
    let list = items(node).map_err(|_| Fault::wrong_type(words))?;
    let values: Vec<f64> = list
        .iter()
        .map(|item| number(item, range).map_err(|_| Fault::wrong_type(words)))
        .collect::<Result<_, _>>()?;
    values.try_into().map_err(|_| Fault::wrong_type(words))
}

/// Reads `configurations`, or the one that is written in the table itself.
fn read_configurations(table: &mut TableReader<'_>, moving: bool) -> Vec<ConfigurationSpec> {
    const OWN: [&str; 4] = ["graph", "mean_degree", "graph_file", "mix"];
    if table.entry("configurations").is_none() {
        return vec![read_configuration(table, String::new(), moving)];
    }
    for key in OWN {
        if let Some(entry) = table.entry(key) {
            let name = table.name(key);
            table.note(
                Problem::at(
                    &entry.key,
                    ProblemKind::Conflict,
                    format!("`{name}` is beside `configurations`"),
                    "belongs to a configuration",
                )
                .help(format!("write `{key}` into every configuration")),
            );
        }
    }
    let mut found = Vec::new();
    for (name, mut inner) in named_configurations(table) {
        found.push(read_configuration(&mut inner, name, moving));
        inner.finish();
    }
    found
}

fn read_configuration(
    table: &mut TableReader<'_>,
    name: String,
    moving: bool,
) -> ConfigurationSpec {
    let mix = moving.then(|| {
        table.get("mix", |node| {
            const WORDS: &str = "three shares [random, adversarial, polyline] that are not all 0";
            let mix = numbers::<3>(node, NOT_NEGATIVE, WORDS)?;
            match mix.iter().sum::<f64>() > 0.0 {
                true => Ok(mix),
                false => Err(Fault::new(ProblemKind::OutOfRange, WORDS)),
            }
        })
    });
    ConfigurationSpec {
        name,
        graph: read_graph(table, &GraphSpec::default()),
        mix: mix.flatten().unwrap_or([8.0, 1.0, 1.0]),
    }
}
