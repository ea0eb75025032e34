//! The ground of Rounds: environments, patients, records, clocks, seeds and random streams.
//!
//! An environment holds the truth of an episode and its dynamics. It reveals observations and
//! takes actions; it knows no policy and no model. Everything random is drawn from keyed,
//! counter-based [`streams`], so a result never depends on the order in which work was done.
//!
//! Feature `hdf5`: reads the data sets of D4RL and Minari; needs the HDF5 library of the system.
//!
//! Feature `mujoco`: bodies that are simulated by MuJoCo ([`control`]`::mujoco`); needs the library of MuJoCo 3.17.0, in the
//! folder that `MUJOCO_DYNAMIC_LINK_DIR` names when it is built and where the system looks for libraries when it runs.

pub mod clinic;
pub mod clock;
pub mod control;
pub mod coordination;
pub mod environment;
pub mod ids;
pub mod nearest;
pub mod remembering;
pub mod space;
pub mod streams;
pub mod text;
