//! One step of a panel: which proposal is examined next, how votes count, what is chosen.
//!
//! Pure state: the caller asks the voters. Both fidelities use the same step; they differ in how
//! a vote is read from text ([`super::reading::read_vote`]).
//!
//! Source: DynamiCare card, sections 4 (step 3) and 13.

use std::cmp::Ordering;
use std::sync::Arc;

use super::task::Proposal;

/// Votes on one candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tally {
    /// Member whose proposal was examined, as a position in the team.
    pub candidate: usize,
    /// Other members who agreed.
    pub agree: usize,
    /// `(agree + 1) / team size`; the proposer counts as agreeing.
    pub ratio: f64,
}

/// What a panel step came to.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelOutcome {
    /// Member whose proposal was chosen; `None` when no member made a proposal.
    pub chosen: Option<usize>,
    /// The choice reached the threshold; otherwise it is the most confident proposal.
    pub consensus: bool,
    /// Proposals and votes that were asked for.
    pub calls: usize,
    /// Candidates in the order examined.
    pub tallies: Vec<Tally>,
}

/// Why a panel step could not go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PanelError {
    /// The threshold is no share.
    #[error("agreement threshold: expected above 0 and at most 1, got {0}")]
    Threshold(f64),
    /// The team has no member.
    #[error("panel: expected at least one member, got none")]
    Empty,
    /// Not one vote for each other member.
    #[error("panel: expected {expected} votes, got {got}")]
    Votes {
        /// Members other than the proposer.
        expected: usize,
        /// Votes given.
        got: usize,
    },
    /// Votes were given after the panel had come to its outcome.
    #[error("panel: no candidate is waiting for votes")]
    Finished,
}

/// A panel step in progress.
///
/// # Examples
/// ```
/// # use std::sync::Arc;
/// # use rounds_policies::clinic::panel::Panel;
/// # use rounds_policies::clinic::task::{Content, Proposal};
/// let proposal = |confidence| {
///     Some(Arc::new(Proposal {
///         content: Content::Diagnoses(Vec::new()),
///         confidence,
///         rationale: "".into(),
///     }))
/// };
/// let mut panel = Panel::new(vec![proposal(2.0), proposal(4.0), None], 0.5)?;
/// assert_eq!(panel.candidate(), Some(1));
/// assert_eq!(panel.voters(), [0, 2]);
/// panel.vote(&[Some(true), None])?;
/// assert_eq!(panel.outcome().and_then(|o| o.chosen), Some(1));
/// # Ok::<(), rounds_policies::clinic::panel::PanelError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    proposals: Vec<Option<Arc<Proposal>>>,
    threshold: f64,
    order: Vec<usize>,
    tallies: Vec<Tally>,
    finished: bool,
    consensus: bool,
}

impl Panel {
    /// Starts a step. `proposals` are in team order, one for each member; `None` for a member
    /// who made none but still votes. A team of one is decided at once.
    ///
    /// # Errors
    /// [`PanelError`] when there is no member or the threshold is outside 0 (exclusive) to 1.
    pub fn new(proposals: Vec<Option<Arc<Proposal>>>, threshold: f64) -> Result<Self, PanelError> {
        if !(threshold > 0.0 && threshold <= 1.0) {
            return Err(PanelError::Threshold(threshold));
        }
        if proposals.is_empty() {
            return Err(PanelError::Empty);
        }
        let mut ranked: Vec<(usize, f64)> = proposals
            .iter()
            .enumerate()
            .filter_map(|(member, p)| Some((member, p.as_ref()?.confidence)))
            .collect();
        ranked.sort_by(|a, b| falling(a.1, b.1));
        let mut panel = Self {
            proposals,
            threshold,
            finished: ranked.is_empty(),
            order: ranked.into_iter().map(|(member, _)| member).collect(),
            tallies: Vec::new(),
            consensus: false,
        };
        if panel.proposals.len() == 1 && !panel.finished {
            panel.vote(&[])?;
        }
        Ok(panel)
    }

    /// The member whose proposal waits for votes; `None` when the outcome is there.
    pub fn candidate(&self) -> Option<usize> {
        if self.finished {
            return None;
        }
        self.order.get(self.tallies.len()).copied()
    }

    /// The proposal that waits for votes.
    pub fn proposal(&self) -> Option<&Arc<Proposal>> {
        self.proposals.get(self.candidate()?)?.as_ref()
    }

    /// The members who vote on the candidate, in team order; none when the outcome is there.
    pub fn voters(&self) -> Vec<usize> {
        self.candidate().map_or_else(Vec::new, |candidate| {
            (0..self.proposals.len())
                .filter(|&member| member != candidate)
                .collect()
        })
    }

    /// All proposals, in team order.
    pub fn proposals(&self) -> &[Option<Arc<Proposal>>] {
        &self.proposals
    }

    /// Counts the votes of [`Panel::voters`], in their order. An abstention (`None`) is no
    /// agreement.
    ///
    /// # Errors
    /// [`PanelError`] when nothing waits for votes or their number is wrong.
    pub fn vote(&mut self, votes: &[Option<bool>]) -> Result<(), PanelError> {
        let candidate = self.candidate().ok_or(PanelError::Finished)?;
        let members = self.proposals.len();
        if votes.len() != members - 1 {
            return Err(PanelError::Votes {
                expected: members - 1,
                got: votes.len(),
            });
        }
        let agree = votes.iter().filter(|&&vote| vote == Some(true)).count();
        let ratio = (agree + 1) as f64 / members as f64;
        self.tallies.push(Tally {
            candidate,
            agree,
            ratio,
        });
        self.consensus = ratio >= self.threshold;
        self.finished = self.consensus || self.tallies.len() == self.order.len();
        Ok(())
    }

    /// What the step came to; `None` while votes are missing.
    pub fn outcome(&self) -> Option<PanelOutcome> {
        if !self.finished {
            return None;
        }
        let members = self.proposals.len();
        let chosen = if self.consensus {
            self.tallies.last().map(|tally| tally.candidate)
        } else {
            self.order.first().copied()
        };
        Some(PanelOutcome {
            chosen,
            consensus: self.consensus,
            calls: members + (members - 1) * self.tallies.len(),
            tallies: self.tallies.clone(),
        })
    }
}

/// Falling order with values that are no number last.
fn falling(a: f64, b: f64) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => b.partial_cmp(&a).unwrap_or(Ordering::Equal),
    }
}

#[cfg(test)]
mod tests {
    use super::super::task::Content;
    use super::*;

    fn panel(confidences: &[Option<f64>], threshold: f64) -> Panel {
        let proposals = confidences
            .iter()
            .map(|c| {
                c.map(|confidence| {
                    Arc::new(Proposal {
                        content: Content::Diagnoses(Vec::new()),
                        confidence,
                        rationale: "".into(),
                    })
                })
            })
            .collect();
        Panel::new(proposals, threshold).unwrap()
    }

    fn run(mut panel: Panel, vote: Option<bool>) -> PanelOutcome {
        while panel.candidate().is_some() {
            panel.vote(&vec![vote; panel.voters().len()]).unwrap();
        }
        panel.outcome().unwrap()
    }

    #[test]
    fn a_team_of_two_takes_its_most_confident_proposal() {
        let outcome = run(panel(&[Some(2.0), Some(3.0)], 0.5), Some(false));
        assert_eq!((outcome.chosen, outcome.consensus), (Some(1), true));
        assert_eq!(outcome.calls, 3);
    }

    #[test]
    fn without_agreement_the_first_of_the_most_confident_is_the_fallback() {
        let confidences = [Some(f64::NAN), Some(4.0), Some(1.0), Some(4.0)];
        let outcome = run(panel(&confidences, 0.5), None);
        assert_eq!((outcome.chosen, outcome.consensus), (Some(1), false));
        let order: Vec<_> = outcome.tallies.iter().map(|t| t.candidate).collect();
        assert_eq!(order, [1, 3, 2, 0]);
        assert_eq!(outcome.calls, 4 + 3 * 4);
    }

    #[test]
    fn one_disagreement_at_threshold_one_moves_on() {
        let mut panel = panel(&[Some(4.0), Some(3.0), None], 1.0);
        panel.vote(&[Some(true), Some(false)]).unwrap();
        assert_eq!(panel.candidate(), Some(1));
        panel.vote(&[Some(true), Some(true)]).unwrap();
        assert_eq!(panel.outcome().unwrap().chosen, Some(1));
        assert_eq!(panel.vote(&[]), Err(PanelError::Finished));
    }

    #[test]
    fn teams_of_one_and_teams_without_proposals_end_at_once() {
        let one = panel(&[Some(1.0)], 1.0).outcome().unwrap();
        assert_eq!((one.chosen, one.consensus, one.calls), (Some(0), true, 1));
        let none = panel(&[None, None], 0.5).outcome().unwrap();
        assert_eq!((none.chosen, none.consensus, none.calls), (None, false, 2));
    }

    #[test]
    fn wrong_input_is_refused() {
        for threshold in [0.0, -1.0, 1.1, f64::NAN] {
            assert!(matches!(
                Panel::new(vec![None], threshold),
                Err(PanelError::Threshold(_))
            ));
        }
        assert_eq!(Panel::new(vec![], 0.5), Err(PanelError::Empty));
        let mut panel = panel(&[Some(1.0), Some(1.0)], 1.0);
        let wrong = PanelError::Votes {
            expected: 1,
            got: 0,
        };
        assert_eq!(panel.vote(&[]), Err(wrong));
    }
}
