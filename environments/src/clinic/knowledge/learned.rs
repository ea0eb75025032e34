//! A knowledge base learned from records: ICD-9 categories as conditions; abnormal laboratory
//! items, drugs and complaint words as findings.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::base::{Condition, Knowledge, KnowledgeError, SpecialityIx};
use super::candidates::supported_findings;
use super::chapters::{category, is_supplementary, speciality};
use crate::clinic::chart::{Visibility, evaluate, visible};
use crate::clinic::record::{DiagnosisEntry, PatientRecord, Record};

/// Severity of every learned condition: records do not tell, so it is the middle of the scale.
const SEVERITY: u8 = 3;

/// Which diagnoses of a record count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Diagnoses {
    /// All of them: a record counts for each of its categories.
    #[default]
    All,
    /// The primary one alone.
    Primary,
}

/// How a knowledge base is learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LearnOptions {
    /// Name of the base.
    pub name: String,
    /// Which diagnoses of a record count.
    pub diagnoses: Diagnoses,
    /// Take the supplementary (V) and external (E) codes too.
    pub supplementary: bool,
    /// Records that a category needs.
    pub min_condition_support: usize,
    /// Records that a finding must be present in.
    pub min_finding_support: usize,
    /// Laplace smoothing: added to each count; above 0.
    pub smoothing: f64,
    /// Hours after admission that findings are taken from; `None` for the whole stay. It should
    /// be the value that the patients use.
    pub visible_until_h: Option<f64>,
}

impl Default for LearnOptions {
    fn default() -> Self {
        Self {
            name: "learned".to_owned(),
            diagnoses: Diagnoses::All,
            supplementary: false,
            min_condition_support: 2,
            min_finding_support: 3,
            smoothing: 1.0,
            visible_until_h: Some(24.0),
        }
    }
}

impl LearnOptions {
    /// Checks the values.
    ///
    /// # Errors
    /// [`KnowledgeError::Invalid`] naming the value.
    pub fn validate(&self) -> Result<(), KnowledgeError> {
        let why = if !(self.smoothing.is_finite() && self.smoothing > 0.0) {
            format!(
                "smoothing: expected a number above 0, got {}",
                self.smoothing
            )
        } else if let Some(got) = self
            .visible_until_h
            .filter(|h| !(h.is_finite() && *h >= 0.0))
        {
            format!("visible_until_h: expected 0 or more hours, got {got}")
        } else {
            return Ok(());
        };
        Err(self.refuse(why))
    }

    fn refuse(&self, why: String) -> KnowledgeError {
        KnowledgeError::Invalid {
            path: self.name.clone(),
            line: None,
            why,
        }
    }
}

/// Learns a knowledge base from `records`, which should be the training split alone (hold out by
/// subject).
///
/// With `n_d` records of condition `d` and smoothing `a`: the prior is proportional to `n_d + a`;
/// `theta = (present + a) / (known + 2 a)` among the records of `d` that can tell. A laboratory
/// item that was not measured is not counted as normal.
///
/// # Determinism
/// Conditions are ordered by category; findings by kind (laboratory, drug, word), then by name.
///
/// # Errors
/// [`KnowledgeError::Invalid`] when an option is wrong or nothing has enough support.
///
/// # Source
/// DynamiCare card, section 8, last paragraph.
pub fn learn(records: &[Record], options: &LearnOptions) -> Result<Knowledge, KnowledgeError> {
    options.validate()?;
    let visibility = Visibility {
        admission_diagnosis: false,
        until_h: options.visible_until_h,
    };
    let seen: Vec<PatientRecord> = records
        .iter()
        .map(|record| visible(&record.patient, &visibility))
        .collect();
    let classes = classes(records, options);
    let findings = supported_findings(&seen, options.min_finding_support);
    if classes.is_empty() || findings.is_empty() {
        return Err(options.refuse(format!(
            "expected conditions and findings with enough support, got {} and {} from {} records",
            classes.len(),
            findings.len(),
            records.len()
        )));
    }
    let specialities: BTreeSet<&str> = classes.keys().map(|c| speciality(c)).collect();
    let specialities: Vec<String> = specialities.into_iter().map(str::to_owned).collect();
    let conditions = classes
        .iter()
        .map(|(category, class)| {
            let treats = speciality(category);
            let at = specialities.iter().position(|s| s == treats).unwrap_or(0);
            Condition {
                name: class.name(category),
                speciality: SpecialityIx(at as u32),
                severity: SEVERITY,
                prior: class.records.len() as f64 + options.smoothing,
                codes: class.codes(),
            }
        })
        .collect();
    // One row for each finding: what each record tells of it.
    let known: Vec<Vec<Option<bool>>> = findings
        .iter()
        .map(|finding| {
            let tell = |record| evaluate(record, finding.probe.as_ref()?);
            seen.iter().map(tell).collect()
        })
        .collect();
    let mut theta = Vec::with_capacity(classes.len() * findings.len());
    for class in classes.values() {
        for told_by in &known {
            let (mut present, mut told) = (0.0, 0.0);
            for answer in class.records.iter().filter_map(|r| told_by[*r]) {
                told += 1.0;
                present += f64::from(answer);
            }
            theta.push((present + options.smoothing) / (told + 2.0 * options.smoothing));
        }
    }
    Knowledge::new(
        options.name.clone(),
        specialities,
        conditions,
        findings,
        theta,
    )
}

/// What is known of one category.
#[derive(Default)]
struct Class {
    records: Vec<usize>,
    seen: BTreeMap<(String, String), usize>,
}

impl Class {
    /// Full codes, the most frequent first.
    fn codes(&self) -> Vec<String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for ((code, _), n) in &self.seen {
            *counts.entry(code).or_default() += n;
        }
        let mut codes: Vec<_> = counts.into_iter().collect();
        codes.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        codes.into_iter().map(|(code, _)| code.to_owned()).collect()
    }

    /// The category and the title of its most frequent diagnosis.
    fn name(&self, category: &str) -> String {
        let mut best: Option<(&str, usize)> = None;
        for ((_, title), n) in self.seen.iter().filter(|((_, title), _)| !title.is_empty()) {
            if best.is_none_or(|(_, most)| *n > most) {
                best = Some((title, *n));
            }
        }
        match best {
            Some((title, _)) => format!("{category} {title}"),
            None => category.to_owned(),
        }
    }
}

fn classes(records: &[Record], options: &LearnOptions) -> BTreeMap<String, Class> {
    let mut classes: BTreeMap<String, Class> = BTreeMap::new();
    for (ix, record) in records.iter().enumerate() {
        let mut entries: Vec<&DiagnosisEntry> = record.patient.diagnoses.iter().collect();
        entries.sort_by_key(|d| d.seq_num.unwrap_or(u32::MAX));
        if options.diagnoses == Diagnoses::Primary {
            entries.truncate(1);
        }
        for entry in entries {
            let Some(category) = category(&entry.icd9_code) else {
                continue;
            };
            if is_supplementary(&category) && !options.supplementary {
                continue;
            }
            let class = classes.entry(category).or_default();
            if class.records.last() != Some(&ix) {
                class.records.push(ix);
            }
            let code = entry.icd9_code.trim().replace('.', "").to_ascii_uppercase();
            let title = entry.long_title.as_ref().or(entry.short_title.as_ref());
            let key = (code, title.cloned().unwrap_or_default());
            *class.seen.entry(key).or_default() += 1;
        }
    }
    classes.retain(|_, class| class.records.len() >= options.min_condition_support.max(1));
    classes
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::clinic::chart::tests::patient_from;
    use crate::clinic::chart::{ChartOptions, ChartPatient};
    use crate::clinic::dialogue::{AnswerKind, Question};
    use crate::clinic::patient::Patient;

    fn record(id: u64, code: &str, complaint: &str, sodium: Option<&str>) -> Record {
        let mut patient = json!({
            "Admission_info": {"admission_time": "2149-03-01 10:00:00"},
            "Chief Complaint": complaint,
            "Medications": [{"drug": "Heparin Sodium", "start": "2149-03-01 00:00:00"}],
            "Diagnoses": [{"seq_num": 1, "icd9_code": code, "long_title": format!("T{code}")}]
        });
        if let Some(flag) = sodium {
            let entry: Value = json!(["2149-03-01 11:00:00", "128", "mEq/L", flag]);
            patient["Chemistry"] = json!({"Sodium": [entry]});
        }
        Record {
            hadm_id: id,
            patient: patient_from(&patient),
            ..Record::default()
        }
    }

    fn three() -> Vec<Record> {
        vec![
            record(1, "41401", "Chest pain", Some("abnormal")),
            record(2, "41401", "chest tightness", None),
            record(3, "486", "Cough", Some("")),
        ]
    }

    fn loose() -> LearnOptions {
        LearnOptions {
            min_condition_support: 1,
            min_finding_support: 1,
            ..LearnOptions::default()
        }
    }

    #[test]
    fn counts_have_closed_forms() {
        let base = learn(&three(), &loose()).unwrap();
        let names: Vec<&str> = base.conditions().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["414 T41401", "486 T486"]);
        assert_eq!(base.conditions()[0].codes, ["41401"]);
        assert!((base.conditions()[0].prior - 3.0 / 5.0).abs() < 1e-12);
        let theta = |d: &str, e: &str| {
            base.theta(
                base.find_condition(d).unwrap(),
                base.find_finding(e).unwrap(),
            )
        };
        for (d, e, want) in [
            ("414 T41401", "lab:Chemistry/Sodium", 2.0 / 3.0),
            ("486 T486", "lab:Chemistry/Sodium", 1.0 / 3.0),
            ("414 T41401", "complaint:chest", 3.0 / 4.0),
            ("414 T41401", "complaint:pain", 2.0 / 4.0),
            ("486 T486", "complaint:chest", 1.0 / 3.0),
            ("414 T41401", "drug:heparin", 3.0 / 4.0),
        ] {
            assert!((theta(d, e) - want).abs() < 1e-12, "{d}, {e}");
        }
    }

    #[test]
    fn a_chart_patient_answers_from_the_learned_base() {
        let records = three();
        let base = Arc::new(learn(&records, &loose()).unwrap());
        let ask = |record: &Record, id: &str| {
            let patient = ChartPatient::new(
                &Arc::new(record.clone()),
                Some(Arc::clone(&base)),
                ChartOptions::default(),
            )
            .unwrap();
            let finding = base.find_finding(id).unwrap();
            let complaint = patient.introduction().complaint;
            (patient.answer(&Question::Finding(finding), 0.0), complaint)
        };
        let (sodium, complaint) = ask(&records[0], "lab:Chemistry/Sodium");
        assert_eq!(sodium.present, Some(true));
        assert!(sodium.cost > 1.0);
        assert_eq!(complaint, base.find_finding("complaint:chest"));
        let (sodium, _) = ask(&records[1], "lab:Chemistry/Sodium");
        assert_eq!(
            (sodium.kind, sodium.present),
            (AnswerKind::NotRecorded, None)
        );
        let (sodium, _) = ask(&records[2], "lab:Chemistry/Sodium");
        assert_eq!(sodium.present, Some(false));
        let (drug, _) = ask(&records[2], "drug:heparin");
        assert_eq!(drug.present, Some(true));
    }

    #[test]
    fn too_little_support_is_an_error() {
        let options = LearnOptions {
            min_condition_support: 9,
            ..LearnOptions::default()
        };
        assert!(learn(&three(), &options).is_err());
        assert!(learn(&[], &loose()).is_err());
        let options = LearnOptions {
            smoothing: 0.0,
            ..LearnOptions::default()
        };
        assert!(learn(&three(), &options).is_err());
    }
}
