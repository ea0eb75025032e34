//! Patients of a day whose state deteriorates until their cause is found, and agents at their beds who keep them
//! stable.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use rounds_environments::clinic::day::{Day, Phase as Stage, deteriorates, stability_key};
use rounds_environments::control::stabilise::Stabilise;
use rounds_environments::control::{ControlEnvironment, Vectorised};
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{RunSeed, StreamKey};
use rounds_policies::trajectory::TrajectoryPolicy;

/// Numbers that are seen of a patient.
pub(super) const SEEN: usize = 7;
/// Place among them of whether there is a diagnosis.
const DIAGNOSED: usize = 5;

/// Patients that deteriorate, in all days of a configuration.
///
/// A patient deteriorates from its arrival; a dose is given in a bed alone. The cause is treated from the tick after a
/// correct diagnosis on.
#[derive(Debug, Clone)]
pub struct Deterioration {
    /// What happens to such a patient in a tick; its step must last as long as one.
    pub patient: Arc<Stabilise>,
    /// Probability that a patient is one, 0 to 1.
    pub share: f64,
}

/// Who gives doses at the beds.
#[derive(Debug, Clone)]
pub struct AtBeds {
    /// The policies, at least one: the same way of learning with other seeds. Day `d` has policy `d % n`.
    pub policies: Vec<Arc<dyn TrajectoryPolicy>>,
}

/// The bed of an agent that gives doses.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtBed(pub u32);

/// The deteriorating patients of one day, on the entity of its episode.
#[derive(Component, Debug)]
pub(super) struct Unstable {
    pub(super) patients: Vectorised<Stabilise>,
    /// Their keys, by place.
    keys: Vec<StreamKey>,
    /// Number in the day of the patient of each place.
    numbers: Vec<u32>,
    /// Place of each patient of the day, where it has one.
    places: Vec<Option<u32>>,
    stages: Vec<Course>,
    /// Whom the agent of each bed treats.
    pub(super) treated: Vec<Option<u32>>,
    /// Agents by bed.
    pub(super) agents: Vec<Entity>,
    /// What was seen of each place when its dose was decided.
    pub(super) saw: Vec<[f32; SEEN]>,
    /// Dose of each place in this tick, and how contexts remember it.
    pub(super) doses: Vec<f64>,
    pub(super) remembered: Vec<f32>,
    pub(super) given: Vec<bool>,
}

/// How far a patient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Expected,
    Here,
    Gone,
}

impl Unstable {
    /// Draws who of a day's patients deteriorates.
    ///
    /// # Determinism
    /// A patient is the same in every arm and configuration: it hangs on the seed, the day and its number alone.
    pub(super) fn draw(
        plan: &Deterioration,
        day: &Day,
        beds: usize,
        seed: RunSeed,
        day_ix: EpisodeIx,
    ) -> Result<Self, EnvironmentError> {
        let mut places = Vec::new();
        let mut numbers = Vec::new();
        for number in (0..).take_while(|number| day.patient(*number).is_some()) {
            let one = deteriorates(seed, day_ix, number, plan.share);
            places.push(one.then_some(numbers.len() as u32));
            if one {
                numbers.push(number);
            }
        }
        // An environment has at least one place; without patients it is never used.
        let count = numbers.len().max(1);
        let patient = Arc::clone(&plan.patient);
        let mut patients = Vectorised::<Stabilise>::new(patient, count, seed, day_ix)?;
        for place in 0..count {
            patients.retire(place);
        }
        Ok(Self {
            patients,
            keys: numbers
                .iter()
                .map(|number| stability_key(seed, day_ix, *number))
                .collect(),
            stages: vec![Course::Expected; numbers.len()],
            numbers,
            places,
            treated: vec![None; beds],
            agents: Vec::new(),
            saw: vec![[0.0; SEEN]; count],
            doses: vec![0.0; count],
            remembered: vec![0.0; count],
            given: vec![false; count],
        })
    }

    /// The place of a patient that deteriorates and is here.
    pub(super) fn place(&self, patient: u32) -> Option<usize> {
        let place = self.places.get(patient as usize).copied().flatten()? as usize;
        (self.stages[place] == Course::Here).then_some(place)
    }

    /// Places of those who are here, in the order of arrival.
    pub(super) fn here(&self) -> impl Iterator<Item = usize> + '_ {
        let places = self.stages.iter().enumerate();
        places
            .filter(|(_, stage)| **stage == Course::Here)
            .map(|(place, _)| place)
    }

    /// The patient of a place.
    pub(super) fn number(&self, place: usize) -> u32 {
        self.numbers[place]
    }

    /// What is seen of a patient: whether its visit has a diagnosis, not whether that is right.
    pub(super) fn seen(&self, day: &Day, place: usize) -> [f32; SEEN] {
        let mut seen = [0.0; SEEN];
        seen.copy_from_slice(&self.patients.observations()[place * SEEN..][..SEEN]);
        let diagnosed = day.phase(self.numbers[place]) == Stage::Diagnosed;
        seen[DIAGNOSED] = f32::from(u8::from(diagnosed));
        seen
    }

    /// Takes note of who came and who went, as the day is now.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] for an acuity that there is not.
    pub(super) fn follow(&mut self, day: &Day) -> Result<(), EnvironmentError> {
        for place in 0..self.numbers.len() {
            let number = self.numbers[place];
            let here = matches!(
                day.phase(number),
                Stage::Waiting | Stage::Open | Stage::Diagnosed
            );
            match (self.stages[place], here) {
                (Course::Expected, true) => {
                    let acuity = day.patient(number).map_or(0, |patient| patient.acuity);
                    self.patients.admit(place, acuity, self.keys[place])?;
                    self.stages[place] = Course::Here;
                }
                // Who left within the tick of its arrival was never here at the end of one.
                (Course::Expected, false) if day.phase(number) != Stage::Expected => {
                    self.stages[place] = Course::Gone;
                }
                (Course::Here, false) => {
                    self.patients.retire(place);
                    self.stages[place] = Course::Gone;
                }
                _ => {}
            }
        }
        Ok(())
    }
}
