//! Populations: many agents in a space that act one after another, in fresh random order each step.
//!
//! A [`PopulationModel`] says how a population begins and what an agent does in its turn; a
//! [`Population`] runs it. Every agent is an entity with an [`Agent`] (its id), an [`At`] (its
//! place) and its state, a component of the model's own.
//!
//! # The mirror
//! While agents act they read and write the [`Space`](rounds_environments::space::Space) alone, a
//! dense mirror of what neighbours see: a look at a neighbour is then an array access, and everyone
//! sees at once what others did before. Entities follow at two moments of each step: before the
//! first agent acts, components that other systems changed enter the mirror; after the last, whatever
//! differs is written to the components, so that change detection tells who moved. Between steps
//! the two are equal.
//!
//! # Determinism
//! Order and draws of a step come from one stream keyed by (seed, step); storage order of entities
//! plays no part.

mod model;
mod run;
mod step;
#[cfg(test)]
mod tests;

pub use model::PopulationModel;
pub use run::{Population, PopulationError};
pub use step::{Agent, At};
