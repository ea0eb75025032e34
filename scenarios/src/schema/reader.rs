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
