//! The key file: which visit and check each item of a sheet is.

use std::collections::BTreeMap;

use rounds_environments::streams::RunSeed;
use serde::{Deserialize, Serialize};

use super::evaluation::{Evaluation, ReviewedVisit};
use super::questions::{Checks, Question};
use super::sheet::{Sheet, asked, item_id};
use crate::hash::sha256;

/// The value of `schema` in a key file.
pub const KEY_SCHEMA: &str = "rounds.review-key/1";

/// What stands at the head of a key file.
const HEAD: &str = "Do not open this file before the rating is done: it says which arm each item \
    is of. rounds review import reads it.";

/// What one item is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyItem {
    /// Its id.
    pub item: String,
    /// Id of its visit.
    pub visit: String,
    /// Name of the arm.
    pub arm: String,
    /// Seed of the run.
    pub seed: u64,
    /// Number of the episode.
    pub episode: u32,
    /// Id of the case.
    pub case: String,
    /// Id of the check.
    pub check: String,
    /// Hash of the item's id and the verdict of the machine when the sheet was made.
    pub verdict_hash: String,
}

/// A key file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewKey {
    /// What must be said before anything else.
    pub read_first: String,
    /// [`KEY_SCHEMA`].
    pub schema: String,
    /// Hash of the transcripts of the evaluation.
    pub run: String,
    /// Seed of the sheet.
    pub seed: u64,
    /// Which checks are asked about.
    pub checks: Checks,
    /// The arm whose visits are reviewed; all where it is not given.
    pub arm: Option<String>,
    /// What the items are, in the order of the sheet.
    pub items: Vec<KeyItem>,
}

/// Hash of a verdict, so that the key does not show it and a change is seen.
pub(super) fn verdict_hash(item: &str, met: Option<bool>) -> String {
    sha256(format!("{item} {met:?}"))
}

/// The key of a sheet.
pub fn key_of(of: &Evaluation, sheet: &Sheet, arm: Option<&str>) -> ReviewKey {
    let mut items = Vec::new();
    for shown in &sheet.visits {
        let visit = &of.visits[shown.at];
        for item in &shown.items {
            let met = verdict_of(visit, &item.check);
            items.push(KeyItem {
                item: item.id.clone(),
                visit: shown.id.clone(),
                arm: visit.arm.clone(),
                seed: visit.seed,
                episode: visit.episode,
                case: visit.case.clone(),
                check: item.check.clone(),
                verdict_hash: verdict_hash(&item.id, met),
            });
        }
    }
    ReviewKey {
        read_first: HEAD.to_owned(),
        schema: KEY_SCHEMA.to_owned(),
        run: of.hash.clone(),
        seed: sheet.seed.0,
        checks: sheet.checks,
        arm: arm.map(str::to_owned),
        items,
    }
}

/// Why a key does not fit an evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is no key file of this version.
    #[error("expected schema {KEY_SCHEMA:?}, got {0:?}")]
    Schema(String),
    /// It is of another run.
    #[error("the key is of another run: expected the transcripts {expected}, got {got}")]
    OtherRun {
        /// Begin of the hash of this run.
        expected: String,
        /// That in the key.
        got: String,
    },
    /// An item is not what it was.
    #[error(
        "item {item}: the run has no such question about check {check:?} of case {case:?} any \
         more; export a new sheet"
    )]
    Item {
        /// Id of the item.
        item: String,
        /// Id of the case.
        case: String,
        /// Id of the check.
        check: String,
    },
}

/// An item with what it stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Joined {
    /// Its id.
    pub(super) item: String,
    /// Index of its visit in the evaluation.
    pub(super) at: usize,
    /// Its question.
    pub(super) question: Question,
    /// What the machine says now.
    pub(super) met: Option<bool>,
    /// The machine said otherwise when the sheet was made.
    pub(super) changed: bool,
}

/// Finds the visit and the question of every item.
///
/// # Errors
/// [`KeyError`] when the key is of another run or of questions that have changed.
pub(super) fn join(of: &Evaluation, key: &ReviewKey) -> Result<Vec<Joined>, KeyError> {
    if key.schema != KEY_SCHEMA {
        return Err(KeyError::Schema(key.schema.clone()));
    }
    if key.run != of.hash {
        let short = |hash: &str| hash.chars().take(12).collect();
        return Err(KeyError::OtherRun {
            expected: short(&of.hash),
            got: short(&key.run),
        });
    }
    let places: BTreeMap<(&str, u64, u32), usize> = (0..of.visits.len())
        .map(|at| {
            let visit = &of.visits[at];
            ((visit.arm.as_str(), visit.seed, visit.episode), at)
        })
        .collect();
    let mut joined = Vec::with_capacity(key.items.len());
    for item in &key.items {
        let place = (item.arm.as_str(), item.seed, item.episode);
        let found = places.get(&place).and_then(|&at| {
            let visit = &of.visits[at];
            let mut questions = asked(of, visit, key.checks).into_iter();
            let question = questions.find(|question| question.check == item.check)?;
            let id = item_id(of, RunSeed(key.seed), visit, &question);
            (id == item.item).then_some((at, question))
        });
        let Some((at, question)) = found else {
            return Err(KeyError::Item {
                item: item.item.clone(),
                case: item.case.clone(),
                check: item.check.clone(),
            });
        };
        let met = verdict_of(&of.visits[at], &item.check);
        joined.push(Joined {
            item: item.item.clone(),
            at,
            question,
            met,
            changed: verdict_hash(&item.item, met) != item.verdict_hash,
        });
    }
    Ok(joined)
}

/// What the machine says of a check of a visit.
fn verdict_of(visit: &ReviewedVisit, check: &str) -> Option<bool> {
    let mut checks = visit.result.checks.iter();
    checks.find(|known| known.id == check)?.met
}
