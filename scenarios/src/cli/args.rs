//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use super::common_args::{Common, MOST_SEEDS};
use super::data_args::CollectArgs;
use super::examples;
use super::export::ExportArgs;
use super::import_args::ImportArgs;
pub(crate) use super::local_args::{GenerateArgs, TrainArgs};
use super::plan_args::PlanArgs;
use crate::editor::FileKind;

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
    /// Say what a run will take in calls, tokens, money and time, before anything is spent.
    #[command(after_help = examples::PLAN)]
    Plan(PlanArgs),
    /// Be the doctor of one patient of a scenario, and see what its team would have done.
    #[command(after_help = examples::PLAY)]
    Play(PlayArgs),
    /// Evaluate policies on a suite of scripted cases.
    #[command(after_help = examples::EVALUATE)]
    Evaluate(EvaluateArgs),
    /// Show the episodes of a run, or one of them as a story.
    #[command(after_help = examples::SHOW)]
    Show(ShowArgs),
    /// Open the report of a run.
    #[command(after_help = examples::VIEW)]
    View(ViewArgs),
    /// Check a scenario, suite or case and what it names, and say what is wrong.
    #[command(after_help = examples::CHECK)]
    Check(CheckArgs),
    /// List scenarios, policies, models and environments.
    #[command(after_help = examples::LIST)]
    List(ListArgs),
    /// Compute the metrics of a finished run again, from its log alone.
    #[command(after_help = examples::SCORE)]
    Score(ScoreArgs),
    /// Compare two finished runs case by case: what differs, in which cases, from which event on.
    #[command(after_help = examples::COMPARE)]
    Compare(CompareArgs),
    /// Rank finished runs that can be compared, and draw accuracy against cost.
    #[command(after_help = examples::LEADERBOARD)]
    Leaderboard(LeaderboardArgs),
    /// Write a finished run in the format of another program.
    #[command(after_help = examples::EXPORT)]
    Export(ExportArgs),
    /// Let people rate the visits of an evaluation, and say how far its verdicts can be trusted.
    Review(ReviewArgs),
    /// Write a scenario, a suite or a case to start from.
    #[command(after_help = examples::NEW)]
    New(NewArgs),
    /// Print the JSON Schema of a kind of file, for editors.
    #[command(after_help = examples::SCHEMA)]
    Schema(SchemaArgs),
    /// Say in words, as for a methods section, what a scenario or suite does.
    #[command(after_help = examples::DESCRIBE)]
    Describe(DescribeArgs),
    /// Import and check data.
    Data(DataArgs),
    /// Train a language model of this machine: from visits by rule, recorded calls, or text.
    #[command(after_help = examples::TRAIN)]
    Train(TrainArgs),
    /// Ask a language model of this machine.
    #[command(after_help = examples::GENERATE)]
    Generate(GenerateArgs),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The arm to run; by default the first, with the scenario's `baseline` beside it where it
    /// names one.
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
    /// Replicate with further seeds until the half-width of every 95 % interval is small, such as
    /// "ci(hit@1) < 0.02", or that of a difference, "ci(hit@1, a - b) < 0.02". Only widths are
    /// looked at, from 100 cases on, so that looking often changes no verdict.
    #[arg(long, value_name = "RULE", conflicts_with = "seeds")]
    pub(crate) until: Option<String>,
    /// Replications after which --until gives up and says how far it came.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = at_most, requires = "until")]
    pub(crate) at_most: u64,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct PlayArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Number of the patient, from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) episode: u32,
    /// The arm whose team sees the patient too; by default the first.
    #[arg(long, value_name = "NAME")]
    pub(crate) arm: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct EvaluateArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Say of every check of this case by which events it was decided; may be given several times.
    #[arg(long, value_name = "CASE")]
    pub(crate) explain: Vec<String>,
    /// Play each case as other persons too: any of age, sex, ethnicity, language, insurance.
    #[arg(long, value_name = "PART,…", value_delimiter = ',')]
    pub(crate) swap: Vec<String>,
    /// Play each case under the behaviour of this file too; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) behaviour: Vec<PathBuf>,
    /// Run the careless and careful policies of the suite's self_test file, and say which of them
    /// its checks told apart.
    #[arg(long, conflicts_with_all = ["swap", "behaviour", "explain"])]
    pub(crate) self_test: bool,
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
    /// A scenario, suite, case or behaviour. A record, a folder of records, a CSV knowledge base or
    /// a data set is checked as by data check.
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
pub(crate) struct CompareArgs {
    /// The run to compare with: a run directory, a bench with --arm, an evaluation, or "latest".
    pub(crate) a: PathBuf,
    /// The new run. Differences are B minus A, and verdicts are on B.
    pub(crate) b: PathBuf,
    /// The arm of a bench. Given once, of both; given twice, of A and then of B.
    #[arg(long, value_name = "NAME")]
    pub(crate) arm: Vec<String>,
    /// A metric to compare, in place of those that decide; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) metric: Vec<String>,
    /// Exit with code 3 when B is worse than A on a metric that is compared.
    #[arg(long)]
    pub(crate) fail_on_regression: bool,
    #[command(flatten)]
    pub(crate) results: ResultArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct LeaderboardArgs {
    /// Run directories, benches with all of their arms, evaluations, or "latest".
    #[arg(required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// The metric to rank by; by default the first that decides.
    #[arg(long, value_name = "NAME")]
    pub(crate) metric: Option<String>,
    /// What an answer costs, for the plot: a metric such as care_cost_usd, questions or calls, or tokens.
    #[arg(long, value_name = "NAME")]
    pub(crate) cost: Option<String>,
    #[command(flatten)]
    pub(crate) results: ResultArgs,
}

/// Options of commands that read finished runs and leave results of their own.
#[derive(Debug, Clone, Args)]
pub(crate) struct ResultArgs {
    /// Folder for the results, which must not hold anything; by default a new one under runs/.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print summary.json instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the tables only.
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NewKind {
    /// A scenario with two arms.
    Scenario,
    /// A scenario of agents that coordinate, with three arms.
    Coordination,
    /// A suite with one case.
    Suite,
    /// A case for a suite.
    Case,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct NewArgs {
    /// Name of what is made; `case` with --from makes a case named after its record.
    pub(crate) name: String,
    /// What is made; by default a scenario, with --from a case.
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<NewKind>,
    /// The file of a record that the case is made of.
    #[arg(long, value_name = "RECORD")]
    pub(crate) from: Option<PathBuf>,
    /// Where it is written; by default NAME.toml, and NAME/suite.toml for a suite. Nothing is
    /// overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SchemaKind {
    /// Scenarios, `rounds.scenario/1`.
    Scenario,
    /// Suites, `rounds.suite/1`.
    Suite,
    /// Cases, `rounds.case/1`.
    Case,
    /// Behaviours, `rounds.behaviour/1`.
    Behaviour,
    /// Self-tests, `rounds.self-test/1`.
    SelfTest,
    /// Trainings, `rounds.training/1`.
    Training,
}

impl From<SchemaKind> for FileKind {
    fn from(kind: SchemaKind) -> Self {
        match kind {
            SchemaKind::Scenario => Self::Scenario,
            SchemaKind::Suite => Self::Suite,
            SchemaKind::Case => Self::Case,
            SchemaKind::Behaviour => Self::Behaviour,
            SchemaKind::SelfTest => Self::SelfTest,
            SchemaKind::Training => Self::Training,
        }
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct SchemaArgs {
    /// The kind of file.
    pub(crate) what: SchemaKind,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DescribeArgs {
    /// The scenario or suite, a TOML file.
    pub(crate) scenario: PathBuf,
    /// Change a setting before describing; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Print the facts as JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ReviewArgs {
    #[command(subcommand)]
    pub(crate) command: ReviewCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ReviewCommand {
    /// Write a blinded sheet of visits and questions, and its key beside it.
    #[command(after_help = examples::REVIEW_EXPORT)]
    Export(ReviewExportArgs),
    /// Read ratings, and say how machine and people agree and what that makes of the scores.
    #[command(after_help = examples::REVIEW_IMPORT)]
    Import(ReviewImportArgs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AskedChecks {
    /// Those that a judge decides.
    Judge,
    /// Predicates too, in plain words, where a transcript can answer them.
    All,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ReviewExportArgs {
    /// The folder of an evaluation or of one of its arms, or "latest".
    pub(crate) run: PathBuf,
    /// The sheet: FILE.html to rate in a browser, FILE.csv for a spreadsheet. Neither it nor its
    /// key, FILE.key.json, may exist.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Visits on the sheet, at least 1; by default all, up to 100.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) sample: Option<u32>,
    /// Seed of the sample and of the order. The same seed gives the same bytes.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Checks to ask about.
    #[arg(long, value_enum, default_value_t = AskedChecks::Judge)]
    pub(crate) checks: AskedChecks,
    /// Visits of this arm alone.
    #[arg(long, value_name = "NAME")]
    pub(crate) arm: Option<String>,
    /// Write the words of restricted records too; the sheet must then be kept as they are.
    #[arg(long)]
    pub(crate) include_record_text: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ReviewImportArgs {
    /// The folder that the sheet was made from, or "latest".
    pub(crate) run: PathBuf,
    /// Filled-in sheets as CSV; a row without a rater is of the one that its file is named after.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The key of the sheet; by default the one beside the first file.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Folder for the results; by default review/ in that of the run.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print review.json instead of tables.
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
    /// Make records from a source (tables of MIMIC-III, AgentClinic cases, FHIR bundles), or a data set of episodes (D4RL,
    /// Minari, a finished run).
    #[command(after_help = examples::IMPORT)]
    Import(ImportArgs),
    /// Play data sets of a control environment, of all usual levels.
    #[command(after_help = examples::COLLECT)]
    Collect(CollectArgs),
    /// Check records, a knowledge base or a data set of episodes, and say what is wrong where.
    #[command(after_help = examples::DATA_CHECK)]
    Check(DataCheckArgs),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DataCheckArgs {
    /// A record, a folder of records, a knowledge base, or a data set of episodes (safetensors, D4RL, Minari).
    pub(crate) path: PathBuf,
}

fn at_most(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(number @ 1..=MOST_SEEDS) => Ok(number),
        _ => Err(format!(
            "expected a number from 1 to {MOST_SEEDS}, got {text:?}"
        )),
    }
}
