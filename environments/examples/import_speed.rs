//! Imports a folder of MIMIC-III tables and tells how fast that was and how much memory it took.
//!
//! `cargo run --release -p rounds-environments --example import_speed -- SOURCE OUT [MAX_DIAGNOSES]`
#![expect(clippy::print_stdout, reason = "the figures are for people")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use rounds_environments::clinic::mimic::{ImportOptions, import};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (source, out) = match arguments.as_slice() {
        [source, out, ..] => (Path::new(source), Path::new(out)),
        _ => return Err("expected SOURCE OUT [MAX_DIAGNOSES]".into()),
    };
    let mut options = ImportOptions::default();
    if let Some(limit) = arguments.get(2) {
        options.max_diagnoses = limit.parse()?;
    }
    let start = Instant::now();
    let report = import(source, out, &options, &mut |_| {})?;
    let seconds = start.elapsed().as_secs_f64();
    let bytes: u64 = report.manifest.files.values().map(|file| file.bytes).sum();
    let megabytes = bytes as f64 / 1e6;
    println!(
        "{} records from {megabytes:.1} MB in {seconds:.2} s: {:.0} MB/s",
        report.manifest.records,
        megabytes / seconds
    );
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
        println!("{line}");
    }
    Ok(())
}
