//! A set function given by its value on every set.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ObjectiveError, check_length};
use crate::coordination::ground::{Ground, GroundError};
use crate::coordination::objective::{Class, Objective, keep_clone};
use crate::coordination::structure;

/// A table as a file holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// Number of actions of each agent; elements are numbered through the agents in order.
    pub actions: Vec<usize>,
    /// `f` of every set, `2^N` numbers: bit `e` of the position tells whether element `e` is in it. The
    /// empty set comes first and is worth 0.
    pub values: Vec<f64>,
    /// What the values must be; without it whatever they are is found out and taken.
    #[serde(default)]
    pub class: Option<Promised>,
}

/// What a table can be said to be beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promised {
    /// No marginal is negative.
    Monotone,
    /// Monotone, and marginals never grow with the set.
    Submodular,
    /// Monotone, with a DR ratio above 0.
    WeaklyDr,
}

impl Promised {
    fn name(self) -> &'static str {
        match self {
            Self::Monotone => Class::Monotone.name(),
            Self::Submodular => Class::Submodular.name(),
            Self::WeaklyDr => Class::WeaklyDr { alpha: None }.name(),
        }
    }

    fn holds(self, class: Class) -> bool {
        match self {
            Self::Monotone => class.is_monotone(),
            Self::Submodular => class == Class::Submodular,
            Self::WeaklyDr => matches!(class, Class::Submodular | Class::WeaklyDr { .. }),
        }
    }

    /// Sets that break it, in words; empty where there are too many to look at.
    fn witness(self, values: &[f64]) -> String {
        let Ok(structure) = structure::Structure::of_table(values) else {
            return String::new();
        };
        let (extreme, what) = match (structure.monotone, self) {
            (false, _) | (_, Self::Monotone) => (&structure.least_marginal, "adds"),
            (_, Self::Submodular) => (&structure.most_growth, "adds more to the larger set, by"),
            (_, Self::WeaklyDr) => (&structure.alpha, "has the ratio"),
        };
        let Some(pair) = &extreme.at else {
            return String::new();
        };
        let element = pair
            .element
            .map_or(String::new(), |v| format!("element {v} "));
        let sets = match pair.smaller == pair.larger {
            true => format!("the set {:?}", pair.smaller),
            false => format!("the sets {:?} and {:?}", pair.smaller, pair.larger),
        };
        format!(": {element}{what} {} at {sets}", extreme.value)
    }
}

/// A set function that looks its values up.
///
/// The summary is the position in the table, one number. A clone shares the table. Its class is found
/// out when it is made: by [`structure::Structure`] where the ground set is small enough, else only
/// whether it is monotone and submodular.
#[derive(Debug, Clone)]
pub struct TableObjective {
    ground: Arc<Ground>,
    values: Arc<[f64]>,
    class: Class,
}

impl TableObjective {
    /// Most elements of a table.
    pub const MOST: usize = 20;

    /// A function of the values in a table.
    ///
    /// # Errors
    /// [`ObjectiveError`] when the ground set cannot be or has more than [`Self::MOST`] elements, the
    /// table is not `2^N` long, the empty set is not worth 0, a value is not finite, or the values are
    /// not of the class that is promised.
    pub fn new(spec: &TableSpec) -> Result<Self, ObjectiveError> {
        let ground = Ground::new(&spec.actions)?;
        let (got, most) = (ground.len(), Self::MOST);
        if got > most {
            return Err(GroundError::TooMany { most, got }.into());
        }
        check_length("values", 1 << got, spec.values.len())?;
        // What rounding may leave of 0.
        if spec.values[0].abs() > 1e-12 {
            return Err(ObjectiveError::Number {
                what: "value 0, that of the empty set".to_owned(),
                expected: "0 to 12 digits",
                got: spec.values[0],
            });
        }
        if let Some(at) = spec.values.iter().position(|v| !v.is_finite()) {
            return Err(ObjectiveError::Number {
                what: format!("value {at}"),
                expected: "a finite number",
                got: spec.values[at],
            });
        }
        let class = structure::class_of_table(&spec.values);
        if let Some(promised) = spec.class.filter(|promised| !promised.holds(class)) {
            return Err(ObjectiveError::Promise {
                promised: promised.name(),
                got: class.name(),
                witness: promised.witness(&spec.values),
            });
        }
        Ok(Self {
            ground: Arc::new(ground),
            class,
            values: spec.values.clone().into(),
        })
    }

    /// `f` of every set.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

/// The bit of an element, as a number that adds it to a position.
fn bit(element: usize) -> f64 {
    (1_u32 << element) as f64
}

impl Objective for TableObjective {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn class(&self) -> Class {
        self.class
    }

    fn summary_len(&self) -> usize {
        1
    }

    fn clear(&self, summary: &mut [f64]) {
        summary[0] = 0.0;
    }

    fn insert(&self, element: usize, summary: &mut [f64]) {
        summary[0] += bit(element);
    }

    fn value(&self, summary: &[f64]) -> f64 {
        self.values[summary[0] as usize]
    }

    fn marginals(&self, agent: usize, summary: &[f64], out: &mut [f64]) {
        let set = summary[0] as usize;
        let value = self.values[set];
        for (gain, element) in out.iter_mut().zip(self.ground.block(agent)) {
            *gain = self.values[set | 1 << element] - value;
        }
    }

    fn keep(&self, slot: &mut Option<Box<dyn Objective>>) {
        keep_clone(self, slot);
    }

    fn min_marginals(&self, agent: usize, _: &mut [f64], out: &mut [f64]) {
        let all = self.values.len() - 1;
        for (loss, element) in out.iter_mut().zip(self.ground.block(agent)) {
            *loss = self.values[all] - self.values[all ^ 1 << element];
        }
    }
}
