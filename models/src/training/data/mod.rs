//! Documents of token ids, cut into rows of one length, in an order that a counter decides.
//!
//! A row is found again from (seed, epoch, index) alone: a checkpoint keeps no generator.

mod batch;
mod document;
mod rows;

pub use batch::{Batch, PlacedPiece};
pub(crate) use document::hex;
pub use document::{Document, TrainingData};
pub use rows::{Cursor, Piece, Row};

use serde::{Deserialize, Serialize};

use super::{SourceConfig, TrainError};

/// How documents become rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// Tokens of a row that predict another: a document of `n` tokens needs `n - 1`.
    pub length: usize,
    /// How rows are filled.
    pub layout: Layout,
    /// What happens to documents that do not fit into a row.
    pub too_long: TooLong,
    /// Share of documents held out for evaluation, chosen by the hash of their groups: 0 to below 1.
    pub held_out: f64,
    /// Token id that fills the ends of rows; never in the loss.
    pub pad: u32,
}

/// How rows are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// One document a row; a batch is as long as its longest row.
    Padded,
    /// Whole documents one after the other while they fit. None sees another.
    Packed,
    /// The same with the documents of a group together, and what they begin with in common once: a group of
    /// conversations about one case costs little more than its replies.
    Shared,
}

/// What happens to documents that do not fit into a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TooLong {
    /// They continue in further rows, which do not see what was before.
    Split,
    /// Their ends are cut off.
    Truncate,
    /// They are errors.
    Refuse,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            length: 512,
            layout: Layout::Padded,
            too_long: TooLong::Split,
            held_out: 0.05,
            pad: 0,
        }
    }
}

impl SourceConfig for DataConfig {
    fn validate(&self) -> Result<(), TrainError> {
        if self.length == 0 || u32::try_from(self.length).is_err() {
            return Err(TrainError::config(
                "data.length",
                "1 to 2^32 - 1",
                self.length,
            ));
        }
        if !(0.0..1.0).contains(&self.held_out) {
            return Err(TrainError::config(
                "data.held_out",
                "0 to below 1",
                self.held_out,
            ));
        }
        Ok(())
    }
    fn row_length(&self) -> usize {
        self.length
    }
}
