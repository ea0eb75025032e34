//! The command line: the only place that prints, exits, or formats errors for people.

mod args;
mod check;
mod conclude;
mod data;
mod list;
mod progress;
mod run;
mod show;

use std::process::ExitCode;

use clap::Parser;
use miette::Diagnostic;
use tracing_subscriber::filter::LevelFilter;

use crate::run::RunError;
use crate::schema::SchemaError;
use args::{Command, DataCommand, Rounds};

/// Why a command failed, and with which exit code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A scenario is wrong.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A run failed or its input is not usable.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Bad usage.
    #[error("{0}")]
    Usage(String),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Schema(_) | Self::Usage(_) => 2,
            Self::Run(error) if error.is_input() => 2,
            Self::Run(_) => 1,
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = Rounds::parse();
    log_to_standard_error();
    let done = match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Bench(arguments) => run::bench(&arguments),
        Command::Show(arguments) => show::show(&arguments),
        Command::View(arguments) => show::view(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::List(arguments) => list::list(arguments.what),
        Command::Score(arguments) => show::score(&arguments),
        Command::Data(arguments) => match arguments.command {
            DataCommand::Import(arguments) => data::import(&arguments),
            DataCommand::Check(arguments) => data::check(&arguments),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(&failure);
            ExitCode::from(failure.code())
        }
    }
}

/// Warnings go to standard error; `ROUNDS_LOG` (error, warn, info, debug, trace, off) says how
/// much else.
fn log_to_standard_error() {
    let level = std::env::var("ROUNDS_LOG").ok();
    let level = level.and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level.unwrap_or(LevelFilter::WARN))
        .with_target(false)
        .without_time()
        .init();
}

#[expect(
    clippy::print_stderr,
    reason = "errors of the command line go to standard error"
)]
fn report(failure: &Failure) {
    let mut text = String::new();
    if let Failure::Schema(error) = failure {
        let handler = miette::GraphicalReportHandler::new();
        let diagnostic: &dyn Diagnostic = error;
        if handler.render_report(&mut text, diagnostic).is_ok() {
            eprintln!("{text}");
            return;
        }
    }
    text.push_str(&format!("error: {failure}"));
    let mut source = std::error::Error::source(failure);
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(&format!("\n  because: {words}"));
        }
        source = cause.source();
    }
    eprintln!("{text}");
}

/// Prints a result to standard output. A closed pipe ends the output quietly.
pub(crate) fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    // Who closed the pipe does not want the rest.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
