//! State of an episode: the day, its beds and its staff.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use rounds_environments::clinic::day::{Day, DayConfig, MeansTable, Staff};
use rounds_environments::clinic::knowledge::{ConditionIx, Knowledge, Noise};
use rounds_environments::coordination::objectives::{Detection, ObjectiveError};
use rounds_environments::coordination::{CommGraph, GraphKind, Ground, Objective};
use rounds_environments::ids::RoundIx;
use rounds_policies::clinic_day::{Bedside, BedsideConfig, Clinicians};
use rounds_policies::coordination::Traffic;

use super::deterioration::Deterioration;
use crate::coordination::{Chooser, Played, Reference};

/// What the days of one configuration are made of.
#[derive(Debug, Clone)]
pub struct DayPlan {
    /// Name of the configuration in results.
    pub name: String,
    /// The clinic.
    pub config: Arc<DayConfig>,
    /// What patients are drawn from.
    pub patients: Arc<Knowledge>,
    /// How unreliable their answers are.
    pub noise: Noise,
    /// What the staff knows; its findings must be those of `patients`.
    pub knowledge: Arc<Knowledge>,
    /// How the staff works at a bed.
    pub bedside: BedsideConfig,
    /// Who of the staff can talk to whom.
    pub graph: GraphKind,
    /// Whether some may be out of each other's reach.
    pub allow_disconnected: bool,
    /// Patients whose state deteriorates, where there are any.
    pub deterioration: Option<Deterioration>,
}

/// What is the same for all days of a configuration.
#[derive(Debug)]
pub(super) struct House {
    pub(super) plan: DayPlan,
    pub(super) staff: Staff,
    pub(super) clinicians: Clinicians,
    pub(super) means: Arc<MeansTable>,
}

impl House {
    /// Numbers of specialists and of beds.
    pub(super) fn size(&self) -> (usize, usize) {
        let config = &self.plan.config;
        (config.staff as usize, config.beds as usize)
    }
}

/// What the beds are worth in a tick, `f(S) = sum_b w_b (1 - prod over (i, b) in S of (1 - q_ib))`:
/// the expected weight of what the staff at the beds learns, as if each specialist learnt its share
/// independently. Monotone and submodular.
///
/// `w_b` is the weight of a bed, its acuity's times its uncertainty in bits, and `q_ib` the share of
/// the uncertainty that specialist `i` expects to resolve by its best question. Action `b` of agent
/// `i` is to stand at bed `b`.
///
/// # Source
/// MA-OC card, section 1 (objective of sets of agents and actions); the form, that of detection with
/// beds as items, is inferred.
#[derive(Debug)]
pub(super) struct Worth {
    pub(super) objective: Detection,
    /// `[beds]`.
    pub(super) weights: Vec<f64>,
    /// `[specialists * beds]`, in the order of the ground set.
    pub(super) shares: Vec<f64>,
}

impl Worth {
    /// Beds that are worth nothing, for a ground set in which every specialist has every bed.
    pub(super) fn new(ground: Arc<Ground>) -> Self {
        let beds = ground.most_actions();
        Self {
            weights: vec![0.0; beds],
            shares: vec![0.0; ground.len()],
            objective: Detection::empty(ground, beds),
        }
    }

    /// Makes the objective of the weights and shares.
    ///
    /// # Errors
    /// [`ObjectiveError`] when one of them is not a number of its range.
    pub(super) fn refill(&mut self) -> Result<(), ObjectiveError> {
        let (beds, shares) = (self.weights.len(), &self.shares);
        self.objective.refill(&self.weights, |element, hits| {
            if shares[element] != 0.0 {
                hits.push(element % beds, shares[element]);
            }
        })
    }
}

/// A bed with the visit that is in it: a group, of which who stands there is a member.
#[derive(Component, Debug, Default)]
pub struct Bed {
    pub(super) number: u32,
    pub(super) bedside: Bedside,
    /// State of the chart that the objective was made of; 0 without an open visit.
    pub(super) weighed: u64,
    /// The diagnosis of the visit, where it has one.
    pub(super) answer: Option<ConditionIx>,
}

impl Bed {
    /// Its number in the day.
    pub fn number(&self) -> u32 {
        self.number
    }
}

/// One day in progress, on the entity of its episode.
#[derive(Component)]
pub struct ClinicDay {
    pub(super) day: Day,
    pub(super) house: Arc<House>,
    /// Beds by number.
    pub(super) beds: Vec<Entity>,
    /// Specialists by id.
    pub(super) staff: Vec<Entity>,
    pub(super) chooser: Chooser,
    pub(super) reference: Option<Reference>,
    pub(super) traffic: Traffic,
    /// The tick that is played or was played last, from 1.
    pub(super) round: RoundIx,
    pub(super) ticks: u32,
    /// All have chosen in this tick.
    pub(super) chosen: bool,
    pub(super) graph: CommGraph,
    pub(super) worth: Worth,
    pub(super) actions: Vec<Option<u32>>,
    pub(super) played: Played,
    pub(super) summary: Vec<f64>,
    /// Objectives of earlier ticks, where feedback comes late: that of tick `t` at `t % len`.
    pub(super) kept: Vec<Option<Box<dyn Objective>>>,
}

impl ClinicDay {
    /// The day itself.
    pub fn day(&self) -> &Day {
        &self.day
    }

    /// Where everybody was sent last.
    pub fn actions(&self) -> &[Option<u32>] {
        &self.actions
    }

    /// Whether the staff was asked and has not all answered.
    pub(super) fn awaits(&self) -> bool {
        matches!(&self.chooser, Chooser::Asked(asking) if asking.awaited)
    }

    /// When the present tick ends.
    pub(super) fn until_min(&self) -> f64 {
        let config = self.day.config();
        (f64::from(self.round.0) * config.tick_minutes).min(config.day_minutes)
    }
}
