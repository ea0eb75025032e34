//! The `[environment]` table of the clinic.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    diagnostics::{Problem, ProblemKind},
    document::Data,
    paths::PathKind,
    reader::TableReader,
    values::{FRACTION, Fault, NOT_NEGATIVE, choice, number},
};

choice! {
    /// Whether tests can be done.
    pub enum Tests {
        /// They can.
        Up = "up",
        /// They cannot: what was not done is not recorded.
        Down = "down",
    }
}

choice! {
    /// Kinds of environment.
    enum EnvironmentKind {
        /// The clinic.
        Clinic = "clinic",
    }
}

choice! {
    /// How closely the published program is followed where it departs from its paper.
    pub enum Fidelity {
        /// As described.
        Strict = "strict",
        /// As the published program does it.
        AsPublished = "as_published",
    }
}

choice! {
    /// How names are found in free text.
    pub enum Matching {
        /// As whole words.
        Word = "word",
        /// As any part of the text.
        Substring = "substring",
    }
}

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
const SOURCES: [&str; 4] = ["knowledge", "records", "agentclinic", "fhir"];

/// Noise of a patient's answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct NoiseSpec {
    /// Chance that an answer is "unknown", 0 to 1.
    pub unknown: f64,
    /// Chance that an answer is the opposite of the truth, 0 to 1.
    pub flipped: f64,
}

/// Until when a record's entries are visible.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Visible {
    /// The whole stay.
    All,
    /// Hours after admission.
    Hours(f64),
}

/// The clinic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClinicSpec {
    /// Where the patients come from.
    pub patients: PatientsSpec,
    /// Noise of their answers.
    pub noise: NoiseSpec,
    /// How closely the published program is followed.
    pub fidelity: Fidelity,
    /// How names are found in free text; by default what `fidelity` does.
    pub matching: Matching,
    /// Whether the admission diagnosis is shown to the doctors.
    pub reveal_admission_diagnosis: bool,
    /// Until when a record's entries are visible.
    pub visible_until: Visible,
    /// Simulated minutes that one question takes.
    pub minutes_per_question: f64,
    /// Whether tests can be done when a visit begins.
    pub tests: Tests,
}

/// Reads `[environment]`.
pub(crate) fn read_environment(root: &mut TableReader<'_>) -> Option<ClinicSpec> {
    let Some(mut table) = root.table("environment") else {
        if root.entry("environment").is_none() {
            root.missing("environment", "[environment] with kind = \"clinic\"");
        }
        return None;
    };
    if table.entry("kind").is_none() {
        table.missing("kind", "kind = \"clinic\"");
        return None;
    }
    // The other keys belong to the kind: without it, none can be judged.
    let EnvironmentKind::Clinic = table.choice::<EnvironmentKind>("kind")?;
    let patients = read_patients(&mut table);
    let noise = read_noise(&mut table);
    let fidelity = table.choice("fidelity").unwrap_or(Fidelity::Strict);
    let matching = table.choice("matching").unwrap_or(match fidelity {
        Fidelity::Strict => Matching::Word,
        Fidelity::AsPublished => Matching::Substring,
    });
    let visible_until = table.get("visible_until_h", |node| match &node.data {
        Data::String(text) if text == "all" => Ok(Visible::All),
        Data::String(_) => Err(Fault::wrong_type("a number of hours or \"all\"")),
        _ => number(node, NOT_NEGATIVE).map(Visible::Hours),
    });
    let reveal_admission_diagnosis = table.boolean("reveal_admission_diagnosis", false);
    let minutes_per_question = table.number("minutes_per_question", NOT_NEGATIVE, 2.0);
    let tests = table.choice("tests").unwrap_or(Tests::Up);
    table.finish();
    Some(ClinicSpec {
        patients: patients?,
        noise,
        fidelity,
        matching,
        reveal_admission_diagnosis,
        visible_until: visible_until.unwrap_or(Visible::Hours(24.0)),
        minutes_per_question,
        tests,
    })
}

fn read_patients(environment: &mut TableReader<'_>) -> Option<PatientsSpec> {
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
    let (source, second) = (named.next(), named.next());
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

/// Reads the one source that is named, and what belongs to it.
fn read_source(table: &mut TableReader<'_>, source: &str) -> Option<PatientsSpec> {
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

fn read_noise(environment: &mut TableReader<'_>) -> NoiseSpec {
    let Some(mut table) = environment.table("noise") else {
        return NoiseSpec::default();
    };
    let noise = NoiseSpec {
        unknown: table.number("unknown", FRACTION, 0.0),
        flipped: table.number("flipped", FRACTION, 0.0),
    };
    table.finish();
    noise
}
