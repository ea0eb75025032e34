//! Monotonicity, submodularity, curvature and submodularity ratios by enumeration.

use serde::Serialize;

use crate::coordination::objective::{Class, Objective};

/// Why a function could not be looked at.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StructureError {
    /// Too many sets to look at.
    #[error("expected at most {most} {what}, got {got}: all of them are looked at")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// Number that can be looked at.
        most: usize,
        /// Number there.
        got: usize,
    },
    /// A set without a value.
    #[error("the value of the set {set:?} is {got}, expected a finite number")]
    NotFinite {
        /// Its elements.
        set: Vec<usize>,
        /// Its value.
        got: f64,
    },
}

/// Sets `A ⊆ B`, and an element outside both where the claim is about one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// Elements of `A`.
    pub smaller: Vec<usize>,
    /// Elements of `B`.
    pub larger: Vec<usize>,
    /// The element `v`.
    pub element: Option<usize>,
}

/// The extreme value of a quantity and where it was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Extreme {
    /// The value.
    pub value: f64,
    /// Where it is attained; `None` where there was nothing to look at.
    pub at: Option<Pair>,
}

/// The structure of a set function.
///
/// Marginals and gains below 1e-12 count as zero.
///
/// # Source
/// MA-OC card, section 2. The upper ratio `beta` is the one of Thiery and Ward; that it is meant is
/// inferred.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Structure {
    /// Elements of the ground set.
    pub elements: usize,
    /// No marginal is negative.
    pub monotone: bool,
    /// The smallest marginal `f(v|A)`, with `A = B`.
    pub least_marginal: Extreme,
    /// Marginals never grow with the set.
    pub submodular: bool,
    /// The largest `f(v|B) - f(v|A)` over `A ⊆ B`; above 0 it violates submodularity.
    pub most_growth: Extreme,
    /// DR ratio.
    pub alpha: Extreme,
    /// Lower submodularity ratio.
    pub gamma: Extreme,
    /// Upper submodularity ratio.
    pub beta: Extreme,
    /// `beta (1 - gamma) + gamma^2`.
    pub phi: f64,
    /// `1 - min f(v|V\v) / f(v)`; of meaning where the function is submodular.
    pub curvature: f64,
    /// `f(v given V \ v)` of every element.
    pub ell: Vec<f64>,
}

/// Below this a marginal is zero.
const ZERO: f64 = 1e-12;

fn members(set: usize) -> Vec<usize> {
    (0..usize::BITS as usize)
        .filter(|&e| set >> e & 1 == 1)
        .collect()
}

fn elements_of(mut set: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let element = set.trailing_zeros() as usize;
        (set != 0).then(|| set &= set - 1)?;
        Some(element)
    })
}

/// A running extreme that remembers sets as masks.
struct Seen {
    value: f64,
    at: Option<(usize, usize, Option<usize>)>,
}

impl Seen {
    fn from(value: f64) -> Self {
        Self { value, at: None }
    }

    fn least(&mut self, value: f64, a: usize, b: usize, v: Option<usize>) {
        if value < self.value || self.at.is_none() && value == self.value {
            self.value = value;
            self.at = Some((a, b, v));
        }
    }

    fn most(&mut self, value: f64, a: usize, b: usize, v: Option<usize>) {
        if value > self.value || self.at.is_none() && value == self.value {
            self.value = value;
            self.at = Some((a, b, v));
        }
    }

    fn told(self) -> Extreme {
        let at = self.at.map(|(a, b, element)| Pair {
            smaller: members(a),
            larger: members(b),
            element,
        });
        Extreme {
            value: self.value,
            at,
        }
    }
}

impl Structure {
    /// Most elements whose pairs of sets are looked at.
    pub const MOST: usize = 14;

    /// The structure of an objective.
    ///
    /// # Errors
    /// [`StructureError`] when it has more than [`Self::MOST`] elements, or a value is not finite.
    pub fn of(objective: &dyn Objective) -> Result<Self, StructureError> {
        let elements = objective.ground().len();
        check_elements(elements)?;
        let mut summary = vec![0.0; objective.summary_len()];
        let mut values = Vec::with_capacity(1 << elements);
        for set in 0..1_usize << elements {
            objective.clear(&mut summary);
            for element in elements_of(set) {
                objective.insert(element, &mut summary);
            }
            values.push(objective.value(&summary));
        }
        Self::of_table(&values)
    }

    /// The structure of the function with `values[set]`, bit `e` of `set` for element `e`; positions
    /// past the last power of two are not looked at.
    ///
    /// # Errors
    /// As [`Structure::of`].
    pub fn of_table(values: &[f64]) -> Result<Self, StructureError> {
        let elements = values.len().checked_ilog2().unwrap_or(0) as usize;
        check_elements(elements)?;
        let values = values.get(..1 << elements).unwrap_or(&[0.0]);
        if let Some(set) = values.iter().position(|v| !v.is_finite()) {
            return Err(StructureError::NotFinite {
                set: members(set),
                got: values[set],
            });
        }
        Ok(Self::enumerate(values, elements))
    }

    fn enumerate(f: &[f64], elements: usize) -> Self {
        let all = f.len() - 1;
        // Rounding grows with the values.
        let slack = ZERO * f.iter().fold(1.0, |most: f64, v| most.max(v.abs()));
        let gain = |v: usize, set: usize| f[set | 1 << v] - f[set];
        let mut least_marginal = Seen::from(f64::INFINITY);
        let mut most_growth = Seen::from(0.0);
        let (mut alpha, mut gamma, mut beta) = (Seen::from(1.0), Seen::from(1.0), Seen::from(1.0));
        for b in 0..=all {
            for v in elements_of(all & !b) {
                least_marginal.least(gain(v, b), b, b, Some(v));
            }
            // All subsets of b, b itself first.
            let mut a = b;
            loop {
                for v in elements_of(all & !b) {
                    let (small, large) = (gain(v, a), gain(v, b));
                    most_growth.most(large - small, a, b, Some(v));
                    if large > ZERO {
                        let ratio = if small > ZERO {
                            small / large
                        } else {
                            small.min(0.0) / large
                        };
                        alpha.least(ratio, a, b, Some(v));
                    }
                }
                let more = f[b] - f[a];
                if more > ZERO {
                    let new = b & !a;
                    let alone: f64 = elements_of(new).map(|v| gain(v, a)).sum();
                    gamma.least(alone / more, a, b, None);
                    let last: f64 = elements_of(new).map(|v| f[b] - f[b & !(1 << v)]).sum();
                    beta.most(last / more, a, b, None);
                }
                if a == 0 {
                    break;
                }
                a = (a - 1) & b;
            }
        }
        let ell: Vec<f64> = (0..elements).map(|v| gain(v, all & !(1 << v))).collect();
        let kept = (0..elements).filter(|&v| f[1 << v] > ZERO);
        let kept = kept.map(|v| if ell[v].abs() < ZERO { 0.0 } else { ell[v] } / f[1 << v]);
        let curvature = kept.map(|kept| 1.0 - kept).reduce(f64::max);
        let (beta, gamma) = (beta.told(), gamma.told());
        Self {
            elements,
            monotone: least_marginal.value >= -slack,
            least_marginal: least_marginal.told(),
            submodular: most_growth.value <= slack,
            most_growth: most_growth.told(),
            alpha: alpha.told(),
            phi: beta.value * (1.0 - gamma.value) + gamma.value * gamma.value,
            gamma,
            beta,
            curvature: curvature.unwrap_or(0.0),
            ell,
        }
    }

    /// What can be promised of the function to those who maximise it.
    pub fn class(&self) -> Class {
        match self.alpha.value {
            _ if !self.monotone => Class::Any,
            _ if self.submodular => Class::Submodular,
            alpha if alpha > 0.0 => Class::WeaklyDr { alpha: Some(alpha) },
            _ => Class::Monotone,
        }
    }
}

fn check_elements(got: usize) -> Result<(), StructureError> {
    if got <= Structure::MOST {
        return Ok(());
    }
    Err(StructureError::TooMany {
        what: "elements",
        most: Structure::MOST,
        got,
    })
}

/// The class of a table of finite values, by its structure where that can be found, else by marginals
/// at sets that differ in one element, which decide monotonicity and submodularity alone.
pub(in crate::coordination) fn class_of_table(f: &[f64]) -> Class {
    if let Ok(structure) = Structure::of_table(f) {
        return structure.class();
    }
    let all = f.len() - 1;
    let slack = ZERO * f.iter().fold(1.0, |most: f64, v| most.max(v.abs()));
    let gain = |v: usize, set: usize| f[set | 1 << v] - f[set];
    let mut submodular = true;
    for set in 0..=all {
        for v in elements_of(all & !set) {
            let here = gain(v, set);
            if here < -slack {
                return Class::Any;
            }
            let mut others = elements_of(all & !set & !(1 << v));
            submodular &= others.all(|w| gain(v, set | 1 << w) <= here + slack);
        }
    }
    match submodular {
        true => Class::Submodular,
        false => Class::Monotone,
    }
}
