//! One table, read row by row.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use csv::ByteRecord;
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::error::ImportError;
use crate::clinic::record::{SourceFile, Timestamp};

const BUFFER_BYTES: usize = 1 << 18;

/// A column of a table, found by its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    index: usize,
    name: &'static str,
}

/// Hash and length of what was read of a file.
#[derive(Default)]
struct Tally {
    hash: Sha256,
    bytes: u64,
}

/// Passes bytes on and keeps their tally.
struct Tallied<R> {
    inner: R,
    tally: Rc<RefCell<Tally>>,
}

impl<R: Read> Read for Tallied<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let mut tally = self.tally.borrow_mut();
        tally.hash.update(&buffer[..count]);
        tally.bytes += count as u64;
        Ok(count)
    }
}

/// A table that is being read; it shows one row at a time.
pub(super) struct Table {
    name: String,
    path: PathBuf,
    header: Vec<String>,
    reader: csv::Reader<Box<dyn Read>>,
    row: ByteRecord,
    rows: u64,
    total_bytes: u64,
    tally: Rc<RefCell<Tally>>,
}

impl Table {
    /// Opens a `.csv` or `.csv.gz` file and reads its header.
    pub(super) fn open(name: &str, path: &Path) -> Result<Self, ImportError> {
        let unreadable = |source| ImportError::Read {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(unreadable)?;
        let total_bytes = file.metadata().map_err(unreadable)?.len();
        let tally = Rc::new(RefCell::new(Tally::default()));
        let file = Tallied {
            inner: file,
            tally: Rc::clone(&tally),
        };
        let packed = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("gz"));
        let bytes: Box<dyn Read> = if packed {
            let buffered = io::BufReader::with_capacity(BUFFER_BYTES, file);
            Box::new(MultiGzDecoder::new(buffered))
        } else {
            Box::new(file)
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(bytes);
        let mut row = ByteRecord::new();
        let more = reader
            .read_byte_record(&mut row)
            .map_err(|error| line_error(path, error, 1))?;
        if !more {
            return Err(ImportError::EmptyTable {
                path: path.to_owned(),
                table: name.to_owned(),
            });
        }
        let header = row
            .iter()
            .map(|field| {
                let text = String::from_utf8_lossy(field);
                text.trim_start_matches('\u{feff}')
                    .trim()
                    .to_ascii_uppercase()
            })
            .collect();
        Ok(Self {
            name: name.to_owned(),
            path: path.to_owned(),
            header,
            reader,
            row,
            rows: 0,
            total_bytes,
            tally,
        })
    }

    /// Name of the table.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Rows read so far, bytes of the file read so far, and its length.
    pub(super) fn position(&self) -> (u64, u64, u64) {
        (self.rows, self.tally.borrow().bytes, self.total_bytes)
    }

    /// Finds a column by its name, which is in capitals.
    pub(super) fn column(&self, name: &'static str) -> Result<Column, ImportError> {
        self.optional_column(name)
            .ok_or_else(|| ImportError::MissingColumn {
                path: self.path.clone(),
                table: self.name.clone(),
                column: name.to_owned(),
                found: self.header.clone(),
            })
    }

    /// Finds a column that may be absent.
    pub(super) fn optional_column(&self, name: &'static str) -> Option<Column> {
        let index = self.header.iter().position(|column| column == name)?;
        Some(Column { index, name })
    }

    /// Goes to the next row; false at the end.
    pub(super) fn next_row(&mut self) -> Result<bool, ImportError> {
        let more = self
            .reader
            .read_byte_record(&mut self.row)
            .map_err(|error| line_error(&self.path, error, self.rows + 2))?;
        if !more {
            return Ok(false);
        }
        self.rows += 1;
        if self.row.len() != self.header.len() {
            return Err(ImportError::Line {
                path: self.path.clone(),
                line: self.line(),
                message: format!(
                    "expected {} fields as in the header, found {}",
                    self.header.len(),
                    self.row.len()
                ),
            });
        }
        // The fields lie one after another, so one look at all of them is the cheap common case.
        if std::str::from_utf8(self.row.as_slice()).is_err() {
            return Err(self.not_text());
        }
        Ok(true)
    }

    /// The error of the first field of the present row that is not text.
    fn not_text(&self) -> ImportError {
        let wrong = |field: &[u8]| std::str::from_utf8(field).is_err();
        let at = self.row.iter().position(wrong).unwrap_or_default();
        let column = self.header.get(at).cloned().unwrap_or_default();
        ImportError::Line {
            path: self.path.clone(),
            line: self.line(),
            message: format!("column {column}: expected UTF-8 text, found other bytes"),
        }
    }

    fn line(&self) -> u64 {
        self.row
            .position()
            .map_or(self.rows + 1, csv::Position::line)
    }

    /// Bytes of a field; `None` when it is empty or `NA`.
    #[inline]
    pub(super) fn bytes(&self, column: Column) -> Option<&[u8]> {
        match self.row.get(column.index) {
            None | Some(b"" | b"NA") => None,
            field => field,
        }
    }

    /// Text of a field, trimmed.
    pub(super) fn text(&self, column: Column) -> Option<String> {
        let text = String::from_utf8_lossy(self.bytes(column)?);
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Text of a field that must be there.
    pub(super) fn required_text(&self, column: Column) -> Result<String, ImportError> {
        self.text(column).ok_or_else(|| self.wrong(column, "text"))
    }

    /// A number without sign, also one that other programs wrote with `.0` at its end.
    #[inline]
    pub(super) fn id(&self, column: Column) -> Result<Option<u64>, ImportError> {
        const EXPECTED: &str = "a whole number";
        let Some(field) = self.bytes(column) else {
            return Ok(None);
        };
        let digits = field.strip_suffix(b".0").unwrap_or(field);
        if digits.is_empty() || digits.len() > 18 {
            return Err(self.wrong(column, EXPECTED));
        }
        let mut id = 0;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return Err(self.wrong(column, EXPECTED));
            }
            id = id * 10 + u64::from(digit - b'0');
        }
        Ok(Some(id))
    }

    /// A number that must be there.
    pub(super) fn required_id(&self, column: Column) -> Result<u64, ImportError> {
        self.id(column)?
            .ok_or_else(|| self.wrong(column, "a whole number"))
    }

    /// A small number, such as a priority.
    pub(super) fn small(&self, column: Column) -> Result<Option<u32>, ImportError> {
        self.id(column)?
            .map(|id| u32::try_from(id).map_err(|_| self.wrong(column, "a small whole number")))
            .transpose()
    }

    /// A real number.
    pub(super) fn number(&self, column: Column) -> Result<Option<f64>, ImportError> {
        let Some(field) = self.bytes(column) else {
            return Ok(None);
        };
        let number = std::str::from_utf8(field)
            .ok()
            .and_then(|text| text.trim().parse::<f64>().ok());
        match number {
            Some(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(self.wrong(column, "a number")),
        }
    }

    /// A point in time.
    pub(super) fn time(&self, column: Column) -> Result<Option<Timestamp>, ImportError> {
        self.bytes(column)
            .map(|field| {
                Timestamp::parse(field)
                    .ok_or_else(|| self.wrong(column, "a date YYYY-MM-DD or YYYY-MM-DD HH:MM:SS"))
            })
            .transpose()
    }

    /// A point in time that must be there.
    pub(super) fn required_time(&self, column: Column) -> Result<Timestamp, ImportError> {
        self.time(column)?
            .ok_or_else(|| self.wrong(column, "a date YYYY-MM-DD or YYYY-MM-DD HH:MM:SS"))
    }

    /// The error of a field of the present row that holds something else than it should.
    pub(super) fn wrong(&self, column: Column, expected: &'static str) -> ImportError {
        let found = self.row.get(column.index).unwrap_or_default();
        let found: String = String::from_utf8_lossy(found).chars().take(60).collect();
        ImportError::Field {
            path: self.path.clone(),
            line: self.line(),
            column: column.name.to_owned(),
            expected,
            found,
        }
    }

    /// Hash, length and rows of a table that was read to its end.
    pub(super) fn into_source_file(self) -> SourceFile {
        let tally = self.tally.borrow();
        let digest = tally.hash.clone().finalize();
        SourceFile {
            sha256: format!("{digest:x}"),
            bytes: tally.bytes,
            rows: self.rows,
        }
    }
}

/// The error of a row that cannot be read. One of the system is told as such, with the line
/// unless it is the first: a file that is packed may be damaged anywhere.
fn line_error(path: &Path, error: csv::Error, line: u64) -> ImportError {
    let line = error.position().map_or(line, csv::Position::line);
    let path = path.to_owned();
    match error.into_kind() {
        csv::ErrorKind::Io(source) if line == 1 => ImportError::Read { path, source },
        csv::ErrorKind::Io(source) => ImportError::Line {
            path,
            line,
            message: format!("cannot be read from here on: {source}"),
        },
        other => ImportError::Line {
            path,
            line,
            message: format!("expected a row of comma-separated values: {other:?}"),
        },
    }
}
