//! How the staff comes to know a finding: at the bedside, from the laboratory, or by the scanner.

use std::sync::LazyLock;

use serde::Deserialize;

use super::config::DayConfig;
use crate::clinic::knowledge::{FindingIx, FindingKind, Knowledge};

/// How a finding comes to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// By asking or examining.
    Bedside,
    /// From the laboratory, or any test that is ordered and comes back.
    Laboratory,
    /// By the scanner.
    Scanner,
}

#[derive(Deserialize)]
struct Words {
    words: Vec<String>,
}

static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let read: Result<Words, _> = toml::from_str(include_str!("imaging.toml"));
    read.expect("the file is part of the program and checked by its tests")
        .words
});

/// How each finding of a knowledge base comes to be known, and how long it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct MeansTable {
    means: Vec<Means>,
    minutes: Vec<f64>,
}

impl MeansTable {
    /// The table of `knowledge`.
    ///
    /// Tests are laboratory tests but for those whose question holds one of the words of imaging;
    /// everything else is done at the bedside. Minutes are those that a specialist is occupied at
    /// the bedside, the turnaround of a laboratory test, or the time of a scan.
    pub fn new(config: &DayConfig, knowledge: &Knowledge) -> Self {
        let words = config.imaging.as_ref().unwrap_or(&WORDS);
        let words: Vec<String> = words.iter().map(|word| plain(word)).collect();
        let findings = knowledge.findings();
        let means: Vec<Means> = findings
            .iter()
            .map(|finding| {
                let question = plain(&finding.question);
                match finding.kind {
                    FindingKind::Symptom | FindingKind::Antecedent | FindingKind::Sign => {
                        Means::Bedside
                    }
                    FindingKind::Test if words.iter().any(|word| question.contains(word)) => {
                        Means::Scanner
                    }
                    FindingKind::Test => Means::Laboratory,
                }
            })
            .collect();
        let minutes = findings.iter().zip(&means).map(|(finding, means)| {
            let own = finding.turnaround_min;
            match means {
                Means::Bedside => own.max(config.question_minutes),
                Means::Laboratory => config.laboratory_minutes.unwrap_or(own),
                Means::Scanner => config.scan_minutes,
            }
        });
        Self {
            minutes: minutes.collect(),
            means,
        }
    }

    /// How a finding comes to be known, and the minutes that it takes; `None` when there is no such
    /// finding.
    pub fn of(&self, finding: FindingIx) -> Option<(Means, f64)> {
        let at = finding.index();
        Some((*self.means.get(at)?, *self.minutes.get(at)?))
    }
}

/// Lower-case words, each between spaces.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '-'));
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    format!(" {} ", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_question_tell_what_needs_the_scanner() {
        let knowledge = Knowledge::builtin();
        let table = MeansTable::new(&DayConfig::default(), &knowledge);
        let of = |id: &str| table.of(knowledge.find_finding(id).unwrap()).unwrap();
        assert_eq!(of("fever"), (Means::Bedside, 4.0));
        assert_eq!(of("heart_murmur"), (Means::Bedside, 5.0));
        assert_eq!(of("raised_troponin"), (Means::Laboratory, 45.0));
        // ECG holds the letters "ct" in no word of its own.
        assert_eq!(of("st_elevation"), (Means::Laboratory, 15.0));
        for id in [
            "chest_infiltrate",
            "aortic_flap",
            "fresh_infarct",
            "gallstones_on_ultrasound",
            "low_dopamine_scan",
        ] {
            assert_eq!(of(id), (Means::Scanner, 15.0), "{id}");
        }
        assert_eq!(table.of(FindingIx(100_000)), None);
    }

    #[test]
    fn turnaround_and_words_can_be_set() {
        let knowledge = Knowledge::builtin();
        let config = DayConfig {
            laboratory_minutes: Some(20.0),
            imaging: Some(vec!["troponin".to_owned()]),
            ..DayConfig::default()
        };
        let table = MeansTable::new(&config, &knowledge);
        let of = |id: &str| table.of(knowledge.find_finding(id).unwrap()).unwrap();
        assert_eq!(of("raised_troponin"), (Means::Scanner, 15.0));
        assert_eq!(of("aortic_flap"), (Means::Laboratory, 20.0));
    }
}
