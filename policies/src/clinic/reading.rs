//! Reading the replies of language models.
//!
//! Source: DynamiCare card, sections 4 (message contracts), 5 and 5.1.

use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use serde_json::{Map, Value};

/// Which reading of replies is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fidelity {
    /// As the authors' program reads, with its slips.
    AsPublished,
    /// Corrected.
    #[default]
    Strict,
}

/// Why a reply holds no usable object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no JSON.
    #[error("expected a JSON object, got text that is no JSON")]
    Decode,
    /// The JSON ends before it is whole.
    #[error("expected a whole JSON object, got one that is cut off")]
    CutOff,
    /// There is JSON of another kind.
    #[error("expected a JSON object, got JSON of another kind")]
    NotObject,
    /// Keys are missing.
    #[error("expected the keys {}, which are missing", .0.join(", "))]
    Missing(Vec<String>),
}

/// A vote; `None` when it cannot be read.
pub fn read_vote(text: &str, fidelity: Fidelity) -> Option<bool> {
    let lower = text.to_lowercase();
    if fidelity == Fidelity::AsPublished {
        return Some(lower.contains("agree"));
    }
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .collect();
    let mut against = words
        .iter()
        .any(|w| matches!(*w, "disagree" | "disagrees" | "disagreed"));
    let mut agrees = words
        .iter()
        .any(|w| matches!(*w, "agree" | "agrees" | "agreed"));
    let denied = words.windows(2).any(|pair| {
        matches!(pair[0], "not" | "no" | "cannot" | "never" | "don" | "t")
            && matches!(pair[1], "agree" | "agreed")
    });
    if agrees && denied {
        agrees = false;
        against = true;
    }
    (agrees != against).then_some(agrees)
}

/// A confidence of five levels, 1 to 5; `None` when it cannot be read. Diagnose at 4 or more.
pub fn read_level(text: &str, fidelity: Fidelity) -> Option<u8> {
    const STRICT: [(&str, u8); 5] = [
        ("somewhat unconfident", 2),
        ("very unconfident", 1),
        ("neither confident", 3),
        ("somewhat confident", 4),
        ("very confident", 5),
    ];
    let lower = text.to_lowercase();
    if fidelity == Fidelity::AsPublished {
        return STRICT
            .iter()
            .rev()
            .find(|(phrase, _)| lower.contains(phrase))
            .map(|&(_, level)| level);
    }
    for (phrase, level) in STRICT {
        let before = lower
            .match_indices(phrase)
            .map(|(at, _)| &lower[..at])
            .find(|before| !before.ends_with(char::is_alphabetic));
        if let Some(before) = before {
            let last = before
                .trim_end()
                .rsplit(|c: char| !c.is_alphabetic())
                .next();
            return (last != Some("not")).then_some(level);
        }
    }
    None
}

/// A confidence as number or words: the first number, clamped to 1..=5; else a word.
pub fn read_confidence(value: &Value) -> Option<f64> {
    let text = match value {
        Value::Number(number) => {
            return number.as_f64().map(|n| n.clamp(1.0, 5.0));
        }
        Value::String(text) => text.to_lowercase(),
        _ => return None,
    };
    if let Some(at) = text.find(|c: char| c.is_ascii_digit()) {
        let digits: &str = text[at..]
            .split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .next()
            .unwrap_or_default();
        let number = digits.trim_end_matches('.').parse::<f64>().ok()?;
        let sign = if text[..at].ends_with('-') { -1.0 } else { 1.0 };
        return Some((sign * number).clamp(1.0, 5.0));
    }
    if let Some(level) = read_level(&text, Fidelity::Strict) {
        return Some(f64::from(level));
    }
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .collect();
    let very = words.contains(&"very");
    match (very, words.as_slice()) {
        (true, w) if w.contains(&"high") => Some(5.0),
        (true, w) if w.contains(&"low") => Some(1.0),
        (_, w) if w.contains(&"high") => Some(4.0),
        (_, w) if w.contains(&"medium") || w.contains(&"moderate") => Some(3.0),
        (_, w) if w.contains(&"low") => Some(2.0),
        _ => None,
    }
}

/// The object between the first `{` and the last `}`, with all `required` keys.
///
/// # Errors
/// [`ReadError`] saying what is wrong.
pub fn extract_object(text: &str, required: &[&str]) -> Result<Map<String, Value>, ReadError> {
    let start = text.find('{').ok_or(ReadError::Decode)?;
    let end = text.rfind('}').ok_or(ReadError::CutOff)?;
    let inner = text.get(start..=end).ok_or(ReadError::Decode)?;
    let value: Value = serde_json::from_str(inner).map_err(|error| match error.classify() {
        Category::Eof => ReadError::CutOff,
        _ => ReadError::Decode,
    })?;
    let Value::Object(object) = value else {
        return Err(ReadError::NotObject);
    };
    let missing: Vec<String> = required
        .iter()
        .filter(|key| !object.contains_key(**key))
        .map(|key| (*key).to_owned())
        .collect();
    if missing.is_empty() {
        Ok(object)
    } else {
        Err(ReadError::Missing(missing))
    }
}

/// Yes or no when the reply says exactly one of them; `None` when it cannot be read.
pub fn read_yes_no(text: &str) -> Option<bool> {
    let text = text.to_lowercase();
    let has = |word: &str| {
        text.split(|c: char| !c.is_alphabetic())
            .any(|got| got == word)
    };
    let (yes, no) = (has("yes"), has("no"));
    (yes != no).then_some(yes)
}

/// Whether the words of a patient say that it does not know or remember.
pub fn says_unknown(text: &str) -> bool {
    let text = text.to_lowercase().replace('’', "'");
    [
        "not know",
        "n't know",
        "not remember",
        "n't remember",
        "not recall",
        "n't recall",
        "not sure",
        "no idea",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// What stands around the object of a reply, if anything does.
pub fn wrapping(text: &str) -> Option<&'static str> {
    let text = text.trim();
    match (
        text.contains("```"),
        text.starts_with('{') && text.ends_with('}'),
    ) {
        (true, _) => Some("a fence stood around the object"),
        (false, false) => Some("other text stood around the object"),
        (false, true) => None,
    }
}

/// Names of a list: a JSON list, quoted list text, lines, or comma-separated text. Trimmed,
/// without numbering and repeats (case-insensitive), at most `most`.
pub fn read_names(value: &Value, most: usize) -> Vec<String> {
    let raw: Vec<String> = match value {
        Value::Array(items) => items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect(),
        Value::String(text) => split_names(text.trim()),
        _ => Vec::new(),
    };
    let mut names: Vec<String> = Vec::new();
    for name in &raw {
        let name = bare(name);
        let repeated = names
            .iter()
            .any(|seen| seen.to_lowercase() == name.to_lowercase());
        if !name.is_empty() && !repeated {
            names.push(name.to_owned());
        }
    }
    names.truncate(most);
    names
}

/// Whether text has the shape of a list: brackets, or several lines of which most are numbered.
pub fn looks_like_list(value: &Value) -> bool {
    match value {
        Value::Array(_) => true,
        Value::String(text) => {
            let text = text.trim();
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            let numbered = lines.clone().filter(|line| bare(line) != line.trim());
            (text.starts_with('[') && text.ends_with(']'))
                || (lines.clone().count() > 1 && 2 * numbered.count() > lines.count())
        }
        _ => false,
    }
}

fn split_names(text: &str) -> Vec<String> {
    if let Some(inner) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        return serde_json::from_str::<Vec<String>>(text).unwrap_or_else(|_| split_quoted(inner));
    }
    if text.lines().filter(|line| !line.trim().is_empty()).count() > 1 {
        return text
            .lines()
            .filter(|line| !line.trim_end().ends_with(':'))
            .map(str::to_owned)
            .collect();
    }
    split_quoted(text)
}

/// Splits at commas outside of quotes and brackets. A quote opens only at the start of an item
/// and closes only before a comma or the end, so that apostrophes stay.
fn split_quoted(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let (mut item, mut quote, mut depth) = (String::new(), None, 0_usize);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') if item.trim().is_empty() => quote = Some(c),
            (Some(open), _) if c == open => {
                let rest = text[at + c.len_utf8()..].trim_start();
                if rest.is_empty() || rest.starts_with(',') {
                    quote = None;
                } else {
                    item.push(c);
                }
            }
            (None, ',') if depth == 0 => items.push(std::mem::take(&mut item)),
            _ => {
                match c {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                item.push(c);
            }
        }
    }
    items.push(item);
    items
}

/// A name without bullets, numbering, quotes and closing punctuation.
fn bare(name: &str) -> &str {
    let name = name.trim().trim_start_matches(['-', '*', '•']).trim_start();
    let rest = name.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = rest.len() < name.len() && rest.starts_with(['.', ')']);
    let name = if numbered { &rest[1..] } else { name };
    name.trim()
        .trim_matches(['"', '\'', '*'])
        .trim_end_matches([',', ';', '.'])
        .trim()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_words_become_confidences() {
        for (value, expected) in [
            (json!("4/5"), Some(4.0)),
            (json!(9), Some(5.0)),
            (json!("-3"), Some(1.0)),
            (json!("3.5."), Some(3.5)),
            (json!("high"), Some(4.0)),
            (json!("very low"), Some(1.0)),
            (json!("Somewhat confident"), Some(4.0)),
            (json!("perhaps"), None),
            (json!(null), None),
        ] {
            assert_eq!(read_confidence(&value), expected, "{value}");
        }
    }

    #[test]
    fn lists_of_every_shape_are_read() {
        let expected = ["Crohn's disease", "Asthma", "Gout"];
        for value in [
            json!(["Crohn's disease", " Asthma ", "asthma", "Gout"]),
            json!("[\"Crohn's disease\", 'Asthma', 'Gout']"),
            json!("['Crohn's disease', 'Asthma', 'Gout']"),
            json!("Diagnoses:\n1. Crohn's disease\n2) Asthma\n- Gout"),
            json!("Crohn's disease, Asthma, Gout."),
        ] {
            assert_eq!(read_names(&value, 10), expected, "{value}");
        }
        assert_eq!(read_names(&json!("a, b, c"), 2), ["a", "b"]);
        assert_eq!(read_names(&json!("a (b, c), d"), 9), ["a (b, c)", "d"]);
    }

    #[test]
    fn objects_are_found_in_prose_and_fences_and_cut_ones_are_told_apart() {
        let wrapped = "```json\n{\"A\": 1}\n```";
        assert!(extract_object(wrapped, &["A"]).is_ok());
        assert!(wrapping(wrapped).unwrap().contains("fence"));
        assert!(wrapping("Sure: {\"A\": 1}").unwrap().contains("other text"));
        assert_eq!(wrapping(" {\"A\": 1}\n"), None);
        for (text, expected) in [
            ("{\"A\": [\"x\"", ReadError::CutOff),
            ("{\"A\": {\"B\": 1}", ReadError::CutOff),
            ("I cannot help with that.", ReadError::Decode),
            ("", ReadError::Decode),
            ("{A: 1}", ReadError::Decode),
            ("{\"B\": 1}", ReadError::Missing(vec!["A".to_owned()])),
        ] {
            assert_eq!(extract_object(text, &["A"]), Err(expected), "{text}");
        }
    }

    #[test]
    fn yes_no_and_not_knowing_are_read() {
        assert_eq!(read_yes_no("Yes."), Some(true));
        assert_eq!(read_yes_no("no, it does not"), Some(false));
        assert_eq!(read_yes_no("yes and no"), None);
        assert_eq!(read_yes_no("I know nothing"), None);
        assert!(says_unknown("I don’t know, doctor."));
        assert!(!says_unknown("I have had it for a week."));
    }

    #[test]
    fn lists_are_told_from_questions() {
        assert!(looks_like_list(&json!("1. A\n2. B")));
        assert!(looks_like_list(&json!("['A', 'B']")));
        assert!(!looks_like_list(&json!("Do you have fever, or a cough?")));
    }
}
