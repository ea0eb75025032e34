//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Multi-agent simulation: scenario simulations, benchmarks of agents, clinical evaluations.
///
/// Research software, not for clinical use.
#[derive(Debug, Parser)]
#[command(name = "rounds", version, max_term_width = 100)]
pub(crate) struct Rounds {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one arm of a scenario and tell its first episode.
    Run(RunArgs),
    /// Run every arm of a scenario on the same episodes and seeds, and compare them.
    Bench(BenchArgs),
    /// Show the episodes of a run, or one of them as a story.
    Show(ShowArgs),
    /// Open the report of a run.
    View(ViewArgs),
    /// Check a file and say what is wrong with it.
    Check(CheckArgs),
    /// List what there is.
    List(ListArgs),
    /// Compute the metrics of a finished run again, from its log alone.
    Score(ScoreArgs),
    /// Import and check data.
    Data(DataArgs),
}

/// Options of every command that runs something.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The scenario file.
    pub(crate) scenario: PathBuf,
    /// Change a setting, for example environment.noise.unknown=0.1; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Seed of the run.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Number of cases.
    #[arg(long)]
    pub(crate) episodes: Option<u32>,
    /// Worker worlds; results do not depend on it. 0 takes one for each core.
    #[arg(long, default_value_t = 0)]
    pub(crate) jobs: usize,
    /// Folder for the results; by default a new one under runs/.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub(crate) out: Option<PathBuf>,
    /// Continue an interrupted run; a missing or empty folder is a fresh start.
    #[arg(long, value_name = "DIR")]
    pub(crate) resume: Option<PathBuf>,
    /// Answer slow decisions from the calls of an earlier run.
    #[arg(long, value_name = "CALLS")]
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
    #[arg(long)]
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
    /// An episode to tell.
    pub(crate) episode: Option<u32>,
    /// The arm of a bench.
    #[arg(long)]
    pub(crate) arm: Option<String>,
    /// Print the events as they are in the log.
    #[arg(long)]
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
    /// The file to check.
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
    /// Make records from a source.
    Import(ImportArgs),
    /// Check records, or a knowledge base.
    Check(DataCheckArgs),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Source {
    /// MIMIC-III tables as CSV, gzipped or plain.
    MimicIii,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ImportArgs {
    /// Kind of the source.
    pub(crate) kind: Source,
    /// Folder of the source.
    pub(crate) path: PathBuf,
    /// Folder for the records; must not hold anything.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Most diagnoses of an admission, inclusive.
    #[arg(long, default_value_t = 4)]
    pub(crate) max_diagnoses: u32,
    /// Keep admissions that ended in death.
    #[arg(long)]
    pub(crate) keep_died: bool,
    /// Keep admissions without charted events.
    #[arg(long)]
    pub(crate) keep_uncharted: bool,
    /// Draw this many admissions at random.
    #[arg(long)]
    pub(crate) sample: Option<usize>,
    /// Seed of that draw.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// The source is open data: reports may hold its text.
    #[arg(long)]
    pub(crate) open: bool,
    /// Print the manifest as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DataCheckArgs {
    /// A record, a folder of records, or a knowledge base.
    pub(crate) path: PathBuf,
}
