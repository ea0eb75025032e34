//! The command line: the only place that prints, exits, or formats errors for people.

mod args;
mod check;
mod common_args;
mod compare;
mod conclude;
mod conclude_cases;
mod data;
mod data_args;
mod data_sets;
mod describe;
mod diverge;
mod evaluate;
mod examples;
mod export;
mod fault;
#[cfg(feature = "local")]
mod generate;
mod import;
mod import_args;
mod leaderboard;
mod list;
mod local;
mod local_args;
mod new;
mod outside;
mod plan;
mod plan_args;
mod play;
mod progress;
mod results;
mod review;
mod run;
mod schema_command;
mod self_test;
mod show;
#[cfg(feature = "local")]
mod train;
mod until;

use std::process::ExitCode;
use std::sync::OnceLock;

use clap::Parser;
use rounds_environments::nearest::nearest;
use tracing_subscriber::filter::LevelFilter;

use crate::run::RunError;
use crate::schema::SchemaError;
use args::{Command, DataCommand, ReviewCommand, Rounds};

/// Why a command failed, and with which exit code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A scenario is wrong.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A run failed or its input is not usable.
    #[error(transparent)]
    Run(RunError),
    /// Bad usage.
    #[error("{0}")]
    Usage(String),
    /// A threshold was not met.
    #[error("{0}")]
    Threshold(String),
    /// A person left.
    #[error("{0}")]
    Cut(String),
    /// Results could not be printed.
    #[error("standard output: cannot be written")]
    Output(#[source] &'static std::io::Error),
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Settings(error) => match error.downcast() {
                Ok(error) => Self::Schema(*error),
                Err(error) => Self::Run(RunError::Settings(error)),
            },
            other => Self::Run(other),
        }
    }
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Schema(_) | Self::Usage(_) => 2,
            Self::Run(error) if error.is_input() => 2,
            Self::Run(_) | Self::Cut(_) | Self::Output(_) => 1,
            Self::Threshold(_) => 3,
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    survive_file_limits();
    let arguments = Rounds::parse();
    log_to_standard_error();
    let done = match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Bench(arguments) => run::bench(&arguments),
        Command::Plan(arguments) => plan::plan(&arguments),
        Command::Play(arguments) => play::play(&arguments),
        Command::Evaluate(arguments) => evaluate::evaluate(&arguments),
        Command::Show(arguments) => show::show(&arguments),
        Command::View(arguments) => show::view(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::List(arguments) => list::list(arguments.what),
        Command::Score(arguments) => show::score(&arguments),
        Command::Compare(arguments) => compare::compare(&arguments),
        Command::Leaderboard(arguments) => leaderboard::leaderboard(&arguments),
        Command::Export(arguments) => export::export(&arguments),
        Command::Review(arguments) => match arguments.command {
            ReviewCommand::Export(arguments) => review::export(&arguments),
            ReviewCommand::Import(arguments) => review::import(&arguments),
        },
        Command::New(arguments) => new::new(&arguments),
        Command::Schema(arguments) => {
            schema_command::show_schema(&arguments);
            Ok(())
        }
        Command::Describe(arguments) => describe::describe(&arguments),
        Command::Data(arguments) => match arguments.command {
            DataCommand::Import(arguments) => import::import(&arguments.source),
            DataCommand::Collect(arguments) => data_sets::collect(&arguments),
            DataCommand::Check(arguments) => data::check(&arguments),
        },
        Command::Train(arguments) => local::train(&arguments),
        Command::Generate(arguments) => local::generate(&arguments),
    };
    let done = done.and_then(|()| match UNPRINTED.get() {
        Some(error) => Err(Failure::Output(error)),
        None => Ok(()),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            fault::report(&failure);
            ExitCode::from(failure.code())
        }
    }
}

/// Warnings go to standard error; `ROUNDS_LOG` (error, warn, info, debug, trace, off) says how
/// much else. A standard error that is closed or full is left alone.
fn log_to_standard_error() {
    let level = std::env::var("ROUNDS_LOG").ok();
    let level = level.and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level.unwrap_or(LevelFilter::WARN))
        .with_target(false)
        .without_time()
        .log_internal_errors(false)
        .init();
}

/// The failure for an arm that does not exist.
pub(crate) fn no_arm(name: &str, names: &[String]) -> Failure {
    let near = nearest(name, names.iter().map(String::as_str))
        .map(|near| format!("; did you mean {near:?}?"));
    Failure::Usage(format!(
        "there is no arm {name:?}, expected one of {}{}",
        names.join(", "),
        near.unwrap_or_default()
    ))
}

/// A write beyond a limit on the size of files becomes an ordinary error, which says which file
/// it was; by default it kills the process.
#[cfg(unix)]
fn survive_file_limits() {
    let noted = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    // Without the handler the process is killed as before, and the run can be resumed.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noted);
}

/// There are no such limits.
#[cfg(not(unix))]
fn survive_file_limits() {}

/// Why results could not be printed.
static UNPRINTED: OnceLock<std::io::Error> = OnceLock::new();

/// Prints a result to standard output. A closed pipe ends the output quietly; any other error is
/// told at the end, since what a run leaves on disk matters more.
pub(crate) fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        // The first error is the one to tell.
        let _ = UNPRINTED.set(error);
    }
}
