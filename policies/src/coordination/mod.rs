//! Policies of multi-agent online coordination: MA-SPL, MA-MPL, their baselines and oracles.
//!
//! Every agent of an online method is a [`Coordinator`] of its own. It acts before the objective of the round
//! is known, learns from marginals of its own actions, and reads of the others only what stands on
//! the [`Board`]: what came over the communication graph. An [`Oracle`] knows the objective before
//! it acts, for all agents. [`Method`] makes either by name.
//!
//! One update of each learning method, all that is drawn being given, is a function of its own:
//! [`SurrogateStep`] (MA-SPL), [`MetaStep`] (MA-MPL), [`MultilinearStep`] (MA-OSMA, MA-OSEA) and
//! [`Forecaster`] with [`scaled_losses`] (OSG). [`PolicyExtension`] and [`MultilinearExtension`] are
//! the exact functions that these estimate the gradients of.
//!
//! # Source
//! MA-OC card, sections 3 to 7.

mod bandit_osg;
mod best;
mod blind;
mod board;
mod consensus;
mod coordinator;
mod extension;
mod forecaster;
mod greedy;
mod method;
mod mpl;
mod multilinear;
mod optimum;
mod options;
mod osg;
mod osma;
mod own_best;
mod projection;
mod proved;
mod quadrature;
mod queries;
mod sampling;
mod sets;
mod spl;
mod stale_greedy;
mod traffic;

pub use best::best_action;
pub use board::Board;
pub use consensus::{ascend, mix};
pub use coordinator::{
    CoordinationError, Coordinator, Moment, Oracle, Population, Revealed, Traffic,
};
pub use extension::PolicyExtension;
pub use forecaster::Forecaster;
pub use greedy::Greedy;
pub use method::Method;
pub use mpl::MetaStep;
pub use multilinear::MultilinearExtension;
pub use optimum::Optimum;
pub use options::{
    BanditOsgOptions, Flooding, MplOptions, OseaOptions, OsgOptions, OsmaOptions, RotaOptions,
    SplOptions, SurrogateWeight,
};
pub use osg::scaled_losses;
pub use osma::MultilinearStep;
pub use projection::{onto_simplex, onto_sub_simplex};
pub use proved::{Constants, ProvedRatio};
pub use queries::Queries;
pub use sampling::{draw, surrogate_mass, surrogate_z};
pub use sets::SampledSets;
pub use spl::SurrogateStep;
