//! Reads typed settings out of a table: every key that is asked for is a valid key, every other
//! key is a mistake, and a mistake is noted with its place while reading goes on.

use std::path::PathBuf;

use super::{
    diagnostics::{Problem, ProblemKind, Problems},
    document::{Data, Entry, Node, Table},
    paths::PathKind,
    source::Origin,
    values::{Choice, Fault, Range, choice_of, integer, items, number, path, string},
};

/// Reads one table.
#[derive(Debug)]
pub(crate) struct TableReader<'a> {
    table: &'a Table,
    path: String,
    place: Origin,
    known: Vec<&'static str>,
    problems: &'a Problems,
}

impl<'a> TableReader<'a> {
    /// Reads `table`, called `path` in messages (empty at the top) and introduced at `place`.
    pub(crate) fn new(
        table: &'a Table,
        path: impl Into<String>,
        place: Origin,
        problems: &'a Problems,
    ) -> Self {
        Self {
            table,
            path: path.into(),
            place,
            known: Vec::new(),
            problems,
        }
    }

    /// Full name of `key`.
    pub(crate) fn name(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Where the table is introduced.
    pub(crate) fn place(&self) -> &Origin {
        &self.place
    }

    /// Notes a problem.
    pub(crate) fn note(&self, problem: Problem) {
        self.problems.add(problem);
    }

    /// The table itself, for keys that are not known by name.
    pub(crate) fn content(&self) -> &'a Table {
        self.table
    }

    /// The entry of `key`, which becomes a valid key.
    pub(crate) fn entry(&mut self, key: &'static str) -> Option<&'a Entry> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.table.get(key)
    }

    /// Reads `key` by `read`, which says what it expected when the value is another.
    pub(crate) fn get<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'a Node) -> Result<T, Fault>,
    ) -> Option<T> {
        let node = &self.entry(key)?.value;
        match read(node) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.note(fault.at(node, &self.name(key)));
                None
            }
        }
    }

    /// Notes that `key` must be there; `example` is the line to write.
    pub(crate) fn missing(&self, key: &str, example: &str) {
        let name = self.name(key);
        self.note(
            Problem::at(
                &self.place,
                ProblemKind::MissingKey,
                format!("`{name}` is missing"),
                format!("`{key}` is expected here"),
            )
            .help(format!("add `{example}`")),
        );
    }

    /// A string.
    pub(crate) fn string(&mut self, key: &'static str) -> Option<String> {
        self.get(key, string)
    }

    /// A boolean.
    pub(crate) fn boolean(&mut self, key: &'static str, default: bool) -> bool {
        let value = self.get(key, |node| match node.data {
            Data::Boolean(value) => Ok(value),
            _ => Err(Fault::wrong_type("true or false")),
        });
        value.unwrap_or(default)
    }

    /// A boolean, if written.
    pub(crate) fn optional_boolean(&mut self, key: &'static str) -> Option<bool> {
        self.entry(key)?;
        Some(self.boolean(key, false))
    }

    /// An array of strings; empty when it is not written.
    pub(crate) fn strings(&mut self, key: &'static str) -> Vec<String> {
        let read = self.get(key, |node| {
            let texts = items(node)?.iter().map(string);
            let texts: Result<Vec<String>, Fault> = texts.collect();
            texts.map_err(|_| Fault::wrong_type("an array of strings"))
        });
        read.unwrap_or_default()
    }

    /// An array of words, each one of `allowed`.
    pub(crate) fn words_of(&mut self, key: &'static str, allowed: &[&str]) -> Vec<String> {
        let place = self.entry(key).map(|entry| entry.value.origin.clone());
        let words = self.strings(key);
        for word in words
            .iter()
            .filter(|word| !allowed.contains(&word.as_str()))
        {
            if let Some(place) = &place {
                let message = format!("unknown value of `{}`", self.name(key));
                let label = format!("`{word}` is none of them");
                let problem = Problem::at(place, ProblemKind::UnknownValue, message, label);
                self.note(problem.suggest(word, "valid values", allowed));
            }
        }
        words
    }

    /// Checks that `schema` says what the file is.
    pub(crate) fn expect_schema(&mut self, expected: &str, what: &str) {
        let Some(entry) = self.entry("schema") else {
            self.missing("schema", &format!("schema = \"{expected}\""));
            return;
        };
        if let Some(schema) = self.string("schema")
            && schema != expected
        {
            self.note(
                Problem::at(
                    &entry.value.origin,
                    ProblemKind::UnknownValue,
                    format!("not {what} of a known version"),
                    format!("expected {expected:?}, got {schema:?}"),
                )
                .help(format!("write `schema = \"{expected}\"`")),
            );
        }
    }

    /// Where `key` is written, if it is.
    pub(crate) fn place_of(&self, key: &str) -> Option<&'a Origin> {
        self.table.get(key).map(|entry| &entry.key)
    }

    /// Keys of the table at `key`, with their places.
    pub(crate) fn entries(&self, key: &str) -> Vec<(&'a str, &'a Origin)> {
        match self.table.get(key).map(|entry| &entry.value.data) {
            Some(Data::Table(inner)) => {
                let places = inner.iter();
                places
                    .map(|(name, entry)| (name.as_str(), &entry.key))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// An integer from `least` to `most`.
    pub(crate) fn integer(
        &mut self,
        key: &'static str,
        least: u64,
        most: u64,
        default: u64,
    ) -> u64 {
        self.get(key, |node| integer(node, least, most))
            .unwrap_or(default)
    }

    /// An integer from `least` to the largest of 32 bits.
    pub(crate) fn count(&mut self, key: &'static str, least: u32, default: u32) -> u32 {
        self.small(key, least, u32::MAX, default)
    }

    /// An integer from `least` to `most`, of 32 bits.
    pub(crate) fn small(&mut self, key: &'static str, least: u32, most: u32, default: u32) -> u32 {
        let value = self.integer(key, least.into(), most.into(), default.into());
        u32::try_from(value).unwrap_or(default)
    }

    /// A number within `range`.
    pub(crate) fn number(&mut self, key: &'static str, range: Range, default: f64) -> f64 {
        self.optional_number(key, range).unwrap_or(default)
    }

    /// A number within `range`, if written.
    pub(crate) fn optional_number(&mut self, key: &'static str, range: Range) -> Option<f64> {
        self.get(key, |node| number(node, range))
    }

    /// One of the words of `T`.
    pub(crate) fn choice<T: Choice>(&mut self, key: &'static str) -> Option<T> {
        self.get(key, choice_of)
    }

    /// A file or folder that must exist.
    pub(crate) fn path(&mut self, key: &'static str, wanted: PathKind) -> Option<PathBuf> {
        self.get(key, |node| path(node, wanted))
    }

    /// The table at `key`.
    pub(crate) fn table(&mut self, key: &'static str) -> Option<TableReader<'a>> {
        let entry = self.entry(key)?;
        let name = self.name(key);
        table_of(entry, name, self.problems)
    }

    /// The tables in the table at `key`, by name.
    pub(crate) fn named_tables(&mut self, key: &'static str) -> Vec<(&'a str, TableReader<'a>)> {
        let problems = self.problems;
        let Some(outer) = self.table(key) else {
            return Vec::new();
        };
        let inner = outer.table.iter().filter_map(|(name, entry)| {
            let path = outer.name(name);
            Some((name.as_str(), table_of(entry, path, problems)?))
        });
        inner.collect()
    }

    /// The tables in the array at `key`, in order.
    pub(crate) fn table_array(&mut self, key: &'static str) -> Vec<TableReader<'a>> {
        let items: &'a [Node] = self.get(key, items).unwrap_or_default();
        let mut out = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let name = format!("{}[{number}]", self.name(key));
            match &item.data {
                Data::Table(table) => {
                    let place = item.origin.clone();
                    out.push(TableReader::new(table, name, place, self.problems));
                }
                _ => self.note(Fault::wrong_type("a table").at(item, &name)),
            }
        }
        out
    }

    /// Ends reading: every key that was never asked for is a mistake.
    pub(crate) fn finish(self) {
        for (key, entry) in self.table {
            if !self.known.contains(&key.as_str()) {
                let problem = Problem::at(
                    &entry.key,
                    ProblemKind::UnknownKey,
                    format!("unknown key `{}`", self.name(key)),
                    "no such key",
                );
                self.problems
                    .add(problem.suggest(key, "valid keys", &self.known));
            }
        }
    }
}

fn table_of<'a>(entry: &'a Entry, name: String, problems: &'a Problems) -> Option<TableReader<'a>> {
    if let Data::Table(table) = &entry.value.data {
        return Some(TableReader::new(table, name, entry.key.clone(), problems));
    }
    problems.add(Fault::wrong_type("a table").at(&entry.value, &name));
    None
}
