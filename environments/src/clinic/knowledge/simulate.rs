//! Patients drawn from a knowledge base.

use std::sync::Arc;

use rand::RngExt;
use serde_json::{Map, Value, json};

use super::base::{ConditionIx, FindingIx, FindingKind, Knowledge};
use crate::clinic::dialogue::{Answer, AnswerKind, AnswerSource, Introduction, Question};
use crate::clinic::patient::{Account, Patient, Truth};
use crate::environment::EnvironmentError;
use crate::ids::EpisodeIx;
use crate::streams::{Purpose, RunSeed, Stream, StreamKey};

const UNKNOWN: &str = "noise.unknown";
const FLIPPED: &str = "noise.flipped";
const TESTS: &str = "tests";

/// How unreliable the answers of a patient are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Noise {
    /// Probability that the patient does not know, within 0 and 1.
    pub unknown: f64,
    /// Probability that a known answer is the wrong one, within 0 and 1.
    pub flipped: f64,
}

/// A patient drawn from a knowledge base: the condition by its prior, each finding independently
/// given the condition, a finding with a parent only where the parent is present.
///
/// # Determinism
/// The truth comes from the stream of [`Purpose::Truth`]. Every finding has two uniforms of its
/// own, hashed from a key of the stream of [`Purpose::Noise`]; they are fixed at the start, so the
/// answers depend neither on the order of questions nor on earlier rates of noise.
///
/// # Source
/// DynamiCare card, section 8.
#[derive(Debug, Clone)]
pub struct KnowledgePatient {
    knowledge: Arc<Knowledge>,
    case: String,
    condition: ConditionIx,
    present: Vec<bool>,
    introduction: Introduction,
    truth: Truth,
    noise: Noise,
    noise_key: u64,
    tests_up: bool,
}

impl KnowledgePatient {
    /// The patient of `episode`. Rates of noise outside 0 to 1 act as the nearer bound.
    pub fn draw(
        knowledge: Arc<Knowledge>,
        seed: RunSeed,
        episode: EpisodeIx,
        noise: Noise,
    ) -> Self {
        let mut stream = StreamKey::episode(seed, episode, Purpose::Truth).open();
        let u: f64 = stream.random();
        let mut sum = 0.0;
        let at = knowledge.conditions().iter().position(|condition| {
            sum += condition.prior;
            u < sum
        });
        let condition = ConditionIx(at.unwrap_or(knowledge.conditions().len() - 1) as u32);
        Self::with_condition(knowledge, condition, seed, episode, noise, stream)
    }

    /// The patient of `episode`, who has `condition`.
    ///
    /// # Errors
    /// [`EnvironmentError::Failed`] when `knowledge` has no such condition.
    pub fn draw_given(
        knowledge: Arc<Knowledge>,
        condition: ConditionIx,
        seed: RunSeed,
        episode: EpisodeIx,
        noise: Noise,
    ) -> Result<Self, EnvironmentError> {
        let count = knowledge.conditions().len();
        if condition.index() >= count {
            return Err(EnvironmentError::Failed(format!(
                "expected a condition below {count}, got {}",
                condition.0
            )));
        }
        let mut stream = StreamKey::episode(seed, episode, Purpose::Truth).open();
        let _: f64 = stream.random();
        Ok(Self::with_condition(
            knowledge, condition, seed, episode, noise, stream,
        ))
    }

    fn with_condition(
        knowledge: Arc<Knowledge>,
        condition: ConditionIx,
        seed: RunSeed,
        episode: EpisodeIx,
        noise: Noise,
        mut stream: Stream,
    ) -> Self {
        let present = draw_findings(&knowledge, condition, &mut stream);
        let complaint = draw_complaint(&knowledge, &present, &mut stream);
        let text = match complaint {
            Some(e) => format!(
                "I have come because of this: {}.",
                knowledge.finding(e).name
            ),
            None => "I feel well, but I was told to come.".to_owned(),
        };
        let entry = knowledge.condition(condition);
        let truth = Truth {
            names: vec![entry.name.clone()],
            codes: vec![entry.codes.first().cloned().unwrap_or_default()],
        };
        Self {
            case: format!("kb:{episode}"),
            condition,
            present,
            introduction: Introduction {
                text: text.into(),
                complaint,
                observed: complaint.map(|e| (e, true)).into_iter().collect(),
            },
            truth,
            noise,
            noise_key: StreamKey::episode(seed, episode, Purpose::Noise)
                .open()
                .random(),
            tests_up: true,
            knowledge,
        }
    }

    /// The condition that the patient has.
    pub fn condition(&self) -> ConditionIx {
        self.condition
    }

    /// Whether `finding` is truly present, without noise; `None` when there is no such finding.
    pub fn is_present(&self, finding: FindingIx) -> Option<bool> {
        self.present.get(finding.index()).copied()
    }

    fn find(&self, text: &str) -> Option<FindingIx> {
        let text = text.trim();
        let findings = self.knowledge.findings();
        let at = findings
            .iter()
            .position(|f| f.question.eq_ignore_ascii_case(text))
            .or_else(|| {
                findings
                    .iter()
                    .position(|f| f.id.eq_ignore_ascii_case(text))
            })
            .or_else(|| {
                findings
                    .iter()
                    .position(|f| f.name.eq_ignore_ascii_case(text))
            })?;
        Some(FindingIx(at as u32))
    }

    fn answer_finding(&self, ix: FindingIx) -> Answer {
        let Some(&truly) = self.present.get(ix.index()) else {
            return Answer::empty(AnswerKind::NotUnderstood);
        };
        let finding = self.knowledge.finding(ix);
        if !self.tests_up && finding.kind == FindingKind::Test {
            return Answer::empty(AnswerKind::NotRecorded);
        }
        let noisy = self.introduction.complaint != Some(ix);
        let hit = |rate: f64, which: u64| {
            noisy && rate > 0.0 && uniform(self.noise_key, 2 * u64::from(ix.0) + which) < rate
        };
        let unknown = hit(self.noise.unknown, 0);
        let mut answer = Answer::empty(if unknown {
            AnswerKind::NotRecorded
        } else {
            AnswerKind::Value
        });
        if !unknown {
            answer.present = Some(truly != hit(self.noise.flipped, 1));
            answer.source = AnswerSource::Chart;
        }
        answer.cost = finding.cost;
        answer.turnaround_min = finding.turnaround_min;
        answer
    }
}

impl Patient for KnowledgePatient {
    fn case(&self) -> &str {
        &self.case
    }

    fn introduction(&self) -> &Introduction {
        &self.introduction
    }

    fn answer(&self, question: &Question, _at_min: f64) -> Answer {
        match question {
            Question::Finding(ix) => self.answer_finding(*ix),
            Question::Text(text) => match self.find(text) {
                Some(ix) => {
                    let mut answer = self.answer_finding(ix);
                    answer.text = Some(words(&self.knowledge, ix, &answer).into());
                    answer
                }
                None => Answer::empty(AnswerKind::NotUnderstood),
            },
        }
    }

    /// Findings are told as they would be answered, with the noise of the answers.
    fn account(&self, _told: bool) -> Account {
        let mut present: Vec<&str> = Vec::new();
        let mut absent: Vec<&str> = Vec::new();
        for (e, finding) in self.knowledge.findings().iter().enumerate() {
            if !matches!(finding.kind, FindingKind::Symptom | FindingKind::Antecedent) {
                continue;
            }
            match self.answer_finding(FindingIx(e as u32)).present {
                Some(true) => present.push(&finding.name),
                Some(false) => absent.push(&finding.name),
                None => {}
            }
        }
        let complaint = match self.introduction.complaint {
            Some(e) => self.knowledge.finding(e).name.as_str(),
            None => "none; told to come",
        };
        Account {
            person: Map::from_iter([("complaint".to_owned(), complaint.into())]),
            record: json!({"present": present, "absent": absent}),
        }
    }

    fn truth(&self) -> &Truth {
        &self.truth
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), EnvironmentError> {
        let bad = |why: String| EnvironmentError::Setting {
            key: key.to_owned(),
            why,
        };
        match key {
            UNKNOWN | FLIPPED => {
                let rate = value
                    .as_f64()
                    .filter(|rate| (0.0..=1.0).contains(rate))
                    .ok_or_else(|| bad(format!("expected a number within 0 and 1, got {value}")))?;
                if key == UNKNOWN {
                    self.noise.unknown = rate;
                } else {
                    self.noise.flipped = rate;
                }
            }
            TESTS => match value.as_str() {
                Some("up") => self.tests_up = true,
                Some("down") => self.tests_up = false,
                _ => return Err(bad(format!("expected \"up\" or \"down\", got {value}"))),
            },
            _ => {
                let keys = [UNKNOWN, FLIPPED, TESTS];
                let nearest = keys
                    .iter()
                    .min_by_key(|k| distance(key, k))
                    .unwrap_or(&TESTS);
                return Err(bad(format!(
                    "no such setting; expected one of {}; the nearest is {nearest}",
                    keys.join(", ")
                )));
            }
        }
        Ok(())
    }
}

/// The words of an answer about finding `ix`. A finding that `knowledge` does not have reads as a
/// question that was not understood.
pub fn words(knowledge: &Knowledge, ix: FindingIx, answer: &Answer) -> String {
    let Some(finding) = knowledge.findings().get(ix.index()) else {
        return "I do not understand the question.".to_owned();
    };
    let name = &finding.name;
    match (answer.kind, answer.present) {
        (AnswerKind::NotUnderstood, _) => "I do not understand the question.".to_owned(),
        (AnswerKind::Value, Some(true)) => format!("Yes: {name}."),
        (AnswerKind::Value, Some(false)) => format!("No: {name}."),
        _ if finding.kind == FindingKind::Test => format!("Not available: {name}."),
        _ => format!("I do not know: {name}."),
    }
}

fn draw_findings(knowledge: &Knowledge, d: ConditionIx, stream: &mut Stream) -> Vec<bool> {
    let row = knowledge.row(d);
    let findings = knowledge.findings();
    let mut present: Vec<bool> = findings
        .iter()
        .zip(row)
        .map(|(finding, theta)| {
            let p = match finding.parent {
                Some(parent) => theta / row[parent.index()],
                None => *theta,
            };
            unit(stream.random()) < p
        })
        .collect();
    // A finding is there only with all of its ancestors; clearing a child never changes what its
    // own children see, since they look at the same ancestors.
    for e in 0..findings.len() {
        let mut at = findings[e].parent;
        while let Some(parent) = at {
            if !present[parent.index()] {
                present[e] = false;
                break;
            }
            at = findings[parent.index()].parent;
        }
    }
    present
}

fn draw_complaint(
    knowledge: &Knowledge,
    present: &[bool],
    stream: &mut Stream,
) -> Option<FindingIx> {
    let symptom = |e: &usize| knowledge.findings()[*e].kind == FindingKind::Symptom;
    let there = || (0..present.len()).filter(|e| present[*e]);
    let u: u32 = stream.random();
    let pick = |n: usize| ((u64::from(u) * n as u64) >> 32) as usize;
    let at = match there().filter(symptom).count() {
        0 => there().nth(pick(there().count())),
        n => there().filter(symptom).nth(pick(n)),
    };
    at.map(|e| FindingIx(e as u32))
}

/// A uniform number within 0 (included) and 1 (excluded).
fn unit(bits: u32) -> f64 {
    f64::from(bits) / (u64::from(u32::MAX) + 1) as f64
}

/// Number `counter` of the uniforms of `key`: one step of the SplitMix64 generator.
pub(crate) fn uniform(key: u64, counter: u64) -> f64 {
    let mut z = key.wrapping_add((counter + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    unit(((z ^ (z >> 31)) >> 32) as u32)
}

/// Number of letters to insert, delete or replace to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.chars().count()]
}

#[cfg(test)]
mod tests;
