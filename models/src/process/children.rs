//! The programs that this process started and has not waited for yet.
//!
//! A number is taken out before its program is waited for, so that what is ended here is always a
//! program of ours and never another that got the same number.

use std::collections::BTreeSet;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};

#[derive(Debug, Default)]
struct Children {
    closed: bool,
    running: BTreeSet<u32>,
}

static CHILDREN: Mutex<Children> = Mutex::new(Children {
    closed: false,
    running: BTreeSet::new(),
});

/// Starts a program in a process group of its own, so that it is ended with all that it starts.
pub(super) fn start(command: &mut Command) -> std::io::Result<Child> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut children = CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
    if children.closed {
        return Err(std::io::Error::other("the run is being ended"));
    }
    let child = command.spawn()?;
    children.running.insert(child.id());
    Ok(child)
}

/// Ends a program with its group and waits for it.
pub(super) fn end(child: &mut Child) -> std::io::Result<std::process::ExitStatus> {
    // One that ended by itself keeps its number until it is waited for: its group is ended too.
    kill_group(child.id());
    // It may be gone already.
    let _ = child.kill();
    forget(child.id());
    child.wait()
}

fn forget(id: u32) {
    let mut children = CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
    children.running.remove(&id);
}

/// Ends every program that [`ProcessModel`](super::ProcessModel)s started, and lets them start no
/// further one: for a handler of signals, right before the process ends.
pub fn end_all_processes() {
    let mut children = CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
    children.closed = true;
    for id in std::mem::take(&mut children.running) {
        kill_group(id);
    }
}

#[cfg(unix)]
fn kill_group(id: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // A group that is gone is as good as one that is ended.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

/// Only the program itself can be ended.
#[cfg(not(unix))]
fn kill_group(_: u32) {}
