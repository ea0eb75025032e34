//! The order of rows: shuffled anew in every epoch, found again by position.

use std::collections::HashMap;

use rand::RngExt;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

use super::{Batch, Layout, TooLong, TrainingData};
use crate::training::{Position, Walk};

/// Part of a document in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Place of the document.
    pub document: usize,
    /// First position.
    pub from: usize,
    /// End of the positions: the token after it is predicted last.
    pub to: usize,
    /// An earlier piece of the row that begins alike, by its place, and the number of positions that it holds
    /// for this one too.
    pub after: Option<(usize, usize)>,
}

impl Piece {
    /// Positions that only this piece holds.
    pub fn own(&self) -> usize {
        self.to - self.from - self.after.map_or(0, |(_, shared)| shared)
    }
}

/// Pieces one after the other.
pub type Row = Vec<Piece>;

impl TrainingData {
    /// Rows of `epoch` in order.
    ///
    /// # Determinism
    /// Depends on the data, the seed and the epoch alone.
    pub fn rows(&self, seed: RunSeed, epoch: u32) -> Vec<Row> {
        let mut order = self.together(&self.training);
        let mut stream = StreamKey::episode(seed, EpisodeIx(epoch), Purpose::Training).open();
        for last in (1..order.len()).rev() {
            order.swap(last, stream.random_range(0..=last as u64) as usize);
        }
        self.fill(&order.concat())
    }

    /// Rows of the held-out set, in the order given.
    pub fn held_out_rows(&self) -> Vec<Row> {
        self.fill(&self.together(&self.held_out).concat())
    }

    /// Which documents stay together, in which order: those that may share their beginnings.
    fn together(&self, documents: &[usize]) -> Vec<Vec<usize>> {
        if self.config.layout != Layout::Shared {
            return documents.iter().map(|document| vec![*document]).collect();
        }
        let mut place_of: HashMap<&str, usize> = HashMap::new();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for &document in documents {
            let name = self.documents[document].group.as_str();
            let place = *place_of.entry(name).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.push(document),
                None => groups.push(vec![document]),
            }
        }
        // In this order, none before has more in common with a document than the one just before it.
        for group in &mut groups {
            group.sort_by(|a, b| {
                let (a, b) = (&self.documents[*a], &self.documents[*b]);
                (&a.tokens, &a.id).cmp(&(&b.tokens, &b.id))
            });
        }
        groups
    }

    fn fill(&self, order: &[usize]) -> Vec<Row> {
        let layout = self.config.layout;
        let mut rows: Vec<Row> = Vec::new();
        let mut used = 0;
        for document in order {
            for piece in self.pieces(*document) {
                let row = rows.last_mut().filter(|_| layout != Layout::Padded);
                let joined = row.and_then(|row| {
                    let after = match layout {
                        Layout::Shared => self.common(row, &piece),
                        Layout::Padded | Layout::Packed => None,
                    };
                    let piece = Piece { after, ..piece };
                    (used + piece.own() <= self.config.length).then_some((row, piece))
                });
                match joined {
                    Some((row, piece)) => {
                        used += piece.own();
                        row.push(piece);
                    }
                    None => {
                        used = piece.own();
                        rows.push(vec![piece]);
                    }
                }
            }
        }
        rows
    }

    /// What a piece has in common with the last of a row.
    fn common(&self, row: &[Piece], piece: &Piece) -> Option<(usize, usize)> {
        let mut place = row.len().checked_sub(1)?;
        let mut other = row[place];
        if piece.from > 0 || other.from > 0 {
            return None;
        }
        let tokens = |piece: &Piece| &self.documents[piece.document].tokens[..piece.to];
        let pairs = tokens(piece).iter().zip(tokens(&other));
        let shared = pairs.take_while(|(a, b)| a == b).count();
        // One without a position of its own holds nothing.
        while let (0, Some((before, _))) = (other.own(), other.after) {
            place = before;
            other = row[place];
        }
        (shared > 0).then_some((place, shared))
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
            after: None,
        });
        pieces.filter(|piece| text.targets(piece.from, piece.to) > 0)
    }
}

/// A walk over rows, epoch after epoch.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    data: &'a TrainingData,
    seed: RunSeed,
    position: Position,
    rows: Vec<Row>,
}

impl<'a> Cursor<'a> {
    /// A walk that goes on at `position`.
    pub fn at(data: &'a TrainingData, seed: RunSeed, position: Position) -> Self {
        Self {
            data,
            seed,
            position,
            rows: data.rows(seed, position.epoch),
        }
    }

    /// The next row.
    pub fn next_row(&mut self) -> Row {
        if self.position.index >= self.rows.len() {
            self.position = Position {
                epoch: self.position.epoch.wrapping_add(1),
                index: 0,
            };
            self.rows = self.data.rows(self.seed, self.position.epoch);
        }
        self.position.index += 1;
        self.rows[self.position.index - 1].clone()
    }
}

impl Walk for Cursor<'_> {
    type Batch = Batch;

    fn position(&self) -> Position {
        self.position
    }

    fn next_batch(&mut self, rows: usize) -> Batch {
        let rows: Vec<Row> = (0..rows).map(|_| self.next_row()).collect();
        Batch::new(self.data, &rows)
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
            assert_eq!(again.next_row(), whole.next_row());
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

    #[test]
    fn documents_of_a_group_share_their_beginnings() {
        let config = DataConfig {
            length: 9,
            layout: Layout::Shared,
            held_out: 0.0,
            ..DataConfig::default()
        };
        let document = |id: &str, group: &str, tokens: &[u32]| Document {
            group: group.to_owned(),
            ..Document::plain(id, tokens.to_vec())
        };
        let documents = vec![
            document("a", "x", &[1, 2, 3, 4, 9]),
            document("b", "y", &[7, 7]),
            document("c", "x", &[1, 2, 5, 6]),
            document("d", "x", &[1, 2, 3, 4, 8]),
            document("e", "x", &[1, 2, 5]),
        ];
        let data = TrainingData::new(config, documents).unwrap();
        let piece = |document, to, after| Piece {
            document,
            from: 0,
            to,
            after,
        };
        let visit = [
            piece(3, 4, None),
            // Nothing of its own, so what follows goes on from the first.
            piece(0, 4, Some((0, 4))),
            piece(4, 2, Some((0, 2))),
            piece(2, 3, Some((0, 2))),
        ];
        let orders: Vec<Vec<Row>> = (0..8).map(|epoch| data.rows(RunSeed(1), epoch)).collect();
        let first = [&visit[..], &[piece(1, 1, None)]].concat();
        assert!(orders.contains(&vec![first]), "{orders:?}");
        assert!(orders.iter().any(|rows| rows[0][0].document == 1));
        assert!(orders.iter().flatten().all(|row| row.len() == 5));
    }

    proptest! {
        #[test]
        fn every_target_is_in_exactly_one_row_of_an_epoch(
            lengths in prop::collection::vec(2..40_usize, 1..20), length in 1..16_usize,
            layout in prop::sample::select(vec![Layout::Padded, Layout::Packed, Layout::Shared]),
        ) {
            let data = data(&lengths, layout, length);
            let mut seen: Vec<Vec<bool>> = lengths.iter().map(|len| vec![false; len - 1]).collect();
            for row in data.rows(RunSeed(1), 0) {
                let used: usize = row.iter().map(Piece::own).sum();
                prop_assert!(used <= length && (layout != Layout::Padded || row.len() == 1));
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
