//! Names of diagnoses in words, as ICD-9-CM codes.
//!
//! Titles are the conditions of the built-in knowledge base and, where a file of titles is given,
//! those of the file; synonyms come from a data file. A name is tried whole, then without what
//! stands in brackets, then what stands in brackets alone.
//!
//! # Source
//! DynamiCare card, section 7.

mod namer;
mod titles_file;

pub use namer::{CodeNamer, synonym_pairs};
pub use titles_file::{TitlesError, read_titles};
