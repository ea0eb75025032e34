//! A TOML text as a tree in which every key and value knows where it was written.

use std::{collections::BTreeMap, sync::Arc};

use toml::de::{DeTable, DeValue};

use super::{
    diagnostics::{Problem, ProblemKind},
    source::{Origin, Source},
};

/// A table: keys in alphabetical order, so that trees are compared and hashed by content.
pub(crate) type Table = BTreeMap<String, Entry>;

/// A key of a table with its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Where the key was written.
    pub(crate) key: Origin,
    /// The value.
    pub(crate) value: Node,
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// What was written.
    pub(crate) data: Data,
    /// Where.
    pub(crate) origin: Origin,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    /// A string.
    String(String),
    /// An integer, wide enough for seeds.
    Integer(i128),
    /// A number with a fraction.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date or a time, as written.
    Datetime(String),
    /// An array.
    Array(Vec<Node>),
    /// A table.
    Table(Table),
}

impl Data {
    /// The value in words, for messages: its type, and itself when it is short.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::String(text) if text.chars().count() <= 40 => format!("the string {text:?}"),
            Self::String(_) => "a string".to_owned(),
            Self::Integer(number) => format!("the integer {number}"),
            Self::Float(number) => format!("the number {number:?}"),
            Self::Boolean(value) => format!("the boolean {value}"),
            Self::Datetime(text) => format!("the date or time {text}"),
            Self::Array(items) => format!("an array of {}", items.len()),
            Self::Table(_) => "a table".to_owned(),
        }
    }
}

/// Reads a whole text.
///
/// # Errors
/// The first place where the text is not TOML.
pub(crate) fn parse(source: &Arc<Source>) -> Result<Table, Problem> {
    let parsed = DeTable::parse(source.named.inner()).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let place = Origin::new(source, span);
        Problem::at(
            &place,
            ProblemKind::Syntax,
            "not valid TOML",
            error.message(),
        )
    })?;
    table(parsed.get_ref(), source)
}

fn table(parsed: &DeTable<'_>, source: &Arc<Source>) -> Result<Table, Problem> {
    let mut out = Table::new();
    for (key, value) in parsed {
        let entry = Entry {
            key: Origin::new(source, key.span()),
            value: node(value.get_ref(), Origin::new(source, value.span()))?,
        };
        out.insert(key.get_ref().to_string(), entry);
    }
    Ok(out)
}

fn node(value: &DeValue<'_>, origin: Origin) -> Result<Node, Problem> {
    let too_large = || {
        Problem::at(
            &origin,
            ProblemKind::OutOfRange,
            "number out of range",
            "too large a number",
        )
    };
    let data = match value {
        DeValue::String(text) => Data::String(text.to_string()),
        DeValue::Integer(number) => {
            let number = i128::from_str_radix(number.as_str(), number.radix());
            Data::Integer(number.map_err(|_| too_large())?)
        }
        DeValue::Float(number) => Data::Float(number.as_str().parse().map_err(|_| too_large())?),
        DeValue::Boolean(value) => Data::Boolean(*value),
        DeValue::Datetime(value) => Data::Datetime(value.to_string()),
        DeValue::Array(items) => {
            let items = items
                .iter()
                .map(|item| node(item.get_ref(), Origin::new(&origin.source, item.span())));
            Data::Array(items.collect::<Result<_, _>>()?)
        }
        DeValue::Table(inner) => Data::Table(table(inner, &origin.source)?),
    };
    Ok(Node { data, origin })
}
