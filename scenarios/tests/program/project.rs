//! The real binary in the project's folder.

use std::path::{Path, PathBuf};

use crate::ends::ends;
use crate::words::words;

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What the program says in its results and beside them; it must succeed.
#[track_caller]
pub(crate) fn says(arguments: &[&str]) -> (String, String) {
    ends(0, &project(), arguments)
}

/// What the program says that refuses to run, without frames and line breaks.
#[track_caller]
pub(crate) fn refuses(arguments: &[&str]) -> String {
    let (_, errors) = ends(2, &project(), arguments);
    assert!(!errors.contains("panicked"), "{errors}");
    words(&errors)
}
