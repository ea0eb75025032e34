//! Episodes in flat arrays.

use super::actions::ActionMap;
use super::arrays::Array;
use super::error::{DataError, Place};
use super::header::Header;

/// How an episode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By the rules of its environment.
    Terminal,
    /// It was cut.
    Timeout,
}

/// One episode of a data set.
///
/// # Shapes
/// `observations`: `[steps, observation]`; `actions`: `[steps, action]`; `rewards`: `[steps]`; `last`:
/// `[observation]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode<'a> {
    /// What was seen before each step.
    pub observations: &'a [f64],
    /// What was done.
    pub actions: &'a [f64],
    /// What each step earned.
    pub rewards: &'a [f64],
    /// How it ended.
    pub end: End,
    /// What was seen after the last step, where it is known.
    pub last: Option<&'a [f64]>,
}

impl Episode<'_> {
    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.rewards.len()
    }

    /// The return: sum of the rewards.
    pub fn total_reward(&self) -> f64 {
        self.rewards.iter().sum()
    }
}

/// The episodes of a data set: finite numbers, each episode of at least one step.
///
/// # Shapes
/// Flat arrays of all steps, row by row, and the step at which each episode ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectories {
    header: Header,
    observation: usize,
    action: usize,
    observations: Vec<f64>,
    actions: Vec<f64>,
    rewards: Vec<f64>,
    stops: Vec<usize>,
    ends: Vec<End>,
    /// What was seen after each episode; of no length unless known for all.
    lasts: Vec<f64>,
}

impl Trajectories {
    /// A data set without episodes, of so many numbers in an observation and an action.
    ///
    /// # Errors
    /// [`DataError::Setting`] for observations or actions of no number, or a header that does not fit.
    pub fn new(header: Header, observation: usize, action: usize) -> Result<Self, DataError> {
        for (name, size) in [("observation", observation), ("action", action)] {
            if size == 0 {
                return Err(DataError::setting(
                    name,
                    "expected at least one number, got 0",
                ));
            }
        }
        if let Some(map) = &header.action_map {
            map.validate(action)?;
        }
        if let Some(reference) = header.reference {
            reference.validate()?;
        }
        Ok(Self {
            header,
            observation,
            action,
            observations: Vec::new(),
            actions: Vec::new(),
            rewards: Vec::new(),
            stops: Vec::new(),
            ends: Vec::new(),
            lasts: Vec::new(),
        })
    }

    /// Adds an episode. What was seen last is kept only if it is known of every episode.
    ///
    /// # Errors
    /// [`DataError::Empty`] for an episode without a step, [`DataError::Shape`] for arrays that do not fit,
    /// [`DataError::NotFinite`] naming the first number that is none.
    pub fn push(&mut self, episode: Episode<'_>) -> Result<(), DataError> {
        let steps = episode.steps();
        if steps == 0 {
            return Err(DataError::Empty { steps });
        }
        let number = self.episodes();
        let last = episode.last.unwrap_or_default();
        let rows = if last.is_empty() { 0 } else { 1 };
        for (array, numbers, rows, width) in [
            (
                "observations",
                episode.observations,
                steps,
                self.observation,
            ),
            ("actions", episode.actions, steps, self.action),
            ("rewards", episode.rewards, steps, 1),
            ("last observations", last, rows, self.observation),
        ] {
            if numbers.len() != rows * width {
                return Err(DataError::Shape {
                    array,
                    expected: format!("[{rows}, {width}]"),
                    got: vec![numbers.len()],
                });
            }
            let place = |step| Place {
                episode: number,
                step,
            };
            check_finite(array, numbers, width, place)?;
        }
        self.observations.extend_from_slice(episode.observations);
        self.actions.extend_from_slice(episode.actions);
        self.rewards.extend_from_slice(episode.rewards);
        self.stops.push(self.rewards.len());
        self.ends.push(episode.end);
        let known = self.lasts.len() == number * self.observation && !last.is_empty();
        match known {
            true => self.lasts.extend_from_slice(last),
            false => self.lasts.clear(),
        }
        Ok(())
    }

    /// The same episodes with what was seen after each.
    ///
    /// # Errors
    /// [`DataError::Shape`] for an array that does not fit, [`DataError::NotFinite`] for a number that is
    /// none.
    pub(super) fn with_last(mut self, last: Array<f64>) -> Result<Self, DataError> {
        let array = "last_observations";
        if last.table(array)? != (self.episodes(), self.observation) {
            return Err(DataError::Shape {
                array,
                expected: format!("[{}, {}]", self.episodes(), self.observation),
                got: last.shape,
            });
        }
        let after = |episode: usize| Place {
            episode,
            step: self.episode(episode).steps(),
        };
        check_finite(array, &last.items, self.observation, after)?;
        self.lasts = last.items;
        Ok(self)
    }

    /// Where the data come from.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Where the data come from, to be completed; its map of actions is changed by
    /// [`rescale`](Self::rescale) alone.
    pub fn describe(&mut self, change: impl FnOnce(&mut Header)) {
        let map = self.header.action_map.take();
        change(&mut self.header);
        self.header.action_map = map;
    }

    /// Numbers in an observation.
    pub fn observation_size(&self) -> usize {
        self.observation
    }

    /// Numbers in an action.
    pub fn action_size(&self) -> usize {
        self.action
    }

    /// Number of episodes.
    pub fn episodes(&self) -> usize {
        self.stops.len()
    }

    /// Number of steps of all episodes.
    pub fn steps(&self) -> usize {
        self.rewards.len()
    }

    /// What was seen before each step of all episodes.
    ///
    /// # Shapes
    /// `[steps, observation]`.
    pub fn observations(&self) -> &[f64] {
        &self.observations
    }

    /// What was done in each step of all episodes.
    ///
    /// # Shapes
    /// `[steps, action]`.
    pub fn actions(&self) -> &[f64] {
        &self.actions
    }

    /// What each step of all episodes earned.
    pub fn rewards(&self) -> &[f64] {
        &self.rewards
    }

    /// What was seen after the last step of each episode, where it is known of all.
    ///
    /// # Shapes
    /// `[episodes, observation]`.
    pub fn last_observations(&self) -> Option<&[f64]> {
        (!self.lasts.is_empty()).then_some(&self.lasts[..])
    }

    /// An episode, from 0.
    ///
    /// # Panics
    /// When there is no such episode.
    pub fn episode(&self, number: usize) -> Episode<'_> {
        let (start, stop) = (self.start(number), self.stops[number]);
        let last = self.last_observations();
        Episode {
            observations: &self.observations[start * self.observation..stop * self.observation],
            actions: &self.actions[start * self.action..stop * self.action],
            rewards: &self.rewards[start..stop],
            end: self.ends[number],
            last: last.map(|last| &last[number * self.observation..][..self.observation]),
        }
    }

    /// All episodes in order.
    pub fn iter(&self) -> impl Iterator<Item = Episode<'_>> {
        (0..self.episodes()).map(|number| self.episode(number))
    }

    /// Return of each episode.
    pub fn returns(&self) -> Vec<f64> {
        self.iter().map(|episode| episode.total_reward()).collect()
    }

    /// Brings actions of the environment to [-1, 1] and keeps the map in the header.
    ///
    /// # Errors
    /// [`DataError::Setting`] when that was done before or the map does not fit.
    pub fn rescale(&mut self, map: ActionMap) -> Result<(), DataError> {
        map.validate(self.action)?;
        if self.header.action_map.is_some() {
            let why = "expected actions of the environment, got some that were rescaled before";
            return Err(DataError::setting("action_map", why));
        }
        map.to_model(&mut self.actions);
        self.header.action_map = Some(map);
        Ok(())
    }

    /// The step of the flat arrays at which an episode starts.
    fn start(&self, number: usize) -> usize {
        number.checked_sub(1).map_or(0, |before| self.stops[before])
    }

    /// Episode and step of a row of the flat arrays.
    pub(super) fn place(&self, row: usize) -> Place {
        let episode = self.stops.partition_point(|stop| *stop <= row);
        Place {
            episode,
            step: row - self.start(episode),
        }
    }
}

/// Refuses the first number that is not finite; `place` tells where a row is.
pub(super) fn check_finite(
    array: &'static str,
    numbers: &[f64],
    width: usize,
    place: impl Fn(usize) -> Place,
) -> Result<(), DataError> {
    let Some(at) = numbers.iter().position(|number| !number.is_finite()) else {
        return Ok(());
    };
    Err(DataError::NotFinite {
        array,
        place: place(at / width),
        dimension: at % width,
        value: numbers[at],
    })
}
