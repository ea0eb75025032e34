//! `rounds new`.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use super::args::{NewArgs, NewKind};
use super::{Failure, print};
use crate::clinic::NOTICE;
use crate::run::RunError;
use crate::schema::{PathKind, nearest_path};
use crate::skeleton::{self, RecordCase, SkeletonError, usable_name};

/// Writes files to start from; none is overwritten.
pub(crate) fn new(arguments: &NewArgs) -> Result<(), Failure> {
    let given = arguments.name.as_str();
    // `rounds new case --from RECORD` names what is made; the record names the case.
    let by_record = given == "case" && arguments.kind.is_none() && arguments.from.is_some();
    let kind = match (arguments.kind, &arguments.from) {
        (Some(kind), _) => kind,
        (None, Some(_)) => NewKind::Case,
        (None, None) => NewKind::Scenario,
    };
    let record = match &arguments.from {
        Some(_) if matches!(kind, NewKind::Scenario | NewKind::Coordination) => {
            return Err(Failure::Usage(
                "a record makes a case or a suite: with --from give --kind case or --kind suite; \
                 a scenario plays a whole folder of records: `environment.patients.records`"
                    .to_owned(),
            ));
        }
        Some(path) => Some((path.as_path(), load(path)?)),
        None => None,
    };
    let name = match (&record, by_record) {
        (Some((path, _)), true) => {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            format!("case-{stem}")
        }
        _ => given.to_owned(),
    };
    if !usable_name(&name) {
        return Err(Failure::Usage(format!(
            "{name:?} is no usable name: expected letters, digits, `-`, `_` and `.`, beginning with \
             a letter or digit; --out says where the file goes"
        )));
    }
    let out = arguments.out.clone().unwrap_or_else(|| match kind {
        NewKind::Suite => Path::new(&name).join("suite.toml"),
        NewKind::Scenario | NewKind::Coordination | NewKind::Case => {
            PathBuf::from(format!("{name}.toml"))
        }
    });
    if out.extension().is_none_or(|extension| extension != "toml") {
        return Err(Failure::Usage(format!(
            "{}: expected a name that ends with .toml after --out",
            out.display()
        )));
    }
    let file = out.display().to_string();
    let case_of = |id: &str, out: &Path| -> Result<String, Failure> {
        let file = out.display().to_string();
        match &record {
            Some((path, record)) => Ok(record.case(id, &file, &path_from(out, path)?)),
            None => Ok(skeleton::case(id, &file)),
        }
    };
    match kind {
        NewKind::Scenario => write(&[(&out, skeleton::scenario(&name, &file))])?,
        NewKind::Coordination => write(&[(&out, skeleton::coordination(&name, &file))])?,
        NewKind::Case => write(&[(&out, case_of(&name, &out)?)])?,
        NewKind::Suite => {
            let id = format!("{name}-1");
            let case = out.with_file_name("cases").join(format!("{id}.toml"));
            let suite = skeleton::suite(&name, &file, &id, record.is_none());
            write(&[(&case, case_of(&id, &case)?), (&out, suite)])?;
        }
    }
    tell(kind, &file, record.map(|(_, record)| record.restricted));
    Ok(())
}

fn load(path: &Path) -> Result<RecordCase, Failure> {
    RecordCase::load(path).map_err(|error| {
        let near = match &error {
            SkeletonError::Folder(_) => {
                Some("name one of its files, such as 900101.json".to_owned())
            }
            _ if path.exists() => None,
            _ => nearest_path(path, PathKind::File)
                .map(|near| format!("did you mean {}?", near.display())),
        };
        let near = near.map(|near| format!("; {near}")).unwrap_or_default();
        Failure::Run(RunError::Input(format!("{error}{near}")))
    })
}

/// Writes the files, none of which may be there.
fn write(files: &[(&PathBuf, String)]) -> Result<(), Failure> {
    let taken = files.iter().find(|(path, _)| path.exists());
    if let Some((path, _)) = taken {
        return Err(Failure::Usage(format!(
            "{}: is there already, and is left as it is; give another name or --out",
            path.display()
        )));
    }
    for (path, text) in files {
        let failed = |source| RunError::File {
            path: (*path).clone(),
            what: "cannot be written",
            source,
        };
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        // Between the look above and here the file may have come to be.
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(failed)?;
    }
    Ok(())
}

fn tell(kind: NewKind, file: &str, restricted: Option<bool>) {
    let mut text = format!("wrote {file}\n");
    if restricted == Some(true) {
        text.push_str(
            "The record is restricted: its text was not copied, and its truth stays in it.\n",
        );
    }
    let next = match kind {
        NewKind::Scenario => format!("rounds run {file}"),
        NewKind::Coordination => format!("rounds bench {file}"),
        NewKind::Suite => format!("rounds evaluate {file}"),
        NewKind::Case => "name it in the `cases` of a suite".to_owned(),
    };
    let _ = writeln!(text, "Next: rounds check {file}; {next}");
    if kind != NewKind::Coordination {
        let _ = writeln!(text, "{NOTICE}");
    }
    print(&text);
}

/// The path that leads from the folder of `out` to `record`, with `/` between its parts.
fn path_from(out: &Path, record: &Path) -> Result<String, Failure> {
    let failed = |path: &Path, source| {
        Failure::from(RunError::File {
            path: path.to_owned(),
            what: "cannot be found",
            source,
        })
    };
    let record = fs::canonicalize(record).map_err(|error| failed(record, error))?;
    let folder = real(out.parent().unwrap_or(Path::new("")));
    let folder = folder.map_err(|error| failed(out, error))?;
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (folder.components().collect(), record.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return Ok(record.display().to_string());
    }
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let down = to[shared..]
        .iter()
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    Ok(up.chain(down).collect::<Vec<_>>().join("/"))
}

/// A folder without links, also where its last parts are not there yet.
fn real(folder: &Path) -> std::io::Result<PathBuf> {
    let folder = std::path::absolute(match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    })?;
    let mut missing = Vec::new();
    let mut there = folder.as_path();
    while !there.exists() {
        let (Some(name), Some(above)) = (there.file_name(), there.parent()) else {
            return Ok(folder);
        };
        missing.push(name.to_owned());
        there = above;
    }
    let mut real = fs::canonicalize(there)?;
    real.extend(missing.iter().rev());
    Ok(real)
}
