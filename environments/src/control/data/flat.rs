//! Flat arrays of many episodes, one after another.

use super::arrays::Array;
use super::error::{DataError, Place};
use super::header::Header;
use super::trajectories::{End, Episode, Trajectories, check_finite};
use super::warning::Warning;
use crate::control::Actions;

/// The arrays of a file whose episodes follow one another. Tables with one column may come as lists and
/// lists as tables with one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Flat {
    /// What was seen before each step: `[steps, observation]`.
    pub observations: Array<f64>,
    /// What was done: `[steps, action]`.
    pub actions: Array<f64>,
    /// What each step earned: `[steps]`.
    pub rewards: Array<f64>,
    /// Whether a step ended its episode by the rules of the environment: `[steps]`.
    pub terminals: Array<bool>,
    /// Whether an episode was cut after a step: `[steps]`.
    pub timeouts: Option<Array<bool>>,
    /// What was seen after each step: `[steps, observation]`. That of the last step of an episode is kept.
    pub next_observations: Option<Array<f64>>,
}

/// A data set that was read, and what is odd about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The episodes.
    pub data: Trajectories,
    /// What a user should know.
    pub warnings: Vec<Warning>,
    /// What can be done in the environment, where the file says so.
    pub bounds: Option<Actions>,
}

impl Loaded {
    /// A data set that was read with these oddities, and those of its numbers.
    ///
    /// # Errors
    /// [`DataError::Empty`] when there is no episode.
    pub(super) fn of(data: Trajectories, mut warnings: Vec<Warning>) -> Result<Self, DataError> {
        if data.episodes() == 0 {
            let unfinished = warnings.iter().find_map(|warning| match warning {
                Warning::Unfinished { steps } => Some(*steps),
                _ => None,
            });
            return Err(DataError::Empty {
                steps: unfinished.unwrap_or(0),
            });
        }
        warnings.extend(data.warnings());
        Ok(Self {
            data,
            warnings,
            bounds: None,
        })
    }
}

impl Flat {
    /// Cuts the arrays into episodes: one ends where a terminal or a timeout is, or, where there are no
    /// timeouts, after `most_steps`. Steps after the last end are left out.
    ///
    /// # Errors
    /// [`DataError`] naming the array whose shape does not fit, the first number that is none, wherever
    /// it is, or that there is no episode.
    ///
    /// # Source
    /// Trajectory card, section 4.1.
    pub fn cut(self, header: Header, most_steps: usize) -> Result<Loaded, DataError> {
        let (steps, observation) = self.observations.table("observations")?;
        let (rows, action) = self.actions.table("actions")?;
        if rows != steps {
            return Err(DataError::Shape {
                array: "actions",
                expected: format!("[{steps}, {action}]"),
                got: self.actions.shape,
            });
        }
        let rewards = self.rewards.squeezed("rewards", steps)?;
        let terminals = self.terminals.squeezed("terminals", steps)?;
        let timeouts = match self.timeouts {
            Some(timeouts) => Some(timeouts.squeezed("timeouts", steps)?),
            None => None,
        };
        let next = match self.next_observations {
            Some(next) if next.table("next_observations")? == (steps, observation) => {
                Some(next.items)
            }
            Some(next) => {
                return Err(DataError::Shape {
                    array: "next_observations",
                    expected: format!("[{steps}, {observation}]"),
                    got: next.shape,
                });
            }
            None => None,
        };
        let stops = stops(&terminals, timeouts.as_deref(), most_steps);
        let place = |row: usize| {
            let episode = stops.partition_point(|(stop, _)| *stop <= row);
            let start = episode.checked_sub(1).map_or(0, |before| stops[before].0);
            Place {
                episode,
                step: row - start,
            }
        };
        check_finite("observations", &self.observations.items, observation, place)?;
        check_finite("actions", &self.actions.items, action, place)?;
        check_finite("rewards", &rewards, 1, place)?;

        let mut data = Trajectories::new(header, observation, action)?;
        let mut start = 0;
        for &(stop, end) in &stops {
            let last = next.as_ref();
            data.push(Episode {
                observations: &self.observations.items[start * observation..stop * observation],
                actions: &self.actions.items[start * action..stop * action],
                rewards: &rewards[start..stop],
                end,
                last: last.map(|last| &last[(stop - 1) * observation..stop * observation]),
            })?;
            start = stop;
        }
        let mut warnings = Vec::new();
        if timeouts.is_none() {
            warnings.push(Warning::NoTimeouts { most_steps });
        }
        if start < steps {
            let steps = steps - start;
            warnings.push(Warning::Unfinished { steps });
        }
        Loaded::of(data, warnings)
    }
}

/// Where episodes end, and how.
fn stops(terminals: &[bool], timeouts: Option<&[bool]>, most_steps: usize) -> Vec<(usize, End)> {
    let (mut stops, mut start) = (Vec::new(), 0);
    for (step, &terminal) in terminals.iter().enumerate() {
        let cut = match timeouts {
            Some(timeouts) => timeouts[step],
            None => step + 1 - start >= most_steps,
        };
        if terminal || cut {
            let end = if terminal {
                End::Terminal
            } else {
                End::Timeout
            };
            start = step + 1;
            stops.push((start, end));
        }
    }
    stops
}

#[cfg(test)]
#[path = "flat_tests.rs"]
mod tests;
