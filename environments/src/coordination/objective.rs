//! The objective of one round: a set function of the chosen (agent, action) pairs.

use std::any::Any;

use super::ground::Ground;

/// What is known of a set function beforehand; guarantees follow from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Class {
    /// Monotone and submodular.
    Submodular,
    /// Monotone and alpha-weakly DR-submodular; `alpha` in (0, 1] where it is known.
    WeaklyDr {
        /// DR ratio.
        alpha: Option<f64>,
    },
    /// Monotone, nothing else.
    Monotone,
    /// Nothing: marginals may be negative.
    Any,
}

impl Class {
    /// Its name in logs and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Submodular => "submodular",
            Self::WeaklyDr { .. } => "weakly DR-submodular",
            Self::Monotone => "monotone",
            Self::Any => "not monotone",
        }
    }

    /// The DR ratio, where it is known: 1 for a submodular function.
    pub fn alpha(self) -> Option<f64> {
        match self {
            Self::Submodular => Some(1.0),
            Self::WeaklyDr { alpha } => alpha,
            Self::Monotone | Self::Any => None,
        }
    }

    /// Whether marginals must not be negative.
    pub fn is_monotone(self) -> bool {
        self != Self::Any
    }
}

/// `f_t`: the team reward of the set of chosen elements, with `f_t(∅) = 0`.
///
/// A set is kept as a *summary* of a few numbers (the cover of each target, an information matrix,
/// …), so that a marginal costs as much as the summary is long and never a full evaluation.
///
/// # Shapes
/// `summary`: `[summary_len()]`; `out`: `[actions(agent)]`.
pub trait Objective: Any + Send + Sync {
    /// The elements.
    fn ground(&self) -> &Ground;

    /// What is promised of the function.
    fn class(&self) -> Class;

    /// Numbers in a summary; the same for all rounds of an episode.
    fn summary_len(&self) -> usize;

    /// Makes `summary` that of the empty set.
    fn clear(&self, summary: &mut [f64]);

    /// Adds an element that is not in the set yet.
    fn insert(&self, element: usize, summary: &mut [f64]);

    /// `f(S)`.
    fn value(&self, summary: &[f64]) -> f64;

    /// `f(v given S)` for every action `v` of `agent`; what stands at an action that is in `S` means
    /// nothing.
    fn marginals(&self, agent: usize, summary: &[f64], out: &mut [f64]);

    /// Copies the function into `slot`, into what is there where that is of the same type, so that
    /// keeping a function of every round allocates nothing. See [`keep_clone`].
    fn keep(&self, slot: &mut Option<Box<dyn Objective>>);

    /// `f(v given V \ v)` for every action `v` of `agent`, called ℓ in the card; `scratch` is a
    /// summary to work in.
    fn min_marginals(&self, agent: usize, scratch: &mut [f64], out: &mut [f64]) {
        for (action, v) in self.ground().block(agent).enumerate() {
            self.clear(scratch);
            for e in (0..self.ground().len()).filter(|&e| e != v) {
                self.insert(e, scratch);
            }
            let without = self.value(scratch);
            self.insert(v, scratch);
            out[action] = self.value(scratch) - without;
        }
    }
}

/// [`Objective::keep`] of a function that can be cloned.
pub fn keep_clone<O: Objective + Clone>(objective: &O, slot: &mut Option<Box<dyn Objective>>) {
    if let Some(there) = slot {
        let there: &mut dyn Any = &mut **there;
        if let Some(there) = there.downcast_mut::<O>() {
            there.clone_from(objective);
            return;
        }
    }
    *slot = Some(Box::new(objective.clone()));
}

/// What is wrong with a marginal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FaultKind {
    /// Not a finite number.
    NotFinite(f64),
    /// Below zero where the function is promised to be monotone.
    Negative(f64),
}

/// A marginal that no objective of its class may have.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the objective gave {} for action {action} of agent {agent}", match .kind {
    FaultKind::NotFinite(got) => format!("{got}, expected a finite number,"),
    FaultKind::Negative(got) => format!("the negative marginal {got} though it is promised to be monotone,"),
})]
pub struct Fault {
    /// Whose action.
    pub agent: usize,
    /// Which action.
    pub action: usize,
    /// What is wrong.
    pub kind: FaultKind,
}

/// Marginals above this count as zero: what rounding may leave.
const ROUNDING: f64 = -1e-9;

/// Checks marginals of `agent` as an objective of `class` may have them.
///
/// # Errors
/// [`Fault`] that names the first action whose marginal cannot be.
pub fn check_marginals(class: Class, agent: usize, marginals: &[f64]) -> Result<(), Fault> {
    let least = match class.is_monotone() {
        true => ROUNDING,
        false => f64::NEG_INFINITY,
    };
    // One pass without branches in the usual case: a sum is finite when its terms are.
    let total: f64 = marginals.iter().sum();
    let lowest = marginals.iter().copied().fold(f64::INFINITY, f64::min);
    if total.is_finite() && lowest >= least {
        return Ok(());
    }
    for (action, &got) in marginals.iter().enumerate() {
        let kind = match got {
            got if !got.is_finite() => FaultKind::NotFinite(got),
            got if got < least => FaultKind::Negative(got),
            _ => continue,
        };
        return Err(Fault {
            agent,
            action,
            kind,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_the_action() {
        let check = |class, values: &[f64]| check_marginals(class, 3, values);
        assert!(check(Class::Submodular, &[0.0, 1.0, -1e-12]).is_ok());
        let fault = check(Class::Monotone, &[0.0, -0.5]).unwrap_err();
        assert_eq!((fault.agent, fault.action), (3, 1));
        assert!(check(Class::Any, &[0.0, -0.5]).is_ok());
        let fault = check(Class::Any, &[0.0, 1.0, f64::NAN]).unwrap_err();
        assert!(fault.to_string().contains("NaN") && fault.to_string().contains("action 2"));
    }
}
