//! Arrays as files hold them.

use super::error::DataError;

/// An array of any shape, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Array<T> {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// All of it, the last axis running fastest.
    pub items: Vec<T>,
}

impl<T> Array<T> {
    /// An array of one axis.
    pub fn list(items: Vec<T>) -> Self {
        Self {
            shape: vec![items.len()],
            items,
        }
    }

    /// An array of rows of `width` each.
    pub fn rows(width: usize, items: Vec<T>) -> Self {
        Self {
            shape: vec![items.len() / width.max(1), width],
            items,
        }
    }

    fn refused(&self, array: &'static str, expected: String) -> DataError {
        DataError::Shape {
            array,
            expected,
            got: self.shape.clone(),
        }
    }

    /// Length of the first axis and width of its rows; an array of one axis has rows of one.
    ///
    /// # Errors
    /// [`DataError::Shape`] for another number of axes, rows of no width, or a shape that the items do
    /// not fill.
    pub(super) fn table(&self, array: &'static str) -> Result<(usize, usize), DataError> {
        let (rows, width) = match self.shape[..] {
            [rows] => (rows, 1),
            [rows, width] if width > 0 => (rows, width),
            _ => return Err(self.refused(array, "[steps, dimensions]".to_owned())),
        };
        match rows.checked_mul(width) == Some(self.items.len()) {
            true => Ok((rows, width)),
            false => Err(self.refused(array, format!("of {} items", self.items.len()))),
        }
    }

    /// The items of a list of so many, or of a table of one column.
    ///
    /// # Errors
    /// [`DataError::Shape`] for any other shape.
    pub(super) fn squeezed(self, array: &'static str, steps: usize) -> Result<Vec<T>, DataError> {
        match self.table(array) {
            Ok((rows, 1)) if rows == steps => Ok(self.items),
            _ => Err(self.refused(array, format!("[{steps}] or [{steps}, 1]"))),
        }
    }
}
