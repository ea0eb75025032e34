//! `rounds export`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::results::sides;
use super::show::resolve;
use super::{Failure, no_arm, print};
use crate::compare::Side;
use crate::export::{LogFormat, export_inspect, vacant};
use crate::run::{RunDirectory, RunError, arm_folder, plain_name, read_json};
use crate::statistics::Summary;

/// Folder for logs in that of a run.
const FOLDER: &str = "inspect";

/// What a run is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportTarget {
    /// Logs of Inspect AI, one an arm: an episode is a sample, a metric a score.
    Inspect,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ExportArgs {
    /// A run directory, a bench, an evaluation, or "latest".
    pub(crate) run: PathBuf,
    /// The program that is to read it.
    #[arg(long, value_enum, value_name = "PROGRAM")]
    pub(crate) to: ExportTarget,
    /// The log, FILE.eval (compressed) or FILE.json, or a folder for one log an arm; by default
    /// inspect/ in the folder of the run. Nothing is overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The arm of a bench; without it, every arm.
    #[arg(long, value_name = "NAME")]
    pub(crate) arm: Option<String>,
    /// Write the words of restricted records too; the log must then be kept as they are.
    #[arg(long)]
    pub(crate) include_record_text: bool,
}

/// Writes the arms of a finished run as logs.
pub(crate) fn export(arguments: &ExportArgs) -> Result<(), Failure> {
    match arguments.to {
        ExportTarget::Inspect => inspect(arguments),
    }
}

fn inspect(arguments: &ExportArgs) -> Result<(), Failure> {
    let folder = resolve(&arguments.run)?;
    let sides: Vec<(usize, Side)> = sides(&arguments.run)?.into_iter().enumerate().collect();
    let names: Vec<String> = sides.iter().map(|(_, side)| side.arm.clone()).collect();
    let wanted = |side: &Side| arguments.arm.as_ref().is_none_or(|arm| *arm == side.arm);
    let chosen: Vec<&(usize, Side)> = sides.iter().filter(|(_, side)| wanted(side)).collect();
    if chosen.is_empty() {
        return Err(no_arm(arguments.arm.as_deref().unwrap_or_default(), &names));
    }
    let summary = summary(&folder)?;
    let logs = logs(arguments.out.as_deref(), &folder, &chosen, sides.len())?;
    // Nothing is written when one of them cannot be.
    for (_, path, _) in &logs {
        vacant(path)?;
    }
    let mut text = String::new();
    let mut kept_out = false;
    for (side, path, format) in &logs {
        if let Some(parent) = path
            .parent()
            .filter(|_| !names_file(arguments.out.as_deref()))
        {
            std::fs::create_dir_all(parent)
                .map_err(RunError::file(parent, "the folder cannot be made"))?;
        }
        let record_text = arguments.include_record_text;
        let written = export_inspect(side, &summary, path, *format, record_text)?;
        kept_out |= written.kept_out;
        let _ = write!(text, "Log: {} ({} samples", path.display(), written.samples);
        if written.calls > 0 {
            let _ = write!(text, ", {} calls of models", written.calls);
        }
        text.push_str(")\n");
    }
    let restricted = logs.iter().any(|(side, ..)| side.restricted());
    if kept_out {
        text.push_str(
            "The records are restricted: names of cases, words and diagnoses were kept out; \
             --include-record-text writes them\n",
        );
    } else if restricted {
        text.push_str("The records are restricted, and the log holds text of them: keep it as they are kept\n");
    }
    let notice = &chosen[0].1.manifest().notice;
    if !notice.is_empty() {
        let _ = write!(text, "\n{notice}\n");
    }
    print(&text);
    Ok(())
}

/// The summary beside the arms, which has their intervals.
fn summary(folder: &Path) -> Result<Summary, Failure> {
    let path = folder.join("summary.json");
    if path.exists() {
        return Ok(read_json(&path)?);
    }
    let arms = std::fs::read_dir(folder.join("arms")).into_iter().flatten();
    let mut arms = arms.filter_map(Result::ok);
    let is_open = |arm: std::fs::DirEntry| arm.path().join(RunDirectory::PARTIAL).exists();
    let why = match arms.any(is_open) {
        true => "it was interrupted; --resume goes on with it".to_owned(),
        false => format!(
            "expected a file summary.json; rounds score {} makes it, and an arm of a bench is \
             exported with --arm",
            folder.display()
        ),
    };
    Err(Failure::Run(RunError::NoRun {
        path: folder.to_owned(),
        what: "finished run",
        why,
    }))
}

/// Whether `--out` names one log rather than a folder.
fn names_file(out: Option<&Path>) -> bool {
    out.is_some_and(|out| !out.is_dir() && LogFormat::of(out).is_some())
}

/// Which arm goes where.
fn logs<'a>(
    out: Option<&Path>,
    folder: &Path,
    chosen: &[&'a (usize, Side)],
    arms: usize,
) -> Result<Vec<(&'a Side, PathBuf, LogFormat)>, Failure> {
    if let Some(file) = out.filter(|_| names_file(out)) {
        let format = LogFormat::of(file).unwrap_or(LogFormat::Eval);
        let [(_, side)] = chosen else {
            let names: Vec<&str> = chosen.iter().map(|(_, side)| side.arm.as_str()).collect();
            return Err(Failure::Usage(format!(
                "--out {}: a log is of one arm, and the run has several; name one with --arm ({}), \
                 or a folder",
                file.display(),
                names.join(", ")
            )));
        };
        return Ok(vec![(side, file.to_owned(), format)]);
    }
    if let Some(out) = out
        && !out.is_dir()
        && (out.exists() || out.extension().is_some())
    {
        return Err(Failure::Usage(format!(
            "--out {}: expected a file that ends in .eval or .json, or a folder",
            out.display()
        )));
    }
    let into = out.map_or_else(|| folder.join(FOLDER), Path::to_owned);
    let of = |chosen: &&'a (usize, Side)| {
        let (number, side) = *chosen;
        let name = match arms {
            1 => plain_name(&side.manifest().scenario),
            _ => arm_folder(*number, &side.arm),
        };
        (side, into.join(format!("{name}.eval")), LogFormat::Eval)
    };
    Ok(chosen.iter().map(of).collect())
}
