//! State of an episode: the day, its beds and its staff.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use rounds_environments::clinic::day::{BedCoverage, Day, DayConfig, Staff};
use rounds_environments::clinic::knowledge::{Knowledge, Noise};
use rounds_environments::coordination::{CommGraph, Objective};
use rounds_environments::ids::RoundIx;
use rounds_policies::clinic_day::{Bedside, BedsideConfig, Clinicians};
use rounds_policies::coordination::Traffic;

use crate::coordination::{Chooser, Played, Reference};

/// What all days of a run are made of.
#[derive(Debug, Clone)]
pub struct DayPlan {
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
    pub graph: CommGraph,
}

/// What is the same for all episodes.
#[derive(Debug)]
pub(super) struct House {
    pub(super) plan: DayPlan,
    pub(super) staff: Staff,
    pub(super) clinicians: Clinicians,
}

/// A bed with the visit that is in it: a group, of which who stands there is a member.
#[derive(Component, Debug, Default)]
pub struct Bed {
    pub(super) number: u32,
    pub(super) bedside: Bedside,
    /// State of the chart that the objective was made of; 0 without an open visit.
    pub(super) weighed: u64,
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
    pub(super) objective: BedCoverage,
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

    /// When the present tick ends.
    pub(super) fn until_min(&self) -> f64 {
        let config = self.day.config();
        (f64::from(self.round.0) * config.tick_minutes).min(config.day_minutes)
    }
}
