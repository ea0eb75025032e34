//! The clinic day: one day of a clinic whose staff serves many visits.
//!
//! Patients arrive as a Poisson process and get one of a few beds; whoever of the staff stands at a
//! bed is the team of that visit. Laboratory tests come back after their turnaround, imaging waits
//! for the scanner. [`Day`] is the truth and its dynamics in continuous time: beds are given at the
//! moment they are free, and only the staff moves in ticks. It knows no policy: who stands where
//! and what is asked comes from outside.

mod arrivals;
mod beds;
mod config;
mod happening;
mod imaging;
mod scanner;
mod simulation;
mod staff;

pub use arrivals::{DayPatient, arrivals, deteriorates, stability_key};
pub use beds::{Counts, Phase};
pub use config::{ACUITIES, DayConfig, DayError, Queue, Service, Staffing};
pub use happening::{Happening, What};
pub use imaging::{Means, MeansTable};
pub use simulation::Day;
pub use staff::Staff;
