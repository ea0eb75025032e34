//! The files of a run directory, and what of an interrupted run is kept.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rounds_agents::engine::FinishedEpisode;
use rounds_environments::text::json_fault;
use rounds_models::CallRecord;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call_file::CallFile;
use super::error::RunError;
use super::partial::{Block, is_cut, reopen, whole_blocks};
use super::same::same_run;
use crate::hash::sha256;

/// `manifest.json`: what a run is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// `rounds.manifest/1`.
    pub schema: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Arm of the scenario.
    pub arm: String,
    /// Seed of the run.
    pub seed: u64,
    /// Number of the first episode.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub first: u32,
    /// Episodes asked for.
    pub episodes: u32,
    /// SHA-256 of the resolved scenario.
    pub hash: String,
    /// The resolved scenario.
    pub resolved: String,
    /// Version of this program.
    pub version: String,
    /// Name and hash of each data set.
    pub data: Value,
    /// Whether reports may hold no record text.
    pub restricted: bool,
    /// Where it was run first; resuming elsewhere is allowed.
    #[serde(default)]
    pub machine: Value,
    /// What must be said of the run.
    pub notice: String,
    /// Hosts to which the text of restricted records was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent_to: Vec<String>,
    /// Where it left a recorded course.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverged: Option<Diverged>,
}

/// Where a run left the course of an earlier one, whose calls answered it until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diverged {
    /// The episode.
    pub episode: u32,
    /// Its first round that was decided anew.
    pub round: u32,
    /// The recording, as it was named.
    pub calls: String,
    /// SHA-256 of the recording.
    pub sha256: String,
}

impl Manifest {
    /// The manifest of an arm on this machine, with no data and nothing to be said.
    pub fn new(
        scenario: &str,
        arm: &str,
        seed: u64,
        episodes: u32,
        resolved: String,
        hash: String,
    ) -> Self {
        Self {
            schema: "rounds.manifest/1".to_owned(),
            scenario: scenario.to_owned(),
            arm: arm.to_owned(),
            seed,
            first: 0,
            episodes,
            hash,
            resolved,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data: Value::Null,
            restricted: false,
            machine: machine(),
            notice: String::new(),
            sent_to: Vec::new(),
            diverged: None,
        }
    }

    /// The manifest of an arm that is no scenario file's but a program's, which says by `settings`
    /// what its results depend on.
    pub fn of_settings(
        scenario: &str,
        arm: &str,
        seed: u64,
        episodes: u32,
        settings: &Value,
    ) -> Self {
        let resolved = settings.to_string();
        let hash = sha256(&resolved);
        Self::new(scenario, arm, seed, episodes, resolved, hash)
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The machine that this program runs on, for a manifest.
pub fn machine() -> Value {
    json!({
        "os": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "cores": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    })
}

/// A run directory that is being filled.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    partial: BufWriter<File>,
    end: u64,
    blocks: Vec<Block>,
    calls: Option<CallFile>,
}

/// What a folder holds before a run begins.
#[derive(Debug)]
pub enum Opened {
    /// Episodes are still to be run.
    Open(Box<RunDirectory>),
    /// The run is complete.
    Complete,
}

impl RunDirectory {
    /// Name of the description of a run.
    pub const MANIFEST: &str = "manifest.json";
    /// Name of the log while a run goes on.
    pub const PARTIAL: &str = "events.partial.jsonl";
    /// Name of the finished log.
    pub const EVENTS: &str = "events.jsonl";
    /// Name of the record of model calls.
    pub const CALLS: &str = "calls.jsonl";
    /// Name of the events of the episode that a run decided anew, as they were recorded before.
    pub const RECORDED: &str = "recorded.events.jsonl";
    /// Name of the folder with the standard error of programs that decided.
    pub const PROCESSES: &str = "processes";
    pub(super) const CALLS_PARTIAL: &str = "calls.partial.jsonl";
    const HEADER: &str = "{\"schema\":\"rounds.events/1\"}\n";

    /// Opens `path` for the run of `manifest`. With `resume`, finished episodes of an earlier try
    /// are kept; a missing or empty folder is a fresh start.
    ///
    /// # Errors
    /// [`RunError`] when the folder holds something else or cannot be written.
    pub fn open(path: &Path, manifest: &Manifest, resume: bool) -> Result<Opened, RunError> {
        let found = found(path, manifest, resume)?;
        fs::create_dir_all(path).map_err(RunError::file(path, "the folder cannot be made"))?;
        let manifest_path = path.join(Self::MANIFEST);
        if let Some(found) = found {
            if path.join(Self::EVENTS).exists() {
                if !is_cut(path)? {
                    return Ok(Opened::Complete);
                }
                reopen(path)?;
            }
            if found.resolved != manifest.resolved {
                // Limits of the run may differ: those that hold now are told.
                let machine = found.machine;
                let now = Manifest {
                    machine,
                    ..manifest.clone()
                };
                write_whole(&manifest_path, &pretty(&now))?;
            }
        } else {
            write_whole(&manifest_path, &pretty(manifest))?;
        }
        let partial_path = path.join(Self::PARTIAL);
        let (blocks, end) = if partial_path.exists() {
            whole_blocks(&partial_path)?
        } else {
            (Vec::new(), 0)
        };
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&partial_path)
            .map_err(RunError::file(&partial_path, "cannot be opened"))?;
        file.set_len(end).map_err(RunError::file(
            &partial_path,
            "cannot be cut to its last whole episode",
        ))?;
        file.seek(SeekFrom::End(0))
            .map_err(RunError::file(&partial_path, "cannot be written"))?;
        let mut directory = Self {
            path: path.to_owned(),
            partial: BufWriter::with_capacity(1 << 16, file),
            end,
            blocks,
            calls: None,
        };
        if directory.end == 0 {
            directory.append(Self::HEADER.as_bytes())?;
        }
        Ok(Opened::Open(Box::new(directory)))
    }

    /// Whether [`RunDirectory::open`] would find a run that is complete; nothing is written.
    ///
    /// # Errors
    /// As there.
    pub fn is_complete(path: &Path, manifest: &Manifest, resume: bool) -> Result<bool, RunError> {
        let found = found(path, manifest, resume)?;
        Ok(found.is_some() && path.join(Self::EVENTS).exists() && !is_cut(path)?)
    }

    /// Episodes that are already there.
    pub fn finished(&self) -> BTreeSet<u32> {
        self.blocks.iter().map(|block| block.episode).collect()
    }

    /// The calls of an earlier try, where there are some.
    pub fn recorded_calls(path: &Path) -> Option<PathBuf> {
        [Self::CALLS, Self::CALLS_PARTIAL]
            .iter()
            .map(|name| path.join(name))
            .find(|path| path.exists())
    }

    /// Appends a finished episode.
    ///
    /// # Errors
    /// [`RunError::File`] when the disk is full or gone; what was written before stays readable.
    pub fn append_episode(&mut self, episode: &FinishedEpisode) -> Result<(), RunError> {
        let block = Block {
            episode: episode.ix.0,
            offset: self.end,
            length: episode.events.len() as u64,
        };
        self.append(&episode.events)?;
        self.blocks.push(block);
        Ok(())
    }

    /// Appends calls, and hands them to the system at once: they were paid for.
    ///
    /// # Errors
    /// [`RunError::File`] as above.
    pub fn append_calls(&mut self, calls: Vec<CallRecord>) -> Result<(), RunError> {
        let file = match &mut self.calls {
            Some(file) => file,
            None => self.calls.insert(CallFile::open(&self.path)?),
        };
        file.append(calls)
    }

    /// Hands what was written to the system.
    ///
    /// # Errors
    /// [`RunError::File`] when the disk is full or gone.
    pub fn flush(&mut self) -> Result<(), RunError> {
        self.partial.flush().map_err(RunError::file(
            &self.path.join(Self::PARTIAL),
            "cannot be written",
        ))
    }

    /// Brings the log into its canonical order and removes the partial files.
    ///
    /// # Errors
    /// [`RunError::File`]; the partial log is kept then.
    pub fn close(mut self) -> Result<(), RunError> {
        self.flush()?;
        let partial_path = self.path.join(Self::PARTIAL);
        let events_path = self.path.join(Self::EVENTS);
        let temporary = self.path.join("events.sorting.jsonl");
        self.blocks.sort_unstable();
        let mut partial =
            File::open(&partial_path).map_err(RunError::file(&partial_path, "cannot be read"))?;
        let file =
            File::create(&temporary).map_err(RunError::file(&temporary, "cannot be made"))?;
        let mut out = BufWriter::with_capacity(1 << 18, file);
        let mut bytes = Vec::new();
        out.write_all(Self::HEADER.as_bytes())
            .map_err(RunError::file(&temporary, "cannot be written"))?;
        for block in &self.blocks {
            bytes.resize(block.length as usize, 0);
            partial
                .seek(SeekFrom::Start(block.offset))
                .and_then(|_| partial.read_exact(&mut bytes))
                .map_err(RunError::file(&partial_path, "cannot be read"))?;
            out.write_all(&bytes)
                .map_err(RunError::file(&temporary, "cannot be written"))?;
        }
        out.flush()
            .map_err(RunError::file(&temporary, "cannot be written"))?;
        drop(out);
        drop(self.calls.take());
        CallFile::sort(&self.path)?;
        fs::rename(&temporary, &events_path)
            .map_err(RunError::file(&events_path, "cannot be put in place"))?;
        fs::remove_file(&partial_path).map_err(RunError::file(&partial_path, "cannot be removed"))
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), RunError> {
        self.partial.write_all(bytes).map_err(RunError::file(
            &self.path.join(Self::PARTIAL),
            "cannot be written",
        ))?;
        self.end += bytes.len() as u64;
        Ok(())
    }
}

/// The manifest of the earlier try that a folder holds, which must be of the same run; `None` where there is none yet.
fn found(path: &Path, manifest: &Manifest, resume: bool) -> Result<Option<Manifest>, RunError> {
    if !is_occupied(path)? {
        return Ok(None);
    }
    if !resume {
        return Err(RunError::NotEmpty(path.to_owned()));
    }
    let found = read_manifest(path)?;
    same_run(path, manifest, &found)?;
    Ok(Some(found))
}

/// Whether a folder holds anything but the beginning of a manifest that could not be written.
///
/// # Errors
/// [`RunError`] when the path is no folder or cannot be listed.
pub(crate) fn is_occupied(path: &Path) -> Result<bool, RunError> {
    if !path.exists() {
        return Ok(false);
    }
    if !path.is_dir() {
        let why = format!("{}: expected a folder, got a file", path.display());
        return Err(RunError::Input(why));
    }
    let mut entries = fs::read_dir(path).map_err(RunError::file(path, "cannot be listed"))?;
    Ok(entries.any(|entry| entry.is_ok_and(|e| e.file_name() != "manifest.writing")))
}

/// Reads the manifest of the run in a folder.
///
/// # Errors
/// [`RunError::NoRun`] when there is none or it is of something else, [`RunError::Damaged`].
pub(crate) fn read_manifest(path: &Path) -> Result<Manifest, RunError> {
    let file = path.join(RunDirectory::MANIFEST);
    if !file.exists() {
        return Err(RunError::no_run(path, RunDirectory::MANIFEST));
    }
    // Records have a manifest of the same name, and it is no damaged one.
    let value: Value = read_json(&file)?;
    serde_json::from_value(value).map_err(|error| RunError::NoRun {
        path: path.to_owned(),
        what: "run",
        why: format!("its manifest.json is of something else ({error})"),
    })
}

/// JSON for people and programs.
pub(crate) fn pretty<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Writes a file so that it is there whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    let temporary = path.with_extension("writing");
    fs::write(&temporary, bytes)
        .inspect_err(|_| {
            // The error of writing is the one to tell.
            let _ = fs::remove_file(&temporary);
        })
        .map_err(RunError::file(path, "cannot be written"))?;
    fs::rename(&temporary, path).map_err(RunError::file(path, "cannot be put in place"))
}

/// Reads a JSON file.
pub(crate) fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, RunError> {
    let bytes = fs::read(path).map_err(RunError::file(path, "cannot be read"))?;
    serde_json::from_slice(&bytes).map_err(|error| RunError::Damaged {
        path: path.to_owned(),
        line: Some(error.line() as u64),
        why: json_fault(&error),
    })
}
