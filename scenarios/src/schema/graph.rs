//! Communication graphs, and the configurations that episodes go through in turn.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    diagnostics::{Problem, ProblemKind},
    paths::PathKind,
    reader::TableReader,
    values::{POSITIVE, choice},
};

choice! {
    /// Kinds of communication graph.
    pub enum GraphSpecKind {
        /// Everybody talks to everybody.
        Complete = "complete",
        /// Edges drawn at random, redrawn until connected.
        ErdosRenyi = "erdos-renyi",
        /// A circle.
        Ring = "ring",
        /// A nearly square lattice.
        Grid = "grid",
        /// One in the middle.
        Star = "star",
        /// A line.
        Path = "path",
        /// Edges of a file, a pair of agents a line.
        Edges = "edges",
        /// Mixing weights of a file, a row a line.
        Weights = "weights",
    }
}

/// Who can talk to whom.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GraphSpec {
    /// Kind of the graph.
    #[serde(rename = "graph")]
    pub kind: GraphSpecKind,
    /// Mean number of neighbours in a random graph, above 0.
    pub mean_degree: f64,
    /// File of the graph, where it is read.
    pub file: Option<PathBuf>,
}

impl Default for GraphSpec {
    fn default() -> Self {
        Self {
            kind: GraphSpecKind::Complete,
            mean_degree: 4.0,
            file: None,
        }
    }
}

/// Reads `graph`, `mean_degree` and `graph_file`; what is not written is as in `base`.
pub(super) fn read_graph(table: &mut TableReader<'_>, base: &GraphSpec) -> GraphSpec {
    let kind = table.choice("graph").unwrap_or(base.kind);
    let mean_degree = table.number("mean_degree", POSITIVE, base.mean_degree);
    let file = table.path("graph_file", PathKind::File);
    let read = matches!(kind, GraphSpecKind::Edges | GraphSpecKind::Weights);
    if read && table.entry("graph_file").is_none() && base.file.is_none() {
        table.missing("graph_file", "graph_file = \"edges.txt\"");
    }
    let drawn = kind == GraphSpecKind::ErdosRenyi;
    for (key, used) in [("mean_degree", drawn), ("graph_file", read)] {
        if let Some(place) = table.place_of(key).filter(|_| !used) {
            let name = table.name(key);
            table.note(
                Problem::at(
                    place,
                    ProblemKind::Conflict,
                    format!("`{name}` is of no use to a graph that is {}", kind.as_str()),
                    "says nothing of this graph",
                )
                .help(match key {
                    "mean_degree" => "it belongs to graph = \"erdos-renyi\"",
                    _ => "it belongs to graph = \"edges\" or \"weights\"",
                }),
            );
        }
    }
    GraphSpec {
        kind,
        mean_degree,
        file: file.or_else(|| base.file.clone()),
    }
}

/// The tables of `configurations` with their names, of which there is at least one and none twice.
pub(super) fn named_configurations<'a>(
    table: &mut TableReader<'a>,
) -> Vec<(String, TableReader<'a>)> {
    let mut found: Vec<(String, TableReader<'a>)> = Vec::new();
    for mut inner in table.table_array("configurations") {
        if inner.entry("name").is_none() {
            inner.missing("name", "name = \"complete\"");
        }
        let name = inner.string("name").unwrap_or_default();
        if let Some(entry) = inner.entry("name")
            && found.iter().any(|(known, _)| *known == name)
        {
            inner.note(Problem::at(
                &entry.value.origin,
                ProblemKind::Duplicate,
                format!("two configurations are called `{name}`"),
                "this name is taken",
            ));
        }
        found.push((name, inner));
    }
    if found.is_empty()
        && let Some(entry) = table.entry("configurations")
    {
        table.note(Problem::at(
            &entry.value.origin,
            ProblemKind::OutOfRange,
            "there is no configuration".to_owned(),
            "expected at least one",
        ));
    }
    found
}
