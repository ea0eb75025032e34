//! What can be typed.

use std::ops::Range;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::examples;
use super::import_args::ImportArgs;

/// Multi-agent simulation: scenario simulations, benchmarks of agents, clinical evaluations.
///
/// Research software, not for clinical use.
#[derive(Debug, Parser)]
#[command(name = "rounds", version, max_term_width = 100, after_help = examples::ROUNDS)]
pub(crate) struct Rounds {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one arm of a scenario and tell its first episode.
    #[command(after_help = examples::RUN)]
    Run(RunArgs),
    /// Run every arm of a scenario on the same episodes and seeds, and compare them.
    #[command(after_help = examples::BENCH)]
    Bench(BenchArgs),
    /// Show the episodes of a run, or one of them as a story.
    #[command(after_help = examples::SHOW)]
    Show(ShowArgs),
    /// Open the report of a run.
    #[command(after_help = examples::VIEW)]
    View(ViewArgs),
    /// Check a scenario and the data that it names, and say what is wrong.
    #[command(after_help = examples::CHECK)]
    Check(CheckArgs),
    /// List scenarios, policies, models and environments.
    #[command(after_help = examples::LIST)]
    List(ListArgs),
    /// Compute the metrics of a finished run again, from its log alone.
    #[command(after_help = examples::SCORE)]
    Score(ScoreArgs),
    /// Import and check data.
    Data(DataArgs),
}

/// Options of every command that runs something.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The scenario, a TOML file.
    pub(crate) scenario: PathBuf,
    /// Change a setting of the scenario; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Seed of the run; by default that of the scenario. The same seed gives the same bytes.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,
    /// Run with every seed from A up to, not including, B, each with cases of its own; results are
    /// of all of them together.
    #[arg(long, value_name = "A..B", value_parser = seeds, conflicts_with = "seed")]
    pub(crate) seeds: Option<Range<u64>>,
    /// Number of cases, at least 1; by default that of the scenario.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) episodes: Option<u32>,
    /// Worker worlds; results do not depend on it. 0 takes one for each core.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub(crate) jobs: usize,
    /// Folder for the results, which must not hold anything; by default a new one under runs/.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub(crate) out: Option<PathBuf>,
    /// Continue the interrupted run in this folder; a missing or empty one is a fresh start.
    #[arg(long, value_name = "DIR")]
    pub(crate) resume: Option<PathBuf>,
    /// Answer the calls of models from the calls.jsonl of an earlier run.
    #[arg(long, value_name = "FILE")]
    pub(crate) replay: Option<PathBuf>,
    /// Print summary.json instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print results only: no progress, no story.
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The arm to run; by default the first.
    #[arg(long, value_name = "NAME")]
    pub(crate) arm: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Arms in place of those of the file: every value of a setting; several multiply.
    #[arg(long, value_name = "KEY=A,B,C")]
    pub(crate) vary: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ShowArgs {
    /// A run directory, or "latest".
    pub(crate) run: PathBuf,
    /// An episode to tell, from 0; without it, all are listed.
    pub(crate) episode: Option<u32>,
    /// The arm of a bench; without it, every arm.
    #[arg(long, value_name = "NAME")]
    pub(crate) arm: Option<String>,
    /// Print the events of an episode as they are in the log.
    #[arg(long, requires = "episode")]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ViewArgs {
    /// A run directory, or "latest".
    pub(crate) run: PathBuf,
    /// Print the path of the report and open nothing.
    #[arg(long)]
    pub(crate) path: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct CheckArgs {
    /// A scenario. A record, a folder of records or a CSV knowledge base is checked as by data check.
    pub(crate) file: PathBuf,
    /// Change a setting before checking.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Listed {
    /// Scenarios in the working directory and in scenarios/.
    Scenarios,
    /// Policies and teams.
    Policies,
    /// Kinds of model.
    Models,
    /// Kinds of environment.
    Environments,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ListArgs {
    /// What to list; by default everything.
    pub(crate) what: Option<Listed>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ScoreArgs {
    /// A run directory, or "latest".
    pub(crate) run: PathBuf,
    /// Print summary.json instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DataArgs {
    #[command(subcommand)]
    pub(crate) command: DataCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum DataCommand {
    /// Make records from a source: tables of MIMIC-III, AgentClinic cases, FHIR bundles.
    #[command(after_help = examples::IMPORT)]
    Import(ImportArgs),
    /// Check records, or a knowledge base, and say what is wrong where.
    #[command(after_help = examples::DATA_CHECK)]
    Check(DataCheckArgs),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DataCheckArgs {
    /// A record, a folder of records, or a knowledge base.
    pub(crate) path: PathBuf,
}

/// Seeds that one command may run with.
const MOST_SEEDS: u64 = 10_000;

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let expected = || format!("expected A..B with A below B, such as 0..5, got {text:?}");
    let (from, to) = text.split_once("..").ok_or_else(expected)?;
    let read = |part: &str| part.trim().parse::<u64>().map_err(|_| expected());
    let seeds = read(from)?..read(to)?;
    match seeds.end.saturating_sub(seeds.start) {
        0 => Err(expected()),
        1..=MOST_SEEDS => Ok(seeds),
        count => Err(format!("expected at most {MOST_SEEDS} seeds, got {count}")),
    }
}

#[cfg(test)]
mod tests {
    use super::seeds;

    #[test]
    fn seeds_are_a_range_that_is_not_empty() {
        assert_eq!(seeds("3..6"), Ok(3..6));
        for wrong in ["3", "3..3", "6..3", "a..b", "-1..2", "..", "0..20000"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }
}
