//! `rounds data collect`, and `rounds data import` and `rounds data check` of episodes of control environments.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use rounds_environments::control::data::{DatasetCard, Loaded, Trajectories, write};
use rounds_policies::trajectory::Level;
use serde_json::json;

use super::data_args::{CollectArgs, EpisodesArgs, LevelName, RunEpisodesArgs};
use super::progress::Shown;
use super::results::side;
use super::{Failure, print};
use crate::run::{RunError, pretty};
use crate::schema::{Overrides, Scenario};
use crate::trajectory::{SetKind, episodes_of_run, played_sets, read_set};

/// Ending of the project's own data sets.
const ENDING: &str = "safetensors";

/// What kind of data set `path` looks like; `None` where it is none.
pub(super) fn kind_of(path: &Path) -> Option<SetKind> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    let holds = |file: &str| path.join(file).is_file();
    match ending {
        Some("hdf5" | "h5") if !path.is_dir() => Some(SetKind::D4rl),
        Some(ENDING) if !path.is_dir() => Some(SetKind::Native),
        _ if holds("main_data.hdf5") || holds("data/main_data.hdf5") => Some(SetKind::Minari),
        _ => None,
    }
}

/// Prints the card of a data set, with all that is odd about it.
pub(super) fn check(path: &Path, kind: SetKind) -> Result<(), Failure> {
    let loaded = read_set(path, kind)?;
    let card = card(&loaded);
    let oddities = match card.warnings.len() {
        0 => "no fault found".to_owned(),
        1 => "1 warning, no error".to_owned(),
        many => format!("{many} warnings, no error"),
    };
    print(&format!("{card}\n{}: {oddities}\n", path.display()));
    Ok(())
}

/// The card of what was read, with the warnings of its file.
fn card(loaded: &Loaded) -> DatasetCard {
    DatasetCard {
        warnings: loaded.warnings.iter().map(ToString::to_string).collect(),
        ..DatasetCard::of(&loaded.data)
    }
}

/// Writes a data set of another format as one of the project's own.
pub(super) fn import(arguments: &EpisodesArgs, kind: SetKind) -> Result<(), Failure> {
    vacant(&arguments.out)?;
    let loaded = read_set(&arguments.path, kind)?;
    keep(&arguments.out, &loaded.data)?;
    told(&loaded, &arguments.out, "");
    Ok(())
}

/// Writes the episodes of a finished run as a data set.
pub(super) fn import_run(arguments: &RunEpisodesArgs) -> Result<(), Failure> {
    vacant(&arguments.out)?;
    let side = side(&arguments.run, arguments.arm.as_deref())?;
    let [part] = &side.parts[..] else {
        return Err(Failure::Usage(format!(
            "{}: expected one run, got {} seeds; name the folder of one of them",
            arguments.run.display(),
            side.parts.len()
        )));
    };
    let (loaded, unfinished) = episodes_of_run(&part.folder)?;
    keep(&arguments.out, &loaded.data)?;
    let more = match unfinished {
        0 => String::new(),
        many => format!("; {many} episodes did not finish and are left out"),
    };
    told(&loaded, &arguments.out, &more);
    Ok(())
}

fn told(loaded: &Loaded, out: &Path, more: &str) {
    print(&format!(
        "{}\nwrote {}{more}\n",
        card(loaded),
        out.display()
    ));
}

/// Refuses a file that is there, or that is not called as data sets are.
fn vacant(out: &Path) -> Result<(), Failure> {
    let shown = out.display();
    if out.extension().is_none_or(|ending| ending != ENDING) {
        return Err(Failure::Usage(format!(
            "{shown}: expected a name that ends with .{ENDING} after --out"
        )));
    }
    match out.exists() {
        true => Err(Failure::Usage(format!("{shown}: is there already"))),
        false => Ok(()),
    }
}

fn keep(out: &Path, data: &Trajectories) -> Result<(), RunError> {
    if let Some(folder) = out.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let made = std::fs::create_dir_all(folder);
        made.map_err(RunError::file(folder, "the folder cannot be made"))?;
    }
    write(out, data).map_err(|error| RunError::Input(with_causes(&error)))
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

/// Plays the sets of an environment.
pub(crate) fn collect(arguments: &CollectArgs) -> Result<(), Failure> {
    let kind = arguments.kind.to_possible_value();
    let kind = kind
        .map(|kind| kind.get_name().to_owned())
        .unwrap_or_default();
    let levels: Vec<Level> = match arguments.level.is_empty() {
        true => Level::ALL.to_vec(),
        false => {
            let names: Vec<LevelName> = arguments.level.clone();
            names.into_iter().map(Level::from).collect()
        }
    };
    let file = |level: &Level| arguments.out.join(format!("{level}.{ENDING}"));
    let files: Vec<PathBuf> = levels.iter().map(file).collect();
    files.iter().try_for_each(|file| vacant(file))?;
    let source = match arguments.kind.has_expert() {
        true => "levels",
        false => "ars",
    };
    let text = format!(
        "schema = \"rounds.scenario/1\"\nname = \"data\"\n\n[environment]\nkind = \"{kind}\"\n\n[data]\nkind = \
         \"{source}\"\n\n[agents.team]\npolicy = \"random\"\n\n[policies.random]\nkind = \"random\"\n"
    );
    let mut set = arguments.set.clone();
    if let Some(episodes) = arguments.episodes {
        set.push(format!("data.episodes={episodes}"));
    }
    let overrides = Overrides {
        set,
        seed: Some(arguments.seed),
        ..Overrides::default()
    };
    let base = PathBuf::from(".");
    let set = Scenario::from_toml("data collect", &text, base, &overrides)?;
    let label = format!("data of {kind}");
    let shown = Shown::new(&label, 0, arguments.json);
    let sets = played_sets(&set.scenario, &levels, &mut |text| {
        shown.say(&format!("{label}: {text}"));
    })?;
    shown.done();
    let mut cards = Vec::new();
    for ((level, data), file) in levels.iter().zip(&sets).zip(&files) {
        keep(file, data)?;
        let card = DatasetCard::of(data);
        match arguments.json {
            true => cards.push(json!({ "level": level, "file": file, "card": card })),
            false => print(&format!("{card}\nwrote {}\n\n", file.display())),
        }
    }
    if arguments.json {
        print(&String::from_utf8_lossy(&pretty(&cards)));
    }
    Ok(())
}
