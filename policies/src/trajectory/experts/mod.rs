//! Scripted experts, one for each kind of environment whose equations suggest one.
//!
//! They are made for the default constants of their environments.
//!
//! # Source
//! Trajectory card, sections 8 and 12.3; the gains for the cart-pole and the car are our own.

mod cart_pole;
mod maze;
mod mountain_car;
mod pendulum;
mod point_mass;

pub use cart_pole::CartPoleExpert;
pub use maze::{MazeExpert, MazeExpertConfig};
pub use mountain_car::MountainCarExpert;
pub use pendulum::PendulumExpert;
pub use point_mass::PointMassExpert;
