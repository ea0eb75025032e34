//! Programs and people that decide: what may be started, who is asked, and what ends with us.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::sync::{Arc, Once};

use rounds_environments::nearest::nearest;
use rounds_models::{Console, end_all_processes};

use super::Failure;
use super::args::Common;
use super::local::train_first;
use crate::run::RunDirectory;
use crate::schema::{Family, ModelSpec, PolicySpec, ProcessSpec, Scenario, ScenarioSet};
use crate::speech::{Outside, foreign_receivers};

/// Makes ready what the arms need before they run: programs have leave, models are trained.
pub(crate) fn make_ready(
    common: &Common,
    sets: &[ScenarioSet],
    numbers: &[usize],
) -> Result<(), Failure> {
    permit(common, sets, numbers)?;
    match answers_alone(common) {
        true => Ok(()),
        false => train_first(sets, numbers, common.quiet),
    }
}

/// Whether everything comes out of a recording.
fn answers_alone(common: &Common) -> bool {
    common.replay.is_some() && common.diverge_at.is_none()
}

/// Refuses arms that would start a program without leave, or one that is not there.
pub(crate) fn permit(
    common: &Common,
    sets: &[ScenarioSet],
    numbers: &[usize],
) -> Result<(), Failure> {
    if answers_alone(common) {
        return Ok(());
    }
    let arms = sets
        .iter()
        .flat_map(|set| numbers.iter().filter_map(|&n| set.arms.get(n)));
    for scenario in arms.map(|arm| &arm.scenario) {
        for (name, spec) in processes_of(scenario) {
            permit_process(common, name, spec)?;
        }
    }
    Ok(())
}

/// Refuses a program without leave, or one that is not there.
fn permit_process(common: &Common, name: &str, spec: &ProcessSpec) -> Result<(), Failure> {
    if !common.allow_process {
        return Err(Failure::Usage(format!(
            "the policy {name:?} would start a program, which needs --allow-process: `{}` in {}",
            spec.command.join(" "),
            spec.folder.display()
        )));
    }
    if !spec.folder.is_dir() {
        return Err(Failure::Usage(format!(
            "the folder of the policy {name:?} is not there: {}",
            spec.folder.display()
        )));
    }
    if spec.program().is_none() {
        return Err(Failure::Usage(no_program(name, spec)));
    }
    end_processes_with_us();
    Ok(())
}

/// Refuses models to which the text of restricted records must not go; the hosts that receive it.
pub(crate) fn permit_receivers<'a>(
    common: &Common,
    models: impl IntoIterator<Item = &'a ModelSpec>,
) -> Result<Vec<String>, Failure> {
    if common.replay.is_some() && common.diverge_at.is_none() {
        return Ok(Vec::new());
    }
    let hosts = foreign_receivers(models);
    let allowed = |host: &String| {
        let named = &common.send_restricted_to;
        named.iter().any(|name| name.eq_ignore_ascii_case(host))
    };
    match hosts.iter().find(|host| !allowed(host)) {
        Some(host) => Err(Failure::Usage(format!(
            "the records are restricted, and a model would send their text to {host}: name that \
             receiver with --send-restricted-to {host}, if you may"
        ))),
        None => Ok(hosts),
    }
}

fn processes_of(scenario: &Scenario) -> Vec<(&str, &ProcessSpec)> {
    let Family::Clinic(clinic) = &scenario.family else {
        return Vec::new();
    };
    let used = clinic.used().filter_map(|(name, policy)| match policy {
        PolicySpec::Process(spec) => Some((name, spec)),
        _ => None,
    });
    used.collect()
}

fn no_program(name: &str, spec: &ProcessSpec) -> String {
    let program = spec.command.first().map_or("", String::as_str);
    let near = match Path::new(program).components().count() {
        1 => nearest(
            program,
            [
                "python3", "python", "node", "ruby", "Rscript", "julia", "bash",
            ],
        ),
        _ => None,
    };
    let near = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
    let place = match Path::new(program).components().count() {
        1 => "in PATH".to_owned(),
        _ => format!("below {}", spec.folder.display()),
    };
    format!("the program of the policy {name:?} is not there: expected {program:?} {place}{near}")
}

/// What the run in `folder` may ask.
pub(crate) fn outside(common: &Common, folder: &Path) -> Outside {
    Outside {
        allow_process: common.allow_process,
        keep: Some(folder.join(RunDirectory::PROCESSES)),
        console: Some(Arc::new(Terminal)),
    }
}

/// Prompts on standard error, lines from standard input.
pub(super) struct Terminal;

impl Console for Terminal {
    fn say(&self, text: &str) {
        let mut errors = std::io::stderr().lock();
        let prompt = if std::io::stdin().is_terminal() {
            "\n> "
        } else {
            "\n"
        };
        // Nobody is left to be told when it is closed.
        let _ = errors
            .write_all(text.as_bytes())
            .and_then(|()| errors.write_all(prompt.as_bytes()))
            .and_then(|()| errors.flush());
    }

    fn line(&self) -> std::io::Result<Option<String>> {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned()))
    }
}

/// Ends programs that we started when a signal ends us.
#[cfg(unix)]
fn end_processes_with_us() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::low_level::{emulate_default_handler, pipe};
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let watched = UnixStream::pair().and_then(|(mut heard, told)| {
                std::thread::Builder::new()
                    .name("signals".to_owned())
                    .spawn(move || {
                        if heard.read_exact(&mut [0]).is_ok() {
                            end_all_processes();
                            // What the signal would have done at once.
                            let _ = emulate_default_handler(signal);
                        }
                    })?;
                pipe::register(signal, told)
            });
            if let Err(error) = watched {
                tracing::warn!(%error, "programs outlive an interruption");
            }
        }
    });
}

/// There are no such signals.
#[cfg(not(unix))]
fn end_processes_with_us() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {});
}
