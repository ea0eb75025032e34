//! Patients played from a record: which items a question names, what they hold, and what of the
//! record may be seen at all.

mod costs;
mod retrieval;
mod rules;
mod time;

pub use costs::{SectionCost, section_cost};
pub use retrieval::{Fidelity, Found, look_up, section_names};
pub use rules::{Matching, Rule, contains_word, match_targets, rules};

#[cfg(test)]
mod tests;
