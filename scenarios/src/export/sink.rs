//! The two files that a log can be, written sample by sample.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

use super::header::Header;
use super::sample::SampleText;

/// Format of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// A ZIP of JSON members, one a sample: small, and read sample by sample.
    Eval,
    /// One JSON object.
    Json,
}

impl LogFormat {
    /// The format of a file by how its name ends.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_lowercase().as_str() {
            "eval" => Some(Self::Eval),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// A log that is being written, under another name until it is whole.
pub(super) enum Sink {
    /// A ZIP; summaries of samples wait in a file of their own, since they are one member.
    Eval {
        zip: Box<ZipWriter<BufWriter<File>>>,
        summaries: BufWriter<File>,
        summaries_path: PathBuf,
        samples: u64,
    },
    /// JSON.
    Json { out: BufWriter<File>, samples: u64 },
}

impl Sink {
    /// Begins a log in the file `path`.
    ///
    /// # Errors
    /// When it cannot be written, as for the methods below.
    pub(super) fn open(path: &Path, format: LogFormat, header: &Header) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(1 << 16, File::create(path)?);
        match format {
            LogFormat::Json => {
                let mut text = header.json().to_string();
                // Samples follow in the same object.
                text.pop();
                out.write_all(text.as_bytes())?;
                out.write_all(b",\"samples\":[")?;
                Ok(Self::Json { out, samples: 0 })
            }
            LogFormat::Eval => {
                let summaries_path = beside(path, ".summaries");
                let mut zip = Box::new(ZipWriter::new(out));
                member(&mut zip, "_journal/start.json", &header.start())?;
                let mut summaries = BufWriter::new(File::create(&summaries_path)?);
                summaries.write_all(b"[")?;
                Ok(Self::Eval {
                    zip,
                    summaries,
                    summaries_path,
                    samples: 0,
                })
            }
        }
    }

    /// Adds a sample.
    pub(super) fn add(&mut self, id: &str, epoch: u32, text: &SampleText) -> io::Result<()> {
        match self {
            Self::Json { out, samples } => {
                out.write_all(if *samples == 0 { b"\n" } else { b",\n" })?;
                *samples += 1;
                out.write_all(text.full.as_bytes())
            }
            Self::Eval {
                zip,
                summaries,
                samples,
                ..
            } => {
                zip.start_file(format!("samples/{id}_epoch_{epoch}.json"), options())?;
                zip.write_all(text.full.as_bytes())?;
                summaries.write_all(if *samples == 0 { b"\n" } else { b",\n" })?;
                *samples += 1;
                summaries.write_all(text.brief.as_bytes())
            }
        }
    }

    /// Ends the log.
    pub(super) fn close(self, header: &Header) -> io::Result<()> {
        match self {
            Self::Json { mut out, .. } => {
                out.write_all(b"\n]}\n")?;
                out.flush()
            }
            Self::Eval {
                mut zip,
                mut summaries,
                summaries_path,
                ..
            } => {
                summaries.write_all(b"\n]")?;
                summaries.flush()?;
                drop(summaries);
                // More than 4 GiB in one member is another form of ZIP.
                let large = fs::metadata(&summaries_path)?.len() > u64::from(u32::MAX);
                zip.start_file("summaries.json", options().large_file(large))?;
                let mut written = BufReader::new(File::open(&summaries_path)?);
                io::copy(&mut written, &mut zip)?;
                fs::remove_file(&summaries_path)?;
                member(&mut zip, "header.json", &header.json())?;
                zip.finish()?.flush()
            }
        }
    }
}

/// The file whose name has more at its end.
pub(super) fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    PathBuf::from(name)
}

/// The files that a log which could not be finished leaves.
pub(super) fn leftovers(path: &Path) -> [PathBuf; 2] {
    [path.to_owned(), beside(path, ".summaries")]
}

fn member(zip: &mut ZipWriter<BufWriter<File>>, name: &str, value: &Value) -> io::Result<()> {
    zip.start_file(name, options())?;
    zip.write_all(value.to_string().as_bytes())
}

/// Compressed, and with no time of its own.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
}
