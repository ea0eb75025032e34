//! Where a value was written: a file or an argument of the command line, and the bytes within it.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use miette::NamedSource;

/// A text that settings are read from.
#[derive(Debug)]
pub(crate) struct Source {
    /// The text with its name: a path, or the flag that it came by.
    pub(crate) named: NamedSource<String>,
    /// The folder that relative paths in the text start from.
    pub(crate) base: PathBuf,
}

impl Source {
    /// The text of a file; its paths start from the file's folder.
    pub(crate) fn file(path: &Path, text: String) -> Arc<Self> {
        let base = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::text(&path.display().to_string(), text, base)
    }

    /// An argument of the command line; its paths start from the working directory.
    pub(crate) fn argument(flag: &str, text: String) -> Arc<Self> {
        Self::text(flag, text, PathBuf::new())
    }

    /// A named text whose paths start from `base`.
    pub(crate) fn text(name: &str, text: String, base: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            named: NamedSource::new(name, text),
            base,
        })
    }
}

/// The place of a key or a value.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The text.
    pub(crate) source: Arc<Source>,
    /// Bytes of the text.
    pub(crate) span: Range<usize>,
}

impl Origin {
    /// A place in `source`.
    pub(crate) fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        Self {
            source: Arc::clone(source),
            span,
        }
    }

    /// `path` as written here, seen from the working directory.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        self.source.base.join(path)
    }
}
