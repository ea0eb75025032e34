//! The order of rows: shuffled anew in every epoch, found again by position.

use rand::RngExt;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use serde::{Deserialize, Serialize};

use super::{Layout, TooLong, TrainingData};

/// Part of a document in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Place of the document.
    pub document: usize,
    /// First position.
    pub from: usize,
    /// End of the positions: the token after it is predicted last.
    pub to: usize,
}

/// Pieces one after the other.
pub type Row = Vec<Piece>;

/// Where training is in the data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Times all rows were gone through.
    pub epoch: u32,
    /// Rows of this epoch that were used.
    pub index: usize,
}

impl TrainingData {
    /// Rows of `epoch` in order.
    ///
    /// # Determinism
    /// Depends on the data, the seed and the epoch alone.
    pub fn rows(&self, seed: RunSeed, epoch: u32) -> Vec<Row> {
        let mut order = self.training.clone();
        let mut stream = StreamKey::episode(seed, EpisodeIx(epoch), Purpose::Training).open();
        for last in (1..order.len()).rev() {
            order.swap(last, stream.random_range(0..=last as u64) as usize);
        }
        self.fill(&order)
    }

    /// Rows of the held-out set, in the order given.
    pub fn held_out_rows(&self) -> Vec<Row> {
        self.fill(&self.held_out)
    }

    fn fill(&self, order: &[usize]) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        let mut used = usize::MAX;
        for document in order {
            for piece in self.pieces(*document) {
                let len = piece.to - piece.from;
                let fits = self.config.layout == Layout::Packed
                    && used.saturating_add(len) <= self.config.length;
                match rows.last_mut().filter(|_| fits) {
                    Some(row) => {
                        row.push(piece);
                        used += len;
                    }
                    None => {
                        rows.push(vec![piece]);
                        used = len;
                    }
                }
            }
        }
        rows
    }

    /// Pieces of a document that hold a token in the loss.
    fn pieces(&self, document: usize) -> impl Iterator<Item = Piece> {
        let text = &self.documents[document];
        let end = match self.config.too_long {
            TooLong::Truncate => text.positions().min(self.config.length),
            TooLong::Split | TooLong::Refuse => text.positions(),
        };
        let length = self.config.length;
        let pieces = (0..end).step_by(length).map(move |from| Piece {
            document,
            from,
            to: end.min(from + length),
        });
        pieces.filter(|piece| text.targets(piece.from, piece.to) > 0)
    }
}

/// A walk over rows, epoch after epoch.
#[derive(Debug, Clone)]
pub struct Cursor {
    seed: RunSeed,
    position: Position,
    rows: Vec<Row>,
}

impl Cursor {
    /// A walk that goes on at `position`.
    pub fn at(data: &TrainingData, seed: RunSeed, position: Position) -> Self {
        Self {
            seed,
            position,
            rows: data.rows(seed, position.epoch),
        }
    }

    /// Where it is.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The next row.
    pub fn next_row(&mut self, data: &TrainingData) -> Row {
        if self.position.index >= self.rows.len() {
            self.position = Position {
                epoch: self.position.epoch.wrapping_add(1),
                index: 0,
            };
            self.rows = data.rows(self.seed, self.position.epoch);
        }
        self.position.index += 1;
        self.rows[self.position.index - 1].clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{DataConfig, Document};
    use super::*;

    fn data(lengths: &[usize], layout: Layout, length: usize) -> TrainingData {
        let config = DataConfig {
            length,
            layout,
            held_out: 0.0,
            ..DataConfig::default()
        };
        let documents = lengths.iter().enumerate();
        let documents = documents
            .map(|(i, len)| Document::plain(i.to_string(), vec![1; *len]))
            .collect();
        TrainingData::new(config, documents).unwrap()
    }

    #[test]
    fn epochs_shuffle_and_positions_find_the_same_rows_again() {
        let data = data(&[3; 20], Layout::Padded, 8);
        let seed = RunSeed(5);
        assert_ne!(data.rows(seed, 0), data.rows(seed, 1));
        assert_ne!(data.rows(seed, 0), data.rows(RunSeed(6), 0));
        let mut whole = Cursor::at(&data, seed, Position::default());
        for _ in 0..70 {
            let mut again = Cursor::at(&data, seed, whole.position());
            assert_eq!(again.next_row(&data), whole.next_row(&data));
            assert_eq!(again.position(), whole.position());
        }
        assert_eq!(
            whole.position(),
            Position {
                epoch: 3,
                index: 10
            }
        );
    }

    proptest! {
        #[test]
        fn every_target_is_in_exactly_one_row_of_an_epoch(
            lengths in prop::collection::vec(2..40_usize, 1..20), length in 1..16_usize, packed: bool,
        ) {
            let layout = if packed { Layout::Packed } else { Layout::Padded };
            let data = data(&lengths, layout, length);
            let mut seen: Vec<Vec<bool>> = lengths.iter().map(|len| vec![false; len - 1]).collect();
            for row in data.rows(RunSeed(1), 0) {
                let used: usize = row.iter().map(|piece| piece.to - piece.from).sum();
                prop_assert!(used <= length && (packed || row.len() == 1));
                for piece in row {
                    for seen in &mut seen[piece.document][piece.from..piece.to] {
                        prop_assert!(!std::mem::replace(seen, true));
                    }
                }
            }
            prop_assert!(seen.iter().flatten().all(|seen| *seen));
        }
    }
}
