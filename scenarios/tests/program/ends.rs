//! The real binary, run to its end.

use std::path::Path;
use std::process::Command;

/// Runs the program in `folder`, which ends with `code`; gives standard output and error.
#[track_caller]
pub(crate) fn ends(code: i32, folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, errors) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{out}\n{errors}"
    );
    (out, errors)
}
