//! Models as lists of operations: one list serves prediction, training and audits of every architecture.

mod builder;
mod cloning;
mod convformer;
mod definition;
mod graph;
mod rows;
mod transformer;

pub(super) use builder::Reach;
pub(super) use definition::{Filters, Program, Relations, Shape, Value, Weights};
pub(super) use rows::{PerStep, Tokens};

use super::config::{Architecture, TrajectoryConfig};
use super::layout::Named;
use builder::Builder;

/// Writes the program of a model.
pub(super) fn write(config: &TrajectoryConfig, named: &[Named], reach: Reach) -> Program {
    let mut builder = Builder::new(config, named, reach);
    let output = match config.architecture {
        Architecture::Dt => transformer::write(&mut builder),
        Architecture::Dc => convformer::write(&mut builder),
        Architecture::Gdt => graph::write(&mut builder),
        Architecture::GdtPlus => graph::write_plus(&mut builder),
        Architecture::Bc => cloning::write(&mut builder),
    };
    let mut program = builder.finish(output);
    program.share_places(reach == Reach::All);
    program
}
