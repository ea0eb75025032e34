//! Writes the folder of a model as a GGUF file, quantised if a format is named.
//!
//! `cargo run --release -p rounds-models --features local --example write_gguf -- FOLDER FILE [q4_0|q8_0|q4_k|q6_k]`
#![expect(clippy::print_stdout, reason = "an example prints what it did")]

use std::error::Error;
use std::path::Path;

use rounds_models::local::cpu::{BlockFormat, write_gguf};
use rounds_models::local::text::{TemplateSource, Tokenizer};
use rounds_models::local::transformer::Checkpoint;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, file, format) = match &arguments[..] {
        [folder, file] => (Path::new(folder), Path::new(file), None),
        [folder, file, format] => (Path::new(folder), Path::new(file), Some(named(format)?)),
        _ => return Err("expected FOLDER FILE [q4_0|q8_0|q4_k|q6_k]".into()),
    };
    let checkpoint = Checkpoint::load(folder)?;
    let tokenizer = Tokenizer::from_folder(folder)?;
    let template = TemplateSource::of_folder(folder, tokenizer.config()).ok();
    let rows = checkpoint.config.vocab_size;
    let keys = tokenizer.to_gguf(rows, template.as_ref().map(|t| t.default.as_str()))?;
    write_gguf(file, &checkpoint, format, &keys)?;
    println!(
        "{}: {} parameters, {:.1} MiB, {}, tokenizer {}",
        file.display(),
        checkpoint.config.parameter_count(),
        std::fs::metadata(file)?.len() as f64 / f64::from(1 << 20),
        format.map_or("f32", BlockFormat::name),
        keys.pre.as_deref().unwrap_or("as tokenizer.json only"),
    );
    Ok(())
}

fn named(name: &str) -> Result<BlockFormat, String> {
    let formats = BlockFormat::ALL;
    let found = formats
        .into_iter()
        .find(|f| f.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| format!("format `{name}`: expected one of q4_0, q8_0, q4_k, q6_k"))
}
