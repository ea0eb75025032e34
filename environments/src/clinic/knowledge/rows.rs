//! Knowledge bases in CSV: one row for each disease and evidence.

use std::collections::BTreeMap;

use super::base::{
    Condition, Finding, FindingIx, FindingKind, Knowledge, KnowledgeError, SpecialityIx,
};
use super::load::{GENERAL, in_file, invalid, meant, position_or_add};
use super::table::probability;

const REQUIRED: [&str; 4] = ["disease", "evidence", "probability", "cost"];
const OPTIONAL: [&str; 6] = [
    "kind",
    "speciality",
    "severity",
    "prior",
    "question",
    "parent",
];

/// Reads `text`; `name` becomes the name of the base, `file` stands in errors.
///
/// What a disease or an evidence is given in several rows must agree; an empty cell says nothing.
///
/// # Errors
/// [`KnowledgeError::Invalid`] with the line.
pub(super) fn parse(text: &str, name: &str, file: &str) -> Result<Knowledge, KnowledgeError> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader
        .headers()
        .map_err(|error| invalid(file, Some(1), error.to_string()))?
        .clone();
    if headers.is_empty() {
        let why = format!(
            "the file is empty, expected a header {}",
            REQUIRED.join(",")
        );
        return Err(invalid(file, None, why));
    }
    let mut column = BTreeMap::new();
    for (at, header) in headers.iter().enumerate() {
        let header = header.to_lowercase();
        let known = REQUIRED.iter().chain(&OPTIONAL).find(|k| **k == header);
        let Some(known) = known else {
            let why = format!(
                "unknown column {header:?}, expected {} and optionally {}{}",
                REQUIRED.join(", "),
                OPTIONAL.join(", "),
                meant(&header, REQUIRED.into_iter().chain(OPTIONAL))
            );
            return Err(invalid(file, Some(1), why));
        };
        if column.insert(*known, at).is_some() {
            return Err(invalid(
                file,
                Some(1),
                format!("column {known} is there twice"),
            ));
        }
    }
    if let Some(missing) = REQUIRED.iter().find(|k| !column.contains_key(*k)) {
        return Err(invalid(
            file,
            Some(1),
            format!("expected a column {missing}"),
        ));
    }

    let mut diseases = Vec::new();
    let mut evidences = Vec::new();
    let mut facts: BTreeMap<(&str, u32), (String, u64)> = BTreeMap::new();
    let mut rates: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    let mut first_lines: BTreeMap<String, u64> = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map(csv::Position::line);
            let why = match error.kind() {
                csv::ErrorKind::UnequalLengths { len, .. } => format!(
                    "expected {} fields as in the header, got {len}",
                    headers.len()
                ),
                _ => error.to_string(),
            };
            invalid(file, line, why)
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let bad = |why: String| invalid(file, Some(line), why);
        let cell = |key: &str| column.get(key).and_then(|at| record.get(*at)).unwrap_or("");
        for key in ["disease", "evidence"] {
            if cell(key).is_empty() {
                return Err(bad(format!("expected a {key}, got an empty cell")));
            }
        }
        let d = position_or_add(&mut diseases, cell("disease"));
        let e = position_or_add(&mut evidences, cell("evidence"));
        for name in [cell("disease"), cell("evidence")] {
            first_lines.entry(format!("{name:?}")).or_insert(line);
        }
        let p = number(cell("probability"), "probability").map_err(bad)?;
        probability(p).map_err(bad)?;
        if rates.insert((d, e), p).is_some() {
            return Err(bad(format!(
                "{:?}, {:?} is there twice",
                cell("disease"),
                cell("evidence")
            )));
        }
        for (keys, of) in [
            (&["speciality", "severity", "prior"][..], d),
            (&["cost", "kind", "question", "parent"][..], e),
        ] {
            for &key in keys {
                let value = cell(key);
                if value.is_empty() {
                    continue;
                }
                let (first, seen) = facts
                    .entry((key, of))
                    .or_insert_with(|| (value.to_owned(), line));
                if first != value {
                    return Err(bad(format!(
                        "{key} {value:?} differs from {first:?} in line {seen}"
                    )));
                }
            }
        }
    }

    let fact = |key: &str, of: usize| {
        facts
            .iter()
            .find(|((k, o), _)| *k == key && *o == of as u32)
            .map(|(_, (value, line))| (value.as_str(), *line))
    };
    let parsed = |key: &str, of: usize, default: f64| match fact(key, of) {
        None => Ok(default),
        Some((value, line)) => number(value, key).map_err(|why| invalid(file, Some(line), why)),
    };
    let mut specialities = Vec::new();
    let mut conditions = Vec::with_capacity(diseases.len());
    for (d, disease) in diseases.iter().enumerate() {
        let severity = parsed("severity", d, 3.0)?;
        if !(1.0..=5.0).contains(&severity) || severity.fract() != 0.0 {
            let line = fact("severity", d).map(|(_, line)| line);
            return Err(invalid(
                file,
                line,
                format!("severity must be 1 to 5, got {severity}"),
            ));
        }
        let speciality = fact("speciality", d).map_or(GENERAL, |(value, _)| value);
        conditions.push(Condition {
            name: disease.clone(),
            speciality: SpecialityIx(position_or_add(&mut specialities, speciality)),
            severity: severity as u8,
            prior: parsed("prior", d, 1.0)?,
            codes: Vec::new(),
        });
    }
    let mut findings = Vec::with_capacity(evidences.len());
    for (e, evidence) in evidences.iter().enumerate() {
        let kind = match fact("kind", e) {
            None => FindingKind::Symptom,
            Some((value, line)) => kind(value).map_err(|why| invalid(file, Some(line), why))?,
        };
        let parent = match fact("parent", e) {
            None => None,
            Some((value, line)) => {
                let at = evidences
                    .iter()
                    .position(|other| other == value)
                    .ok_or_else(|| {
                        let why = format!(
                            "parent {value:?} is no evidence of this file{}",
                            meant(value, evidences.iter().map(String::as_str))
                        );
                        invalid(file, Some(line), why)
                    })?;
                Some(FindingIx(at as u32))
            }
        };
        let name = evidence.replace('_', " ");
        findings.push(Finding {
            id: evidence.clone(),
            question: fact("question", e).map_or_else(
                || format!("Do you have {name}?"),
                |(value, _)| value.to_owned(),
            ),
            name,
            kind,
            parent,
            cost: parsed("cost", e, 1.0)?,
            turnaround_min: match kind {
                FindingKind::Symptom | FindingKind::Antecedent => 0.0,
                FindingKind::Sign => 5.0,
                FindingKind::Test => 60.0,
            },
            probe: None,
        });
    }
    let mut theta = vec![0.0; diseases.len() * evidences.len()];
    for ((d, e), p) in rates {
        theta[d as usize * evidences.len() + e as usize] = p;
    }
    Knowledge::new(name, specialities, conditions, findings, theta)
        .map_err(|error| in_file(error, file, |entry| first_lines.get(entry).copied()))
}

fn number(value: &str, key: &str) -> Result<f64, String> {
    value
        .parse()
        .ok()
        .filter(|x: &f64| x.is_finite())
        .ok_or_else(|| format!("{key}: expected a number, got {value:?}"))
}

fn kind(value: &str) -> Result<FindingKind, String> {
    match value.to_lowercase().as_str() {
        "symptom" => Ok(FindingKind::Symptom),
        "antecedent" => Ok(FindingKind::Antecedent),
        "sign" => Ok(FindingKind::Sign),
        "test" => Ok(FindingKind::Test),
        _ => Err(format!(
            "kind: expected symptom, antecedent, sign or test, got {value:?}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_in_any_case_and_order() {
        let text = "Cost,DISEASE,evidence,Probability,Kind,parent,Prior\r\n\
                    1,Flu,fever,0.9,,,3\r\n\
                    40,Flu,swab,0.95,test,,\r\n\
                    ,Cold,chills,0.2,symptom,fever,1\r\n";
        let base = parse(text, "mine", "mine.csv").unwrap();
        assert_eq!(base.conditions().len(), 2);
        assert_eq!(base.conditions()[0].prior, 0.75);
        assert_eq!(base.findings()[1].kind, FindingKind::Test);
        assert_eq!(base.findings()[1].cost, 40.0);
        assert_eq!(base.findings()[2].parent, Some(FindingIx(0)));
        let d = base.find_condition("Cold").unwrap();
        assert_eq!(base.theta(d, FindingIx(0)), Knowledge::THETA_MIN);
    }

    #[test]
    fn errors_name_file_and_line() {
        let head = "disease,evidence,probability,cost\nFlu,fever,0.9,1\n";
        let cases = [
            (
                format!("{head}Flu,cough,1.5,1\n"),
                "t.csv, line 3: expected a probability",
            ),
            (
                format!("{head}Flu,cough,often,1\n"),
                "t.csv, line 3: probability: expected a number",
            ),
            (
                format!("{head}Flu,fever,0.8,1\n"),
                "t.csv, line 3: \"Flu\", \"fever\" is there twice",
            ),
            (
                format!("{head}Cold,fever,0.8,2\n"),
                "t.csv, line 3: cost \"2\" differs from \"1\" in line 2",
            ),
            (
                format!("{head},fever,0.8,1\n"),
                "t.csv, line 3: expected a disease",
            ),
            (
                format!("{head}Flu,cough,0.8\n"),
                "t.csv, line 3: expected 4 fields as in the header, got 3",
            ),
            (
                "disease,evidence,probability,cost,parent\nFlu,a,0.8,1,b\nFlu,b,0.8,1,a\n"
                    .to_owned(),
                "t.csv, line 2: \"a\": its parents form a cycle",
            ),
            (String::new(), "t.csv: the file is empty, expected a header"),
            (
                format!("{head}Flu,cough,0.8,-1\n"),
                "t.csv, line 3: \"cough\": cost must be above 0",
            ),
            (
                "disease,evidence,probability\n".to_owned(),
                "t.csv, line 1: expected a column cost",
            ),
            (
                "disease,evidence,probability,cost,x\n".to_owned(),
                "t.csv, line 1: unknown column \"x\"",
            ),
            (
                head.lines().take(1).collect(),
                "t.csv: expected at least one condition",
            ),
        ];
        for (text, want) in cases {
            let got = parse(&text, "t", "t.csv").unwrap_err().to_string();
            assert!(got.starts_with(want), "{text}: {got}");
        }
    }
}
