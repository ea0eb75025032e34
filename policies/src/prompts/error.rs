//! What can be wrong with prompts.

use std::path::PathBuf;

/// Why prompts cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// The folder or a file in it cannot be read.
    #[error("{} cannot be read as prompts: {source}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No template has this file name.
    #[error("{}: no prompt has this file name{}", path.display(), meant(near.as_deref()))]
    UnknownFile {
        /// The file.
        path: PathBuf,
        /// The nearest valid name.
        near: Option<String>,
    },
    /// The text is no template.
    #[error("{file}:{line}: {why}")]
    Syntax {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// The template uses a variable that it does not get.
    #[error(
        "{file}:{line}: unknown variable {variable:?}{}; expected one of {}",
        meant(near.as_deref()),
        valid.join(", ")
    )]
    Variable {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The variable.
        variable: String,
        /// The nearest valid name.
        near: Option<String>,
        /// All that this template gets.
        valid: Vec<String>,
    },
    /// The template fails with values that it may get.
    #[error("{file}:{line}: {why}")]
    Render {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

fn meant(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"))
}
