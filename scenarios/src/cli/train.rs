//! `rounds train`.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rounds_models::training::{Event, Verdict};

use super::args::TrainArgs;
use super::progress::Shown;
use super::show::stamp;
use super::{Failure, print};
use crate::clinic::NOTICE;
use crate::run::{RunError, default_folder, is_occupied, pretty};
use crate::schema::{CandleSpec, ModelSpec, ScenarioSet, TrainingSpec};
use crate::training::{Finished, Training, is_current, write_report};

/// Trains what a file describes.
pub(crate) fn train(arguments: &TrainArgs) -> Result<(), Failure> {
    let spec = TrainingSpec::load(&arguments.config, &arguments.set, arguments.seed)?;
    let began = Instant::now();
    let training = Training::prepare(spec)?;
    let folder = folder_of(arguments, &training)?;
    if !arguments.quiet {
        tell(&format!("{}\n", training.about()));
    }
    let finished = run(&training, &folder, arguments.quiet)?;
    let report = write_report(&training, &finished, &folder, began.elapsed().as_secs_f64())?;
    match arguments.json {
        true => print(&String::from_utf8_lossy(&pretty(&report.summary))),
        false => print(&text(&training, &finished, &folder, arguments.quiet)),
    }
    Ok(())
}

/// What a training file is of, once nothing is wrong with it.
pub(crate) fn check_training(file: &Path, set: &[String]) -> Result<String, Failure> {
    let training = Training::prepare(TrainingSpec::load(file, set, None)?)?;
    Ok(format!(
        "{}: a training of {} parameters in {} steps\n  {}\n",
        file.display(),
        training.parameters(),
        training.spec().config.steps,
        training.about()
    ))
}

/// Trains the models of scenarios that are to be trained first and are not there, or were trained
/// on anything else.
pub(crate) fn train_first(
    sets: &[ScenarioSet],
    numbers: &[usize],
    quiet: bool,
) -> Result<(), Failure> {
    let mut seen: Vec<&Path> = Vec::new();
    let arms = sets
        .iter()
        .flat_map(|set| numbers.iter().filter_map(|&n| set.arms.get(n)));
    for arm in arms {
        for (_, model) in arm.scenario.speaking_models() {
            if let ModelSpec::Candle(spec) = model
                && let Some(file) = &spec.train
                && !seen.contains(&spec.path.as_path())
            {
                seen.push(&spec.path);
                train_one(spec, file, quiet)?;
            }
        }
    }
    Ok(())
}

fn train_one(model: &CandleSpec, file: &Path, quiet: bool) -> Result<(), Failure> {
    let mut spec = TrainingSpec::load(file, &[], None)?;
    spec.out.clone_from(&model.path);
    if is_current(&spec, &model.path)? {
        return Ok(());
    }
    if !quiet {
        tell(&format!(
            "{} is not there or was trained on something else: it is trained first, as {} says\n",
            model.path.display(),
            file.display()
        ));
    }
    let began = Instant::now();
    let training = Training::prepare(spec)?;
    // Beside the model, so that an interrupted training goes on.
    let mut name = model.path.file_name().unwrap_or_default().to_os_string();
    name.push(format!("-training-{}", &training.hash()[..8]));
    let folder = model.path.with_file_name(name);
    let finished = run(&training, &folder, quiet)?;
    write_report(&training, &finished, &folder, began.elapsed().as_secs_f64())?;
    Ok(())
}

fn folder_of(arguments: &TrainArgs, training: &Training) -> Result<PathBuf, Failure> {
    if let Some(folder) = &arguments.resume {
        return Ok(folder.clone());
    }
    let folder = arguments.out.clone().unwrap_or_else(|| {
        let name = format!("train-{}", training.spec().name);
        default_folder(Path::new("runs"), &name, &stamp(), training.hash())
    });
    match is_occupied(&folder)? {
        true => Err(RunError::NotEmpty(folder).into()),
        false => Ok(folder),
    }
}

fn run(training: &Training, folder: &Path, quiet: bool) -> Result<Finished, Failure> {
    fs::create_dir_all(folder).map_err(RunError::file(folder, "cannot be made"))?;
    let steps = training.spec().config.steps;
    let mut shown = Shown::new(&training.spec().name, steps, quiet);
    let finished = training.run(folder, |event| {
        match event {
            Event::Step {
                report,
                read_per_second,
                ..
            } => {
                let now = format!("loss {:.3}, {read_per_second:.0} tokens/s", report.loss);
                shown.at_with(report.step, steps, &now);
            }
            Event::Evaluated(evaluation) => {
                shown.say(&format!(
                    "step {}: held-out loss {:.4}, perplexity {:.3}",
                    evaluation.step,
                    evaluation.loss,
                    evaluation.loss.exp()
                ));
            }
            _ => {}
        }
        Verdict::Continue
    });
    shown.done();
    Ok(finished?)
}

fn text(training: &Training, finished: &Finished, folder: &Path, quiet: bool) -> String {
    let mut out = String::new();
    if !quiet {
        for (what, value) in training.facts(finished) {
            let _ = writeln!(out, "  {what:<16} {value}");
        }
        out.push('\n');
    }
    let _ = writeln!(out, "Model:  {}", training.spec().out.display());
    let _ = writeln!(
        out,
        "Report: {}\n\n{NOTICE}",
        folder.join("report.html").display()
    );
    out
}

/// A line of what is going on.
fn tell(text: &str) {
    use std::io::Write;
    // Nobody may be listening, which must not end a training.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
