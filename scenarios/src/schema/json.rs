//! A JSON text as the same tree as TOML, with the places of keys and values.

use std::sync::Arc;

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::diagnostics::{Problem, ProblemKind};
use super::document::{Data, Entry, Node, Table};
use super::source::{Origin, Source};

/// Reads a whole text.
///
/// # Errors
/// The first place where the text is not JSON, or where it is no object of values that TOML has.
pub(crate) fn parse(source: &Arc<Source>) -> Result<Table, Problem> {
    let text = source.named.inner();
    let wrong = |span: std::ops::Range<usize>, label: String| {
        let place = Origin::new(source, span);
        Problem::at(&place, ProblemKind::Syntax, "not valid JSON", label)
    };
    let options = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options).map_err(|error| {
        let range = error.range();
        wrong(range.start..range.end, error.kind().to_string())
    })?;
    let Some(value) = parsed.value else {
        return Err(wrong(0..0, "expected an object, got nothing".to_owned()));
    };
    let span = value.start()..value.end();
    match node(&value, source)?.data {
        Data::Table(table) => Ok(table),
        other => {
            let label = format!("expected an object, got {}", other.describe());
            Err(wrong(span, label))
        }
    }
}

fn node(value: &Value<'_>, source: &Arc<Source>) -> Result<Node, Problem> {
    let origin = Origin::new(source, value.start()..value.end());
    let no_value = |label: &str| {
        let message = "a value that cannot be used";
        Problem::at(&origin, ProblemKind::WrongType, message, label)
    };
    let data = match value {
        Value::StringLit(text) => Data::String(text.value.to_string()),
        Value::BooleanLit(value) => Data::Boolean(value.value),
        Value::NumberLit(number) => match number.value.parse::<i128>() {
            Ok(whole) => Data::Integer(whole),
            Err(_) => Data::Float(
                number
                    .value
                    .parse()
                    .map_err(|_| no_value("expected a number"))?,
            ),
        },
        Value::NullKeyword(_) => return Err(no_value("`null` says nothing: leave the key out")),
        Value::Array(array) => {
            let items = array.elements.iter().map(|item| node(item, source));
            Data::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(object) => {
            let mut table = Table::new();
            for property in &object.properties {
                let (name, key) = match &property.name {
                    ObjectPropName::String(text) => (text.value.to_string(), text.range),
                    ObjectPropName::Word(word) => (word.value.to_owned(), word.range),
                };
                let key = Origin::new(source, key.start..key.end);
                let value = node(&property.value, source)?;
                let twice = Problem::at(&key, ProblemKind::Duplicate, "a key twice", "again here");
                if table.insert(name, Entry { key, value }).is_some() {
                    return Err(twice);
                }
            }
            Data::Table(table)
        }
    };
    Ok(Node { data, origin })
}
