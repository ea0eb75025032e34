//! Runs whose clinicians speak through a server: faults of every kind, replay, resume, speed of
//! waiting. The server is real, on a loopback address.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

mod faults;
mod ward;
