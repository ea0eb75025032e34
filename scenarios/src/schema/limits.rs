//! The table `[limits]`: how long an episode is, what its requests may take, and how much of a run
//! is under way at once.

use rounds_agents::engine::{Caps, Limits as HardLimits};
use serde::Serialize;

use super::{
    reader::TableReader,
    values::{NOT_NEGATIVE, POSITIVE},
};

/// When a run ends at the latest, and how much of it is under way at once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Limits {
    /// Most rounds of an episode, by default 10; 0 ends it after triage. In a consultation of the
    /// protocol `agentclinic`, the turns of the doctor, by default 20.
    pub rounds: u32,
    /// Most simulated minutes of an episode.
    pub minutes: Option<f64>,
    /// Most that the questions and tests of a visit may cost, in simulated US dollars.
    pub cost: Option<f64>,
    /// Most slow decisions awaited at one time, at least 1.
    pub in_flight: u32,
    /// What the requests of an agent, of an episode and of the run may take.
    #[serde(flatten)]
    pub hard: HardLimits,
}

/// Reads `[limits]`; minutes and cost are of visits alone, and days are as long as their
/// environment says.
pub(crate) fn read_limits(
    root: &mut TableReader<'_>,
    rounds: u32,
    visits: bool,
    days: bool,
) -> Limits {
    let Some(mut table) = root.table("limits") else {
        return Limits {
            rounds,
            minutes: None,
            cost: None,
            in_flight: 256,
            hard: HardLimits::default(),
        };
    };
    let limits = Limits {
        rounds: match days {
            true => rounds,
            false => table.count("rounds", u32::from(!visits), rounds),
        },
        minutes: visits
            .then(|| table.optional_number("minutes", NOT_NEGATIVE))
            .flatten(),
        cost: visits
            .then(|| table.optional_number("cost", NOT_NEGATIVE))
            .flatten(),
        in_flight: table.count("in_flight", 1, 256),
        hard: HardLimits {
            agent: read_caps(&mut table, "agent"),
            episode: read_caps(&mut table, "episode"),
            run: read_caps(&mut table, "run"),
        },
    };
    table.finish();
    limits
}

/// Reads one of the tables `[limits.agent]`, `[limits.episode]` and `[limits.run]`.
fn read_caps(limits: &mut TableReader<'_>, of: &'static str) -> Caps {
    let Some(mut table) = limits.table(of) else {
        return Caps::default();
    };
    let mut count = |key| {
        table.entry(key)?;
        Some(table.integer(key, 1, i64::MAX as u64, 1))
    };
    let caps = Caps {
        calls: count("calls"),
        tokens: count("tokens"),
        rounds: count("rounds"),
        usd: table.optional_number("usd", POSITIVE),
        seconds: table.optional_number("seconds", POSITIVE),
    };
    table.finish();
    caps
}
