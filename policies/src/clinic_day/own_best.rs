//! Own-best: everybody goes where it alone would have learnt most in the tick before.

use crate::coordination::{Board, CoordinationError, Coordinator, Moment, Revealed};

/// Chooses by the objective that was revealed last, without a thought of the others: the bed at
/// which its own share weighs most, the lowest among equals. Nothing is sent. In the first tick, and
/// as long as no bed is worth anything, it stays at the bed of its own number.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnBest {
    bed: Option<u32>,
    summary: Vec<f64>,
    values: Vec<f64>,
}

impl OwnBest {
    /// One specialist among `beds`; `summary_len` is the length of a summary of the objective.
    pub fn new(beds: usize, summary_len: usize) -> Self {
        Self {
            bed: None,
            summary: vec![0.0; summary_len],
            values: vec![0.0; beds],
        }
    }
}

impl Coordinator for OwnBest {
    fn act(&mut self, moment: &Moment<'_>, _board: &mut Board) -> Option<u32> {
        let beds = self.values.len().max(1);
        self.bed.or(Some((moment.index() % beds) as u32))
    }

    fn learn(
        &mut self,
        moment: &Moment<'_>,
        revealed: &Revealed<'_>,
        _board: &mut Board,
    ) -> Result<(), CoordinationError> {
        revealed.objective.clear(&mut self.summary);
        let checked = revealed.marginals(moment.index(), &self.summary, &mut self.values);
        checked.map_err(|fault| CoordinationError::Objective {
            round: revealed.round,
            fault,
        })?;
        let mut most = 0.0;
        for (bed, &value) in self.values.iter().enumerate() {
            if value > most {
                most = value;
                self.bed = Some(bed as u32);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rounds_environments::clinic::day::BedCoverage;
    use rounds_environments::coordination::CommGraph;
    use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
    use rounds_environments::streams::RunSeed;

    use super::*;

    #[test]
    fn all_go_to_the_bed_that_is_best_for_each_alone() {
        let mut objective = BedCoverage::new(2, 3).unwrap();
        for (bed, weight) in [1.0, 4.0, 2.0].into_iter().enumerate() {
            objective.weigh(bed, weight);
            objective.share(0, bed, 0.5);
            objective.share(1, bed, 0.5);
        }
        let graph = CommGraph::metropolis(2, &[(0, 1)], false).unwrap();
        let mut board = Board::new(2, 0, 0, 3);
        for agent in 0..2 {
            let moment = Moment {
                seed: RunSeed(0),
                episode: EpisodeIx(0),
                agent: AgentId(agent),
                round: RoundIx(1),
                graph: &graph,
            };
            let mut own = OwnBest::new(3, 3);
            assert_eq!(own.act(&moment, &mut board), Some(agent));
            let revealed = Revealed {
                objective: &objective,
                round: RoundIx(1),
                actions: &[None, None],
            };
            own.learn(&moment, &revealed, &mut board).unwrap();
            assert_eq!(own.act(&moment, &mut board), Some(1));
        }
    }
}
