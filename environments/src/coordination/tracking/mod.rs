//! Multi-target tracking: agents follow targets that wander, flee or run along broken lines.
//!
//! # Source
//! MA-OC card, section 8.1. The numbers there are inferred from earlier papers, so all of them can be
//! set.

mod config;
mod factory;
mod targets;
mod world;

pub use config::{Mix, TrackingConfig};
pub use factory::TrackingFactory;
pub use targets::{TargetKind, escape_direction, redraws_at};
pub use world::TrackingWorld;
