//! The scanner: one patient at a time and scanner, first come first served.

use std::collections::VecDeque;

use crate::clinic::knowledge::FindingIx;

/// A scan that was asked for.
pub(super) type Scan = (u32, FindingIx);

/// The scanners and who waits for one.
#[derive(Debug, Clone, Default)]
pub(super) struct Scanner {
    free: u32,
    queue: VecDeque<Scan>,
}

impl Scanner {
    pub(super) fn new(scanners: u32) -> Self {
        Self {
            free: scanners,
            queue: VecDeque::new(),
        }
    }

    pub(super) fn ask(&mut self, scan: Scan) {
        self.queue.push_back(scan);
    }

    /// A scanner is free again.
    pub(super) fn end(&mut self) {
        self.free += 1;
    }

    /// The next scan that can begin now, if any; scans that are not `wanted` any more are dropped.
    pub(super) fn begin(&mut self, wanted: impl Fn(u32) -> bool) -> Option<Scan> {
        if self.free == 0 {
            return None;
        }
        while let Some(scan) = self.queue.pop_front() {
            if wanted(scan.0) {
                self.free -= 1;
                return Some(scan);
            }
        }
        None
    }
}
