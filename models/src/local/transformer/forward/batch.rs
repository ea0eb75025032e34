//! Token ids in rows.

use super::ForwardError;
use super::branches::{Branch, Branches};

/// Rows of token ids, filled up at the right to one length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBatch {
    ids: Vec<u32>,
    lengths: Vec<usize>,
    length: usize,
    positions: Option<Vec<u32>>,
    branches: Option<Branches>,
}

impl TokenBatch {
    /// A batch of rows of any lengths; shorter ones are filled with `pad` at the right.
    ///
    /// # Errors
    /// [`ForwardError::Empty`] without rows or with an empty row.
    pub fn new<R: AsRef<[u32]>>(rows: &[R], pad: u32) -> Result<Self, ForwardError> {
        let length = rows.iter().map(|row| row.as_ref().len()).max().unwrap_or(0);
        if let Some(empty) = rows.iter().position(|row| row.as_ref().is_empty()) {
            return Err(ForwardError::Empty {
                found: format!("none in row {empty}"),
            });
        }
        if rows.is_empty() {
            return Err(ForwardError::Empty {
                found: "no rows".to_owned(),
            });
        }
        let mut ids = Vec::with_capacity(rows.len() * length);
        for row in rows {
            ids.extend_from_slice(row.as_ref());
            ids.resize(ids.len() + length - row.as_ref().len(), pad);
        }
        Ok(Self {
            ids,
            lengths: rows.iter().map(|row| row.as_ref().len()).collect(),
            length,
            positions: None,
            branches: None,
        })
    }

    /// One row of texts that begin alike: what they have in common is computed once.
    ///
    /// Tokens stand branch after branch, and each has the position in its own text.
    ///
    /// # Errors
    /// [`ForwardError::Empty`] without branches or with an empty one, [`ForwardError::Branch`] for one
    /// that goes on from what is not there.
    pub fn of_branches(branches: &[Branch<'_>]) -> Result<Self, ForwardError> {
        let tree = Branches::new(branches)?;
        let row: Vec<u32> = branches
            .iter()
            .flat_map(|branch| branch.tokens)
            .copied()
            .collect();
        let mut batch = Self::new(&[row], 0)?;
        batch.positions = Some(tree.positions());
        batch.branches = Some(tree);
        Ok(batch)
    }

    /// The same tokens at other positions than 0, 1, 2, … of each row, for the rotation.
    ///
    /// Which tokens see each other is decided by their order in the row all the same.
    ///
    /// # Shapes
    /// `positions`: `[rows * length]`, row by row.
    ///
    /// # Errors
    /// [`ForwardError::Size`] when their number differs.
    pub fn with_positions(mut self, positions: Vec<u32>) -> Result<Self, ForwardError> {
        if positions.len() != self.ids.len() {
            return Err(ForwardError::Size {
                what: "positions",
                expected: self.ids.len(),
                found: positions.len(),
            });
        }
        self.positions = Some(positions);
        Ok(self)
    }

    /// Number of rows, B.
    pub fn rows(&self) -> usize {
        self.lengths.len()
    }

    /// Tokens of every row with what fills it, T.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Tokens of each row without what fills it.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// All ids, row by row.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Tokens of the longest text.
    pub(super) fn longest(&self) -> usize {
        self.branches
            .as_ref()
            .map_or(self.length, Branches::longest)
    }

    /// The branches of its one row, where it has any.
    pub(super) fn branches(&self) -> Option<&Branches> {
        self.branches.as_ref()
    }

    /// The position of each token, row by row.
    pub(super) fn positions(&self) -> Vec<u32> {
        match &self.positions {
            Some(positions) => positions.clone(),
            None => (0..self.rows())
                .flat_map(|_| 0..self.length as u32)
                .collect(),
        }
    }

    /// Whether every row has the plain positions 0, 1, 2, …
    pub(super) fn has_plain_positions(&self) -> bool {
        self.positions.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_filled_at_the_right() {
        let batch = TokenBatch::new(&[vec![1, 2, 3], vec![4]], 9).unwrap();
        assert_eq!(batch.ids(), [1, 2, 3, 4, 9, 9]);
        assert_eq!((batch.rows(), batch.length()), (2, 3));
        assert_eq!(batch.lengths(), [3, 1]);
        assert_eq!(batch.positions(), [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn empty_rows_and_wrong_positions_are_refused() {
        assert!(TokenBatch::new::<Vec<u32>>(&[], 0).is_err());
        assert!(TokenBatch::new(&[vec![1], vec![]], 0).is_err());
        let batch = TokenBatch::new(&[[1, 2]], 0).unwrap();
        assert!(batch.with_positions(vec![0]).is_err());
    }
}
