//! The environments of all episodes of a world.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy_ecs::prelude::*;
use rounds_environments::control::ControlEnvironment;
use rounds_environments::environment::EnvironmentError;
use rounds_environments::streams::StreamKey;
use rounds_policies::trajectory::TrajectoryPolicy;

use crate::engine::{panic_text, quietly};

/// One vectorised environment with a place for each episode in flight.
#[derive(Resource, Debug)]
pub struct Fleet {
    environment: Box<dyn ControlEnvironment>,
    free: Vec<usize>,
    /// What is about to be done.
    ///
    /// # Shapes
    /// `[places, action]`, row by row.
    pub(super) actions: Vec<f64>,
    /// The same as the contexts will remember it.
    pub(super) remembered: Vec<f32>,
    /// Places whose agent decided in this tick.
    pub(super) decided: Vec<bool>,
}

impl Fleet {
    /// A fleet all of whose places are free.
    pub fn new(mut environment: Box<dyn ControlEnvironment>) -> Self {
        let places = environment.entities();
        for place in 0..places {
            environment.retire(place);
        }
        let actions = places * environment.space().action_size();
        Self {
            environment,
            free: (0..places).rev().collect(),
            actions: vec![0.0; actions],
            remembered: vec![0.0; actions],
            decided: vec![false; places],
        }
    }

    /// The environment.
    pub fn environment(&self) -> &dyn ControlEnvironment {
        self.environment.as_ref()
    }

    /// A free place, at the start of the episode that `key` names; `None` where all are taken.
    pub(super) fn occupy(&mut self, key: StreamKey) -> Option<usize> {
        let place = self.free.pop()?;
        self.environment.start(place, key);
        Some(place)
    }

    /// Frees a place.
    pub(super) fn leave(&mut self, place: usize) {
        self.environment.retire(place);
        self.decided[place] = false;
        self.free.push(place);
    }

    /// What the agent of a place sees.
    pub(super) fn seen(&self, place: usize) -> &[f32] {
        let size = self.environment.space().observation_size();
        &self.environment.observations()[place * size..][..size]
    }

    /// What the agent of a place is about to do.
    pub(super) fn action(&self, place: usize) -> &[f64] {
        let size = self.environment.space().action_size();
        &self.actions[place * size..][..size]
    }

    /// The same as its context will remember it.
    pub(super) fn remembered(&self, place: usize) -> &[f32] {
        let size = self.environment.space().action_size();
        &self.remembered[place * size..][..size]
    }

    /// Moves all places.
    ///
    /// # Errors
    /// As [`ControlEnvironment::advance`]; a panic is [`EnvironmentError::Failed`].
    pub(super) fn advance(&mut self) -> Result<(), EnvironmentError> {
        let Self {
            environment,
            actions,
            ..
        } = self;
        let moved = quietly(|| {
            catch_unwind(AssertUnwindSafe(|| {
                environment.advance(actions).map(|_| ())
            }))
        });
        moved.unwrap_or_else(|panic| {
            let why = format!("the environment panicked: {}", panic_text(panic.as_ref()));
            Err(EnvironmentError::Failed(why))
        })
    }

    /// Retires a place that holds up the others.
    pub(super) fn retire(&mut self, place: usize) {
        self.environment.retire(place);
        self.decided[place] = false;
    }
}

/// The policies of a world.
#[derive(Resource, Debug)]
pub(crate) struct Policies(pub(crate) Vec<Arc<dyn TrajectoryPolicy>>);
