//! One body.

use std::sync::Arc;

use mujoco_rs::wrappers::mj_data::{MjData, MjtWarning};
use mujoco_rs::wrappers::mj_model::MjModel;
use rand::RngExt;

use super::config::MujocoConfig;
use super::definition::{Definition, Healthy, Reward, Start, definition};
use super::library::load;
use crate::control::actions::Actions;
use crate::environment::EnvironmentError;
use crate::streams::{StreamKey, normal_pair};

/// What a reward is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Parts {
    /// The speed forward.
    pub forward: f64,
    /// What the action costs, at most 0.
    pub control: f64,
    /// What being well earns.
    pub healthy: f64,
}

/// What a step did to a body.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The reward.
    pub reward: f64,
    /// What it is made of.
    pub parts: Parts,
    /// The body is not well, or the simulation failed.
    pub terminated: bool,
    /// Numbers went out of range and the simulation began anew by itself. The step earns nothing.
    pub unstable: bool,
}

/// One body in a world of its own, with no limit of steps: it moves on whatever its state is.
#[derive(Debug)]
pub struct Simulation {
    definition: &'static Definition,
    data: MjData<Arc<MjModel>>,
    actions: Actions,
    /// Length of a step of the environment.
    dt_s: f64,
}

/// Warnings after which the library has begun anew.
const RESTARTS: [MjtWarning; 3] = [
    MjtWarning::mjWARN_BADQPOS,
    MjtWarning::mjWARN_BADQVEL,
    MjtWarning::mjWARN_BADQACC,
];

impl Simulation {
    /// A body at the start of its model.
    ///
    /// The first one in a process silences the library: a program that uses the library elsewhere too makes one before
    /// it does so.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] for settings that cannot be and models that cannot be read or are of another
    /// body; [`EnvironmentError::Failed`] for another version of the library, or where memory is short.
    pub fn new(config: &MujocoConfig) -> Result<Self, EnvironmentError> {
        config.validate()?;
        let definition = definition(config.body);
        Self::with(definition, load(definition, config.models.as_deref())?)
    }

    fn with(
        definition: &'static Definition,
        model: Arc<MjModel>,
    ) -> Result<Self, EnvironmentError> {
        let range = |end: usize| model.actuator_ctrlrange().iter().map(move |ends| ends[end]);
        let actions = Actions::Continuous {
            low: range(0).collect(),
            high: range(1).collect(),
        };
        let dt_s = model.opt().timestep * f64::from(definition.frames);
        let data = MjData::try_new(model);
        Ok(Self {
            definition,
            actions,
            dt_s,
            data: data.map_err(|error| EnvironmentError::Failed(error.to_string()))?,
        })
    }

    /// Another body of the same model, at its start.
    ///
    /// # Errors
    /// [`EnvironmentError::Failed`] where memory is short.
    pub fn another(&self) -> Result<Self, EnvironmentError> {
        Self::with(self.definition, self.data.model_clone())
    }

    pub(super) fn definition(&self) -> &'static Definition {
        self.definition
    }

    /// What the body is and what is wanted of it, for one who knows this text alone.
    pub fn rules(&self) -> &'static str {
        self.definition.rules
    }

    /// Least and greatest controls. Others are taken, cut by the simulation, and cost what they are.
    pub fn actions(&self) -> &Actions {
        &self.actions
    }

    /// Length of a step in seconds.
    pub fn dt_s(&self) -> f64 {
        self.dt_s
    }

    /// Places of the joints, the way forward first.
    pub fn places(&self) -> &[f64] {
        self.data.qpos()
    }

    /// Speeds of the joints.
    pub fn speeds(&self) -> &[f64] {
        self.data.qvel()
    }

    /// Puts the body into a state, as if it had never moved.
    ///
    /// # Errors
    /// [`EnvironmentError::Failed`] when there are not as many numbers as joints.
    pub fn set_state(&mut self, places: &[f64], speeds: &[f64]) -> Result<(), EnvironmentError> {
        let joints = self.definition.joints;
        if [places.len(), speeds.len()] != [joints, joints] {
            let got = [places.len(), speeds.len()];
            let why = format!("expected {joints} places and speeds, got {got:?}");
            return Err(EnvironmentError::Failed(why));
        }
        self.data.reset();
        self.data.qpos_mut().copy_from_slice(places);
        self.data.qvel_mut().copy_from_slice(speeds);
        self.data.forward();
        Ok(())
    }

    /// Starts anew, near the state of the model, drawn from the stream of `key`.
    pub fn start(&mut self, key: StreamKey) {
        let mut stream = key.open();
        self.data.reset();
        let (Start::Even(noise) | Start::NormalSpeeds(noise)) = self.definition.start;
        for place in self.data.qpos_mut() {
            *place += stream.random_range(-noise..=noise);
        }
        match self.definition.start {
            Start::Even(noise) => {
                for speed in self.data.qvel_mut() {
                    *speed += stream.random_range(-noise..=noise);
                }
            }
            Start::NormalSpeeds(deviation) => {
                for pair in self.data.qvel_mut().chunks_mut(2) {
                    for (speed, normal) in pair.iter_mut().zip(normal_pair(&mut stream)) {
                        *speed += deviation * normal;
                    }
                }
            }
        }
        self.data.forward();
    }

    /// One step of the environment.
    ///
    /// # Shapes
    /// `action`: `[controls]`, finite.
    pub fn step(&mut self, action: &[f64]) -> Step {
        let (time, way) = (self.data.time(), self.data.qpos()[0]);
        for (control, number) in self.data.ctrl_mut().iter_mut().zip(action) {
            *control = *number;
        }
        for _ in 0..self.definition.frames {
            self.data.step();
        }
        self.data.rne_post_constraint();
        // What began anew lost its time or, if it did so at once, keeps only the count of it.
        let late = self.data.time() < time + 0.5 * self.dt_s;
        let warned = |warning: &MjtWarning| self.data.warning()[*warning as usize].number > 0;
        if late || RESTARTS.iter().any(warned) {
            return Step {
                reward: 0.0,
                parts: Parts::default(),
                terminated: true,
                unstable: true,
            };
        }
        let well = self.is_healthy();
        let share = f64::from(u8::from(well));
        let parts = match self.definition.reward {
            Reward::Balance => Parts {
                healthy: share,
                ..Parts::default()
            },
            Reward::Forward {
                control_cost,
                healthy,
            } => Parts {
                forward: (self.data.qpos()[0] - way) / self.dt_s,
                control: -control_cost * action.iter().map(|a| a * a).sum::<f64>(),
                healthy: share * healthy,
            },
        };
        Step {
            reward: parts.forward + parts.healthy + parts.control,
            parts,
            terminated: !well,
            unstable: false,
        }
    }

    fn is_healthy(&self) -> bool {
        let (places, speeds) = (self.data.qpos(), self.data.qvel());
        match self.definition.healthy {
            Healthy::Always => true,
            Healthy::Pole(most) => places[1].abs() <= most,
            Healthy::Upright {
                height,
                angle,
                rest,
            } => {
                let between = |number: f64, [low, high]: [f64; 2]| low < number && number < high;
                let all = places[2..].iter().chain(speeds);
                between(places[1], height)
                    && between(places[2], angle)
                    && all.clone().all(|number| between(*number, [-rest, rest]))
            }
        }
    }

    /// The observation in double precision.
    pub fn seen(&self) -> impl Iterator<Item = f64> {
        let hidden = usize::from(self.definition.hides_way);
        let most = self.definition.most_speed;
        let places = self.data.qpos()[hidden..].iter().copied();
        let speeds = self.data.qvel().iter();
        places.chain(speeds.map(move |speed| speed.clamp(-most, most)))
    }
}
