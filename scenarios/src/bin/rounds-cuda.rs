//! The command line `rounds`, with models on graphics processors of NVIDIA.

use std::process::ExitCode;

/// As in `rounds`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rounds::cli::main()
}
