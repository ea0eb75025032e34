//! Rows as the arrays a model reads.

use super::{Piece, Row, TrainingData};
use crate::training::{ExampleRef, MicroBatch};

/// A micro-batch: rows of one length.
///
/// Arrays are row-major, shape `[rows, length]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Number of rows.
    pub rows: usize,
    /// Positions of a row: the longest row's.
    pub length: usize,
    /// Token ids read.
    pub tokens: Vec<u32>,
    /// Position of each token in its piece, from 0.
    pub positions: Vec<u32>,
    /// Number of each token's piece in its row, from 1; 0 in the padding at the end.
    pub segments: Vec<u32>,
    /// Places (row times `length` plus position) that predict a token of the loss. One can occur more than once:
    /// pieces that begin alike go on with different tokens.
    pub places: Vec<u32>,
    /// Token ids to be predicted at `places`.
    pub targets: Vec<u32>,
    /// The example of each of `places`, as a place in `examples`.
    pub example_of: Vec<u32>,
    /// The pieces.
    pub examples: Vec<ExampleRef>,
    /// Where the pieces' tokens stand, in the order of `examples`.
    pub placed: Vec<PlacedPiece>,
}

/// Where the tokens of a piece stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedPiece {
    /// Place of the first token of its own.
    pub start: usize,
    /// Tokens of its own.
    pub len: usize,
    /// An earlier piece of the batch that begins alike, and the number of tokens that come from its text's
    /// beginning. It has tokens of its own.
    pub after: Option<(usize, usize)>,
}

impl Batch {
    /// The batch of `rows`.
    pub fn new(data: &TrainingData, rows: &[Row]) -> Self {
        let width = |row: &Row| row.iter().map(Piece::own).sum::<usize>();
        let length = rows.iter().map(width).max().unwrap_or(0);
        let size = rows.len() * length;
        let mut batch = Self {
            rows: rows.len(),
            length,
            tokens: vec![data.config.pad; size],
            positions: vec![0; size],
            segments: vec![0; size],
            places: Vec::new(),
            targets: Vec::new(),
            example_of: Vec::new(),
            examples: Vec::new(),
            placed: Vec::new(),
        };
        for (row, pieces) in rows.iter().enumerate() {
            batch.add_row(data, row, pieces);
        }
        batch
    }

    fn add_row(&mut self, data: &TrainingData, row: usize, pieces: &Row) {
        let first = self.placed.len();
        let mut place = row * self.length;
        // The places of each piece's positions, those that it shares among them.
        let mut places_of: Vec<Vec<usize>> = Vec::with_capacity(pieces.len());
        for (segment, piece) in (1..).zip(pieces) {
            let document = &data.documents[piece.document];
            let shared = match piece.after {
                None => &[][..],
                Some((before, shared)) => &places_of[before][..shared],
            };
            let own = place..place + piece.own();
            let places: Vec<usize> = shared.iter().copied().chain(own.clone()).collect();
            let own_tokens = piece.to - piece.own()..piece.to;
            self.tokens[own.clone()].copy_from_slice(&document.tokens[own_tokens.clone()]);
            self.segments[own.clone()].fill(segment);
            for (place, at) in own.clone().zip(own_tokens) {
                self.positions[place] = (at - piece.from) as u32;
            }
            let before = self.places.len();
            for (at, place) in (piece.from..piece.to).zip(&places) {
                if document.in_loss[at + 1] {
                    self.places.push(*place as u32);
                    self.targets.push(document.tokens[at + 1]);
                    self.example_of.push(self.examples.len() as u32);
                }
            }
            self.examples.push(ExampleRef {
                document: piece.document,
                source: document.source,
                targets: (self.places.len() - before) as u32,
            });
            self.placed.push(PlacedPiece {
                start: place,
                len: own.len(),
                after: piece.after.map(|(before, shared)| (first + before, shared)),
            });
            place = own.end;
            places_of.push(places);
        }
    }
}

impl MicroBatch for Batch {
    fn examples(&self) -> &[ExampleRef] {
        &self.examples
    }

    fn example_of(&self) -> &[u32] {
        &self.example_of
    }

    fn read(&self) -> u64 {
        self.segments.iter().filter(|segment| **segment > 0).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DataConfig, Document, Layout};
    use super::*;
    use crate::training::per_example;

    #[test]
    fn rows_are_filled_and_targets_follow_their_tokens() {
        let config = DataConfig {
            length: 5,
            layout: Layout::Packed,
            held_out: 0.0,
            pad: 9,
            ..DataConfig::default()
        };
        let mut masked = Document::plain("a", vec![1, 2, 3]);
        masked.in_loss[1] = false;
        let long = Document {
            source: 7,
            ..Document::plain("b", vec![4, 5, 6])
        };
        let data = TrainingData::new(config, vec![masked, long, Document::plain("c", vec![7, 8])])
            .unwrap();
        let piece = |document, to| Piece {
            document,
            from: 0,
            to,
            after: None,
        };
        let batch = Batch::new(&data, &[vec![piece(0, 2), piece(1, 2)], vec![piece(2, 1)]]);
        assert_eq!((batch.rows, batch.length), (2, 4));
        assert_eq!(batch.tokens, [1, 2, 4, 5, 7, 9, 9, 9]);
        assert_eq!(batch.positions, [0, 1, 0, 1, 0, 0, 0, 0]);
        assert_eq!(batch.segments, [1, 1, 2, 2, 1, 0, 0, 0]);
        assert_eq!(batch.places, [1, 2, 3, 4]);
        assert_eq!(batch.targets, [3, 5, 6, 8]);
        assert_eq!(batch.example_of, [0, 1, 1, 2]);
        assert_eq!(
            batch
                .examples
                .iter()
                .map(|e| (e.document, e.source, e.targets))
                .collect::<Vec<_>>(),
            [(0, 0, 1), (1, 7, 2), (2, 0, 1)]
        );
        let placed = |start, len| PlacedPiece {
            start,
            len,
            after: None,
        };
        assert_eq!(batch.placed, [placed(0, 2), placed(2, 2), placed(4, 1)]);
        assert_eq!(per_example(&batch, &[1.0, 2.0, 3.0, 4.0]), [1.0, 5.0, 4.0]);
        assert_eq!(batch.read(), 5);
    }

    #[test]
    fn a_shared_beginning_stands_once_and_predicts_for_all() {
        let config = DataConfig {
            held_out: 0.0,
            ..DataConfig::default()
        };
        let texts = [[1, 2, 3, 4], [1, 2, 5, 6], [1, 2, 5, 7]];
        let documents = (0..).zip(texts).map(|(at, text)| {
            let mut document = Document::plain(format!("{at}"), text.to_vec());
            document.in_loss[1] = false;
            document
        });
        let data = TrainingData::new(config, documents.collect()).unwrap();
        let piece = |document, after| Piece {
            document,
            from: 0,
            to: 3,
            after,
        };
        let row = vec![
            piece(0, None),
            piece(1, Some((0, 2))),
            piece(2, Some((1, 3))),
        ];
        let batch = Batch::new(&data, &[vec![piece(1, None)], row]);
        assert_eq!((batch.rows, batch.length), (2, 4));
        assert_eq!(batch.tokens, [1, 2, 5, 0, 1, 2, 3, 5]);
        assert_eq!(batch.positions, [0, 1, 2, 0, 0, 1, 2, 2]);
        assert_eq!(batch.segments, [1, 1, 1, 0, 1, 1, 1, 2]);
        assert_eq!(batch.places, [1, 2, 5, 6, 5, 7, 5, 7]);
        assert_eq!(batch.targets, [5, 6, 3, 4, 5, 6, 5, 7]);
        assert_eq!(batch.example_of, [0, 0, 1, 1, 2, 2, 3, 3]);
        let placed = |start, len, after| PlacedPiece { start, len, after };
        assert_eq!(
            batch.placed,
            [
                placed(0, 3, None),
                placed(4, 3, None),
                placed(7, 1, Some((1, 2))),
                placed(8, 0, Some((2, 3)))
            ]
        );
    }
}
