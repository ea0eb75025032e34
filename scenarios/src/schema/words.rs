//! The words of settings that are one of a few, by name, for the schemas that editors read.

use rounds_environments::clinic::case::Person;

use super::behaviour::Side;
use super::clinic::{Fidelity, Matching, Tests};
use super::patients::Part;
use super::policy::Questions;
use super::team::TeamKind;
use super::values::Choice;

/// The words of the list called `name`; `None` when there is no such list.
pub(crate) fn words(name: &str) -> Option<Vec<&'static str>> {
    fn of<T: Choice>() -> Vec<&'static str> {
        T::NAMES.iter().map(|(word, _)| *word).collect()
    }
    Some(match name {
        "Fidelity" => of::<Fidelity>(),
        "Matching" => of::<Matching>(),
        "Part" => of::<Part>(),
        "Person" => Person::PARTS.to_vec(),
        "Questions" => of::<Questions>(),
        "Side" => of::<Side>(),
        "TeamKind" => of::<TeamKind>(),
        "Tests" => of::<Tests>(),
        _ => return None,
    })
}
