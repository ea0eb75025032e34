//! What commands that read finished runs share: the sides they read and the folder they leave.

use std::path::{Path, PathBuf};

use super::args::ResultArgs;
use super::show::{arm_folders, resolve, stamp};
use super::{Failure, no_arm};
use crate::compare::Side;
use crate::hash::sha256;
use crate::run::{RunError, default_folder, is_occupied, write_whole};

/// Every arm of a finished run, bench or evaluation.
pub(crate) fn sides(run: &Path) -> Result<Vec<Side>, Failure> {
    let folder = resolve(run)?;
    let directories = arm_folders(&folder)?;
    Ok(Side::open(&folder, directories)?)
}

/// The one side that a folder is, or its arm `arm`.
pub(crate) fn side(run: &Path, arm: Option<&str>) -> Result<Side, Failure> {
    let mut sides = sides(run)?;
    let names: Vec<String> = sides.iter().map(|side| side.arm.clone()).collect();
    // A run directory has one arm, whatever that is called.
    if sides.len() == 1 && (arm.is_none() || sides[0].parts[0].folder == sides[0].folder) {
        return Ok(sides.remove(0));
    }
    let Some(arm) = arm else {
        return Err(Failure::Usage(format!(
            "{}: has several arms; name one with --arm: {}",
            run.display(),
            names.join(", ")
        )));
    };
    match names.iter().position(|name| name == arm) {
        Some(at) => Ok(sides.remove(at)),
        None => Err(no_arm(arm, &names)),
    }
}

/// The folder for results, refused before anything is computed when it holds something.
pub(crate) fn out_folder(
    results: &ResultArgs,
    command: &str,
    of: &[PathBuf],
) -> Result<PathBuf, Failure> {
    let Some(folder) = &results.out else {
        let named: Vec<String> = of.iter().map(|run| run.display().to_string()).collect();
        let hash = sha256(named.join("\n"));
        return Ok(default_folder(Path::new("runs"), command, &stamp(), &hash));
    };
    if is_occupied(folder)? {
        return Err(Failure::Usage(format!(
            "{}: the folder exists and is not empty; name another with --out",
            folder.display()
        )));
    }
    Ok(folder.clone())
}

/// Writes files into a new folder.
pub(crate) fn write_all(folder: &Path, files: &[(&str, &[u8])]) -> Result<(), RunError> {
    std::fs::create_dir_all(folder).map_err(RunError::file(folder, "the folder cannot be made"))?;
    files
        .iter()
        .try_for_each(|(name, bytes)| write_whole(&folder.join(name), bytes))
}

/// The address of the report of a side seen from a page in `folder`; `None` where it has none.
pub(crate) fn report_link(folder: &Path, side: &Side) -> Option<String> {
    let report = side.folder.join("report.html");
    if !report.exists() {
        return None;
    }
    let [from, to] = [folder, &report].map(|path| std::path::absolute(path).ok());
    let (from, to) = (from?, to?);
    let common = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let mut link = "../".repeat(from.components().count() - common);
    let rest: PathBuf = to.components().skip(common).collect();
    link.push_str(&rest.to_string_lossy());
    Some(link)
}
