//! Text files, and JSON in them: what is wrong, and where.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::Path;

/// Reads a text file.
///
/// # Errors
/// What the system says; for bytes that are not UTF-8, the line that holds the first of them.
pub fn read_text(path: &Path) -> Result<String, Error> {
    String::from_utf8(fs::read(path)?).map_err(|error| {
        let before = error.utf8_error().valid_up_to();
        let lines = error.as_bytes()[..before].split(|byte| *byte == b'\n');
        let message = format!("line {} is not UTF-8 text", lines.count());
        Error::new(ErrorKind::InvalidData, message)
    })
}

/// What a JSON error says without its place, which the caller tells in its own way.
pub fn json_fault(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_is_no_text_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        fs::write(&path, b"one\ntwo\n\xff").unwrap();
        let error = read_text(&path).unwrap_err();
        assert_eq!(error.to_string(), "line 3 is not UTF-8 text");
        fs::write(&path, "Größe").unwrap();
        assert_eq!(read_text(&path).unwrap(), "Größe");
    }

    #[test]
    fn a_json_fault_comes_without_its_place() {
        let error = serde_json::from_str::<u32>("\n\"x\"").unwrap_err();
        assert_eq!(
            json_fault(&error),
            "invalid type: string \"x\", expected u32"
        );
    }
}
