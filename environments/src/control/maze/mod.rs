//! A point that finds its way through a maze.
//!
//! # Source
//! Trajectory card, section 7.3 (PointMaze of gymnasium-robotics 1.4.2).

mod config;
mod contact;
mod map;
mod point;

pub use config::MazeConfig;
pub use map::{Cell, Maze};
pub use point::PointMaze;
