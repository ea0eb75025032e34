//! The table of evidence rates derived from DDXPlus, with its release files where they lie
//! beside it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::base::{
    Condition, Finding, FindingIx, FindingKind, Knowledge, KnowledgeError, SpecialityIx,
};
use super::load::{GENERAL, in_file, invalid, position_or_add};
use super::table::probability;
use crate::text::json_fault;

#[derive(Deserialize)]
struct Rates {
    prior_counts: Map<String, Value>,
    likelihood_sample_size: BTreeMap<String, f64>,
    binary_evidence: Vec<String>,
    p_present: BTreeMap<String, BTreeMap<String, f64>>,
}

#[derive(Deserialize)]
struct Evidence {
    code_question: String,
    question_en: String,
    is_antecedent: bool,
}

#[derive(Deserialize)]
struct Disease {
    #[serde(rename = "icd10-id")]
    icd10: Option<String>,
    severity: Option<u8>,
}

/// Reads `text`, the contents of `path`. Findings keep the order of `binary_evidence`, conditions
/// that of `prior_counts`. `release_evidences.json` and `release_conditions.json` of the same
/// folder give questions, parents, severities and codes when they are there.
///
/// # Errors
/// [`KnowledgeError`] naming the file and the entry.
pub(super) fn parse(text: &str, name: &str, path: &Path) -> Result<Knowledge, KnowledgeError> {
    let file = path.display().to_string();
    let bad = |why: String| invalid(&file, None, why);
    let raw: Rates = from_json(text, &file)?;
    let evidences: BTreeMap<String, Evidence> = beside(path, "release_evidences.json")?;
    let diseases: BTreeMap<String, Disease> = beside(path, "release_conditions.json")?;
    let position: BTreeMap<&str, FindingIx> = (0..)
        .zip(&raw.binary_evidence)
        .map(|(ix, id)| (id.as_str(), FindingIx(ix)))
        .collect();

    let mut findings = Vec::with_capacity(raw.binary_evidence.len());
    for id in &raw.binary_evidence {
        let known = evidences.get(id);
        let question =
            known.map_or_else(|| format!("Do you have {id}?"), |e| e.question_en.clone());
        findings.push(Finding {
            id: id.clone(),
            name: known.map_or_else(
                || id.clone(),
                |e| e.question_en.trim_end_matches(['?', ' ']).to_owned(),
            ),
            kind: match known {
                Some(e) if e.is_antecedent => FindingKind::Antecedent,
                _ => FindingKind::Symptom,
            },
            question,
            parent: known
                .filter(|e| e.code_question != *id)
                .and_then(|e| position.get(e.code_question.as_str()).copied()),
            cost: 1.0,
            turnaround_min: 0.0,
            probe: None,
        });
    }

    let partition = partition()?;
    let mut specialities = Vec::new();
    let mut conditions = Vec::with_capacity(raw.prior_counts.len());
    let mut theta = Vec::with_capacity(raw.prior_counts.len() * findings.len());
    for (condition, count) in &raw.prior_counts {
        let prior = count
            .as_f64()
            .ok_or_else(|| bad(format!("prior_counts, {condition:?}: expected a number")))?;
        let n = *raw.likelihood_sample_size.get(condition).ok_or_else(|| {
            bad(format!(
                "likelihood_sample_size: expected an entry {condition:?}"
            ))
        })?;
        if !(n.is_finite() && n >= 0.0) {
            return Err(bad(format!(
                "likelihood_sample_size, {condition:?}: expected 0 or more, got {n}"
            )));
        }
        let mut rates = vec![0.0; findings.len()];
        for (id, rate) in raw.p_present.get(condition).into_iter().flatten() {
            let at = position.get(id.as_str()).ok_or_else(|| {
                bad(format!(
                    "p_present, {condition:?}: {id:?} is not in binary_evidence"
                ))
            })?;
            probability(*rate)
                .map_err(|why| bad(format!("p_present, {condition:?}, {id:?}: {why}")))?;
            rates[at.index()] = *rate;
        }
        theta.extend(rates.iter().map(|rate| {
            ((n * rate + 0.5) / (n + 1.0)).clamp(Knowledge::THETA_MIN, Knowledge::THETA_MAX)
        }));
        let speciality = partition.get(condition).map_or(GENERAL, String::as_str);
        let known = diseases.get(condition);
        conditions.push(Condition {
            name: condition.clone(),
            speciality: SpecialityIx(position_or_add(&mut specialities, speciality)),
            severity: known.and_then(|d| d.severity).unwrap_or(3),
            prior,
            codes: known
                .and_then(|d| d.icd10.as_deref())
                .map(|code| code.replace('.', "").to_uppercase())
                .into_iter()
                .collect(),
        });
    }
    if let Some(unknown) = raw
        .p_present
        .keys()
        .find(|c| !raw.prior_counts.contains_key(*c))
    {
        return Err(bad(format!(
            "p_present: {unknown:?} is not in prior_counts"
        )));
    }
    Knowledge::new(name, specialities, conditions, findings, theta)
        .map_err(|error| in_file(error, &file, |_| None))
}

fn from_json<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, KnowledgeError> {
    serde_json::from_str(text)
        .map_err(|error| invalid(file, Some(error.line() as u64), json_fault(&error)))
}

fn beside<T: DeserializeOwned + Default>(path: &Path, name: &str) -> Result<T, KnowledgeError> {
    let path = path.with_file_name(name);
    let shown = path.display().to_string();
    match std::fs::read_to_string(&path) {
        Ok(text) => from_json(&text, &shown),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(KnowledgeError::Io {
            path: shown,
            why: error.to_string(),
        }),
    }
}

/// Speciality of each condition.
fn partition() -> Result<BTreeMap<String, String>, KnowledgeError> {
    const FILE: &str = "ddxplus_specialities.toml";
    let groups: BTreeMap<String, Vec<String>> =
        toml::from_str(include_str!("ddxplus_specialities.toml"))
            .map_err(|error| invalid(FILE, None, error.message()))?;
    Ok(groups
        .into_iter()
        .flat_map(|(speciality, of)| of.into_iter().map(move |c| (c, speciality.clone())))
        .collect())
}

#[cfg(test)]
#[expect(
    clippy::print_stdout,
    reason = "tests say what they read and what they skip"
)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::clinic::knowledge::ConditionIx;

    fn rates() -> Option<PathBuf> {
        let shared = std::env::var_os("ROUNDS_SHARED_DATA").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
            PathBuf::from,
        );
        let path = shared.join("ddxplus/kb_binary_rates.json");
        if path.exists() {
            return Some(path);
        }
        println!("skipped: {} is not there", path.display());
        None
    }

    #[test]
    fn ddxplus_release_is_read() {
        let Some(path) = rates() else { return };
        let base = Knowledge::load(&path).unwrap();
        assert_eq!((base.conditions().len(), base.findings().len()), (49, 208));
        assert_eq!(base.specialities().len(), 7, "{:?}", base.specialities());
        let d = base.find_condition("Cluster headache").unwrap();
        assert_eq!(base.condition(d).codes, ["G44009"]);
        assert!(
            base.findings()
                .iter()
                .any(|f| f.kind == FindingKind::Antecedent)
        );
        assert!(base.findings().iter().all(|f| f.question.len() > 10));
    }

    #[test]
    fn golden_bayes_ddxplus_posteriors() {
        let Some(path) = rates() else { return };
        let given = std::env::var_os("ROUNDS_GOLDEN");
        let folder = given.as_ref().map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden"),
            PathBuf::from,
        );
        let file = folder.join("dynamicare/bayes.json");
        if given.is_some() && !file.exists() {
            println!("skipped: {} is not there", file.display());
            return;
        }
        let base = Knowledge::load(&path).unwrap();
        let golden: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let cases = golden["ddxplus"]["cases"].as_array().unwrap();
        println!("bayes.json, ddxplus: {} cases", cases.len());
        assert!(!cases.is_empty());
        for case in cases {
            let mut b: Vec<f64> = base
                .conditions()
                .iter()
                .map(|c| libm::log(c.prior))
                .collect();
            for (id, answer) in case["observed"].as_object().unwrap() {
                let e = base.find_finding(id).unwrap();
                for (d, log_b) in (0..).map(ConditionIx).zip(&mut b) {
                    let theta = base.theta(d, e);
                    match answer.as_i64() {
                        Some(1) => *log_b += libm::log(theta),
                        Some(_) => *log_b += libm::log1p(-theta),
                        None => {}
                    }
                }
            }
            let top = b.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = b.iter().map(|x| libm::exp(x - top)).sum();
            let p: Vec<f64> = b.iter().map(|x| libm::exp(x - top) / total).collect();
            let entropy: f64 = p
                .iter()
                .filter(|x| **x > 0.0)
                .map(|x| -x * libm::log2(*x))
                .sum();
            assert!((entropy - case["entropy_bits"].as_f64().unwrap()).abs() < 1e-9);
            for want in case["top5"].as_array().unwrap() {
                let d = base
                    .find_condition(want["condition"].as_str().unwrap())
                    .unwrap();
                assert!(
                    (p[d.index()] - want["p"].as_f64().unwrap()).abs() < 1e-9,
                    "{want}"
                );
            }
        }
    }

    #[test]
    fn small_table_without_release_files_is_smoothed() {
        let text = r#"{"prior_counts": {"URTI": 3, "Other": 1},
            "likelihood_sample_size": {"URTI": 9, "Other": 0},
            "binary_evidence": ["E_1", "E_2"], "p_present": {"URTI": {"E_2": 1.0}}}"#;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rates.json");
        std::fs::write(&path, text).unwrap();
        let base = Knowledge::load(&path).unwrap();
        assert_eq!(base.row(ConditionIx(0)), [0.05, 0.95]);
        assert_eq!(base.row(ConditionIx(1)), [0.5, 0.5]);
        assert_eq!(base.specialities(), ["ENT", GENERAL]);
        std::fs::write(&path, text.replace("\"E_2\": 1.0", "\"E_9\": 1.0")).unwrap();
        let error = Knowledge::load(&path).unwrap_err().to_string();
        assert!(
            error.contains("\"E_9\" is not in binary_evidence"),
            "{error}"
        );
        std::fs::write(&path, "{\n\"prior_counts\": 3}").unwrap();
        let error = Knowledge::load(&path).unwrap_err().to_string();
        assert!(error.contains("rates.json, line 2"), "{error}");
    }
}
