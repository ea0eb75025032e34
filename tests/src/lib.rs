//! Whole-system tests, golden vectors and benchmarks of Rounds: what they share.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be done")]

pub mod coordination;
pub mod loopback;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rounds::clinic::{BuiltClinic, build, install};
use rounds::run::{EpisodeReader, ExecuteOptions, Experiment, RunDirectory, execute};
use rounds::schema::{Overrides, Scenario, ScenarioSet};
use rounds::speech::Cassette;
use rounds_models::{LanguageModel, ModelServer, ServerOptions};
use rounds_policies::clinic::spoken::SpokenClinician;
use rounds_policies::policy::Decider;

/// A file of the project.
pub fn project_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// A scenario file of the project with changed settings.
pub fn scenario(file: &str, set: &[&str]) -> ScenarioSet {
    let overrides = Overrides {
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        ..Overrides::default()
    };
    Scenario::load(&project_file(file), &overrides).unwrap()
}

/// The clinic of the first arm of a scenario.
pub fn clinic(set: &ScenarioSet, cassette: &Cassette) -> BuiltClinic {
    build(set, &set.arms[0], cassette).unwrap()
}

/// The experiment of the first arm of a scenario, with clinicians that speak through `model`.
pub fn spoken_through(
    set: &ScenarioSet,
    model: Arc<dyn LanguageModel>,
    options: ServerOptions,
) -> Experiment {
    let mut built = clinic(set, &Cassette::default());
    let speaker = SpokenClinician {
        knowledge: Some(Arc::clone(&built.knowledge)),
        ..SpokenClinician::default()
    };
    let decider = Decider::Model {
        policy: Arc::new(speaker),
        server: Arc::new(ModelServer::start(model, options)),
        re_asks: 2,
    };
    built.experiment.install = install(built.clinic_parts().0, decider);
    built.experiment
}

/// Runs an experiment into a new folder `out` and returns the bytes of its log.
pub fn run_into(experiment: &Experiment, out: &Path, jobs: usize) -> Vec<u8> {
    let options = ExecuteOptions {
        out: out.to_owned(),
        resume: false,
        jobs,
    };
    execute(experiment, &options, &mut |_, _| {}).unwrap();
    std::fs::read(out.join(RunDirectory::EVENTS)).unwrap()
}

/// Runs an experiment into a folder that is removed afterwards; the bytes of its log.
pub fn events(experiment: &Experiment, jobs: usize) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    run_into(experiment, &folder.path().join("run"), jobs)
}

/// The episodes of a finished run.
pub fn episodes(run: &Path) -> Vec<rounds::run::Episode> {
    EpisodeReader::open(&run.join(RunDirectory::EVENTS))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}
