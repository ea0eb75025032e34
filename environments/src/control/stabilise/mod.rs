//! An unstable patient who is kept stable until the cause is found.
//!
//! Invented for this project: it stands for no disease and no drug, and is not for clinical use.

mod config;
mod patient;

pub use config::{ACUITIES, StabiliseConfig};
pub use patient::{DEBT, DIAGNOSED, DOSE, HOURS, INDEX, SLOPE, Stabilise};
