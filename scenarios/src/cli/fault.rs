//! How faults look: a headline that begins with `error: `, the offending text underlined, advice.

use std::fmt;
use std::io::{IsTerminal, Write};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use super::Failure;
use crate::schema::{Problem, SchemaError};

/// Columns of a message; longer advice is wrapped.
const WIDTH: usize = 100;

/// Writes why a command failed to standard error, which may be closed or full.
pub(crate) fn report(failure: &Failure) {
    let mut errors = std::io::stderr().lock();
    let text = match failure {
        Failure::Schema(error) => scenario_faults(error, errors.is_terminal()),
        other => plain_fault(other),
    };
    // Nobody is left to be told.
    let _ = errors.write_all(text.as_bytes());
}

/// An error with its causes, each on a line of its own.
fn plain_fault(failure: &Failure) -> String {
    let mut text = format!("error: {failure}\n");
    let mut source = std::error::Error::source(failure);
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(&format!("  because: {words}\n"));
        }
        source = cause.source();
    }
    text
}

/// Every problem of a scenario, in the order of reading.
fn scenario_faults(error: &SchemaError, terminal: bool) -> String {
    let coloured = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut theme = match (terminal, coloured) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, _) => GraphicalTheme::none(),
    };
    theme.characters.error = "error:".to_owned();
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(WIDTH)
        .with_links(false);
    let mut text = String::new();
    for problem in error.problems() {
        let mut shown = String::new();
        if handler.render_report(&mut shown, &Headed(problem)).is_err() {
            shown = format!("error: {problem}");
        }
        text.push_str(shown.trim());
        text.push_str("\n\n");
    }
    match error.problems().len() {
        1 => text.truncate(text.trim_end().len() + 1),
        count => text.push_str(&format!("{count} problems in the scenario\n")),
    }
    text
}

/// A problem whose message comes first: its code is for programs.
#[derive(Debug)]
struct Headed<'a>(&'a Problem);

impl fmt::Display for Headed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Headed<'_> {}

impl Diagnostic for Headed<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.0.labels()
    }
}
