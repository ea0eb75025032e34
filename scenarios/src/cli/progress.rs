//! How far a run is: a bar on a terminal, plain lines elsewhere, nothing when quiet.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// Shows progress on standard error.
pub(crate) struct Shown {
    bar: Option<ProgressBar>,
    plain: bool,
    began: Instant,
    last: Instant,
    what: String,
}

impl Shown {
    /// Begins to show `total` steps of `what`.
    pub(crate) fn new(what: &str, total: u64, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = (!quiet && terminal).then(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) =
                ProgressStyle::with_template("{msg:24} {bar:30} {pos}/{len}  {rate}  {eta} left")
            {
                bar.set_style(style.with_key(
                    "rate",
                    |state: &ProgressState, out: &mut dyn fmt::Write| {
                        // A line that cannot be drawn is no failure of the run.
                        let _ = write!(out, "{:.0}/s", state.per_sec());
                    },
                ));
            }
            bar.set_message(what.to_owned());
            bar
        });
        let now = Instant::now();
        Self {
            bar,
            plain: !quiet && !terminal,
            began: now,
            last: now,
            what: what.to_owned(),
        }
    }

    /// `at` of `total` are done.
    pub(crate) fn at(&mut self, at: u64, total: u64) {
        self.at_with(at, total, "");
    }

    /// `at` of `total` are done; `now` is what is to be seen of them.
    pub(crate) fn at_with(&mut self, at: u64, total: u64, now: &str) {
        if let Some(bar) = &self.bar {
            if !now.is_empty() {
                bar.set_message(format!("{} ({now})", self.what));
            }
            bar.set_position(at);
        } else if self.plain && self.last.elapsed() > Duration::from_secs(5) {
            self.last = Instant::now();
            let rate = at as f64 / self.began.elapsed().as_secs_f64().max(1e-9);
            let left = total.saturating_sub(at) as f64 / rate.max(1e-9);
            // Nobody may be listening, which must not end a run.
            let _ = writeln!(
                std::io::stderr(),
                "{}: {at}/{total}, {rate:.0}/s, {left:.0} s left{}{now}",
                self.what,
                if now.is_empty() { "" } else { ", " }
            );
        }
    }

    /// Says a line above the bar; nothing when quiet.
    pub(crate) fn say(&self, line: &str) {
        if let Some(bar) = &self.bar {
            bar.println(line);
        } else if self.plain {
            // Nobody may be listening.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }

    /// Takes the bar away.
    pub(crate) fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
