//! The visits of a finished evaluation, as a review sees them.

use std::path::PathBuf;
use std::sync::Arc;

use crate::clinic::cases::{CaseResult, CaseScore, is_finished};
use crate::evaluate::{Turn, read_judgements, said};
use crate::hash::sha256;
use crate::run::{EpisodeReader, Manifest, RunDirectory, RunError};

/// The run directory of an arm (of one seed of it) with the cases that were played there.
#[derive(Debug, Clone)]
pub struct Played {
    /// The run directory.
    pub folder: PathBuf,
    /// What it is a run of.
    pub manifest: Manifest,
    /// Its cases.
    pub score: Arc<CaseScore>,
}

/// One visit.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewedVisit {
    /// Name of the arm.
    pub arm: String,
    /// Seed of its run.
    pub seed: u64,
    /// Number of the episode.
    pub episode: u32,
    /// Id of the case.
    pub case: String,
    /// What both sides said.
    pub turns: Vec<Turn>,
    /// What the machine says of it.
    pub result: CaseResult,
    /// Whether it came to its end.
    pub finished: bool,
}

/// A finished evaluation.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// Name of the suite.
    pub name: String,
    /// Hash of the transcripts: equal for the same visits, however they are scored.
    pub hash: String,
    /// The records behind it may not be shared.
    pub restricted: bool,
    /// Its cases; those of all arms are the same.
    pub score: Arc<CaseScore>,
    /// All visits, by arm, seed and episode in the order of the run.
    pub visits: Vec<ReviewedVisit>,
}

impl Evaluation {
    /// Reads the visits of `parts`; `None` when there is no part.
    ///
    /// # Errors
    /// [`RunError`] when a log or the verdicts of a judge cannot be read.
    pub fn read(parts: &[Played]) -> Result<Option<Self>, RunError> {
        let Some(first) = parts.first() else {
            return Ok(None);
        };
        let mut visits = Vec::new();
        let mut text = String::new();
        for part in parts {
            let score = CaseScore {
                judgements: read_judgements(&part.folder)?.map(Arc::new),
                ..CaseScore::clone(&part.score)
            };
            let manifest = &part.manifest;
            for episode in EpisodeReader::open(&part.folder.join(RunDirectory::EVENTS))? {
                let episode = episode?;
                let (Some((case, _)), Some(result)) = (
                    score.book.of_episode(episode.episode),
                    score.result(&episode),
                ) else {
                    continue;
                };
                let turns = said(&episode);
                text.push_str(&format!(
                    "{:?}\n",
                    (&manifest.arm, manifest.seed, episode.episode, &case.spec.id)
                ));
                for turn in &turns {
                    text.push_str(&format!("{:?}\n", (turn.who, &turn.text)));
                }
                visits.push(ReviewedVisit {
                    arm: manifest.arm.clone(),
                    seed: manifest.seed,
                    episode: episode.episode,
                    case: case.spec.id.clone(),
                    turns,
                    result,
                    finished: is_finished(&episode),
                });
            }
        }
        Ok(Some(Self {
            name: first.manifest.scenario.clone(),
            hash: sha256(text),
            restricted: parts.iter().any(|part| part.manifest.restricted),
            score: Arc::clone(&first.score),
            visits,
        }))
    }

    /// Arms, in the order of the run.
    pub fn arms(&self) -> Vec<&str> {
        let mut arms: Vec<&str> = Vec::new();
        for visit in &self.visits {
            if !arms.contains(&visit.arm.as_str()) {
                arms.push(&visit.arm);
            }
        }
        arms
    }
}
