//! The `[environment]` table of the clinic.

use std::path::PathBuf;

use rounds_environments::clinic::case::Person;
use serde::Serialize;

use super::{
    document::Data,
    language::{LanguageSpec, read_unbiased},
    paths::PathKind,
    patients::{PatientsSpec, read_patients},
    person::read_person,
    reader::TableReader,
    values::{Choice, FRACTION, Fault, NOT_NEGATIVE, choice, number},
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
    /// Who answers for the patients, where a word says it.
    enum AnswersWord {
        /// Their records, or what was drawn for them.
        Record = "record",
        /// The person at the terminal.
        Human = "human",
    }
}

/// Who answers for the patients what they can say of themselves.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answers {
    /// Their records, or what was drawn for them.
    Record,
    /// The person at the terminal.
    Human,
    /// A language model, which puts in words what the records say.
    Language(Box<LanguageSpec>),
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
    pub person: Person,
    /// A file of the temperament that the patients of cases have.
    pub behaviour: Option<PathBuf>,
}

/// Reads `[environment]` of the clinic, whose kind was read already; a model that speaks for the
/// patients must be among `models`.
pub(crate) fn read_clinic(mut table: TableReader<'_>, models: &[&str]) -> Option<ClinicSpec> {
    let patients = read_patients(&mut table);
    let noise = read_noise(&mut table, NoiseSpec::default());
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
    let patient = read_answers(&mut table, models).unwrap_or(Answers::Record);
    let person = read_person(&mut table, "person");
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

/// The words that say who answers for the patients.
pub(super) fn answers_words() -> Vec<&'static str> {
    AnswersWord::NAMES.iter().map(|(word, _)| *word).collect()
}

/// Reads `patient`: a word, or a table with a model.
fn read_answers(environment: &mut TableReader<'_>, models: &[&str]) -> Option<Answers> {
    let entry = environment.entry("patient")?;
    let Data::Table(_) = entry.value.data else {
        return Some(match environment.choice("patient")? {
            AnswersWord::Record => Answers::Record,
            AnswersWord::Human => Answers::Human,
        });
    };
    let mut table = environment.table("patient")?;
    let spec = read_unbiased(&mut table, models);
    table.finish();
    spec.map(|spec| Answers::Language(Box::new(spec)))
}

/// Reads `noise`; what is not written is as in `base`.
pub(super) fn read_noise(environment: &mut TableReader<'_>, base: NoiseSpec) -> NoiseSpec {
    let Some(mut table) = environment.table("noise") else {
        return base;
    };
    let noise = NoiseSpec {
        unknown: table.number("unknown", FRACTION, base.unknown),
        flipped: table.number("flipped", FRACTION, base.flipped),
    };
    table.finish();
    noise
}
