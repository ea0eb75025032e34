//! ICD-9-CM codes: normal form, dotted form, category, chapter, and how far two codes agree.
//!
//! # Source
//! DynamiCare card, section 7 (code rules). Leading zeros matter, so codes are always text.

use serde::{Deserialize, Serialize};

/// How far two diagnosis codes agree, from the closest level on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchLevel {
    /// The same normal form.
    Exact,
    /// The same category.
    Category,
    /// The same chapter.
    Chapter,
    /// Nothing in common.
    None,
}

impl MatchLevel {
    /// Name as written in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Category => "category",
            Self::Chapter => "chapter",
            Self::None => "none",
        }
    }
}

/// Last three-digit category of each numbered chapter, in rising order, with its name.
const CHAPTERS: [(u32, &str); 17] = [
    (139, "infectious"),
    (239, "neoplasms"),
    (279, "endocrine_metabolic"),
    (289, "blood"),
    (319, "mental"),
    (389, "nervous_sense"),
    (459, "circulatory"),
    (519, "respiratory"),
    (579, "digestive"),
    (629, "genitourinary"),
    (679, "pregnancy"),
    (709, "skin"),
    (739, "musculoskeletal"),
    (759, "congenital"),
    (779, "perinatal"),
    (799, "symptoms"),
    (999, "injury_poisoning"),
];

/// Trims, makes upper case and drops the dots; says nothing on validity.
fn bare(code: &str) -> String {
    code.trim()
        .chars()
        .filter(|c| *c != '.')
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// Length of the part before the dot of a normal diagnosis code, which is also its category.
fn stem(normal: &str) -> usize {
    if normal.starts_with('E') { 4 } else { 3 }
}

fn with_dot(normal: &str, stem: usize) -> String {
    match (normal.get(..stem), normal.get(stem..)) {
        (Some(head), Some(tail)) if !tail.is_empty() => format!("{head}.{tail}"),
        _ => normal.to_owned(),
    }
}

/// Normal form of a diagnosis code: upper case without dots, or `None` when it is not valid.
///
/// Valid are 3 to 5 digits, `V` with 2 to 4 digits, and `E` with 3 or 4 digits.
pub fn normal_diagnosis(code: &str) -> Option<String> {
    let code = bare(code);
    let (digits, lengths) = match code.as_bytes().first()? {
        b'V' => (&code[1..], 2..=4),
        b'E' => (&code[1..], 3..=4),
        _ => (code.as_str(), 3..=5),
    };
    let valid = lengths.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    valid.then_some(code)
}

/// Diagnosis code with its dot (`4019` → `401.9`), or `None` when it is not valid.
pub fn dotted_diagnosis(code: &str) -> Option<String> {
    let normal = normal_diagnosis(code)?;
    let stem = stem(&normal);
    Some(with_dot(&normal, stem))
}

/// Category of a diagnosis code (first 3 characters, 4 for E codes), or `None` when it is not
/// valid.
pub fn category(code: &str) -> Option<String> {
    let mut normal = normal_diagnosis(code)?;
    normal.truncate(stem(&normal));
    Some(normal)
}

/// Chapter of a diagnosis code, or `None` when the code is not valid or its number is in no
/// chapter (`000`).
pub fn chapter(code: &str) -> Option<&'static str> {
    let normal = normal_diagnosis(code)?;
    if normal.starts_with('V') {
        return Some("supplementary_V");
    }
    if normal.starts_with('E') {
        return Some("external_E");
    }
    let number: u32 = normal.get(..3)?.parse().ok()?;
    if number == 0 {
        return None;
    }
    CHAPTERS
        .iter()
        .find(|(last, _)| number <= *last)
        .map(|(_, name)| *name)
}

/// Normal form of a procedure code (2 to 4 digits), or `None` when it is not valid.
pub fn normal_procedure(code: &str) -> Option<String> {
    let code = bare(code);
    let valid = (2..=4).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
    valid.then_some(code)
}

/// Procedure code with its dot (`3605` → `36.05`), or `None` when it is not valid.
pub fn dotted_procedure(code: &str) -> Option<String> {
    Some(with_dot(&normal_procedure(code)?, 2))
}

/// How far two diagnosis codes agree; `None` when one of them is not valid.
pub fn match_level(a: &str, b: &str) -> Option<MatchLevel> {
    let (a, b) = (normal_diagnosis(a)?, normal_diagnosis(b)?);
    if a == b {
        return Some(MatchLevel::Exact);
    }
    if category(&a) == category(&b) {
        return Some(MatchLevel::Category);
    }
    match (chapter(&a), chapter(&b)) {
        (Some(x), Some(y)) if x == y => Some(MatchLevel::Chapter),
        _ => Some(MatchLevel::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_make_another_code() {
        assert_eq!(category("0389").as_deref(), Some("038"));
        assert_eq!(category("389").as_deref(), Some("389"));
        assert_eq!(match_level("0389", "389"), Some(MatchLevel::None));
    }

    #[test]
    fn text_that_is_no_code_is_refused_without_a_panic() {
        for text in ["", ".", "V", "É12", "12é", "E12345", "V1", "401999"] {
            assert_eq!(normal_diagnosis(text), None, "{text}");
        }
        assert_eq!(chapter("000"), None);
    }
}
