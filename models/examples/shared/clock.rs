//! Time that other programs do not lengthen.

use std::time::Instant;

use rounds_models::local::cpu::Threads;

/// Seconds so far: of this thread on the processor where it computes alone and the system tells, else of the
/// clock.
pub(crate) fn seconds(threads: &Threads, origin: Instant) -> f64 {
    let own = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let own = own.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    match own {
        Some(nanoseconds) if threads.count() == 1 => nanoseconds / 1e9,
        _ => origin.elapsed().as_secs_f64(),
    }
}
