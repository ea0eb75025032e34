//! What of a record may leave in a log.
//!
//! Closed by default, as in reports: of restricted records neither words nor diagnoses nor names
//! of cases go out. Who did what and when stays, and the numbers.

use serde_json::{Map, Value};

use crate::report::NOTE;

/// Fields of events that hold no text of a record: names of specialities, counts, votes, how an
/// episode ended. Any other field may quote the record.
const PLAIN: [&str; 14] = [
    "added",
    "agree",
    "by",
    "confidence",
    "consensus",
    "cost",
    "forced",
    "level",
    "outcome",
    "ratio",
    "removed",
    "team",
    "verdict",
    "votes",
];

/// Whether text of records passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Everything passes.
    Open,
    /// The records are restricted.
    Closed,
}

impl Gate {
    /// A text that may quote a record.
    pub(super) fn text(self, text: &str) -> &str {
        match self {
            Self::Open => text,
            Self::Closed => NOTE,
        }
    }

    /// The fields of an event.
    pub(super) fn fields(self, fields: &Map<String, Value>) -> Map<String, Value> {
        let passes = |name: &str| self == Self::Open || PLAIN.contains(&name);
        let kept = fields.iter().filter(|(name, _)| passes(name));
        kept.map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Whether text passes.
    pub(super) fn is_open(self) -> bool {
        self == Self::Open
    }
}
