//! What the benchmarks share: where data lies, and how time and memory are measured.
#![allow(dead_code, reason = "no benchmark uses all of it")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rounds::environments::clinic::knowledge::Knowledge;

/// The base of 49 conditions and 208 findings derived from DDXPlus; says so when it is absent.
pub(crate) fn ddxplus() -> Option<Arc<Knowledge>> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let shared = std::env::var_os("ROUNDS_SHARED_DATA").map_or_else(|| own.into(), PathBuf::from);
    let path = shared.join("ddxplus/kb_binary_rates.json");
    if !path.is_file() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(Knowledge::load(&path).expect("the base is well formed"))
}

/// Time that a piece of work took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    /// On the wall clock.
    pub(crate) wall: Duration,
    /// On the processor, this thread alone; the wall clock's where the system does not tell.
    pub(crate) cpu: Duration,
}

/// Runs `work` and tells how long it took. Figures are compared by processor time, which other
/// programs on the machine disturb least.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Took) {
    let cpu = thread_time();
    let began = Instant::now();
    let result = work();
    let wall = began.elapsed();
    let cpu = cpu
        .zip(thread_time())
        .map_or(wall, |(before, after)| after.saturating_sub(before));
    (result, Took { wall, cpu })
}

/// Processor time of this thread so far. The system counts it when a thread is put aside, or a few
/// milliseconds later.
fn thread_time() -> Option<Duration> {
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// Most memory that this process ever held, in megabytes of 10^6 bytes.
pub(crate) fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// Runs this benchmark again in a fresh process with `arguments`; memory is then that of the
/// work alone.
pub(crate) fn in_fresh_process(arguments: &[&std::ffi::OsStr]) {
    let program = std::env::current_exe().expect("a running program has a path");
    let status = std::process::Command::new(program)
        .args(arguments)
        .status()
        .expect("this program can be started again");
    assert!(status.success(), "the child process failed: {status}");
}
