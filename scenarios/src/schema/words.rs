//! The words of settings that are one of a few, by name, for the schemas that editors read.

use rounds_environments::clinic::case::Person;
use rounds_environments::clinic::day::{Queue, Staffing};

use super::behaviour::Side;
use super::candle::DtypeSpec;
use super::clinic::{Fidelity, Matching, Tests, answers_words};
use super::coordination::{InformationSpec, RegretSpec, ScoreSpec};
use super::graph::GraphSpecKind;
use super::method::Flooding;
use super::openai::{LengthField, ResponseFormat};
use super::patients::{Part, VisitRule};
use super::policy::Questions;
use super::team::{MissingTest, Protocol, TeamKind};
use super::values::Choice;

/// The words of the list called `name`; `None` when there is no such list.
pub(crate) fn words(name: &str) -> Option<Vec<&'static str>> {
    fn of<T: Choice>() -> Vec<&'static str> {
        T::NAMES.iter().map(|(word, _)| *word).collect()
    }
    Some(match name {
        "Answers" => answers_words(),
        "DtypeSpec" => of::<DtypeSpec>(),
        "Flooding" => of::<Flooding>(),
        "GraphSpecKind" => of::<GraphSpecKind>(),
        "InformationSpec" => of::<InformationSpec>(),
        "RegretSpec" => of::<RegretSpec>(),
        "ResponseFormat" => of::<ResponseFormat>(),
        "ScoreSpec" => of::<ScoreSpec>(),
        "Fidelity" => of::<Fidelity>(),
        "LengthField" => of::<LengthField>(),
        "Matching" => of::<Matching>(),
        "MissingTest" => of::<MissingTest>(),
        "Part" => of::<Part>(),
        "Person" => Person::PARTS.to_vec(),
        "Protocol" => of::<Protocol>(),
        "Questions" => of::<Questions>(),
        "Queue" => of::<Queue>(),
        "Side" => of::<Side>(),
        "Staffing" => of::<Staffing>(),
        "TeamKind" => of::<TeamKind>(),
        "Tests" => of::<Tests>(),
        "VisitRule" => of::<VisitRule>(),
        _ => return None,
    })
}
