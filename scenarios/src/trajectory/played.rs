//! Control environments that a language model plays.

use std::sync::Arc;

use bevy_app::App;
use rounds_agents::engine::{EpisodeLog, Spawner};
use rounds_agents::stepped::SteppedPlugin;
use rounds_environments::control::data::Reference;
use rounds_environments::control::maze::PointMaze;
use rounds_environments::control::stabilise::Stabilise;
use rounds_environments::control::{ControlFactory, Dynamics};
use rounds_environments::environment::{Describe, EnvironmentFactory};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::remembering::RememberingFactory;
use rounds_environments::streams::RunSeed;
use rounds_policies::language::{Described, LanguagePlayer};

use super::bodies::{self, BodyKind};
use crate::run::RunError;
use crate::schema::{BodySpec, ControlSpec, PlayerSpec};
use crate::speech::{Speakers, player_options};

/// What adds the environments and their player to a world.
pub(super) struct Spoken {
    pub(super) install: Arc<dyn Fn(&mut App) + Send + Sync>,
    /// Hash of the prompts.
    pub(super) prompts: String,
}

/// Agents that ask a language model for each action: the environment describes itself, and they are shown their own
/// last steps.
///
/// # Errors
/// [`RunError::Input`] when the model cannot be made, or a prompt or the environment cannot be used.
pub(super) fn spoken(
    environment: &ControlSpec,
    spec: &PlayerSpec,
    speakers: &Speakers<'_>,
    max_steps: u32,
) -> Result<Spoken, RunError> {
    let fault = |error: &dyn std::fmt::Display| RunError::Input(error.to_string());
    match environment {
        ControlSpec::CartPole(config) => of(config.clone(), spec, speakers, max_steps),
        ControlSpec::Pendulum(config) => of(config.clone(), spec, speakers, max_steps),
        ControlSpec::MountainCar(config) => of(config.clone(), spec, speakers, max_steps),
        ControlSpec::PointMass(config) => of(config.clone(), spec, speakers, max_steps),
        ControlSpec::PointMaze(config) => {
            let maze = PointMaze::new(config.clone()).map_err(|error| fault(&error))?;
            of(maze, spec, speakers, max_steps)
        }
        ControlSpec::Stabilise(config) => {
            let patient = Stabilise::new((**config).clone()).map_err(|error| fault(&error))?;
            of(patient, spec, speakers, max_steps)
        }
        ControlSpec::Hopper(body) => of_body(BodyKind::Hopper, body, spec, speakers, max_steps),
        ControlSpec::HalfCheetah(body) => {
            of_body(BodyKind::HalfCheetah, body, spec, speakers, max_steps)
        }
        ControlSpec::Walker2d(body) => of_body(BodyKind::Walker2d, body, spec, speakers, max_steps),
        ControlSpec::InvertedPendulum(body) => {
            of_body(BodyKind::InvertedPendulum, body, spec, speakers, max_steps)
        }
    }
}

/// Lets episodes begin as those of other agents do, so that they are compared start by start: episode `e` of `n` repeats is
/// start `e / n`, and its first event says so.
pub(super) fn begun(app: &mut App, repeats: u32, reference: Option<Reference>) {
    let Some(Spawner(spawn)) = app.world().get_resource::<Spawner>().cloned() else {
        return;
    };
    let repeats = repeats.max(1);
    app.insert_resource(Spawner(Arc::new(move |world, entity, ix| {
        let start = ix.0 / repeats;
        if let Some(mut log) = world.get_mut::<EpisodeLog>(entity)
            && let Some(mut event) = log.0.event(0, 0.0, "world", "", "began")
        {
            event
                .add("start", &start)
                .add("training", &(ix.0 % repeats));
            if let Some(reference) = reference {
                event.add("reference", &[reference.min, reference.max]);
            }
        }
        spawn(world, entity, EpisodeIx(start))
    })));
}

#[cfg(feature = "mujoco")]
fn of_body(
    kind: BodyKind,
    body: &BodySpec,
    spec: &PlayerSpec,
    speakers: &Speakers<'_>,
    max_steps: u32,
) -> Result<Spoken, RunError> {
    of_factory(bodies::factory(kind, body)?, spec, speakers, max_steps)
}

#[cfg(not(feature = "mujoco"))]
fn of_body(
    _: BodyKind,
    _: &BodySpec,
    _: &PlayerSpec,
    _: &Speakers<'_>,
    _: u32,
) -> Result<Spoken, RunError> {
    Err(RunError::Input(bodies::NO_MUJOCO.to_owned()))
}

fn of<D: Dynamics>(
    dynamics: D,
    spec: &PlayerSpec,
    speakers: &Speakers<'_>,
    max_steps: u32,
) -> Result<Spoken, RunError> {
    of_factory(ControlFactory::new(dynamics, 1), spec, speakers, max_steps)
}

fn of_factory<F>(
    factory: F,
    spec: &PlayerSpec,
    speakers: &Speakers<'_>,
    max_steps: u32,
) -> Result<Spoken, RunError>
where
    F: EnvironmentFactory + 'static,
    F::Environment: Describe,
{
    let options = player_options(spec)?;
    let prompts = options.spoken.prompts.hash().to_owned();
    let factory = Arc::new(RememberingFactory {
        factory,
        length: options.history as usize,
    });
    // It only describes: what it says hangs on the observation alone.
    let sample = factory.reset(RunSeed(0), EpisodeIx(0));
    let sample = sample.map_err(|error| RunError::Input(error.to_string()))?;
    let server = speakers.server(&spec.speaker.model)?;
    let decider = LanguagePlayer::new(Described::new(sample), options).decider(server);
    let install = move |app: &mut App| {
        app.add_plugins(SteppedPlugin {
            factory: Arc::clone(&factory),
            decider: decider.clone(),
            max_steps,
        });
    };
    Ok(Spoken {
        install: Arc::new(install),
        prompts,
    })
}
