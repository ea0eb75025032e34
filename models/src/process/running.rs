//! One program while it runs.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use super::children;
use super::fault::ProcessFault;
use super::keep::{keep_errors, last_line};
use super::wire::decisions;

/// How long a program may take to end once its standard input is closed.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long the end of a dead program's standard error is waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What is heard of a program.
#[derive(Debug)]
pub(super) enum Heard {
    /// A line.
    Line(Vec<u8>),
    /// A line that goes on and on.
    Endless,
    /// Its standard output was closed.
    End,
    /// The run is being ended.
    Stop,
}

/// A running program with the threads that write to it and read from it.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    to: Option<SyncSender<Vec<u8>>>,
    from: Receiver<Heard>,
    heard: SyncSender<Heard>,
    errors: Receiver<String>,
    /// The first batch that it was asked.
    first: u64,
    most: usize,
    over: bool,
}

impl Running {
    /// Starts `command` and says `hello`; lines of the answer hold at most `most` bytes.
    pub(super) fn start(
        command: &mut Command,
        hello: &str,
        errors: Option<File>,
        first: u64,
        most: usize,
    ) -> Result<Self, ProcessFault> {
        let program = command.get_program().to_string_lossy().into_owned();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let failed = |error: std::io::Error| ProcessFault::Start {
            program: program.clone(),
            why: error.to_string(),
        };
        let mut child = children::start(command).map_err(failed)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let begun = match pipes {
            (Some(stdin), Some(stdout), Some(stderr)) => {
                // Bounded: a program that writes more than it is asked waits.
                let (heard, from) = sync_channel(4);
                // The greeting and a batch: what is answered was read.
                let (to, lines) = sync_channel(2);
                spawn("standard input", move || write(stdin, &lines))
                    .and_then(|()| {
                        let heard = heard.clone();
                        spawn("standard output", move || read(stdout, &heard, most))
                    })
                    .map(|()| (to, from, heard, keep_errors(stderr, errors)))
            }
            _ => Err(std::io::Error::other("it has no pipes")),
        };
        match begun {
            Ok((to, from, heard, errors)) => {
                // There is room for it: this does not wait.
                let _ = to.send(format!("{hello}\n").into_bytes());
                Ok(Self {
                    child,
                    to: Some(to),
                    from,
                    heard,
                    errors,
                    first,
                    most,
                    over: false,
                })
            }
            Err(error) => {
                // Why it could not be used is what counts.
                let _ = children::end(&mut child);
                Err(failed(error))
            }
        }
    }

    /// Where [`Heard::Stop`] can be sent to.
    pub(super) fn ear(&self) -> SyncSender<Heard> {
        self.heard.clone()
    }

    /// Sends the line of `batch` and waits for its decisions.
    pub(super) fn exchange(
        &mut self,
        line: Vec<u8>,
        batch: u64,
        expected: usize,
        deadline: Duration,
    ) -> Result<Vec<String>, ProcessFault> {
        let began = Instant::now();
        if let Some(to) = &self.to
            && let Err(TrySendError::Full(_)) = to.try_send(line)
        {
            return Err(ProcessFault::Deaf { batch });
        }
        // A writer that is gone has met a closed pipe, which the reader tells better.
        let left = deadline.saturating_sub(began.elapsed());
        match self.from.recv_timeout(left) {
            Ok(Heard::Line(line)) => decisions(&line, batch, expected, self.first),
            Ok(Heard::Endless) => Err(ProcessFault::Endless { most: self.most }),
            Ok(Heard::Stop) => Err(ProcessFault::Stopped),
            Ok(Heard::End) | Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
            Err(RecvTimeoutError::Timeout) => Err(ProcessFault::Late {
                batch,
                after_s: deadline.as_secs_f64(),
            }),
        }
    }

    /// Why it closed its standard output. A program that ended keeps its status until it is waited
    /// for, also when its group is ended in between.
    fn ended(&mut self) -> ProcessFault {
        let last_words = self.errors.recv_timeout(LAST_WORDS);
        let status = self.end();
        let how = match (&last_words, status) {
            (Ok(_), Some(status)) => status.to_string(),
            _ => "it closed its standard output".to_owned(),
        };
        ProcessFault::Ended {
            how,
            said: last_line(&last_words.unwrap_or_default()),
        }
    }

    /// Ends the program at once, unless it was ended before.
    pub(super) fn end(&mut self) -> Option<ExitStatus> {
        if std::mem::replace(&mut self.over, true) {
            return None;
        }
        children::end(&mut self.child)
            .inspect_err(|error| tracing::warn!(%error, "a process could not be waited for"))
            .ok()
    }

    /// Closes its standard input, gives it time to end by itself, and ends it.
    pub(super) fn farewell(mut self) {
        self.to = None;
        let began = Instant::now();
        let left = || FAREWELL.saturating_sub(began.elapsed());
        while !left().is_zero()
            && let Ok(Heard::Line(_)) = self.from.recv_timeout(left())
        {}
        // Its standard error is closed when it is gone.
        let _ = self.errors.recv_timeout(left());
        self.end();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
}

/// Writes lines until there are no more, or nobody reads them.
fn write(mut to: impl Write, lines: &Receiver<Vec<u8>>) {
    for line in lines {
        if to.write_all(&line).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}

/// Reads lines of at most `most` bytes until there are no more, or nobody wants them.
fn read(from: impl Read, heard: &SyncSender<Heard>, most: usize) {
    let mut from = BufReader::with_capacity(1 << 16, from);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut from).take(most as u64);
        let next = match limited.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => Heard::End,
            Ok(_) if line.ends_with(b"\n") => Heard::Line(line),
            Ok(read) if read >= most => Heard::Endless,
            // The last line has no end where the program died while it wrote.
            Ok(_) => Heard::End,
        };
        let last = matches!(next, Heard::End | Heard::Endless);
        if heard.send(next).is_err() || last {
            return;
        }
    }
}
