//! Knowledge bases in TOML.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::base::{
    Condition, Finding, FindingIx, FindingKind, Knowledge, KnowledgeError, SpecialityIx,
};
use super::load::{GENERAL, in_file, invalid, meant, position_or_add};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBase {
    name: Option<String>,
    finding: Vec<Spanned<RawFinding>>,
    condition: Vec<Spanned<RawCondition>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFinding {
    id: String,
    name: Option<String>,
    kind: FindingKind,
    ask: Option<String>,
    parent: Option<String>,
    #[serde(default = "one")]
    cost: f64,
    #[serde(default)]
    minutes: f64,
    #[serde(default)]
    background: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCondition {
    name: String,
    speciality: Option<String>,
    #[serde(default = "middle")]
    severity: u8,
    #[serde(default = "one")]
    prior: f64,
    #[serde(default)]
    icd9: Vec<String>,
    findings: BTreeMap<String, f64>,
}

fn one() -> f64 {
    1.0
}

fn middle() -> u8 {
    3
}

/// Reads `text`; `name` is used where the text names no base, `file` in errors.
///
/// # Errors
/// [`KnowledgeError::Invalid`] with the line of the wrong entry.
pub(super) fn parse(text: &str, name: &str, file: &str) -> Result<Knowledge, KnowledgeError> {
    let line_of = |at: usize| {
        text.as_bytes()[..at.min(text.len())]
            .iter()
            .filter(|b| **b == b'\n')
            .count() as u64
            + 1
    };
    let raw: RawBase = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(span.start));
        invalid(file, line, error.message())
    })?;
    let mut position = BTreeMap::new();
    for (ix, entry) in raw.finding.iter().enumerate() {
        let id = entry.get_ref().id.as_str();
        if position.insert(id, FindingIx(ix as u32)).is_some() {
            let line = line_of(entry.span().start);
            return Err(invalid(
                file,
                Some(line),
                format!("finding {id:?} is there twice"),
            ));
        }
    }
    let mut findings = Vec::with_capacity(raw.finding.len());
    for entry in &raw.finding {
        let bad = |why| invalid(file, Some(line_of(entry.span().start)), why);
        let from = entry.get_ref();
        probability(from.background)
            .map_err(|why| bad(format!("{:?}: background {why}", from.id)))?;
        let parent = match from.parent.as_deref() {
            None => None,
            Some(parent) => Some(*position.get(parent).ok_or_else(|| {
                bad(format!(
                    "{:?}: parent {parent:?} is no finding of this base{}",
                    from.id,
                    meant(parent, position.keys().copied())
                ))
            })?),
        };
        let name = from
            .name
            .clone()
            .unwrap_or_else(|| from.id.replace('_', " "));
        findings.push(Finding {
            id: from.id.clone(),
            question: from
                .ask
                .clone()
                .unwrap_or_else(|| format!("Do you have {name}?")),
            name,
            kind: from.kind,
            parent,
            cost: from.cost,
            turnaround_min: from.minutes,
            probe: None,
        });
    }
    let mut specialities = Vec::new();
    let mut conditions = Vec::with_capacity(raw.condition.len());
    let mut theta = Vec::with_capacity(raw.condition.len() * findings.len());
    for entry in &raw.condition {
        let bad = |why| invalid(file, Some(line_of(entry.span().start)), why);
        let from = entry.get_ref();
        let start = theta.len();
        theta.extend(raw.finding.iter().map(|f| f.get_ref().background));
        for (id, p) in &from.findings {
            let at = position.get(id.as_str()).ok_or_else(|| {
                bad(format!(
                    "{:?}: {id:?} is no finding of this base{}",
                    from.name,
                    meant(id, position.keys().copied())
                ))
            })?;
            probability(*p).map_err(|why| bad(format!("{:?}, {id:?}: {why}", from.name)))?;
            theta[start + at.index()] = *p;
        }
        let speciality = from.speciality.as_deref().unwrap_or(GENERAL);
        conditions.push(Condition {
            name: from.name.clone(),
            speciality: SpecialityIx(position_or_add(&mut specialities, speciality)),
            severity: from.severity,
            prior: from.prior,
            codes: from.icd9.iter().map(|code| code.replace('.', "")).collect(),
        });
    }
    let line_of_entry = |entry: &str| {
        let finding = raw
            .finding
            .iter()
            .find(|f| format!("{:?}", f.get_ref().id) == entry);
        let condition = || {
            raw.condition
                .iter()
                .find(|c| format!("{:?}", c.get_ref().name) == entry)
        };
        let start = finding
            .map(|f| f.span().start)
            .or_else(|| condition().map(|c| c.span().start));
        start.map(line_of)
    };
    let name = raw.name.as_deref().unwrap_or(name);
    Knowledge::new(name, specialities, conditions, findings, theta)
        .map_err(|error| in_file(error, file, line_of_entry))
}

/// Whether `p` is a probability, and what was expected otherwise.
pub(super) fn probability(p: f64) -> Result<(), String> {
    if (0.0..=1.0).contains(&p) {
        Ok(())
    } else {
        Err(format!("expected a probability within 0 and 1, got {p}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
finding = [
  { id = "fever", kind = "symptom", background = 0.1 },
  { id = "chills", kind = "symptom", parent = "fever", ask = "Do you shiver?" },
]
[[condition]]
name = "Flu"
icd9 = ["487.1"]
findings = { fever = 0.9, chills = 0.6 }
[[condition]]
name = "Cold"
speciality = "Ear, nose and throat"
prior = 3
findings = {}
"#;

    fn error(text: &str) -> String {
        parse(text, "t", "t.toml").unwrap_err().to_string()
    }

    #[test]
    fn both_ways_to_write_tables_are_read() {
        let base = parse(GOOD, "t", "t.toml").unwrap();
        assert_eq!(base.specialities(), [GENERAL, "Ear, nose and throat"]);
        assert_eq!(base.findings()[1].parent, Some(FindingIx(0)));
        assert_eq!(base.findings()[0].question, "Do you have fever?");
        assert_eq!(base.conditions()[0].codes, ["4871"]);
        assert_eq!(base.conditions()[1].prior, 0.75);
        assert_eq!(
            base.row(crate::clinic::knowledge::ConditionIx(1)),
            [0.1, 0.005]
        );
    }

    #[test]
    fn errors_name_file_line_and_entry() {
        let cases = [
            (
                "chills = 0.6",
                "chils = 0.6",
                "t.toml, line 6: \"Flu\": \"chils\" is no finding",
            ),
            (
                "fever = 0.9",
                "fever = 1.2",
                "t.toml, line 6: \"Flu\", \"fever\": expected a probability",
            ),
            (
                "parent = \"fever\"",
                "parent = \"heat\"",
                "t.toml, line 4: \"chills\": parent \"heat\"",
            ),
            (
                "id = \"chills\"",
                "id = \"fever\"",
                "t.toml, line 4: finding \"fever\" is there twice",
            ),
            (
                "background = 0.1",
                "background = -1",
                "t.toml, line 3: \"fever\": background",
            ),
            (
                "kind = \"symptom\", background",
                "kind = \"sympton\", background",
                "t.toml, line 3",
            ),
            (
                "prior = 3",
                "prior = 0",
                "t.toml, line 10: \"Cold\": prior must be above 0",
            ),
            ("prior = 3", "prio = 3", "t.toml, line 1"),
        ];
        for (from, to, want) in cases {
            assert!(GOOD.contains(from), "{from}");
            let got = error(&GOOD.replacen(from, to, 1));
            assert!(got.starts_with(want), "{to}: {got}");
        }
    }
}
