//! The rota: everybody goes from bed to bed in turn.

use crate::coordination::{Board, CoordinationError, Coordinator, Moment, Revealed};

/// Goes to the next bed in every tick. Specialists begin at even distances, so that they stand at
/// different beds as long as there are enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rota {
    start: u32,
    beds: u32,
}

impl Rota {
    /// The rota of one of `specialists` over `beds`.
    ///
    /// # Errors
    /// [`CoordinationError::Setting`] when there are no beds or no such specialist.
    pub fn new(
        specialist: usize,
        specialists: usize,
        beds: usize,
    ) -> Result<Self, CoordinationError> {
        let setting = |key, expected, got: usize| CoordinationError::Setting {
            key,
            expected,
            got: got.to_string(),
        };
        if beds == 0 || u32::try_from(beds).is_err() {
            return Err(setting("beds", "at least one bed", beds));
        }
        if specialist >= specialists {
            let expected = "one of the specialists";
            return Err(setting("specialist", expected, specialist));
        }
        Ok(Self {
            start: (specialist * beds / specialists) as u32,
            beds: beds as u32,
        })
    }
}

impl Coordinator for Rota {
    fn act(&mut self, moment: &Moment<'_>, _board: &mut Board) -> Option<u32> {
        let turn = moment.round.0.saturating_sub(1) % self.beds;
        Some((self.start + turn) % self.beds)
    }

    fn learn(
        &mut self,
        _moment: &Moment<'_>,
        _revealed: &Revealed<'_>,
        _board: &mut Board,
    ) -> Result<(), CoordinationError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rounds_environments::coordination::CommGraph;
    use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
    use rounds_environments::streams::RunSeed;

    use super::*;

    #[test]
    fn everybody_is_at_every_bed_and_nobody_meets() {
        let graph = CommGraph::metropolis(8, &[], true).unwrap();
        let mut board = Board::new(8, 0, 0, 0);
        let mut rotas: Vec<Rota> = (0..8).map(|i| Rota::new(i, 8, 14).unwrap()).collect();
        let mut seen = vec![std::collections::BTreeSet::new(); 8];
        for round in 1..=14 {
            let moment = Moment {
                seed: RunSeed(0),
                episode: EpisodeIx(0),
                agent: AgentId(0),
                round: RoundIx(round),
                graph: &graph,
            };
            let beds: Vec<u32> = rotas
                .iter_mut()
                .map(|rota| rota.act(&moment, &mut board).unwrap())
                .collect();
            let apart: std::collections::BTreeSet<_> = beds.iter().collect();
            assert_eq!(apart.len(), 8);
            for (seen, bed) in seen.iter_mut().zip(beds) {
                seen.insert(bed);
            }
        }
        assert!(seen.iter().all(|seen| seen.len() == 14));
        assert!(Rota::new(0, 1, 0).is_err() && Rota::new(3, 3, 5).is_err());
    }
}
