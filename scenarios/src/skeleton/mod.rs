//! Files to start from: a scenario, a suite with a case, a case of one's own or of a record.
//!
//! What is written stands in `templates/`; code only fills in names, and for a record its topics,
//! truth and checks. Text of a restricted record is never copied.

mod fill;
mod record;
mod topics;

pub use fill::usable_name;
pub use record::{RecordCase, SkeletonError};

use fill::fill;

/// A scenario called `name`, to be stored as `file`.
pub fn scenario(name: &str, file: &str) -> String {
    let text = include_str!("templates/scenario.toml");
    fill(text, &[("name", name), ("file", file)])
}

/// A scenario of agents that coordinate called `name`, to be stored as `file`.
pub fn coordination(name: &str, file: &str) -> String {
    let text = include_str!("templates/coordination.toml");
    fill(text, &[("name", name), ("file", file)])
}

/// A suite called `name` of the case `cases/CASE.toml` beside it, to be stored as `file`.
///
/// A case that is to be `filled_in` is held to no threshold yet.
pub fn suite(name: &str, file: &str, case: &str, filled_in: bool) -> String {
    let thresholds = match filled_in {
        true => "as_expected = \">= 1\"",
        false => {
            "# Fill in once the case is filled in, for example as_expected = \">= 1\".\n\
             \"score.clipped\" = \">= 0\""
        }
    };
    let text = include_str!("templates/suite.toml");
    let values = [
        ("name", name),
        ("file", file),
        ("case", case),
        ("thresholds", thresholds),
    ];
    fill(text, &values)
}

/// A scripted case called `id`, to be stored as `file`.
pub fn case(id: &str, file: &str) -> String {
    let text = include_str!("templates/case.toml");
    fill(text, &[("id", id), ("file", file)])
}
