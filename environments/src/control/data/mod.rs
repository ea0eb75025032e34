//! Offline data: episodes that somebody played, to learn from.
//!
//! [`Trajectories`] holds the episodes of a data set as flat arrays in double precision, whatever a file holds, so that nothing is
//! lost between formats; a [`Sampler`] cuts training batches from it in the precision of the model. What is rounded
//! is rounded first, so that the same episodes give the same bits from any source.
//!
//! # Source
//! Trajectory card, sections 4.1, 4.2, 7.4, 8 and 10.

mod actions;
mod arrays;
mod batch;
mod card;
#[cfg(feature = "hdf5")]
mod d4rl;
mod error;
mod flat;
mod float;
#[cfg(feature = "hdf5")]
mod hdf5_file;
mod header;
#[cfg(feature = "hdf5")]
mod minari;
mod native;
mod normaliser;
mod sampler;
mod score;
mod trajectories;
mod warning;

pub use actions::ActionMap;
pub use arrays::Array;
pub use batch::Batch;
pub use card::{DatasetCard, Histogram, Spread};
#[cfg(feature = "hdf5")]
pub use d4rl::read_d4rl;
pub use error::{DataError, Place};
pub use flat::{Flat, Loaded};
pub use float::Float;
pub use header::Header;
#[cfg(feature = "hdf5")]
pub use minari::read_minari;
pub use native::{read, write};
pub use normaliser::Normaliser;
pub use sampler::{Sampler, SamplerConfig};
pub use score::{Reference, published};
pub use trajectories::{End, Episode, Trajectories};
pub use warning::Warning;
