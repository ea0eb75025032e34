//! What happens in a day, as it is told to whoever runs it.

use crate::clinic::knowledge::FindingIx;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum What {
    /// A patient arrived.
    Arrived,
    /// It was given a bed.
    Bedded {
        /// The bed.
        bed: u32,
    },
    /// It left unseen.
    Left,
    /// A pair of hands at its bed is free to ask or order; see [`super::Day::ask`].
    Ready {
        /// The bed.
        bed: u32,
        /// Whose hands.
        hand: u32,
    },
    /// It answered a question, or was examined.
    Answered {
        /// The bed.
        bed: u32,
        /// Who asked.
        hand: u32,
        /// What.
        finding: FindingIx,
        /// Whether it is there; `None` when unknown.
        present: Option<bool>,
    },
    /// It went into the scanner.
    ScanBegan {
        /// The bed.
        bed: u32,
        /// What is looked for.
        finding: FindingIx,
    },
    /// The laboratory or the scanner has its result.
    Resulted {
        /// The bed.
        bed: u32,
        /// What was looked for.
        finding: FindingIx,
        /// Whether it is there; `None` when unknown.
        present: Option<bool>,
    },
    /// Its time in bed is over: it is diagnosed now or never.
    Expired {
        /// The bed.
        bed: u32,
    },
    /// It left the bed and the clinic.
    Discharged {
        /// The bed.
        bed: u32,
    },
}

/// Something that happened to a patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Happening {
    /// When, in minutes since the start of the day.
    pub at_min: f64,
    /// To whom: its number by order of arrival.
    pub patient: u32,
    /// What.
    pub what: What,
}
