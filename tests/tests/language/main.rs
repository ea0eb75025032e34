//! Runs whose clinicians speak through a server: faults of every kind, replay, a server that dies,
//! consultations, judges. The server is real, on a loopback address.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what cannot be, and says what it skips"
)]

mod command;
mod consultation;
mod faults;
mod judged;
mod mistakes;
mod replayed;
mod ward;
