//! `rounds run` and `rounds bench`.

use std::fmt::Write;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rounds_agents::engine::FinishedEpisode;

use super::args::{BenchArgs, Common, RunArgs};
use super::conclude::{RunArm, Typed, conclude, cores, next_commands};
use super::conclude_cases::shown;
use super::diverge::{of_one_arm, parting};
use super::outside::{make_ready, outside, permit, permit_receivers};
use super::progress::Shown;
use super::{Failure, no_arm, print};
use crate::branch::keep;
use crate::family::{Built, build, notice};
use crate::report::text_table;
use crate::run::{
    Episode, ExecuteOptions, RunDirectory, RunError, arm_folder, check_interactions,
    default_folder, execute, is_occupied, pretty, read_json,
};
use crate::schema::{Overrides, Scenario, ScenarioSet};
use crate::speech::{Cassette, recording};
use crate::statistics::summary::{InteractionSummary, Until};
use crate::statistics::{EffectScale, Summary};

/// Runs one arm of a scenario; beside the first one, when none is named, the scenario's baseline.
pub(crate) fn run(arguments: &RunArgs) -> Result<(), Failure> {
    let common = &arguments.common;
    let sets = load(common, &[])?;
    let number = match (&arguments.arm, &common.model) {
        // The model is asked for: the first arm in which it speaks.
        (None, Some(_)) => {
            let mut arms = sets[0].arms.iter();
            arms.position(|arm| arm.scenario.family.speaks())
                .unwrap_or(0)
        }
        (name, _) => number_of(&sets[0], name.as_deref())?,
    };
    check_replay(common)?;
    let mut numbers = vec![number];
    if arguments.arm.is_none() {
        let other = sets[0].baseline.filter(|baseline| *baseline != number);
        numbers.extend(other);
    }
    of_one_arm(common, numbers.len())?;
    make_ready(common, &sets, &numbers)?;
    let folder = folder_of(common, &sets[0]);
    if sets.len() > 1 || numbers.len() > 1 {
        return run_all(common, "run", &sets, &numbers, &folder);
    }
    let began = Instant::now();
    let (arm, news) = run_arm(common, &sets[0], number, &folder, true, None)?;
    let ran = (vec![arm], news);
    let finished = finish(common, &sets[0], "run", &folder, began, ran, None)?;
    show_result(common, &sets[0], &folder, &finished);
    Ok(())
}

/// The number of the arm of this name, or of the first.
pub(super) fn number_of(set: &ScenarioSet, name: Option<&str>) -> Result<usize, Failure> {
    let Some(name) = name else { return Ok(0) };
    let position = set.arms.iter().position(|arm| arm.name == name);
    position.ok_or_else(|| {
        let names: Vec<String> = set.arms.iter().map(|arm| arm.name.clone()).collect();
        no_arm(name, &names)
    })
}

/// Runs every arm of a scenario on the same episodes.
pub(crate) fn bench(arguments: &BenchArgs) -> Result<(), Failure> {
    let common = &arguments.common;
    let sets = load(common, &arguments.vary)?;
    check_replay(common)?;
    of_one_arm(
        common,
        if arguments.until.is_some() {
            0
        } else {
            sets[0].arms.len()
        },
    )?;
    let folder = folder_of(common, &sets[0]);
    let numbers: Vec<usize> = (0..sets[0].arms.len()).collect();
    if let Some(rule) = &arguments.until {
        make_ready(common, &sets, &numbers)?;
        return super::until::bench_until(arguments, rule, &sets[0], &folder);
    }
    run_all(common, "bench", &sets, &numbers, &folder)
}

/// Runs arms with every seed, each into a folder of its own below `folder`. The sets differ in
/// their seed alone.
fn run_all(
    common: &Common,
    command: &str,
    sets: &[ScenarioSet],
    numbers: &[usize],
    folder: &Path,
) -> Result<(), Failure> {
    let began = Instant::now();
    let (ran, news) = run_arms_of(common, sets, numbers, folder, |_| Ok(()))?;
    let finished = finish(common, &sets[0], command, folder, began, (ran, news), None)?;
    show_result(common, &sets[0], folder, &finished);
    Ok(())
}

/// Runs arms as [`run_all`] does, after `first` has written what belongs into the folder; also
/// whether anything was run rather than kept.
pub(super) fn run_arms_of<'a>(
    common: &Common,
    sets: &'a [ScenarioSet],
    numbers: &[usize],
    folder: &Path,
    first: impl FnOnce(&Path) -> Result<(), Failure>,
) -> Result<(Vec<RunArm<'a>>, bool), Failure> {
    make_ready(common, sets, numbers)?;
    let last = sets.iter().map(|set| set.scenario.seed.0).max();
    let width = last.unwrap_or(0).to_string().len();
    let mut places = Vec::new();
    for &number in numbers {
        for set in sets {
            let mut name = arm_folder(number, &set.arms[number].name);
            if sets.len() > 1 {
                // Padded, so that folders are listed in the order of their seeds.
                let _ = write!(name, "-seed-{:0width$}", set.scenario.seed.0);
            }
            places.push((set, number, name));
        }
    }
    let arms = folder.join("arms");
    let names: Vec<&str> = places.iter().map(|(.., name)| name.as_str()).collect();
    check_bench_folder(folder, &arms, &names, common.resume.is_some())?;
    first(folder)?;
    let mut ran = Vec::new();
    for (set, number, name) in places {
        ran.push(run_arm(common, set, number, &arms.join(name), false, None)?);
    }
    let news = ran.iter().any(|(_, news)| *news);
    Ok((ran.into_iter().map(|(arm, _)| arm).collect(), news))
}

/// Refuses a folder that holds anything but, with `resume`, the arms of this bench.
pub(super) fn check_bench_folder(
    folder: &Path,
    arms: &Path,
    names: &[&str],
    resume: bool,
) -> Result<(), RunError> {
    if !is_occupied(folder)? {
        return Ok(());
    }
    if !resume {
        return Err(RunError::NotEmpty(folder.to_owned()));
    }
    let no_bench = |why: String| RunError::NoRun {
        path: folder.to_owned(),
        what: "bench of these arms",
        why,
    };
    let found = std::fs::read_dir(arms).map_err(|_| no_bench("expected a folder arms".into()))?;
    for entry in found.filter_map(Result::ok) {
        let name = entry.file_name();
        if !names.iter().any(|known| name == *known) {
            return Err(no_bench(format!(
                "its arms/{} is not of this command",
                name.display()
            )));
        }
    }
    Ok(())
}

/// Refuses a recording that cannot be used before anything is written, also where no arm asks a
/// model.
pub(super) fn check_replay(common: &Common) -> Result<(), RunError> {
    match &common.replay {
        Some(calls) => recording(calls).map(|_| ()),
        None => Ok(()),
    }
}

/// The scenario, once for each seed that was asked for.
pub(super) fn load(common: &Common, vary: &[String]) -> Result<Vec<ScenarioSet>, Failure> {
    let seeds: Vec<Option<u64>> = match &common.seeds {
        Some(seeds) => seeds.clone().map(Some).collect(),
        None => vec![common.seed],
    };
    let load = |seed| {
        let overrides = Overrides {
            vary: vary.to_vec(),
            ..common.overrides(seed)
        };
        Ok(Scenario::load(&common.scenario, &overrides)?)
    };
    seeds.into_iter().map(load).collect()
}

pub(super) fn folder_of(common: &Common, set: &ScenarioSet) -> PathBuf {
    match (&common.out, &common.resume) {
        (Some(folder), _) | (None, Some(folder)) => folder.clone(),
        (None, None) => default_folder(
            Path::new("runs"),
            &set.scenario.name,
            &super::show::stamp(),
            &set.hash,
        ),
    }
}

/// Runs one arm, or one episode of it; also whether anything was run rather than kept.
pub(super) fn run_arm<'a>(
    common: &Common,
    set: &'a ScenarioSet,
    number: usize,
    folder: &Path,
    story: bool,
    only: Option<u32>,
) -> Result<(RunArm<'a>, bool), Failure> {
    permit(common, std::slice::from_ref(set), &[number])?;
    let arm = &set.arms[number];
    let recorded = common
        .resume
        .as_ref()
        .and_then(|_| RunDirectory::recorded_calls(folder));
    let parting = parting(common, arm, folder)?;
    let cassette = Cassette {
        live: common.replay.is_none(),
        calls: common.replay.clone().or(recorded),
        outside: outside(common, folder),
        branch: parting.as_ref().map(|parting| parting.branching.clone()),
        instead: None,
    };
    let mut built = build(set, arm, &cassette)?;
    check_interactions(&set.scenario.interactions, &*built.experiment().score)?;
    if built.experiment().manifest.restricted {
        let models = arm.scenario.speaking_models();
        let hosts = permit_receivers(common, models.into_iter().map(|(_, spec)| spec))?;
        built.experiment_mut().manifest.sent_to = hosts;
    }
    let diverged = parting.as_ref().map(|parting| parting.diverged.clone());
    built.experiment_mut().manifest.diverged = diverged;
    if let Some(first) = only {
        built.experiment_mut().manifest.first = first;
        built.experiment_mut().manifest.episodes = 1;
    }
    let person = arm.scenario.asks_a_person();
    let options = ExecuteOptions {
        out: folder.to_owned(),
        resume: common.resume.is_some(),
        // A person is asked of one patient at a time.
        jobs: if person { 1 } else { jobs_of(common) },
    };
    let quiet = common.quiet || common.json;
    let story = story && !quiet && std::io::stdout().is_terminal();
    let asked = u64::from(built.experiment().manifest.episodes);
    let label = match common.seeds {
        Some(_) => format!("{} seed {}", arm.name, set.scenario.seed.0),
        None => arm.name.clone(),
    };
    // Where all is there, or nothing may be written, nothing is trained.
    let manifest = &built.experiment().manifest;
    if built.prepares() && !RunDirectory::is_complete(folder, manifest, options.resume)? {
        let making = Shown::new(&label, 0, quiet || person);
        built.prepare(&mut |text| making.say(&format!("{label}: {text}")))?;
        making.done();
    }
    let mut shown = Shown::new(&label, asked, quiet || person);
    let executed = execute(built.experiment(), &options, &mut |progress, episode| {
        shown.at(u64::from(progress.finished), u64::from(progress.asked));
        if story && episode.ix.0 == 0 {
            print(&first_visit(&built, episode));
        }
    })?;
    shown.done();
    if let Some(recorded) = parting.and_then(|parting| parting.recorded) {
        keep(folder, &recorded)?;
    }
    if !quiet && !story && only.is_none() && set.arms.len() == 1 && common.seeds.is_none() {
        // Not a terminal: the story still helps a reader of the output, after the fact.
        if let Some(text) = super::show::story(folder, &built, 0)? {
            print(&text);
        }
    }
    let ran = RunArm {
        arm,
        built,
        folder: folder.to_owned(),
    };
    Ok((ran, executed.episodes > 0))
}

pub(super) fn jobs_of(common: &Common) -> usize {
    match common.jobs {
        0 => cores(),
        jobs => jobs,
    }
}

fn first_visit(built: &Built, episode: &FinishedEpisode) -> String {
    let events = String::from_utf8_lossy(&episode.events)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let episode = Episode {
        episode: episode.ix.0,
        events,
    };
    format!("The first visit\n{}\n", built.tell(&episode))
}

fn interaction_line(found: &InteractionSummary) -> String {
    let value = match (found.value, found.ci95) {
        (Some(value), Some([low, high])) => format!("{value:+.3} [{low:+.3}, {high:+.3}]"),
        (Some(value), None) => format!("{value:+.3}"),
        (None, _) => found.why.clone().unwrap_or_default(),
    };
    let scale = match found.scale {
        EffectScale::Difference => "difference",
        EffectScale::Ratio => "ratio",
    };
    format!("{}: {} ({scale})  {value}", found.name, found.metric)
}

/// Derives everything from the logs, unless a finished run was left as it is.
pub(super) fn finish(
    common: &Common,
    set: &ScenarioSet,
    command: &str,
    folder: &Path,
    began: Instant,
    (arms, news): (Vec<RunArm>, bool),
    until: Option<Until>,
) -> Result<Summary, Failure> {
    // A finished run is a success that changes nothing. The report is written last.
    let summary = folder.join("summary.json");
    if !news && summary.exists() && folder.join("report.html").exists() {
        let found: Summary = read_json(&summary)?;
        if found.until == until {
            return Ok(found);
        }
    }
    let typed = Typed {
        command: format!("rounds {command} {}", common.scenario.display()),
        scenario: Some(common.scenario.clone()),
        until,
    };
    let summary = conclude(
        folder,
        set,
        command,
        &typed,
        began.elapsed().as_secs_f64(),
        &arms,
        jobs_of(common),
    )?;
    super::show::remember_latest(folder);
    Ok(summary)
}

pub(super) fn show_result(common: &Common, set: &ScenarioSet, folder: &Path, summary: &Summary) {
    if common.json {
        print(&String::from_utf8_lossy(&pretty(summary)));
        return;
    }
    let mut text = text_table(summary, &shown(summary));
    if summary.episodes.done < summary.episodes.asked {
        let _ = writeln!(
            text,
            "\nWhy episodes failed: rounds show {}",
            folder.display()
        );
        if summary.calls.failed > 0 {
            let _ = writeln!(
                text,
                "Those that a server failed are tried again by the same command with --resume {}",
                folder.display()
            );
        }
    }
    if !summary.interactions.is_empty() {
        let _ = writeln!(
            text,
            "\ninteractions (0 is none of differences, 1 of ratios)"
        );
        for found in &summary.interactions {
            let _ = writeln!(text, "  {}", interaction_line(found));
        }
    }
    if let Some(until) = &summary.until {
        let _ = writeln!(text, "\n{}", super::until::how_far(until));
    }
    let _ = writeln!(text, "\nReport: {}", folder.join("report.html").display());
    if !common.quiet {
        let _ = writeln!(text, "\nNext:");
        for command in next_commands(set, Some(&common.scenario), folder) {
            let _ = writeln!(text, "  {command}");
        }
    }
    let notice = notice(&set.scenario.family);
    if !notice.is_empty() {
        let _ = writeln!(text, "\n{notice}");
    }
    print(&text);
}
