//! Metrics of the visits of scripted cases.

use std::sync::Arc;

use super::book::{Case, CaseBook};
use super::result::{CaseResult, Judgements, judge_case};
use crate::clinic::accuracy::answers;
use crate::clinic::score::VisitScore;
use crate::predicate::Level;
use crate::run::{Episode, Score, Scored};
use crate::statistics::Direction;

/// Version of the rules by which cases are scored; results of two versions are not compared.
pub const SCORER: &str = "rounds.scorer/1";

/// Scores visits by the checks of their cases, beside the metrics of every visit.
#[derive(Debug, Clone)]
pub struct CaseScore {
    /// The cases.
    pub book: Arc<CaseBook>,
    /// The metrics of every visit.
    pub visit: VisitScore,
    /// What judges said.
    pub judgements: Option<Arc<Judgements>>,
}

impl CaseScore {
    /// The verdict of a visit; `None` when its episode plays no case.
    pub fn result(&self, episode: &Episode) -> Option<CaseResult> {
        let (case, _) = self.book.of_episode(episode.episode)?;
        let judgements = self.judgements.as_deref();
        Some(judge_case(case, episode, judgements, is_finished(episode)))
    }

    /// Mean weight of the severities of all cases.
    fn mean_weight(&self) -> f64 {
        let cases = self.book.cases();
        let sum: f64 = cases.iter().map(weight).sum();
        sum / cases.len().max(1) as f64
    }
}

/// Whether a visit came to its end; one that failed or was cut passes no case.
pub fn is_finished(episode: &Episode) -> bool {
    let ended = |outcome: fn(Option<&str>) -> bool| {
        let mut events = episode.events.iter();
        events.any(|e| e.kind == "ended" && outcome(e.text("outcome")))
    };
    ended(|outcome| outcome != Some("failed")) && !ended(|outcome| outcome == Some("aborted"))
}

/// Weight of a miss: 5 for the most severe truth down to 1.
fn weight(case: &Case) -> f64 {
    6.0 - f64::from(case.spec.severity)
}

impl Score for CaseScore {
    fn order(&self) -> &[&'static str] {
        &[
            "passed",
            "score",
            "score.clipped",
            "critical",
            "hit@1",
            "hit@3",
            "hit@10",
            "mrr",
            "hit@1.covered",
            "weighted_miss",
            "referred",
            "questions",
            "rounds",
            "care_cost_usd",
            "minutes",
            "forced",
            "repeated",
            "team_size",
            "calls",
            "undetermined",
        ]
    }

    fn calibrated(&self) -> Option<(&'static str, &'static str)> {
        self.visit.calibrated()
    }

    fn decisive(&self) -> &[(&'static str, Direction)] {
        &[
            ("passed", Direction::HigherIsBetter),
            ("score", Direction::HigherIsBetter),
            ("hit@1", Direction::HigherIsBetter),
            ("care_cost_usd", Direction::LowerIsBetter),
        ]
    }

    fn score(&self, episode: &Episode) -> Scored {
        let mut scored = self.visit.score(episode);
        let Some((case, _)) = self.book.of_episode(episode.episode) else {
            return scored;
        };
        scored.row.case.clone_from(&case.spec.id);
        let metrics = &mut scored.row.metrics;
        // The truth of a case has accepted names, which the lists are held against.
        let defined = metrics.get("hit@1").copied().flatten().is_some();
        metrics.retain(|name, _| !is_of_lists(name));
        let diagnosed = episode.events.iter().rev().find(|e| e.kind == "diagnosed");
        let list = diagnosed.map(answers).unwrap_or_default();
        let lexicon = &case.spec.lexicon;
        let rank = list
            .iter()
            .position(|answer| lexicon.meets(&answer.name, answer.code(), Level::Exact));
        let hit = |k: usize| f64::from(u8::from(rank.is_some_and(|rank| rank < k)));
        let mut put = |name: &str, value: Option<f64>| {
            metrics.insert(name.to_owned(), value);
        };
        for (name, k) in [("hit@1", 1), ("hit@3", 3), ("hit@5", 5), ("hit@10", 10)] {
            put(name, defined.then(|| hit(k)));
        }
        let mrr = rank.map_or(0.0, |rank| 1.0 / (rank + 1) as f64);
        put("mrr", defined.then_some(mrr));
        put(
            "hit@1.covered",
            diagnosed.filter(|_| defined).map(|_| hit(1)),
        );
        let missed = 1.0 - hit(10);
        put(
            "weighted_miss",
            defined.then(|| missed * weight(case) / self.mean_weight()),
        );
        if let Some(result) = self.result(episode) {
            let flag = |value: bool| f64::from(u8::from(value));
            put("passed", result.passed.map(flag));
            put("critical", Some(flag(result.critical)));
            let clipped = result.score.score.map(|score| score.clamp(0.0, 1.0));
            put("score", result.score.score);
            put("score.clipped", clipped);
            put("undetermined", Some(1.0 - result.score.coverage));
            for (axis, score) in &result.score.by_axis {
                put(&format!("score.{axis}"), *score);
            }
        }
        scored
    }
}

/// Metrics that compare the list with the truth by name alone.
fn is_of_lists(name: &str) -> bool {
    ["hit@", "precision@", "recall@", "f1@", "mrr", "ndcg@"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
