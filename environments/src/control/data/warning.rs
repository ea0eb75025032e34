//! What is odd about a data set that can be used all the same.

use std::fmt;

use super::error::Place;
use super::trajectories::Trajectories;

/// Something that a user should know of a data set.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Actions that a head with bounds of -1 and 1 cannot reach.
    ActionsOutside {
        /// How many numbers.
        count: usize,
        /// Where the first of them is.
        first: Place,
        /// In which dimension, from 0.
        dimension: usize,
        /// What it is.
        value: f64,
    },
    /// A dimension of the observations that never changes. Normalised, any other value is very large.
    ConstantDimension {
        /// Which, from 0.
        dimension: usize,
        /// What it always is.
        value: f64,
    },
    /// The file does not say where episodes were cut; they end after so many steps.
    NoTimeouts {
        /// Steps of an episode.
        most_steps: usize,
    },
    /// Steps at the end that belong to no finished episode; they are left out.
    Unfinished {
        /// How many.
        steps: usize,
    },
    /// Episodes without a step; they are left out.
    EmptyEpisodes {
        /// How many.
        count: usize,
        /// Number of the first in its file, from 0.
        first: usize,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ActionsOutside {
                count,
                first,
                dimension,
                value,
            } => write!(
                f,
                "{count} numbers of actions are outside -1 to 1, the first is {value} in {first}, dimension {dimension}: no model can reach them unless actions are rescaled"
            ),
            Self::ConstantDimension { dimension, value } => write!(
                f,
                "dimension {dimension} of the observations is always {value}: any other value will be very large when normalised, unless the deviation has a floor"
            ),
            Self::NoTimeouts { most_steps } => write!(
                f,
                "there is no array timeouts: episodes are taken to end after {most_steps} steps"
            ),
            Self::Unfinished { steps } => write!(
                f,
                "the last {steps} steps belong to no finished episode and are left out"
            ),
            Self::EmptyEpisodes { count, first } => write!(
                f,
                "{count} episodes have no step and are left out, the first is number {first}"
            ),
        }
    }
}

impl Trajectories {
    /// What is odd about the numbers themselves: actions outside -1 to 1, constant dimensions.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let outside = |number: &f64| number.abs() > 1.0;
        if let Some(first) = self.actions().iter().position(outside) {
            let size = self.action_size();
            warnings.push(Warning::ActionsOutside {
                count: self.actions().iter().filter(|a| outside(a)).count(),
                first: self.place(first / size),
                dimension: first % size,
                value: self.actions()[first],
            });
        }
        for (dimension, value) in self.constant_dimensions() {
            warnings.push(Warning::ConstantDimension { dimension, value });
        }
        warnings
    }

    /// Dimensions of the observations that are the same in all steps, with their value.
    pub fn constant_dimensions(&self) -> Vec<(usize, f64)> {
        let size = self.observation_size();
        let mut rows = self.observations().chunks_exact(size);
        let Some(first) = rows.next() else {
            return Vec::new();
        };
        let mut constant = vec![true; size];
        for row in rows {
            for ((constant, number), first) in constant.iter_mut().zip(row).zip(first) {
                *constant &= number == first;
            }
        }
        let all = first.iter().copied().enumerate();
        all.filter(|(dimension, _)| constant[*dimension]).collect()
    }
}
