//! Two finished runs against each other: whether they can be compared, what differs between them
//! with its interval, and in which cases and events.
//!
//! Everything is read from what finished runs leave (`manifest.json`, `episodes.parquet`,
//! `events.jsonl`), so runs of any family and evaluations are compared alike, also where their
//! scenario or data are not there any more. A difference is always the second run minus the first:
//! the second is the new one.

mod comparable;
mod compared;
mod first_event;
mod flips;
mod markdown;
mod metrics;
mod settings;
mod side;
mod verdicts;

pub use comparable::{Mismatch, NotComparable, Pairing, comparable};
pub use compared::{Compared, ComparedSide, compare_sides};
pub(crate) use compared::{episodes, why_unpaired};
pub use first_event::{Did, EventDifference, first_difference};
pub use flips::{Flip, Move};
pub(crate) use flips::{Truths, pairs, truths};
pub(crate) use markdown::case_name;
pub use markdown::markdown;
pub(crate) use metrics::unknown_metric;
pub use metrics::{UnknownMetric, choose_metrics, decisive_metrics, direction};
pub use settings::Changed;
pub(crate) use settings::resolved_settings;
pub use side::{Part, Side};
pub(crate) use side::{Rows, values};
pub use verdicts::CheckChange;
