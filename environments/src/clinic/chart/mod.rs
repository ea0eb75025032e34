//! Patients played from a record: which items a question names, what they hold, and what of the
//! record may be seen at all.

mod account;
mod costs;
mod mention;
mod options;
mod own_names;
mod patient;
mod probe;
mod render;
mod retrieval;
mod rules;
pub(crate) mod time;
mod visible;
mod words;

pub use costs::{SectionCost, section_cost};
pub use options::{ChartOptions, ChartOptionsError, Fallback};
pub use own_names::Side;
pub use patient::{COMPLAINT, ChartPatient};
pub use probe::evaluate;
pub(crate) use render::flatten;
pub use retrieval::{Fidelity, Found, look_up, section_names};
pub use rules::{Matching, Rule, contains_word, match_targets, rules};
pub use visible::{Visibility, visible};

#[cfg(test)]
pub(crate) mod tests;
