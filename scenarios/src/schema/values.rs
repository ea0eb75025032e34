//! Reads single values: strings, numbers within a range, words of a list, paths that exist.

use std::path::PathBuf;

use super::{
    diagnostics::{Problem, ProblemKind},
    document::{Data, Node},
    paths::{PathKind, found_at, nearest_path},
};

/// An enum written as one of a few words.
pub(crate) trait Choice: Copy + 'static {
    /// The words with their values.
    const NAMES: &'static [(&'static str, Self)];
}

/// Declares an enum written as one of a few words; a `pub` one also gives its word back.
macro_rules! choice {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$about:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
        pub enum $name {
            $($(#[$about])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// The word that stands for it in a file.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        $crate::schema::values::choice!(@words $name { $($variant = $text,)+ });
    };
    ($(#[$doc:meta])* enum $name:ident { $($(#[$about:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        enum $name {
            $($(#[$about])* $variant,)+
        }

        $crate::schema::values::choice!(@words $name { $($variant = $text,)+ });
    };
    (@words $name:ident { $($variant:ident = $text:literal,)+ }) => {
        impl $crate::schema::values::Choice for $name {
            const NAMES: &'static [(&'static str, Self)] = &[$(($text, Self::$variant)),+];
        }
    };
}
pub(crate) use choice;

/// Which numbers are allowed, with the words for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    /// Whether a number is allowed.
    pub(crate) allows: fn(f64) -> bool,
    /// What is allowed, in words.
    pub(crate) words: &'static str,
}

/// Zero to one, both included.
pub(crate) const FRACTION: Range = Range {
    allows: |x| (0.0..=1.0).contains(&x),
    words: "a number from 0 to 1",
};
/// Above zero, at most one.
pub(crate) const POSITIVE_FRACTION: Range = Range {
    allows: |x| x > 0.0 && x <= 1.0,
    words: "a number above 0 and at most 1",
};
/// Finite and at least zero.
pub(crate) const NOT_NEGATIVE: Range = Range {
    allows: |x| x >= 0.0 && x.is_finite(),
    words: "a number of at least 0",
};

/// Finite and above zero.
pub(crate) const POSITIVE: Range = Range {
    allows: |x| x > 0.0 && x.is_finite(),
    words: "a number above 0",
};

/// Why a value cannot be read, before its place is known.
#[derive(Debug)]
pub(crate) struct Fault {
    kind: ProblemKind,
    expected: String,
    names: Option<Vec<&'static str>>,
    advice: Option<String>,
}

impl Fault {
    /// The value has another type than `expected`.
    pub(crate) fn wrong_type(expected: impl Into<String>) -> Self {
        Self::new(ProblemKind::WrongType, expected)
    }

    /// A fault of any kind.
    pub(crate) fn new(kind: ProblemKind, expected: impl Into<String>) -> Self {
        Self {
            kind,
            expected: expected.into(),
            names: None,
            advice: None,
        }
    }

    /// The problem, once the value and its key's full name are known.
    pub(crate) fn at(self, node: &Node, name: &str) -> Problem {
        let message = match self.kind {
            ProblemKind::WrongType => format!("wrong type of `{name}`"),
            ProblemKind::OutOfRange => format!("`{name}` is out of range"),
            ProblemKind::MissingFile => format!("`{name}` names nothing that can be read"),
            _ => format!("unknown value of `{name}`"),
        };
        let label = match self.kind {
            // What is at the path says more than the path, which is underlined.
            ProblemKind::MissingFile => format!("expected {}", self.expected),
            _ => format!("expected {}, got {}", self.expected, node.data.describe()),
        };
        let problem = Problem::at(&node.origin, self.kind, message, label);
        match (&node.data, self.names, self.advice) {
            (Data::String(got), Some(names), _) => problem.suggest(got, "valid values", &names),
            (_, _, Some(advice)) => problem.help(advice),
            _ => problem,
        }
    }
}

/// Reads a string.
pub(crate) fn string(node: &Node) -> Result<String, Fault> {
    match &node.data {
        Data::String(text) => Ok(text.clone()),
        _ => Err(Fault::wrong_type("a string")),
    }
}

/// Reads an array.
pub(crate) fn items(node: &Node) -> Result<&[Node], Fault> {
    match &node.data {
        Data::Array(items) => Ok(items),
        _ => Err(Fault::wrong_type("an array")),
    }
}

/// Reads an integer from `least` to `most`.
pub(crate) fn integer(node: &Node, least: u64, most: u64) -> Result<u64, Fault> {
    let words = if most >= u64::from(u32::MAX) {
        format!("an integer of at least {least}")
    } else {
        format!("an integer from {least} to {most}")
    };
    let Data::Integer(value) = node.data else {
        return Err(Fault::wrong_type(words));
    };
    match u64::try_from(value) {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        Ok(value) if value > most && most >= u64::from(u32::MAX) => {
            let words = format!("an integer from {least} to {most}");
            Err(Fault::new(ProblemKind::OutOfRange, words))
        }
        _ => Err(Fault::new(ProblemKind::OutOfRange, words)),
    }
}

/// Reads a number within `range`; integers are numbers.
pub(crate) fn number(node: &Node, range: Range) -> Result<f64, Fault> {
    let value = match node.data {
        Data::Float(value) => value,
        Data::Integer(value) => value as f64,
        _ => return Err(Fault::wrong_type(range.words)),
    };
    if (range.allows)(value) {
        Ok(value)
    } else {
        Err(Fault::new(ProblemKind::OutOfRange, range.words))
    }
}

/// Reads one of the words of `T`.
pub(crate) fn choice_of<T: Choice>(node: &Node) -> Result<T, Fault> {
    let names: Vec<&'static str> = T::NAMES.iter().map(|(name, _)| *name).collect();
    let words = format!("one of {}", names.join(", "));
    let Data::String(got) = &node.data else {
        return Err(Fault::wrong_type(words));
    };
    let found = T::NAMES.iter().find(|(name, _)| name == got);
    found.map(|(_, value)| *value).ok_or(Fault {
        kind: ProblemKind::UnknownValue,
        expected: words,
        names: Some(names),
        advice: None,
    })
}

/// Reads a path, seen from where it was written; the file or folder must exist.
pub(crate) fn path(node: &Node, wanted: PathKind) -> Result<PathBuf, Fault> {
    let path = node.origin.resolve(&string(node)?);
    if wanted.fits(&path) {
        return Ok(path);
    }
    let (kind, found) = (wanted.words(), found_at(&path));
    let mut fault = Fault::new(
        ProblemKind::MissingFile,
        format!("{kind} at {}, {found}", path.display()),
    );
    fault.advice =
        nearest_path(&path, wanted).map(|near| format!("did you mean `{}`?", near.display()));
    Err(fault)
}
