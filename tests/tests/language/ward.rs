//! A ward that is asked through a server.

use std::path::Path;

use rounds::clinic::build;
use rounds::models::CallRecord;
use rounds::run::{ExecuteOptions, Experiment, RunDirectory, execute};
use rounds::schema::{ModelChoice, Overrides, Scenario};
use rounds::speech::Cassette;
use rounds_tests::loopback::Loopback;
use rounds_tests::project_file;

/// The first arm of `file` with the model behind `server` in place of its own.
pub(crate) fn spoken_by(server: &Loopback, file: &str, set: &[&str]) -> Experiment {
    let overrides = Overrides {
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        model: Some(ModelChoice {
            model: format!("{}#loopback", server.base_url()),
            key_env: None,
        }),
        ..Overrides::default()
    };
    let set = Scenario::load(&project_file(file), &overrides).unwrap();
    let cassette = Cassette {
        live: true,
        ..Cassette::default()
    };
    build(&set, &set.arms[0], &cassette).unwrap().experiment
}

/// Runs an experiment with one worker world.
pub(crate) fn run(experiment: &Experiment, out: &Path) {
    let options = ExecuteOptions {
        out: out.to_owned(),
        resume: false,
        jobs: 1,
    };
    execute(experiment, &options, &mut |_, _| {}).unwrap();
}

/// The ledger of a finished run.
pub(crate) fn calls(run: &Path) -> Vec<CallRecord> {
    let text = std::fs::read_to_string(run.join(RunDirectory::CALLS)).unwrap();
    text.lines()
        .map(|line| CallRecord::from_line(line).unwrap())
        .collect()
}
