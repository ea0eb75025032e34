//! The report that people read: one self-contained HTML page, drawn from plain data.
//!
//! A report has no script, loads nothing, follows the light or dark preference of the reader and never exceeds
//! [`MAX_BYTES`]. The module knows no engine: who has run something fills a [`ReportData`] and calls [`render`].
//! Every text that comes from outside is escaped in one place, and a restricted run passes through one gate that takes
//! its record text away before anything is drawn.

mod accuracy;
mod branch;
mod canvas;
mod comparison;
mod curves;
mod data;
mod evaluation;
mod factors;
mod headline;
mod html;
mod page;
mod paths;
mod requests;
mod restrict;
mod review;
mod section;
mod sheet;
mod shell;
mod standings;
mod tables;
mod text;
#[cfg(feature = "local")]
mod training;
mod transcript;
mod visit;
mod ward;

#[cfg(test)]
mod sample;

pub use branch::{BranchRow, ReportBranch};
pub use comparison::render_comparison;
pub use curves::{Curve, Scale, curves};
pub use data::{
    BeliefPoint, EpisodeCounts, Outcome, ReportArm, ReportCase, ReportComparison, ReportData,
    ReportError, ReportMetric, TeamSpan, TranscriptLine,
};
pub use evaluation::{ReportCaseRow, ReportCases, ReportEvaluation, ReportGroup, ReportVariant};
pub use factors::{FactorLevel, Mean, factors};
pub use page::{CLINICAL_DISCLAIMER, MAX_BYTES, render};
pub use paths::{Paths, paths};
pub use requests::ReportRequests;
pub(crate) use restrict::NOTE;
pub use review::render_review;
pub use section::{ReportFigure, ReportSection, ReportTable};
pub use sheet::render_sheet;
pub use standings::render_standings;
pub use text::text_table;
pub(crate) use text::write_columns;
#[cfg(feature = "local")]
pub use training::{ReportTraining, render_training};
pub use ward::{Ending, Stay, WardDay, ward};
