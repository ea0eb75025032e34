//! What the program says, as words.

/// Text without frames and line breaks.
pub(crate) fn words(text: &str) -> String {
    let plain = text.replace(['│', '·', '╰', '─', '▲', '┬', '╭', '×', '├', '▶', '|'], " ");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}
