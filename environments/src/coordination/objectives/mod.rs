//! Set functions of the kinds that coordination problems are made of.
//!
//! # Source
//! MA-OC card, sections 2, 8 and 13.

mod coverage;
mod detection;
mod facility;
mod information;
mod score;
mod table;

pub use coverage::WeightedCoverage;
pub use detection::{Detection, Hits};
pub use facility::FacilityLocation;
pub use information::{Criterion, Information, Symmetric};
pub use score::Score;
pub use table::{Promised, TableObjective, TableSpec};

use super::ground::GroundError;

/// Why a set function could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectiveError {
    /// No ground set.
    #[error(transparent)]
    Ground(#[from] GroundError),
    /// A list of another length.
    #[error("{what}: expected {expected} entries, got {got}")]
    Length {
        /// Which list.
        what: String,
        /// Entries needed.
        expected: usize,
        /// Entries found.
        got: usize,
    },
    /// A number that cannot be there.
    #[error("{what}: expected {expected}, got {got}")]
    Number {
        /// Which number.
        what: String,
        /// What is allowed.
        expected: &'static str,
        /// The number.
        got: f64,
    },
    /// An item that is not there, or named twice.
    #[error("element {element}: expected different items below {items}, got item {item}")]
    Item {
        /// Whose list.
        element: usize,
        /// The item.
        item: usize,
        /// Number of items.
        items: usize,
    },
    /// A class that the values do not have.
    #[error("class: expected values that are {promised}, got {got}{witness}")]
    Promise {
        /// The class that was promised.
        promised: &'static str,
        /// The class that the values have.
        got: &'static str,
        /// Sets that show it, where they were looked for.
        witness: String,
    },
}

/// Refuses a list that is not `expected` long.
fn check_length(what: &str, expected: usize, got: usize) -> Result<(), ObjectiveError> {
    if expected == got {
        return Ok(());
    }
    let what = what.to_owned();
    Err(ObjectiveError::Length {
        what,
        expected,
        got,
    })
}

/// Refuses weights that are negative or not finite.
fn check_weights(weights: &[f64]) -> Result<(), ObjectiveError> {
    match weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        None => Ok(()),
        Some(at) => Err(ObjectiveError::Number {
            what: format!("weight of item {at}"),
            expected: "a number of at least 0",
            got: weights[at],
        }),
    }
}
