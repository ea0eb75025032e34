//! The `[environment]` table of the clinic.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    diagnostics::{Problem, ProblemKind},
    document::{Data, Node},
    paths::PathKind,
    reader::TableReader,
    values::{FRACTION, Fault, NOT_NEGATIVE, choice, integer, number, path, string},
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
    /// Who answers for the patients what they can say of themselves.
    pub enum Answers {
        /// Their records, or what was drawn for them.
        Record = "record",
        /// The person at the terminal.
        Human = "human",
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
    /// Played from scripted cases.
    Cases {
        /// The files, in their order.
        files: Vec<PathBuf>,
        /// The knowledge base of their findings; by default the one that comes with the program.
        knowledge: Option<PathBuf>,
    },
}

/// Parts of a person that every patient of a script is played with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PersonSpec {
    /// Age in years.
    pub age: Option<u32>,
    /// Sex.
    pub sex: Option<String>,
    /// Ethnicity.
    pub ethnicity: Option<String>,
    /// Language.
    pub language: Option<String>,
    /// Insurance.
    pub insurance: Option<String>,
}

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
    /// Who answers for the patients.
    pub patient: Answers,
    /// Parts of the person that the patients of cases are played with.
    pub person: PersonSpec,
    /// A file of the temperament that the patients of cases have.
    pub behaviour: Option<PathBuf>,
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
    let patient = table.choice("patient").unwrap_or(Answers::Record);
    let person = read_person(&mut table);
    let behaviour = table.path("behaviour", PathKind::File);
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
        patient,
        person,
        behaviour,
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
    let knowledge = table.entry("knowledge");
    let records = table.entry("records");
    let part = table.choice("part");
    if let Some(cases) = table.entry("cases") {
        let files = read_cases(&mut table);
        if let Some(other) = records.or(part.and(table.entry("part"))) {
            let message = format!("`{}` names two sources", environment.name("patients"));
            let label = "beside `cases`";
            table.note(
                Problem::at(&other.key, ProblemKind::Conflict, message, label)
                    .help("keep one of `cases`, `knowledge` and `records`"),
            );
        }
        let knowledge = match knowledge.map(|entry| &entry.value.data) {
            None => None,
            Some(Data::String(word)) if word == "builtin" => None,
            Some(_) => table.path("knowledge", PathKind::File),
        };
        table.finish();
        return files
            .filter(|_| matches!(cases.value.data, Data::Array(_) | Data::String(_)))
            .map(|files| PatientsSpec::Cases { files, knowledge });
    }
    let patients = match (knowledge, records) {
        (Some(_), Some(records)) => {
            table.note(
                Problem::at(
                    &records.key,
                    ProblemKind::Conflict,
                    format!("`{}` names two sources", environment.name("patients")),
                    "`records` beside `knowledge`",
                )
                .help("keep one of `knowledge` and `records`"),
            );
            None
        }
        (None, None) => {
            table.missing(
                "knowledge",
                "knowledge = \"builtin\"` or `records = \"FOLDER\"",
            );
            None
        }
        (Some(knowledge), None) => {
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
            match &knowledge.value.data {
                Data::String(word) if word == "builtin" => Some(PatientsSpec::BuiltinKnowledge),
                _ => table
                    .path("knowledge", PathKind::File)
                    .map(PatientsSpec::Knowledge),
            }
        }
        (None, Some(_)) => {
            let folder = table.get("records", |node| path(node, PathKind::Folder));
            folder.map(|folder| PatientsSpec::Records {
                folder,
                part: part.unwrap_or(Part::All),
            })
        }
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

fn read_person(environment: &mut TableReader<'_>) -> PersonSpec {
    let Some(mut table) = environment.table("person") else {
        return PersonSpec::default();
    };
    let person = PersonSpec {
        age: table
            .get("age", |node| integer(node, 0, 130))
            .map(|age| age as u32),
        sex: table.string("sex"),
        ethnicity: table.string("ethnicity"),
        language: table.string("language"),
        insurance: table.string("insurance"),
    };
    table.finish();
    person
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
