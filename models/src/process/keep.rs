//! What is kept of a program: its standard error, and why it was started again.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};

use serde_json::json;

/// Bytes of standard error that the file of one program keeps of its beginning.
const MOST_BYTES: u64 = 1 << 20;
/// Bytes of its end that are kept beside them.
const TAIL_BYTES: usize = 4096;

/// Copies what a program writes to its standard error into `file`, at most [`MOST_BYTES`] of it
/// and its end, on a thread of its own. The end comes on the channel once the program is gone.
pub(super) fn keep_errors(
    mut from: impl Read + Send + 'static,
    file: Option<File>,
) -> Receiver<String> {
    let (done, receiver) = sync_channel(1);
    let copied = std::thread::Builder::new()
        .name("standard error".to_owned())
        .spawn(move || {
            let end = copy(&mut from, file);
            // Nobody asks when the run is over.
            let _ = done.send(end);
        });
    if let Err(error) = copied {
        tracing::warn!(%error, "standard error of a process is not kept");
    }
    receiver
}

fn copy(from: &mut impl Read, mut file: Option<File>) -> String {
    let mut left = MOST_BYTES.saturating_sub(
        file.as_ref()
            .and_then(|f| f.metadata().ok())
            .map_or(0, |m| m.len()),
    );
    let mut dropped = 0_u64;
    let mut tail = VecDeque::with_capacity(TAIL_BYTES);
    let mut buffer = [0; 8192];
    while let Ok(read) = from.read(&mut buffer)
        && read > 0
    {
        let bytes = &buffer[..read];
        let kept = read.min(usize::try_from(left).unwrap_or(usize::MAX));
        if let Some(open) = &mut file
            && let Err(error) = open.write_all(&bytes[..kept])
        {
            tracing::warn!(%error, "standard error of a process is not kept any more");
            file = None;
        }
        left -= kept as u64;
        dropped += (read - kept) as u64;
        tail.extend(bytes.iter().rev().take(TAIL_BYTES).rev());
        let over = tail.len().saturating_sub(TAIL_BYTES);
        tail.drain(..over);
    }
    let end = String::from_utf8_lossy(&Vec::from(tail)).into_owned();
    if let Some(mut open) = file.filter(|_| dropped > 0) {
        // The file is for people; what cannot be written is gone.
        let _ = write!(open, "\n[{dropped} bytes were dropped; the end:]\n{end}\n");
    }
    end
}

/// The last line with anything in it, cut to what fits a message.
pub(super) fn last_line(end: &str) -> Option<String> {
    let line = end.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(line.trim().chars().take(200).collect())
}

/// Opens the file of a program's standard error in `folder`; `None` where there is no folder or
/// it cannot be written.
pub(super) fn open_errors(folder: Option<&Path>, name: &str, slot: usize) -> Option<File> {
    append(folder?, &format!("{}-{slot}.stderr.txt", plain(name)))
}

/// Notes that a program was started again, and why, as one line of `restarts.jsonl`.
pub(super) fn note_restart(folder: Option<&Path>, name: &str, slot: usize, why: &str) {
    tracing::warn!(
        policy = name,
        process = slot,
        why,
        "the process is started again"
    );
    if let Some(mut file) = folder.and_then(|folder| append(folder, "restarts.jsonl")) {
        let line = json!({ "policy": name, "process": slot, "why": why });
        if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
            tracing::warn!(%error, "a restart could not be noted");
        }
    }
}

fn append(folder: &Path, name: &str) -> Option<File> {
    let open = || {
        std::fs::create_dir_all(folder)?;
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join(name))
    };
    open()
        .inspect_err(|error| {
            tracing::warn!(%error, folder = %folder.display(), name, "cannot be written");
        })
        .ok()
}

/// A name that cannot lead out of a folder.
fn plain(name: &str) -> String {
    let keep = |c: char| if c.is_alphanumeric() { c } else { '-' };
    name.chars().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_kept_to_its_beginning_and_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = append(folder.path(), "e.txt");
        let flood = vec![b'x'; 3 << 20];
        let mut all = flood.as_slice().chain(&b"\nthe end\n\n"[..]);
        let end = copy(&mut all, file);
        assert_eq!(end.len(), TAIL_BYTES);
        assert_eq!(last_line(&end).unwrap(), "the end");
        let kept = std::fs::read(folder.path().join("e.txt")).unwrap();
        assert!(kept.len() < (1 << 20) + 2 * TAIL_BYTES, "{}", kept.len());
        assert!(kept.ends_with(b"the end\n\n\n"));
    }

    #[test]
    fn names_stay_in_their_folder() {
        assert_eq!(plain("../a b"), "---a-b");
    }
}
