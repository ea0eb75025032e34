//! The `patients` of the clinic: where they come from.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    diagnostics::{Problem, ProblemKind},
    document::{Data, Node},
    paths::PathKind,
    reader::TableReader,
    values::{Fault, choice, path, string},
};

choice! {
    /// Part of a set of records.
    pub enum Part {
        /// Every record.
        All = "all",
        /// The records to learn from.
        Train = "train",
        /// The records held out.
        Test = "test",
    }
}

/// Where the patients come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PatientsSpec {
    /// Drawn from the knowledge base that comes with the program.
    BuiltinKnowledge,
    /// Drawn from the knowledge base in a file.
    Knowledge(PathBuf),
    /// Read from records.
    Records {
        /// Folder of the records.
        folder: PathBuf,
        /// Which of them.
        part: Part,
    },
    /// Played from scripted cases.
    Cases {
        /// The files, in their order.
        files: Vec<PathBuf>,
        /// The knowledge base of their findings; by default the one that comes with the program.
        knowledge: Option<PathBuf>,
    },
    /// Read from a file of AgentClinic cases.
    #[serde(rename = "agentclinic")]
    AgentClinic {
        /// The file.
        file: PathBuf,
        /// Titles of codes, a CSV file.
        titles: Option<PathBuf>,
        /// Which of the cases.
        part: Part,
    },
    /// Read from FHIR bundles.
    Fhir {
        /// A bundle or a folder of bundles.
        path: PathBuf,
        /// Titles of codes, a CSV file.
        titles: Option<PathBuf>,
        /// Which encounter is the visit.
        visit: VisitRule,
        /// Which of the patients.
        part: Part,
    },
}

choice! {
    /// Which encounter of a patient is the visit.
    pub enum VisitRule {
        /// The last one in which a disease was recorded.
        LastDisease = "last-disease",
        /// The first one in which a disease was recorded.
        FirstDisease = "first-disease",
        /// The last of all.
        Last = "last",
    }
}

/// Sources of patients, of which one is named.
const SOURCES: [&str; 5] = ["cases", "knowledge", "records", "agentclinic", "fhir"];

/// Reads `patients`.
pub(super) fn read_patients(environment: &mut TableReader<'_>) -> Option<PatientsSpec> {
    const EXAMPLE: &str = "patients = { knowledge = \"builtin\" }";
    let Some(mut table) = environment.table("patients") else {
        if environment.entry("patients").is_none() {
            environment.missing("patients", EXAMPLE);
        }
        return None;
    };
    let mut named = SOURCES
        .into_iter()
        .filter(|source| table.entry(source).is_some());
    let (source, mut second) = (named.next(), named.next());
    // The knowledge beside cases is that of their findings.
    if source == Some("cases") && second == Some("knowledge") {
        second = named.next();
    }
    drop(named);
    let patients = match (source, second) {
        (Some(first), Some(second)) => {
            if let Some(entry) = table.entry(second) {
                table.note(
                    Problem::at(
                        &entry.key,
                        ProblemKind::Conflict,
                        format!("`{}` names two sources", environment.name("patients")),
                        format!("`{second}` beside `{first}`"),
                    )
                    .help(format!("keep one of `{first}` and `{second}`")),
                );
            }
            // What belongs to either source cannot be judged.
            for key in ["part", "titles", "visit"] {
                table.entry(key);
            }
            None
        }
        (None, _) => {
            table.missing(
                "knowledge",
                "knowledge = \"builtin\"` or `records = \"FOLDER\"",
            );
            table.entry("part");
            None
        }
        (Some(source), None) => read_source(&mut table, source),
    };
    table.finish();
    patients
}

/// Files of cases: paths, or patterns such as `cases/*.toml`, each of which must match something.
fn read_cases(table: &mut TableReader<'_>) -> Option<Vec<PathBuf>> {
    let place = table.entry("cases")?;
    let patterns: Vec<&Node> = match &place.value.data {
        Data::Array(items) => items.iter().collect(),
        _ => vec![&place.value],
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for node in patterns {
        match matching_files(node) {
            Ok(found) => {
                for file in found {
                    if !files.contains(&file) {
                        files.push(file);
                    }
                }
            }
            Err(fault) => {
                table.note(fault.at(node, &table.name("cases")));
                return None;
            }
        }
    }
    if files.is_empty() {
        let message = format!("`{}` names no case", table.name("cases"));
        let label = "expected at least one file or pattern";
        let origin = &place.value.origin;
        table.note(Problem::at(origin, ProblemKind::OutOfRange, message, label));
        return None;
    }
    Some(files)
}

/// The files that a path or pattern names, in the order of their names.
fn matching_files(node: &Node) -> Result<Vec<PathBuf>, Fault> {
    let written = string(node)?;
    if !written.contains(['*', '?', '[']) {
        return path(node, PathKind::File).map(|file| vec![file]);
    }
    let pattern = node.origin.resolve(&written);
    let wrong = |why: String| Fault::new(ProblemKind::MissingFile, why);
    let found = glob::glob(&pattern.to_string_lossy())
        .map_err(|error| wrong(format!("a pattern of paths: {}", error.msg)))?;
    let mut files: Vec<PathBuf> = found
        .filter_map(Result::ok)
        .filter(|f| f.is_file())
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(wrong(format!(
            "files that match {}, of which there are none",
            pattern.display()
        )));
    }
    Ok(files)
}

/// The knowledge base of the findings of cases; `None` for the one that comes with the program.
fn read_knowledge(table: &mut TableReader<'_>) -> Option<PathBuf> {
    match table.entry("knowledge").map(|entry| &entry.value.data) {
        None => None,
        Some(Data::String(word)) if word == "builtin" => None,
        Some(_) => table.path("knowledge", PathKind::File),
    }
}

/// Reads the one source that is named, and what belongs to it.
fn read_source(table: &mut TableReader<'_>, source: &str) -> Option<PatientsSpec> {
    if source == "cases" {
        let files = read_cases(table);
        let knowledge = read_knowledge(table);
        return files.map(|files| PatientsSpec::Cases { files, knowledge });
    }
    if source == "knowledge" {
        if let Some(part) = table.entry("part") {
            table.note(
                Problem::at(
                    &part.key,
                    ProblemKind::Conflict,
                    format!("`{}` belongs to records", table.name("part")),
                    "patients drawn from knowledge have no parts",
                )
                .help("remove it, or name `records` in place of `knowledge`"),
            );
        }
        let word = table.entry("knowledge").map(|entry| &entry.value.data);
        return match word {
            Some(Data::String(word)) if word == "builtin" => Some(PatientsSpec::BuiltinKnowledge),
            _ => table
                .path("knowledge", PathKind::File)
                .map(PatientsSpec::Knowledge),
        };
    }
    let part = table.choice("part").unwrap_or(Part::All);
    if source == "records" {
        let folder = table.path("records", PathKind::Folder);
        return folder.map(|folder| PatientsSpec::Records { folder, part });
    }
    let titles = table.path("titles", PathKind::File);
    if source == "agentclinic" {
        let file = table.path("agentclinic", PathKind::File);
        return file.map(|file| PatientsSpec::AgentClinic { file, titles, part });
    }
    let visit = table.choice("visit").unwrap_or(VisitRule::LastDisease);
    let path = table.path("fhir", PathKind::Either);
    path.map(|path| PatientsSpec::Fhir {
        path,
        titles,
        visit,
        part,
    })
}
