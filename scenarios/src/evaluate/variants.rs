//! The same cases played otherwise: as other persons, or under a behaviour, pair by pair.

use rounds_environments::clinic::case::Person;
use serde_json::{Value, json};

use super::arm::{ArmResult, CaseOutcome};
use crate::clinic::cases::CaseBook;
use crate::schema::CasePatientSpec;
use crate::statistics::{Design, Direction, Question, Sample, compare, verdict};

/// One variant against the arm that it varies.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantResult {
    /// Name of the arm that is varied.
    pub base: String,
    /// What is varied: `sex=F`, or the name of a behaviour.
    pub variant: String,
    /// Cases that are played otherwise; those that are so already are left out.
    pub cases: usize,
    /// Visits paired.
    pub pairs: usize,
    /// Cases of which a visit passed at first and fails now.
    pub lost: Vec<String>,
    /// Cases of which a visit failed at first and passes now.
    pub gained: Vec<String>,
    /// Mean score under the variant less that of the base.
    pub difference: Option<f64>,
    /// Its interval of 95 %.
    pub ci95: Option<[f64; 2]>,
    /// The verdict in words.
    pub verdict: String,
}

impl VariantResult {
    /// As it stands in `summary.json`.
    pub fn value(&self) -> Value {
        json!({"base": self.base, "variant": self.variant, "cases": self.cases,
               "pairs": self.pairs, "lost": self.lost, "gained": self.gained,
               "score_difference": self.difference, "ci95": self.ci95,
               "verdict": self.verdict})
    }
}

/// Compares every arm after the first `base_arms` with the one that it varies; `persons` are those
/// that the arms play.
pub fn variants(
    arms: &[ArmResult],
    base_arms: usize,
    persons: &[Person],
    book: &CaseBook,
) -> Vec<VariantResult> {
    let base_arms = base_arms.max(1);
    let varied = arms.iter().zip(persons).enumerate().skip(base_arms);
    varied
        .filter_map(|(at, (arm, person))| {
            // Variants follow the arms in rounds: every arm under the first, then the second …
            let base = arms.get(at % base_arms)?;
            let variant = arm.name.strip_prefix(&base.name)?.trim_start_matches(", ");
            Some(one(base, arm, variant, person, book))
        })
        .collect()
}

/// Whether a case is another one when it is played as `person`.
fn is_changed(case: &str, person: &Person, book: &CaseBook) -> bool {
    if *person == Person::default() {
        return true;
    }
    let spec = book.find(case).map(|case| &case.spec.patient);
    let Some(CasePatientSpec::Script { script, fixed }) = spec else {
        return false;
    };
    Person::PARTS.into_iter().any(|part| {
        let value = person.part(part);
        value.is_some()
            && !fixed.iter().any(|fixed| fixed == part)
            && script.person.part(part) != value
    })
}

fn one(
    base: &ArmResult,
    arm: &ArmResult,
    variant: &str,
    person: &Person,
    book: &CaseBook,
) -> VariantResult {
    let mut result = VariantResult {
        base: base.name.clone(),
        variant: variant.to_owned(),
        cases: 0,
        pairs: 0,
        lost: Vec::new(),
        gained: Vec::new(),
        difference: None,
        ci95: None,
        verdict: String::new(),
    };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (number, case) in (0_u64..).zip(&base.cases) {
        let other = arm.cases.iter().find(|other| other.id == case.id);
        let Some(other) = other.filter(|_| is_changed(&case.id, person, book)) else {
            continue;
        };
        result.cases += 1;
        result.pairs += case.runs.len().min(other.runs.len());
        flips(case, other, &mut result);
        before.extend(case.runs.iter().map(|run| (number, run.result.score.score)));
        after.extend(
            other
                .runs
                .iter()
                .map(|run| (number, run.result.score.score)),
        );
    }
    if let (Ok(before), Ok(after)) = (Sample::new(before), Sample::new(after)) {
        let difference = compare(&after, &before, Design::Paired);
        let question = Question {
            direction: Direction::HigherIsBetter,
            margin: None,
        };
        result.verdict = verdict(&difference, difference.p, question).to_string();
        result.difference = difference.difference;
        result.ci95 = difference.ci95;
    }
    result
}

fn flips(case: &CaseOutcome, other: &CaseOutcome, result: &mut VariantResult) {
    let pairs = case.runs.iter().zip(&other.runs);
    let both = pairs.filter_map(|(a, b)| Some((a.result.passed?, b.result.passed?)));
    let both: Vec<(bool, bool)> = both.collect();
    if both.iter().any(|(before, after)| *before && !after) {
        result.lost.push(case.id.clone());
    }
    if both.iter().any(|(before, after)| !before && *after) {
        result.gained.push(case.id.clone());
    }
}

/// Persons by group: a part of the person, its value, and the cases that have it.
pub fn groups(book: &CaseBook) -> Vec<(String, String, Vec<String>)> {
    let mut out: Vec<(String, String, Vec<String>)> = Vec::new();
    for part in Person::PARTS {
        let mut of_part: Vec<(String, Vec<String>)> = Vec::new();
        for case in book.cases() {
            let Some(script) = case.spec.patient.script() else {
                continue;
            };
            let value = match (part, script.person.age) {
                ("age", Some(age)) => Some(age_band(age).to_owned()),
                _ => script.person.part(part),
            };
            let value = value.unwrap_or_else(|| "not given".to_owned());
            match of_part.iter_mut().find(|(known, _)| *known == value) {
                Some((_, cases)) => cases.push(case.spec.id.clone()),
                None => of_part.push((value, vec![case.spec.id.clone()])),
            }
        }
        of_part.sort();
        // A part that is the same for all parts nobody.
        if of_part.len() > 1 {
            let named = of_part
                .into_iter()
                .map(|(value, cases)| (part.to_owned(), value, cases));
            out.extend(named);
        }
    }
    out
}

fn age_band(age: u32) -> &'static str {
    match age {
        0..18 => "under 18",
        18..40 => "18 to 39",
        40..65 => "40 to 64",
        _ => "65 and over",
    }
}
