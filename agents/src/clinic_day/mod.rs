//! The clinic day as a family: an episode is a day, a bed is a group, and whoever stands at it is
//! its team.
//!
//! In each tick the beds are looked at (`Perceive`), the staff chooses where to stand (`Decide`) and
//! goes there (`Act`); then the staff works and the day goes on in its own time until the next tick,
//! and what the tick was worth is revealed and learnt from (`Advance`). Methods that choose are
//! those of [`crate::coordination`]: a specialist is an agent, a bed an action.
//!
//! Patients may deteriorate until their cause is found ([`Deterioration`]); agents at the beds then give doses, all that
//! share a policy in one pass ([`AtBeds`]).
//!
//! The objective of a tick is made of the charts as they are when it begins. It is the one in force
//! when the staff acts; only an oracle sees it before.

mod asked;
mod day;
mod deterioration;
mod dose;
mod look;
mod plugin;
mod record;
mod reveal;
mod work;

#[cfg(test)]
mod tests;

pub use day::{Bed, ClinicDay, DayPlan};
pub use deterioration::{AtBed, AtBeds, Deterioration};
pub use plugin::ClinicDayPlugin;
