//! Area coverage: agents in the unit square each choose where to look.
//!
//! # Source
//! MA-OC card, section 13 (unit-square disks coverage after Corah and Michael). The numbers are inferred,
//! so all of them can be set.

mod config;
mod world;

pub use config::{AreaConfig, AreaFactory};
pub use world::AreaWorld;
