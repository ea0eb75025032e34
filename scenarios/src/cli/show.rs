//! `rounds show`, `rounds view`, `rounds score`: what finished runs hold.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::args::{ScoreArgs, ShowArgs, ViewArgs};
use super::conclude::{RunArm, Typed, conclude, cores};
use super::conclude_cases::shown;
use super::{Failure, no_arm, print};
use crate::branch::Branch;
use crate::evaluate::stored_cases;
use crate::family::{Built, build};
use crate::report::text_table;
use crate::run::{EpisodeReader, RunDirectory, RunError, pretty, read_json, read_manifest};
use crate::schema::{Overrides, PathKind, Scenario, ScenarioSet, nearest_path};
use crate::speech::Cassette;
use crate::statistics::Summary;

/// File that names the last run of a working directory.
const LATEST: &str = "runs/latest.txt";

/// Date and time for the names of folders; never part of results.
#[expect(clippy::disallowed_methods, reason = "names of folders alone")]
pub(crate) fn stamp() -> String {
    let seconds = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Civil date from days since 1970-01-01 (proleptic Gregorian calendar).
    let z = days + 719_468;
    let era = z / 146_097;
    let doe = z % 146_097;
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}{month:02}{day:02}-{:02}{:02}{:02}",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Remembers `folder` as the last run. A working directory that cannot be written has no latest.
pub(crate) fn remember_latest(folder: &Path) {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    if std::fs::create_dir_all("runs").is_ok() {
        let _ = std::fs::write(LATEST, format!("{}\n", absolute.display()));
    }
}

/// The folder of a run, or of `latest`.
pub(crate) fn resolve(run: &Path) -> Result<PathBuf, Failure> {
    if run == Path::new("latest") && !run.exists() {
        let text = std::fs::read_to_string(LATEST).map_err(|_| {
            Failure::Usage("there is no latest run in this working directory".to_owned())
        })?;
        let folder = PathBuf::from(text.trim());
        return if folder.is_dir() {
            Ok(folder)
        } else {
            Err(Failure::Usage(format!(
                "the latest run, {}, is not there any more",
                folder.display()
            )))
        };
    }
    if run.is_dir() {
        return Ok(run.to_owned());
    }
    let near = nearest_path(run, PathKind::Folder)
        .map(|near| format!("; did you mean {}?", near.display()));
    Err(Failure::Usage(format!(
        "{}: expected the folder of a run, or `latest`{}",
        run.display(),
        near.unwrap_or_default()
    )))
}

/// The run directories of the arms: the folder itself, or those of a bench.
pub(crate) fn arm_folders(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if folder.join(RunDirectory::EVENTS).exists() {
        return Ok(vec![folder.to_owned()]);
    }
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder.join("arms"))
        .map(|entries| {
            entries
                .filter_map(Result::ok)
                .map(|entry| entry.path())
                .collect()
        })
        .unwrap_or_default();
    found.retain(|path| path.join(RunDirectory::EVENTS).exists());
    found.sort();
    if found.is_empty() {
        let why = if folder.join(RunDirectory::PARTIAL).exists() {
            "it was interrupted; rounds run SCENARIO --resume goes on with it".to_owned()
        } else {
            format!("expected a file {}", RunDirectory::EVENTS)
        };
        return Err(Failure::Run(RunError::NoRun {
            path: folder.to_owned(),
            what: "finished run",
            why,
        }));
    }
    Ok(found)
}

/// The scenario and the clinic of a finished run.
pub(super) fn rebuild(folder: &Path) -> Result<(ScenarioSet, usize, Built), Failure> {
    let manifest = read_manifest(folder)?;
    let name = folder.join("manifest.json").display().to_string();
    // The visits of an evaluation are scored by the cases that they were played with.
    let cases = folder.ancestors().take(3).find_map(stored_cases);
    let cases = cases.map(|files| {
        let files = files
            .iter()
            .map(|file| toml::Value::String(file.display().to_string()));
        let files: Vec<String> = files.map(|file| file.to_string()).collect();
        format!("environment.patients.cases=[{}]", files.join(", "))
    });
    let overrides = Overrides {
        set: cases.into_iter().collect(),
        ..Overrides::default()
    };
    let set = Scenario::from_toml(&name, &manifest.resolved, folder.to_owned(), &overrides)?;
    let number = set
        .arms
        .iter()
        .position(|arm| arm.name == manifest.arm)
        .ok_or_else(|| {
            Failure::Run(RunError::Input(format!(
                "{name}: its scenario has no arm {:?}",
                manifest.arm
            )))
        })?;
    let calls = RunDirectory::recorded_calls(folder);
    let cassette = Cassette {
        calls,
        ..Cassette::default()
    };
    let built = build(&set, &set.arms[number], &cassette)?;
    Ok((set, number, built))
}

/// One episode of a finished run as a story.
pub(crate) fn story(folder: &Path, built: &Built, episode: u32) -> Result<Option<String>, Failure> {
    for read in EpisodeReader::open(&folder.join(RunDirectory::EVENTS)).map_err(Failure::Run)? {
        let read = read?;
        if read.episode == episode {
            return Ok(Some(format!("Episode {episode}\n{}\n", built.tell(&read))));
        }
    }
    Ok(None)
}

/// Shows the episodes of a run, or one of them.
pub(crate) fn show(arguments: &ShowArgs) -> Result<(), Failure> {
    let folder = resolve(&arguments.run)?;
    let mut text = String::new();
    let mut names = Vec::new();
    for arm in arm_folders(&folder)? {
        let manifest = read_manifest(&arm)?;
        names.push(manifest.arm.clone());
        if arguments
            .arm
            .as_ref()
            .is_some_and(|name| *name != manifest.arm)
        {
            continue;
        }
        let _ = writeln!(
            text,
            "{} · arm {} · seed {}",
            manifest.scenario, manifest.arm, manifest.seed
        );
        if let Some(branch) = Branch::read(&arm)?
            && !arguments.json
        {
            let _ = writeln!(text, "{}", branch.words());
        }
        if let Some(episode) = arguments.episode
            && !(manifest.first..manifest.first.saturating_add(manifest.episodes))
                .contains(&episode)
        {
            let last = manifest
                .first
                .saturating_add(manifest.episodes.saturating_sub(1));
            return Err(Failure::Usage(format!(
                "there is no episode {episode}; the run has {} to {last}",
                manifest.first
            )));
        }
        match arguments.episode {
            Some(episode) if arguments.json => {
                for line in std::fs::read_to_string(arm.join(RunDirectory::EVENTS))
                    .map_err(RunError::file(
                        &arm.join(RunDirectory::EVENTS),
                        "cannot be read",
                    ))?
                    .lines()
                    .filter(|line| line.starts_with(&format!("{{\"e\":{episode},")))
                {
                    let _ = writeln!(text, "{line}");
                }
            }
            Some(episode) => {
                let (_, _, built) = rebuild(&arm)?;
                let told = story(&arm, &built, episode)?.ok_or_else(|| RunError::Damaged {
                    path: arm.join(RunDirectory::EVENTS),
                    line: None,
                    why: format!(
                        "expected {} episodes, {episode} is not among them",
                        manifest.episodes
                    ),
                })?;
                text.push_str(&told);
            }
            None => {
                let (_, _, built) = rebuild(&arm)?;
                crate::run::score_run(&arm, &*built.experiment().score, |_, scored| {
                    let row = &scored.row;
                    let _ = writeln!(
                        text,
                        "  {:>6}  {:<16} {:<8} {}  {}",
                        row.episode,
                        row.case,
                        row.outcome,
                        built.line(row),
                        row.reason.as_deref().unwrap_or_default()
                    );
                    Ok(())
                })?;
            }
        }
    }
    if text.is_empty() {
        return Err(no_arm(arguments.arm.as_deref().unwrap_or_default(), &names));
    }
    print(&text);
    Ok(())
}

/// Computes everything of a finished run again from its log.
pub(crate) fn score(arguments: &ScoreArgs) -> Result<(), Failure> {
    let folder = resolve(&arguments.run)?;
    let rebuilt: Vec<_> = arm_folders(&folder)?
        .into_iter()
        .map(|arm| rebuild(&arm).map(|(set, number, built)| (arm, set, number, built)))
        .collect::<Result<_, _>>()?;
    let old: Option<Summary> = read_json(&folder.join("summary.json")).ok();
    let set = rebuilt.first().map(|(_, set, ..)| set.clone());
    let Some(set) = set else {
        return Err(Failure::Usage("there is nothing to score".to_owned()));
    };
    let arms: Vec<RunArm> = rebuilt
        .into_iter()
        .map(|(folder, _, number, built)| RunArm {
            arm: &set.arms[number],
            built,
            folder,
        })
        .collect();
    let (command, wall_s, until) = old.map_or_else(
        || ("score".to_owned(), 0.0, None),
        |s| (s.command, s.timing.wall_s, s.until),
    );
    let typed = Typed {
        command: format!("rounds score {}", folder.display()),
        scenario: None,
        until,
    };
    let summary = conclude(&folder, &set, &command, &typed, wall_s, &arms, cores())?;
    if arguments.json {
        print(&String::from_utf8_lossy(&pretty(&summary)));
    } else {
        print(&text_table(&summary, &shown(&summary)));
    }
    Ok(())
}

/// Opens the report of a run in the system's viewer.
pub(crate) fn view(arguments: &ViewArgs) -> Result<(), Failure> {
    let folder = resolve(&arguments.run)?;
    let report = folder.join("report.html");
    if !report.exists() {
        arm_folders(&folder)?;
        return Err(Failure::Usage(format!(
            "{}: has no report yet; rounds score {} makes it",
            folder.display(),
            folder.display()
        )));
    }
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let opened = !arguments.path
        && std::process::Command::new(opener)
            .arg(&report)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
    print(&format!(
        "{}{}\n",
        report.display(),
        if opened { " (opened)" } else { "" }
    ));
    Ok(())
}
