//! What is wrong with a scenario, and where.

use std::{cell::RefCell, fmt};

use miette::{Diagnostic, LabeledSpan, SourceCode};

use rounds_environments::nearest::nearest;

use super::source::Origin;

/// What sort of mistake a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The text is not TOML, or an argument has not the shape `key=value`.
    Syntax,
    /// A key that must be there is not.
    MissingKey,
    /// A key that does not exist.
    UnknownKey,
    /// A value of another type than expected.
    WrongType,
    /// A value of the right type that is not allowed.
    OutOfRange,
    /// A word that is none of the words allowed here.
    UnknownValue,
    /// A name that is declared nowhere.
    UnknownName,
    /// A name that is declared twice.
    Duplicate,
    /// Settings that exclude each other.
    Conflict,
    /// A setting that may not be changed here.
    NotAllowed,
    /// A file or folder that cannot be read.
    MissingFile,
    /// A file that extends itself, directly or through others.
    Cycle,
}

impl ProblemKind {
    /// The kind as programs read it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Syntax => "scenario::syntax",
            Self::MissingKey => "scenario::missing_key",
            Self::UnknownKey => "scenario::unknown_key",
            Self::WrongType => "scenario::wrong_type",
            Self::OutOfRange => "scenario::out_of_range",
            Self::UnknownValue => "scenario::unknown_value",
            Self::UnknownName => "scenario::unknown_name",
            Self::Duplicate => "scenario::duplicate",
            Self::Conflict => "scenario::conflict",
            Self::NotAllowed => "scenario::not_allowed",
            Self::MissingFile => "scenario::missing_file",
            Self::Cycle => "scenario::cycle",
        }
    }
}

/// One mistake, with the text that holds it where there is one.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What sort of mistake.
    pub kind: ProblemKind,
    /// What is wrong.
    pub message: String,
    /// What was expected and got, printed under the offending text.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
    place: Option<Origin>,
}

impl Problem {
    /// A problem at `place`.
    pub(crate) fn at(
        place: &Origin,
        kind: ProblemKind,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            message: message.into(),
            label: label.into(),
            help: None,
            place: Some(place.clone()),
        }
    }

    /// A problem without a text, such as a file that cannot be read.
    pub(crate) fn without_place(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            label: String::new(),
            help: None,
            place: None,
        }
    }

    /// The same with advice.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with the nearest of `names` as advice, or all of them when none is near.
    pub(crate) fn suggest(self, got: &str, what: &str, names: &[&str]) -> Self {
        let help = match nearest(got, names.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None if names.is_empty() => format!("there are no {what} here"),
            None => format!("{what}: {}", names.join(", ")),
        };
        self.help(help)
    }

    /// Whether both say the same about the same place.
    fn repeats(&self, other: &Self) -> bool {
        let same_place = match (&self.place, &other.place) {
            (Some(a), Some(b)) => std::sync::Arc::ptr_eq(&a.source, &b.source) && a.span == b.span,
            (None, None) => true,
            _ => false,
        };
        same_place && self.message == other.message && self.label == other.label
    }
}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.kind.code()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_deref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let place = self.place.as_ref()?;
        Some(&place.source.named)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        let label = LabeledSpan::new_with_span(Some(self.label.clone()), place.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}

/// Why a scenario cannot be used: at least one problem.
///
/// One problem is shown as itself; several are shown together, in the order of reading.
#[derive(Debug, Clone)]
pub struct SchemaError {
    problems: Vec<Problem>,
}

impl SchemaError {
    /// The problems, at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    fn single(&self) -> Option<&Problem> {
        match self.problems.as_slice() {
            [problem] => Some(problem),
            _ => None,
        }
    }
}

impl From<Problem> for SchemaError {
    fn from(problem: Problem) -> Self {
        Self {
            problems: vec![problem],
        }
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.single() {
            Some(problem) => problem.fmt(f),
            None => write!(f, "the scenario has {} problems", self.problems.len()),
        }
    }
}

impl std::error::Error for SchemaError {}

impl Diagnostic for SchemaError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.single()?.code()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.single()?.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.single()?.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.single()?.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        if self.problems.len() < 2 {
            return None;
        }
        let each = self
            .problems
            .iter()
            .map(|problem| -> &dyn Diagnostic { problem });
        Some(Box::new(each))
    }
}

/// Collects problems while reading goes on.
#[derive(Debug, Default)]
pub(crate) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    /// Notes a problem, once.
    pub(crate) fn add(&self, problem: Problem) {
        let mut problems = self.0.borrow_mut();
        if !problems.iter().any(|known| known.repeats(&problem)) {
            problems.push(problem);
        }
    }

    /// Ends reading.
    ///
    /// # Errors
    /// All problems noted, when there is one.
    pub(crate) fn finish(&self) -> Result<(), SchemaError> {
        let problems = self.0.take();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(SchemaError { problems })
        }
    }
}
