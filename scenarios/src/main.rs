//! The command line `rounds`.

use std::process::ExitCode;

/// Runs make and drop many small texts on several threads: a fifth faster than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rounds::cli::main()
}
