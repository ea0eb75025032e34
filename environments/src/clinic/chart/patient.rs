//! A patient that answers from its record.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::account::account;
use super::costs::section_cost;
use super::mention::mentions;
use super::options::{ChartOptions, ChartOptionsError, Fallback};
use super::own_names::{self, Side};
use super::probe::evaluate;
use super::render::{self, flatten, introduce, say};
use super::retrieval::{Fidelity, Found, look_up, section_names};
use super::rules::{contains_word, match_targets};
use super::visible::visible;
use super::words::opens;
use crate::clinic::dialogue::{Answer, AnswerKind, AnswerSource, Introduction, Question, Target};
use crate::clinic::knowledge::{Finding, FindingIx, FindingKind, Knowledge, Probe};
use crate::clinic::patient::{Account, Patient, Truth};
use crate::clinic::record::{OBJECTIVE, PatientRecord, Record};
use crate::environment::EnvironmentError;

/// Section that holds the complaint.
pub const COMPLAINT: &str = "Chief Complaint";

/// A patient played from a record.
///
/// Answers come from the part of the record that may be seen alone; they do not depend on the
/// time of asking.
#[derive(Debug, Clone)]
pub struct ChartPatient {
    case: String,
    seen: PatientRecord,
    knowledge: Option<Arc<Knowledge>>,
    options: ChartOptions,
    introduction: Introduction,
    truth: Truth,
    tests_down: bool,
}

impl ChartPatient {
    /// The patient of `record`. Findings can be asked when there is a `knowledge` base.
    ///
    /// # Errors
    /// [`ChartOptionsError`] when an option is wrong.
    pub fn new(
        record: &Arc<Record>,
        knowledge: Option<Arc<Knowledge>>,
        options: ChartOptions,
    ) -> Result<Self, ChartOptionsError> {
        options.validate()?;
        let seen = visible(&record.patient, &options.visibility());
        let introduction = introduction(&seen, knowledge.as_deref());
        Ok(Self {
            case: record.hadm_id.to_string(),
            seen,
            knowledge,
            options,
            introduction,
            truth: truth(&record.patient),
            tests_down: false,
        })
    }

    fn answer_finding(&self, ix: FindingIx) -> Answer {
        let findings = self
            .knowledge
            .as_deref()
            .map_or(&[][..], Knowledge::findings);
        let Some(finding) = findings.get(ix.index()) else {
            return Answer::empty(AnswerKind::NotUnderstood);
        };
        let test = finding.kind == FindingKind::Test;
        if test && self.tests_down {
            return Answer::empty(AnswerKind::NotRecorded);
        }
        let probe = finding.probe.as_ref();
        let present = match probe {
            Some(probe) => evaluate(&self.seen, probe),
            None => read_off(&self.seen, finding),
        };
        let (kind, source) = match present {
            Some(_) => (AnswerKind::Value, AnswerSource::Chart),
            None => (AnswerKind::NotRecorded, AnswerSource::Unavailable),
        };
        Answer {
            kind,
            present,
            text: None,
            source,
            targets: probe.map(probed).into_iter().collect(),
            cost: finding.cost,
            turnaround_min: finding.turnaround_min,
        }
    }

    /// Answers in words from one side of the chart: by the keyword rules, then by the record's own
    /// names, then by a search.
    fn answer_text(&self, question: &str, side: Side) -> Answer {
        let names = section_names(&self.seen);
        let mut targets = match_targets(question, self.options.matching, &names);
        let understood = !targets.is_empty();
        targets.retain(|target| side.admits(&self.seen, &target.section));
        if self.tests_down {
            targets.retain(|target| !section_cost(&target.section).test);
        }
        let fidelity = self.options.fidelity;
        let mut said: Vec<String> = targets
            .iter()
            .filter_map(|target| {
                let found = look_up(&self.seen, target, question, fidelity)?;
                Some(say(target, &found))
            })
            .collect();
        if said.is_empty() && fidelity == Fidelity::Strict {
            for own in own_names::find(&self.seen, question, side) {
                let test = section_cost(&own.target.section).test;
                let found = match own.value {
                    _ if test && self.tests_down => None,
                    Some(value) => Some(Found::Value(value.clone())),
                    None => look_up(&self.seen, &own.target, question, fidelity),
                };
                let Some(found) = found else { continue };
                if said.is_empty() {
                    targets.clear();
                }
                said.push(say(&own.target, &found));
                targets.push(own.target);
            }
        }
        if said.is_empty() && side == Side::Told && opens(question) {
            let complaint = Target {
                section: COMPLAINT.to_owned(),
                field: None,
            };
            if let Some(found) = look_up(&self.seen, &complaint, question, fidelity) {
                said.push(say(&complaint, &found));
                targets = vec![complaint];
            }
        }
        let sections: BTreeSet<&str> = targets.iter().map(|t| t.section.as_str()).collect();
        let costs: Vec<_> = sections.into_iter().map(section_cost).collect();
        let (kind, source, text) = if said.is_empty() {
            match self.search(question, side) {
                Some(text) => (AnswerKind::Value, AnswerSource::Fallback, text),
                None if understood => (
                    AnswerKind::NotRecorded,
                    AnswerSource::Unavailable,
                    render::NOT_RECORDED.to_owned(),
                ),
                None => (
                    AnswerKind::NotUnderstood,
                    AnswerSource::Unavailable,
                    render::NOT_UNDERSTOOD.to_owned(),
                ),
            }
        } else {
            (AnswerKind::Value, AnswerSource::Chart, said.join(" "))
        };
        Answer {
            kind,
            present: None,
            text: Some(text.into()),
            source,
            targets,
            // From 0, since the sum of nothing is -0.
            cost: costs.iter().fold(0.0, |sum, c| sum + c.cost),
            turnaround_min: costs.iter().map(|c| c.turnaround_min).fold(0.0, f64::max),
        }
    }

    /// The sentence of the text sections that shares most words with the question, the first of
    /// equals: at least two words, or the only one.
    fn search(&self, question: &str, side: Side) -> Option<String> {
        // A measurement is asked for by name: what is not there was not done.
        if self.options.fallback == Fallback::Off || side == Side::Measured {
            return None;
        }
        let question = question.to_lowercase();
        let words: BTreeSet<&str> = question
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.len() > 3 && !COMMON.contains(word))
            .collect();
        let needed = words.len().clamp(1, 2);
        let mut best: Option<(usize, String)> = None;
        let sections = self.seen.text.iter();
        let admitted = sections.filter(|(name, _)| side.admits(&self.seen, name));
        for text in admitted.map(|(_, section)| flatten(section)) {
            for sentence in text.split(['.', ';', '\n']).map(str::trim) {
                let lower = sentence.to_lowercase();
                let shared = words.iter().filter(|w| contains_word(&lower, w)).count();
                if shared >= needed && best.as_ref().is_none_or(|(most, _)| shared > *most) {
                    best = Some((shared, sentence.to_owned()));
                }
            }
        }
        best.map(|(_, sentence)| format!("I remember this: {sentence}."))
    }
}

/// Words of questions that say nothing about their subject.
const COMMON: [&str; 24] = [
    "have", "does", "what", "when", "where", "which", "with", "your", "been", "ever", "from",
    "that", "this", "there", "were", "will", "would", "could", "about", "feel", "describe",
    "please", "tell", "noticed",
];

impl Patient for ChartPatient {
    fn case(&self) -> &str {
        &self.case
    }

    fn introduction(&self) -> &Introduction {
        &self.introduction
    }

    fn answer(&self, question: &Question, _at_min: f64) -> Answer {
        match question {
            Question::Finding(ix) => self.answer_finding(*ix),
            Question::Text(text) => self.answer_text(text, Side::Chart),
        }
    }

    fn objective(&self) -> Option<&str> {
        self.seen.text.get(OBJECTIVE).and_then(Value::as_str)
    }

    fn tell(&self, question: &str, _at_min: f64) -> Answer {
        self.answer_text(question, Side::Told)
    }

    fn measure(&self, test: &str, _at_min: f64) -> Answer {
        self.answer_text(test, Side::Measured)
    }

    fn account(&self, told: bool) -> Account {
        account(&self.seen, |section| {
            let told = !told || Side::Told.admits(&self.seen, section);
            told && !(self.tests_down && section_cost(section).test)
        })
    }

    fn truth(&self) -> &Truth {
        &self.truth
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), EnvironmentError> {
        let bad = |why: String| EnvironmentError::Setting {
            key: key.to_owned(),
            why,
        };
        if key != "tests" {
            return Err(bad("no such setting; valid keys: tests".to_owned()));
        }
        self.tests_down = match value.as_str() {
            Some("up") => false,
            Some("down") => true,
            _ => return Err(bad(format!("expected \"up\" or \"down\", got {value}"))),
        };
        Ok(())
    }
}

/// Whether the record speaks of a finding that has no place of its own: symptoms and antecedents
/// in what the patient tells, signs and tests in what was examined.
fn read_off(seen: &PatientRecord, finding: &Finding) -> Option<bool> {
    let side = match finding.kind {
        FindingKind::Sign | FindingKind::Test => Side::Measured,
        _ => Side::Told,
    };
    let sections = seen.text.iter();
    let admitted = sections.filter(|(name, _)| *name != OBJECTIVE && side.admits(seen, name));
    let told: Vec<Option<bool>> = admitted
        .map(|(_, section)| mentions(&flatten(section), &finding.name))
        .collect();
    let any = |wanted: bool| told.contains(&Some(wanted));
    (any(true) || any(false)).then(|| any(true))
}

fn probed(probe: &Probe) -> Target {
    match probe {
        Probe::AbnormalLab(target) => target.clone(),
        Probe::Word { section, .. } => Target {
            section: section.clone(),
            field: None,
        },
        Probe::Drug(_) => Target {
            section: "Medications".to_owned(),
            field: None,
        },
    }
}

fn introduction(seen: &PatientRecord, knowledge: Option<&Knowledge>) -> Introduction {
    let findings = knowledge.map_or(&[][..], Knowledge::findings);
    let complaint = seen.text.get(COMPLAINT).map(flatten);
    let observed: Vec<(FindingIx, bool)> = findings
        .iter()
        .enumerate()
        .filter_map(|(ix, finding)| {
            let present = match &finding.probe {
                Some(probe @ Probe::Word { section, .. }) if section == COMPLAINT => {
                    evaluate(seen, probe)
                }
                Some(_) => None,
                None => mentions(complaint.as_deref()?, &finding.name),
            };
            (present == Some(true)).then_some((FindingIx(ix as u32), true))
        })
        .collect();
    Introduction {
        text: introduce(seen).into(),
        complaint: observed.first().map(|(ix, _)| *ix),
        observed,
    }
}

fn truth(record: &PatientRecord) -> Truth {
    let mut entries: Vec<_> = record.diagnoses.iter().collect();
    entries.sort_by_key(|d| d.seq_num.unwrap_or(u32::MAX));
    let code = |text: &str| text.trim().replace('.', "").to_uppercase();
    Truth {
        names: entries
            .iter()
            .map(|d| {
                let title = d.long_title.as_ref().or(d.short_title.as_ref());
                title.cloned().unwrap_or_else(|| code(&d.icd9_code))
            })
            .collect(),
        codes: entries.iter().map(|d| code(&d.icd9_code)).collect(),
    }
}

#[cfg(test)]
mod tests;
