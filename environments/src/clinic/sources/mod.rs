//! What the importers of case files share: reading files, errors with their place, and the set of
//! records that comes out, to be written to a folder or used at once.

mod error;
mod gathered;
mod identity;
mod tree;

pub use error::SourceError;
pub use gathered::{Gathered, ImportedFolder};
pub(crate) use identity::identity;
pub use tree::{Leaf, leaves};
