//! Human review of evaluations: a blinded sheet goes out, ratings come back, and say how far the
//! machine's verdicts can be trusted.
//!
//! The one invariant: the sheet holds nothing by which a rater could tell the arm, the verdict of
//! the machine or the truth. What joins an item to its visit is in the key file alone.
//!
//! # Source
//! DynamiCare card, section 10 (judge audit).

mod agreement;
mod corrected;
mod evaluation;
mod key;
mod markdown;
mod questions;
mod ratings;
mod result;
mod sample;
mod sheet;
#[cfg(test)]
mod simulation;
mod table;
mod words;

pub use agreement::{Agreement, Pair, agreement};
pub use corrected::{Corrected, CorrectedMean, ReviewedCase, corrected_mean};
pub use evaluation::{Evaluation, Played, ReviewedVisit};
pub use key::{KEY_SCHEMA, KeyError, KeyItem, ReviewKey, key_of};
pub use markdown::review_markdown;
pub(crate) use markdown::{LEGEND, review_lines};
pub use questions::{Checks, Question, left_out, questions};
pub use ratings::{Rating, RatingError, Ratings, Verdict, read_ratings};
pub use result::{ArmReview, Group, RaterPair, RaterRow, Review, review};
pub use sample::sample;
pub use sheet::{Sheet, SheetItem, SheetVisit, sheet, sheet_csv};
pub use table::{agreement_rows, corrected_rows, pair_rows};
pub use words::plain_words;
