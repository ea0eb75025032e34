//! Discharge summaries: splitting by headings, and leaving out what gives the answer away.
//!
//! # Source
//! DynamiCare card, section 2.2. The published filter keeps sections on diagnoses and
//! summaries; here they are left out.

use serde_json::{Map, Value};

/// Longest heading, in characters.
const HEADING_CHARS: usize = 60;

/// Fewest characters that a useful summary leaves.
const LEAST_CHARS: usize = 50;

/// Most empty sections of a useful summary.
const MOST_EMPTY: usize = 3;

/// Names that a kept section holds one of.
const KEPT: [&str; 12] = [
    "history",
    "medications",
    "allergies",
    "physical",
    "exam",
    "review",
    "complaint",
    "surgical",
    "invasive",
    "invasion",
    "symptom",
    "examination",
];

/// Names that give the answer away.
const LEAKING: [&str; 6] = [
    "diagnos",
    "impression",
    "assessment",
    "hospital course",
    "summary",
    "discharge",
];

/// Spellings of headings and the section that they open.
const HEADINGS: [(&str, &str); 22] = [
    ("chief complaint", "Chief Complaint"),
    ("cc", "Chief Complaint"),
    ("reason for admission", "Chief Complaint"),
    ("history of present illness", "History of Present Illness"),
    (
        "history of the present illness",
        "History of Present Illness",
    ),
    ("hpi", "History of Present Illness"),
    ("past medical history", "Past Medical History"),
    ("pmh", "Past Medical History"),
    ("past surgical history", "Past Surgical History"),
    ("family history", "Family History"),
    ("social history", "Social History"),
    ("allergies", "Allergies"),
    ("medications on admission", "Medications on Admission"),
    ("admission medications", "Medications on Admission"),
    ("home medications", "Medications on Admission"),
    (
        "major surgical or invasive procedure",
        "Major Surgical or Invasive Procedure",
    ),
    ("physical exam", "Physical Exam"),
    ("physical examination", "Physical Exam"),
    ("physical exam on admission", "Physical Exam"),
    ("physical examination on admission", "Physical Exam"),
    ("admission physical exam", "Physical Exam"),
    ("review of systems", "Review of Systems"),
];

const PHYSICAL_EXAM: &str = "Physical Exam";

/// Splits a discharge summary into sections by its headings.
///
/// A heading is a known name before a colon, or an unknown name of at most six words alone on
/// its line before a colon. Text before the first heading is dropped. The physical exam becomes
/// an object with the part `Admission`, split by organ.
pub fn split_sections(text: &str) -> Map<String, Value> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match heading(line) {
            Some((name, rest)) => sections.push((name, rest.to_owned())),
            None => {
                if let Some((_, body)) = sections.last_mut() {
                    body.push('\n');
                    body.push_str(line.trim_end());
                }
            }
        }
    }
    let mut map = Map::new();
    for (name, body) in sections {
        let body = body.trim();
        let joined = match map.get(&name) {
            Some(Value::String(earlier)) if !earlier.is_empty() => format!("{earlier}\n{body}"),
            _ => body.to_owned(),
        };
        map.insert(name, Value::String(joined));
    }
    if let Some(Value::String(body)) = map.get(PHYSICAL_EXAM) {
        let mut parts = Map::new();
        parts.insert("Admission".to_owned(), Value::Object(split_exam(body)));
        map.insert(PHYSICAL_EXAM.to_owned(), Value::Object(parts));
    }
    map
}

/// Section that a line opens, with the rest of the line.
fn heading(line: &str) -> Option<(String, &str)> {
    let Some((name, rest)) = line.split_once(':') else {
        return bare_heading(line.trim()).then(|| (line.trim().to_owned(), ""));
    };
    let name = name.trim();
    let rest = rest.trim();
    if name.is_empty() || name.chars().count() > HEADING_CHARS {
        return None;
    }
    let lower = name.to_lowercase();
    if let Some((_, section)) = HEADINGS.iter().find(|(known, _)| *known == lower) {
        return Some(((*section).to_owned(), rest));
    }
    // Answers hide under headings that go on in the same line, so these open a section too.
    let leaking = leaks(&lower);
    let alone = rest.is_empty();
    let words = name.split_whitespace().count();
    let named = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .chars()
            .all(|c| c.is_ascii_alphabetic() || " /&-()".contains(c));
    (named && words <= 6 && (alone || leaking)).then(|| (name.to_owned(), rest))
}

/// A line without colon that opens a section which gives the answer away: a few words, each
/// with a capital (`DISCHARGE DIAGNOSIS`).
fn bare_heading(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let capitals = words.all(|word| word.starts_with(|c: char| c.is_ascii_uppercase()));
    capitals && line.split_whitespace().count() <= 6 && leaks(&line.to_lowercase())
}

/// True for a lower-cased name that gives the answer away.
fn leaks(lower: &str) -> bool {
    LEAKING.iter().any(|word| lower.contains(word))
}

/// Splits a physical exam by organ (`HEENT: …`); text before the first is `General`.
fn split_exam(body: &str) -> Map<String, Value> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for line in body.lines() {
        let part = line.split_once(':').filter(|(name, _)| {
            let name = name.trim();
            (1..=20).contains(&name.len())
                && name.starts_with(|c: char| c.is_ascii_uppercase())
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphabetic() || " /".contains(c))
        });
        match (part, parts.last_mut()) {
            (Some((name, rest)), _) => {
                parts.push((name.trim().to_owned(), rest.trim().to_owned()));
            }
            (None, Some((_, text))) => {
                text.push('\n');
                text.push_str(line.trim());
            }
            (None, None) => parts.push(("General".to_owned(), line.trim().to_owned())),
        }
    }
    let mut map = Map::new();
    for (name, text) in parts {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let joined = match map.get(&name) {
            Some(Value::String(earlier)) => format!("{earlier}\n{text}"),
            _ => text.to_owned(),
        };
        map.insert(name, Value::String(joined));
    }
    map
}

/// Keeps the sections that a patient may show, and warns when little is left.
///
/// At the top level a section with the word `discharge` is dropped; at any depth, a name that
/// gives the answer away is dropped, a kept name is kept whole apart from such parts, and
/// another object is kept for the sake of its kept parts alone.
pub fn filter_sections(sections: &Map<String, Value>) -> (Map<String, Value>, Vec<String>) {
    let kept = keep_named(sections);
    let mut warnings = Vec::new();
    let empty = kept.values().filter(|value| characters(value) == 0).count();
    if empty > MOST_EMPTY {
        warnings.push(format!(
            "{empty} sections of the discharge summary are empty"
        ));
    }
    let left: usize = kept.values().map(characters).sum();
    if left < LEAST_CHARS {
        warnings.push(format!(
            "only {left} characters of the discharge summary are left"
        ));
    }
    (kept, warnings)
}

fn keep_named(sections: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    for (name, value) in sections {
        let lower = name.to_lowercase();
        if leaks(&lower) {
            continue;
        }
        if KEPT.iter().any(|word| lower.contains(word)) {
            kept.insert(name.clone(), without_leaks(value));
        } else if let Value::Object(parts) = value {
            let parts = keep_named(parts);
            if !parts.is_empty() {
                kept.insert(name.clone(), Value::Object(parts));
            }
        }
    }
    kept
}

fn without_leaks(value: &Value) -> Value {
    let Value::Object(parts) = value else {
        return value.clone();
    };
    let parts = parts.iter().filter(|(name, _)| {
        let lower = name.to_lowercase();
        !leaks(&lower)
    });
    Value::Object(
        parts
            .map(|(name, part)| (name.clone(), without_leaks(part)))
            .collect(),
    )
}

fn characters(value: &Value) -> usize {
    match value {
        Value::String(text) => text.trim().chars().count(),
        Value::Object(parts) => parts.values().map(characters).sum(),
        Value::Array(parts) => parts.iter().map(characters).sum(),
        _ => 0,
    }
}

/// The parts FINDINGS and IMPRESSION of a radiology report; the whole report without them.
pub(super) fn report_parts(text: &str) -> String {
    let mut wanted = false;
    let mut kept: Vec<&str> = Vec::new();
    for line in text.lines() {
        let name = line.split_once(':').map(|(name, _)| name.trim());
        if let Some(name) = name
            && !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_uppercase() || " /".contains(c))
        {
            wanted = name.contains("FINDINGS") || name.contains("IMPRESSION");
        }
        if wanted && !line.trim().is_empty() {
            kept.push(line.trim());
        }
    }
    if kept.is_empty() {
        text.trim().to_owned()
    } else {
        kept.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMMARY: &str = "Admission Date: [**2149-3-1**]\n\nChief Complaint:\nfever\n\n\
        History of Present Illness:\nMr. X had fever for two days and came with his wife: ill.\n\n\
        Physical Exam:\nVitals stable\nHEENT: clear\nLungs: crackles\n on the left\n\n\
        Brief Hospital Course:\nPneumonia was treated.\n\n\
        Allergies:\nnone\nFINAL DIAGNOSIS\nLobar pneumonia\n\
        Discharge Diagnosis: Pneumonia\n\nDischarge Medications:\nAmoxicillin\n";

    #[test]
    fn headings_split_and_the_exam_is_split_by_organ() {
        let sections = split_sections(SUMMARY);
        assert_eq!(sections["Chief Complaint"], "fever");
        let exam = &sections["Physical Exam"]["Admission"];
        assert_eq!(exam["HEENT"], "clear");
        assert_eq!(exam["Lungs"], "crackles\non the left");
        assert_eq!(exam["General"], "Vitals stable");
    }

    #[test]
    fn the_answer_is_left_out() {
        let (kept, warnings) = filter_sections(&split_sections(SUMMARY));
        let names: Vec<&str> = kept.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "Chief Complaint",
                "History of Present Illness",
                "Physical Exam",
                "Allergies"
            ]
        );
        let text = Value::Object(kept).to_string().to_lowercase();
        assert!(!text.contains("pneumonia") && !text.contains("amoxicillin"));
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn a_parent_is_kept_for_its_parts_and_short_summaries_are_warned_of() {
        let sections = serde_json::json!({
            "Intake": {"Social History": "none", "Final diagnosis": "gout"},
            "Labs": {"Sodium": "140"},
            "History": {"Impression": "gout", "Onset": "slow"},
        });
        let (kept, warnings) = filter_sections(sections.as_object().unwrap());
        assert_eq!(
            Value::Object(kept),
            serde_json::json!({
                "Intake": {"Social History": "none"},
                "History": {"Onset": "slow"},
            })
        );
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn reports_are_cut_to_findings_and_impression() {
        let report = "INDICATION: cough\nFINDINGS: clear\n lungs\nIMPRESSION: normal\n";
        assert_eq!(
            report_parts(report),
            "FINDINGS: clear\nlungs\nIMPRESSION: normal"
        );
        assert_eq!(report_parts(" no parts "), "no parts");
    }
}
