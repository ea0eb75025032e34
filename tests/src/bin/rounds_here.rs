//! The command line `rounds`, for tests of this crate that run it beside a server.

use std::process::ExitCode;

fn main() -> ExitCode {
    rounds::cli::main()
}
