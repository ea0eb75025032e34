//! Runs an experiment into folders that are removed afterwards.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::run::{ExecuteOptions, Experiment, RunDirectory, RunError, execute};

/// A folder of its own below the system's temporary one, removed at the end.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Self, RunError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rounds-testkit-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).map_err(RunError::file(&path, "the folder cannot be made"))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The log of a run of `experiment` with `jobs` worlds.
pub(super) fn log_of(experiment: &Experiment, jobs: usize) -> Result<Vec<u8>, RunError> {
    let scratch = Scratch::new()?;
    run_in(&scratch, experiment, jobs, false)
}

fn run_in(
    scratch: &Scratch,
    experiment: &Experiment,
    jobs: usize,
    resume: bool,
) -> Result<Vec<u8>, RunError> {
    let out = scratch.0.join("run");
    let options = ExecuteOptions {
        out: out.clone(),
        resume,
        jobs,
    };
    execute(experiment, &options, &mut |_, _| {})?;
    let log = out.join(RunDirectory::EVENTS);
    fs::read(&log).map_err(RunError::file(&log, "cannot be read"))
}

/// The log of a run that is cut in the middle of episode `kept` and resumed.
pub(super) fn resumed_after(
    experiment: &Experiment,
    kept: u32,
    jobs: usize,
) -> Result<Vec<u8>, RunError> {
    let scratch = Scratch::new()?;
    let whole = run_in(&scratch, experiment, 1, false)?;
    let run = scratch.0.join("run");
    let (events, partial) = [RunDirectory::EVENTS, RunDirectory::PARTIAL]
        .map(|name| run.join(name))
        .into();
    let next = format!("{{\"e\":{kept},");
    let text = String::from_utf8_lossy(&whole);
    let at = text
        .find(&format!("\n{next}"))
        .map_or(whole.len(), |at| at + 1);
    // Half of the first line of the episode that was being written.
    let torn = (at + next.len() + 4).min(whole.len());
    fs::remove_file(&events).map_err(RunError::file(&events, "cannot be removed"))?;
    fs::write(&partial, &whole[..torn]).map_err(RunError::file(&partial, "cannot be written"))?;
    run_in(&scratch, experiment, jobs, true)
}
