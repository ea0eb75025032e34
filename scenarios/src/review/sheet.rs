//! The blinded sheet: visits in random order, each with its transcript and its questions.

use rounds_environments::streams::RunSeed;

use super::evaluation::{Evaluation, ReviewedVisit};
use super::questions::{Checks, Question, questions};
use super::sample::sample;
use crate::evaluate::Turn;
use crate::hash::sha256;

/// One question about one visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetItem {
    /// Its id, which says nothing.
    pub id: String,
    /// What is asked.
    pub question: String,
    /// Id of the check; not shown.
    pub(super) check: String,
}

/// One visit of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetVisit {
    /// Its id, which says nothing.
    pub id: String,
    /// What both sides said.
    pub turns: Vec<Turn>,
    /// Its questions.
    pub items: Vec<SheetItem>,
    /// Its index in the evaluation; not shown.
    pub(super) at: usize,
}

/// A sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Seed of the sample and of the order.
    pub seed: RunSeed,
    /// Which checks are asked about.
    pub checks: Checks,
    /// Its visits, in random order.
    pub visits: Vec<SheetVisit>,
    /// Visits that have a question; the sheet holds a sample of them.
    pub of: usize,
}

impl Sheet {
    /// Questions in all.
    pub fn items(&self) -> usize {
        self.visits.iter().map(|visit| visit.items.len()).sum()
    }
}

/// Questions about a visit that the machine answered too, or left open.
pub(super) fn asked(of: &Evaluation, visit: &ReviewedVisit, checks: Checks) -> Vec<Question> {
    let case = of.score.book.find(&visit.case);
    let mut asked = case.map_or_else(Vec::new, |case| questions(case, checks));
    asked.retain(|question| {
        let mut known = visit.result.checks.iter();
        known.any(|check| check.id == question.check)
    });
    asked
}

/// First 12 hex digits of the hash of what an id stands for.
fn id(of: &Evaluation, seed: RunSeed, visit: &ReviewedVisit, part: &str) -> String {
    let key = format!(
        "{:?}",
        (
            seed.0,
            &of.hash,
            &visit.arm,
            visit.seed,
            visit.episode,
            part
        )
    );
    let mut id = sha256(key);
    id.truncate(12);
    id
}

/// Id of the item that asks `question` about `visit`.
pub(super) fn item_id(
    of: &Evaluation,
    seed: RunSeed,
    visit: &ReviewedVisit,
    question: &Question,
) -> String {
    id(
        of,
        seed,
        visit,
        &format!("{}\n{}", question.check, question.text),
    )
}

/// A sheet of at most `most` visits of the arm `arm`, or of all arms.
///
/// # Determinism
/// The same visits and the same seed give the same sheet.
pub fn sheet(
    of: &Evaluation,
    checks: Checks,
    arm: Option<&str>,
    most: usize,
    seed: RunSeed,
) -> Sheet {
    let with_questions: Vec<usize> = (0..of.visits.len())
        .filter(|&at| arm.is_none_or(|arm| of.visits[at].arm == arm))
        .filter(|&at| !asked(of, &of.visits[at], checks).is_empty())
        .collect();
    let taken = sample(&of.visits, &with_questions, most, seed);
    let visits = taken.into_iter().map(|at| {
        let visit = &of.visits[at];
        let items = asked(of, visit, checks).into_iter().map(|question| {
            let id = item_id(of, seed, visit, &question);
            SheetItem {
                id,
                question: question.text,
                check: question.check,
            }
        });
        SheetVisit {
            id: id(of, seed, visit, ""),
            turns: visit.turns.clone(),
            items: items.collect(),
            at,
        }
    });
    Sheet {
        seed,
        checks,
        visits: visits.collect(),
        of: with_questions.len(),
    }
}

/// Columns of a sheet as CSV.
pub(super) const COLUMNS: [&str; 7] = [
    "item",
    "visit",
    "transcript",
    "question",
    "verdict",
    "rater",
    "comment",
];

/// The sheet as CSV, with the last three columns to be filled in.
///
/// # Errors
/// When the text cannot be put together, which an ordinary sheet does not meet.
pub fn sheet_csv(sheet: &Sheet) -> Result<Vec<u8>, csv::Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(COLUMNS)?;
    for visit in &sheet.visits {
        let turns = visit.turns.iter();
        let turns: Vec<String> = turns.map(|t| format!("{}: {}", t.who, t.text)).collect();
        let transcript = turns.join("\n");
        for item in &visit.items {
            out.write_record([&item.id, &visit.id, &transcript, &item.question, "", "", ""])?;
        }
    }
    out.into_inner().map_err(|error| error.into_error().into())
}
