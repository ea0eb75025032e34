//! How fast MIMIC-III tables are imported on one core, and in how much memory.
//!
//! `cargo bench -p rounds-tests --bench import` makes a LABEVENTS of 200 MB in a temporary
//! folder; `cargo bench -p rounds-tests --bench import -- tables SOURCE` takes your own tables.
#![expect(clippy::print_stdout, reason = "the figures are for people")]

#[path = "../measure/mod.rs"]
mod measure;
mod tables;

use std::ffi::OsStr;
use std::path::Path;

use measure::timed;
use rounds::environments::clinic::mimic::{ImportOptions, import};

/// Asks for the import of a folder, in a process of its own.
const TABLES: &str = "tables";
/// Size of the generated LABEVENTS.
const BYTES: u64 = 200_000_000;
/// How often the generated folder is imported.
const TURNS: usize = 3;

fn main() {
    let arguments: Vec<_> = std::env::args_os().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == TABLES) {
        let source = arguments.get(at + 1).expect("a folder after `tables`");
        measure_import(Path::new(source));
        return;
    }
    for (share, name) in [(10, "one admission in ten"), (1, "every admission")] {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        tables::generate(folder.path(), BYTES, share).expect("tables can be written");
        println!("generated LABEVENTS, {name} in the cohort:");
        let labs = folder.path().join("LABEVENTS.csv");
        let (bytes, took) = timed(|| read_alone(&labs).expect("the file can be read"));
        println!(
            "  the csv reader alone, no column read: {:.0} MB/s CPU",
            bytes as f64 / 1e6 / took.cpu.as_secs_f64()
        );
        for _ in 0..TURNS {
            measure::in_fresh_process(&[OsStr::new(TABLES), folder.path().as_os_str()]);
        }
    }
}

/// The floor under any import: splits a file into fields and looks at none.
fn read_alone(path: &Path) -> Result<u64, csv::Error> {
    let mut reader = csv::Reader::from_path(path)?;
    let mut row = csv::ByteRecord::new();
    while reader.read_byte_record(&mut row)? {}
    Ok(reader.position().byte())
}

fn measure_import(source: &Path) {
    let out = tempfile::tempdir().expect("a temporary folder can be made");
    let options = ImportOptions::default();
    let (report, took) =
        timed(|| import(source, &out.path().join("records"), &options, &mut |_| {}));
    let manifest = report.expect("the tables can be imported").manifest;
    let bytes: u64 = manifest.files.values().map(|file| file.bytes).sum();
    let megabytes = bytes as f64 / 1e6;
    let peak = measure::peak_memory_mb()
        .map_or_else(|| "unknown here".to_owned(), |mb| format!("{mb:.0} MB"));
    println!(
        "  {} records from {megabytes:.1} MB: {:.0} MB/s CPU, {:.0} MB/s wall, peak memory {peak}",
        manifest.records,
        megabytes / took.cpu.as_secs_f64(),
        megabytes / took.wall.as_secs_f64()
    );
}
