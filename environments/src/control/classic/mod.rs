//! Classic control: a pole on a cart, a pendulum, a car in a valley.
//!
//! # Source
//! Trajectory card, section 7.1: the equations and constants of gymnasium 1.4.0, version numbers of its
//! environments CartPole-v1, Pendulum-v1 and MountainCarContinuous-v0.

mod cart_pole;
mod mountain_car;
mod pendulum;

pub use cart_pole::CartPole;
pub use mountain_car::MountainCar;
pub use pendulum::Pendulum;
