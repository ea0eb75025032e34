//! `rounds review export` and `rounds review import`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use rounds_environments::streams::RunSeed;

use super::args::{AskedChecks, ReviewExportArgs, ReviewImportArgs};
use super::results::write_all;
use super::show::{arm_folders, rebuild, resolve};
use super::{Failure, no_arm, print};
use crate::clinic::NOTICE;
use crate::report::{render_review, render_sheet, write_columns};
use crate::review::{
    Checks, Evaluation, Played, Review, ReviewKey, agreement_rows, corrected_rows, key_of,
    left_out, pair_rows, read_ratings, review, review_lines, review_markdown, sheet, sheet_csv,
};
use crate::run::{RunError, is_occupied, pretty, read_json, read_manifest, write_whole};

/// Visits on a sheet when no number is given.
const MOST: usize = 100;
/// How the name of a key file ends.
const KEY: &str = ".key.json";

/// The visits of the evaluation in `run`.
fn evaluation(run: &Path) -> Result<(PathBuf, Evaluation), Failure> {
    let folder = resolve(run)?;
    let mut parts = Vec::new();
    for arm in arm_folders(&folder)? {
        let (_, _, built) = rebuild(&arm)?;
        if let Some(score) = built.cases().cloned() {
            let manifest = read_manifest(&arm)?;
            parts.push(Played {
                folder: arm,
                manifest,
                score,
            });
        }
    }
    match Evaluation::read(&parts)? {
        Some(evaluation) => Ok((folder, evaluation)),
        None => Err(Failure::Usage(format!(
            "{}: expected an evaluation, whose visits have checks; rounds evaluate makes one",
            folder.display()
        ))),
    }
}

/// Writes a blinded sheet and its key.
pub(crate) fn export(arguments: &ReviewExportArgs) -> Result<(), Failure> {
    let extension = arguments.out.extension().and_then(|e| e.to_str());
    let is_page = match extension.map(str::to_lowercase).as_deref() {
        Some("html") => true,
        Some("csv") => false,
        _ => {
            return Err(Failure::Usage(format!(
                "--out {}: expected a file that ends in .html or .csv",
                arguments.out.display()
            )));
        }
    };
    let key_file = arguments.out.with_extension(&KEY[1..]);
    for file in [&arguments.out, &key_file] {
        if file.exists() {
            return Err(Failure::Usage(format!(
                "{}: the file exists; name another with --out",
                file.display()
            )));
        }
    }
    let (_, evaluation) = evaluation(&arguments.run)?;
    if evaluation.restricted && !arguments.include_record_text {
        return Err(Failure::Usage(
            "the records are restricted, and a sheet holds what was said of them; \
             --include-record-text writes it nevertheless"
                .to_owned(),
        ));
    }
    let arm = arguments.arm.as_deref();
    if let Some(name) = arm
        && !evaluation.arms().contains(&name)
    {
        let names: Vec<String> = evaluation.arms().iter().map(|a| (*a).to_owned()).collect();
        return Err(no_arm(name, &names));
    }
    let checks = match arguments.checks {
        AskedChecks::Judge => Checks::Judge,
        AskedChecks::All => Checks::All,
    };
    let most = arguments.sample.map_or(MOST, |most| most as usize);
    let made = sheet(&evaluation, checks, arm, most, RunSeed(arguments.seed));
    if made.visits.is_empty() {
        return Err(Failure::Usage(
            match checks {
                Checks::Judge => {
                    "no visit has a check of a judge; --checks all asks about predicates"
                }
                Checks::All => "no visit has a check that a transcript can answer",
            }
            .to_owned(),
        ));
    }
    let stem = arguments.out.file_stem().unwrap_or_default();
    let bytes = if is_page {
        render_sheet(&made, &stem.to_string_lossy(), NOTICE).into_bytes()
    } else {
        sheet_csv(&made).map_err(|error| RunError::Input(error.to_string()))?
    };
    // The key first: a sheet without a key is of no use.
    write_whole(&key_file, &pretty(&key_of(&evaluation, &made, arm)))?;
    write_whole(&arguments.out, &bytes)?;
    let mut text = format!(
        "{} of {} visits, {} questions\n",
        made.visits.len(),
        made.of,
        made.items()
    );
    let hidden: usize = match checks {
        Checks::Judge => 0,
        Checks::All => evaluation.score.book.cases().iter().map(left_out).sum(),
    };
    if hidden > 0 {
        let _ = writeln!(
            text,
            "{hidden} checks of the cases are not asked: the sheet hides what decides them (the \
             truth, the team, the cost)"
        );
    }
    let _ = writeln!(
        text,
        "Sheet: {}\nKey:   {} (not to be opened before the rating is done)\n\n{NOTICE}",
        arguments.out.display(),
        key_file.display()
    );
    print(&text);
    Ok(())
}

/// The key file of a filled-in sheet: the one that its name begins with (`sheet` of
/// `sheet-anna`), or the only one beside it.
fn key_beside(file: &Path) -> Result<PathBuf, Failure> {
    let folder = match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let entries = std::fs::read_dir(folder)
        .map_err(RunError::file(folder, "cannot be read"))?
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut stems: Vec<String> = entries
        .filter_map(|name| name.strip_suffix(KEY).map(str::to_owned))
        .collect();
    stems.sort_by_key(|stem| (stem.len(), stem.clone()));
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let longest = stems
        .iter()
        .rfind(|stem| {
            let rest = name.strip_prefix(stem.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
        .or(match stems.as_slice() {
            [only] => Some(only),
            _ => None,
        });
    match longest {
        Some(stem) => Ok(folder.join(format!("{stem}{KEY}"))),
        None => Err(Failure::Usage(format!(
            "{}: expected the key of its sheet, a file that ends in {KEY}, beside it; name it with --key",
            file.display()
        ))),
    }
}

/// Reads ratings and says what they make of an evaluation.
pub(crate) fn import(arguments: &ReviewImportArgs) -> Result<(), Failure> {
    let missing = arguments.files.iter().find(|file| !file.is_file());
    if let Some(file) = missing {
        return Err(Failure::Usage(format!(
            "{}: there is no such file",
            file.display()
        )));
    }
    let key_file = match (&arguments.key, arguments.files.first()) {
        (Some(key), _) => key.clone(),
        (None, Some(first)) => key_beside(first)?,
        (None, None) => return Err(Failure::Usage("there are no ratings".to_owned())),
    };
    if !key_file.is_file() {
        return Err(Failure::Usage(format!(
            "{}: there is no such key file",
            key_file.display()
        )));
    }
    let (folder, evaluation) = evaluation(&arguments.run)?;
    let out = match &arguments.out {
        Some(out) if is_occupied(out)? && !out.join("review.json").exists() => {
            return Err(Failure::Usage(format!(
                "{}: the folder holds something else than a review; name another with --out",
                out.display()
            )));
        }
        Some(out) => out.clone(),
        None => folder.join("review"),
    };
    let key: ReviewKey = read_json(&key_file)?;
    let items = key.items.iter().map(|item| item.item.as_str());
    let ratings =
        read_ratings(&arguments.files, items).map_err(|error| Failure::Usage(error.to_string()))?;
    let reviewed = review(&evaluation, &key, &ratings)
        .map_err(|error| Failure::Usage(format!("{}: {error}", key_file.display())))?;
    let page = render_review(&reviewed, "rounds review import");
    let json = pretty(&reviewed);
    write_all(
        &out,
        &[
            ("review.json", &json),
            ("review.md", review_markdown(&reviewed).as_bytes()),
            ("review.html", page.as_bytes()),
        ],
    )?;
    if arguments.json {
        print(&String::from_utf8_lossy(&json));
    } else {
        print(&text(&reviewed, &out));
    }
    Ok(())
}

fn text(reviewed: &Review, out: &Path) -> String {
    let mut text = String::new();
    for line in review_lines(reviewed) {
        let _ = writeln!(text, "{line}");
    }
    text.push_str("\nThe machine against people\n");
    write_columns(&mut text, &agreement_rows(reviewed));
    if !reviewed.pairs.is_empty() {
        text.push_str("\nBetween raters\n");
        write_columns(&mut text, &pair_rows(reviewed));
    }
    text.push_str("\nScores corrected by people\n");
    write_columns(&mut text, &corrected_rows(reviewed));
    let _ = writeln!(
        text,
        "\nReport: {}\n\n{NOTICE}",
        out.join("review.html").display()
    );
    text
}
