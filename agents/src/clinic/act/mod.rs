//! Act: the decisions of each role are checked and applied.

mod choice;
mod membership;
mod proposal;
mod ready;

pub(super) use choice::{after_answer, apply_confidence, apply_proposals, apply_solo, apply_votes};
pub(super) use membership::{apply_coordination, apply_triage};
