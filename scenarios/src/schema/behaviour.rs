//! Behaviour files (`rounds.behaviour/1`): the temperament of a patient, or the bias of a doctor.
//!
//! # Source
//! DynamiCare card, sections 11 (biases, temperaments) and 15 (as data files).

use std::path::Path;

use rounds_environments::clinic::case::Manner;
use rounds_environments::clinic::knowledge::FindingKind;

use super::diagnostics::{Problem, ProblemKind, Problems, SchemaError};
use super::layers::chain;
use super::reader::TableReader;
use super::source::Origin;
use super::values::{FRACTION, NOT_NEGATIVE, POSITIVE_FRACTION, choice, number};

/// The value of `schema` in a behaviour file.
pub const BEHAVIOUR_SCHEMA: &str = "rounds.behaviour/1";

choice! {
    /// Whose behaviour it is.
    pub enum Side {
        /// The patient's.
        Patient = "patient",
        /// The doctors'.
        Doctor = "doctor",
    }
}

/// What a behaviour changes in doctors that decide by a knowledge base.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DoctorBias {
    /// Probability of the first diagnosis at which questions end.
    pub stop_at: Option<f64>,
    /// How often the introduction counts.
    pub anchoring: Option<u32>,
    /// Factors of the priors of conditions, by name.
    pub priors: Vec<(String, f64)>,
}

/// A behaviour.
#[derive(Debug, Clone, PartialEq)]
pub struct BehaviourSpec {
    /// Its name.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// Whose it is.
    pub side: Side,
    /// How a patient of this behaviour answers.
    pub manner: Manner,
    /// What it changes in doctors.
    pub bias: DoctorBias,
    /// What is added to the instructions of a language model that plays this side.
    pub prompt: String,
}

/// Loads the behaviour file at `path`.
///
/// # Errors
/// Every mistake of the file, at its place.
pub fn load_behaviour(path: &Path) -> Result<BehaviourSpec, SchemaError> {
    let (table, source) = chain(path)?;
    let problems = Problems::default();
    let place = Origin::new(&source, 0..0);
    let mut root = TableReader::new(&table, "", place, &problems);
    let behaviour = read(&mut root);
    root.finish();
    problems.finish()?;
    behaviour.ok_or_else(|| {
        let message = format!("{}: the behaviour cannot be read", path.display());
        Problem::without_place(ProblemKind::Syntax, message).into()
    })
}

fn read(root: &mut TableReader<'_>) -> Option<BehaviourSpec> {
    root.expect_schema(BEHAVIOUR_SCHEMA, "a behaviour");
    for (key, example) in [
        ("name", "name = \"forgetful\""),
        ("side", "side = \"patient\""),
        ("about", "about = \"What it is, in a sentence.\""),
    ] {
        if root.entry(key).is_none() {
            root.missing(key, example);
        }
    }
    let side: Option<Side> = root.choice("side");
    let (name, about) = (root.string("name"), root.string("about"));
    let manner = root.table("answers").map(read_answers);
    let bias = root.table("knowledge").map(read_bias);
    let wrong = match side {
        Some(Side::Patient) => bias.as_ref().map(|_| ("knowledge", "doctor")),
        Some(Side::Doctor) => manner.as_ref().map(|_| ("answers", "patient")),
        None => None,
    };
    if let Some((key, whose)) = wrong
        && let Some(entry) = root.entry(key)
    {
        let message = format!("`{key}` is of a {whose}'s behaviour");
        root.note(
            Problem::at(
                &entry.key,
                ProblemKind::Conflict,
                message,
                "of the other side",
            )
            .help(format!("remove it, or write `side = \"{whose}\"`")),
        );
    }
    let prompt = root.table("prompt").and_then(|mut table| {
        let text = table.string("text");
        table.finish();
        text
    });
    Some(BehaviourSpec {
        name: name?,
        about: about?,
        side: side?,
        manner: manner.unwrap_or_default(),
        bias: bias.unwrap_or_default(),
        prompt: prompt.unwrap_or_default(),
    })
}

fn read_answers(mut table: TableReader<'_>) -> Manner {
    const KINDS: [(&str, FindingKind); 3] = [
        ("symptom", FindingKind::Symptom),
        ("antecedent", FindingKind::Antecedent),
        ("sign", FindingKind::Sign),
    ];
    let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
    let words = table.words_of("kinds", &names);
    let kinds = KINDS
        .iter()
        .filter(|(name, _)| words.iter().any(|word| word == name));
    let manner = Manner {
        unknown: table.number("unknown", FRACTION, 0.0),
        flipped: table.number("flipped", FRACTION, 0.0),
        kinds: kinds.map(|(_, kind)| *kind).collect(),
        preface: table.string("preface").unwrap_or_default(),
    };
    table.finish();
    manner
}

fn read_bias(mut table: TableReader<'_>) -> DoctorBias {
    let mut bias = DoctorBias {
        stop_at: table.optional_number("stop_at", POSITIVE_FRACTION),
        anchoring: table
            .entry("anchoring")
            .is_some()
            .then(|| table.small("anchoring", 1, 10, 1)),
        priors: Vec::new(),
    };
    if let Some(priors) = table.table("priors") {
        for (name, entry) in priors.content() {
            match number(&entry.value, NOT_NEGATIVE) {
                Ok(factor) if factor > 0.0 => bias.priors.push((name.clone(), factor)),
                Ok(_) => priors.note(Problem::at(
                    &entry.value.origin,
                    ProblemKind::OutOfRange,
                    format!("the factor of `{name}` is 0"),
                    "expected a number above 0",
                )),
                Err(fault) => priors.note(fault.at(&entry.value, &priors.name(name))),
            }
        }
    }
    table.finish();
    bias
}
