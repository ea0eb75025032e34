//! Visits by rule, told as the conversations in which a language model would have decided.

use std::collections::BTreeSet;
use std::sync::Arc;

use bevy_app::App;
use rounds_agents::clinic::Protocol;
use rounds_agents::engine::{
    Engine, EngineError, EngineOptions, FinishedEpisode, Outcome, RunSink,
};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_models::CallRecord;
use rounds_policies::clinic::spoken::{DemonstratingClinician, Demonstration, SpokenClinician};
use rounds_policies::policy::Decider;
use rounds_policies::spoken::SpokenOptions;

use super::build::{build, install};
use super::decider::fidelity;
use crate::run::RunError;
use crate::schema::{Arm, ScenarioSet};
use crate::speech::Cassette;

/// What the visits of an arm gave.
#[derive(Debug, Default)]
pub struct Demonstrated {
    /// One conversation a decision, in the order of the calls' keys.
    pub demonstrations: Vec<Demonstration>,
    /// Visits that were played to their end.
    pub done: u32,
    /// Why visits failed, of those that did; nothing of them is kept.
    pub failed: Vec<(EpisodeIx, String)>,
    /// They tell of restricted records.
    pub restricted: bool,
}

/// Plays every visit of an arm whose clinicians decide by rule, and tells each decision in the words of
/// `options`. In the place of a share `deviation` of proposals a question drawn at random is put.
///
/// # Errors
/// [`RunError`] when the arm cannot be built, or somebody in it decides otherwise than by rule.
///
/// # Determinism
/// The same scenario and seed give the same conversations, byte for byte.
pub fn demonstrate(
    set: &ScenarioSet,
    arm: &Arm,
    options: SpokenOptions,
    deviation: f64,
) -> Result<Demonstrated, RunError> {
    let built = build(set, arm, &Cassette::default())?;
    let (clinic, protocol) = built.clinic_parts();
    let (Protocol::DynamiCare(Decider::Direct(teacher)), Some(scenario)) =
        (protocol, arm.scenario.clinic())
    else {
        return Err(RunError::Input(format!(
            "the arm {}: only a team of one policy that decides by rule can be learnt from, in the \
             protocol dynamicare",
            arm.name
        )));
    };
    let speaker = SpokenClinician {
        knowledge: Some(Arc::clone(&built.knowledge)),
        fidelity: fidelity(&scenario),
        list_length: scenario.team.list_length as usize,
        options,
    };
    let watched = Arc::new(DemonstratingClinician::new(teacher, speaker).deviating(deviation));
    let install = install(
        clinic,
        Protocol::DynamiCare(Decider::Direct(Arc::<DemonstratingClinician>::clone(
            &watched,
        ))),
    );
    let experiment = &built.experiment;
    let (first, count) = (experiment.manifest.first, experiment.manifest.episodes);
    let options = EngineOptions {
        seed: RunSeed(experiment.manifest.seed),
        in_flight: experiment.in_flight,
        log: false,
    };
    let mut ended = Ended::default();
    let mut episodes = (first..first + count).map(EpisodeIx);
    Engine::new(options, move |app: &mut App| install(app))?.run(&mut episodes, &mut ended)?;
    let mut demonstrations = watched.take();
    let lost: BTreeSet<EpisodeIx> = ended.failed.iter().map(|(episode, _)| *episode).collect();
    demonstrations.retain(|made| !lost.contains(&made.key.episode));
    Ok(Demonstrated {
        demonstrations,
        done: ended.done,
        failed: ended.failed,
        restricted: experiment.manifest.restricted,
    })
}

#[derive(Debug, Default)]
struct Ended {
    done: u32,
    failed: Vec<(EpisodeIx, String)>,
}

impl RunSink for Ended {
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError> {
        match episode.outcome {
            Outcome::Done => self.done += 1,
            Outcome::Failed(why) | Outcome::Unserved(why) | Outcome::Aborted(why) => {
                self.failed.push((episode.ix, why));
            }
            Outcome::Limited(hit) => self.failed.push((episode.ix, hit.to_string())),
        }
        Ok(())
    }

    fn calls(&mut self, _: Vec<CallRecord>) -> Result<(), EngineError> {
        Ok(())
    }
}
