//! Belief over conditions: posterior, entropy and expected information gain of every finding.
//!
//! A [`Scope`] is the model of one clinician: all conditions, the conditions of one speciality
//! and one class for everything else, or one class for each speciality. Logarithms are taken
//! once, when the scope is made.
//!
//! Source: DynamiCare card, section 8.

mod search;

use std::sync::LazyLock;

use rounds_environments::clinic::knowledge::{ConditionIx, FindingIx, Knowledge, SpecialityIx};

pub use search::{QuestionSearch, SearchBuffers};

/// What one class of a scope stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// One condition.
    Condition(ConditionIx),
    /// All conditions of one speciality.
    Speciality(SpecialityIx),
    /// Every condition that has no class of its own.
    Other,
}

/// What the next question is chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// Expected information gain in bits.
    Gain,
    /// Expected information gain in bits per US dollar.
    GainPerCost,
}

/// Why a scope could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// The tables do not fit each other.
    #[error("{what}: expected {expected} values, got {got}")]
    Shape {
        /// The table.
        what: &'static str,
        /// Number of values that the others ask for.
        expected: usize,
        /// Number of values given.
        got: usize,
    },
    /// A number is outside its range.
    #[error("{what}: expected {expected}, got {got}")]
    Range {
        /// The number.
        what: &'static str,
        /// Its range.
        expected: &'static str,
        /// The value given.
        got: f64,
    },
    /// The knowledge base has no such speciality.
    #[error("speciality {got} does not exist: the knowledge base has {count}")]
    Speciality {
        /// The position given.
        got: u32,
        /// Number of specialities.
        count: usize,
    },
}

/// Entropy in bits of a yes-or-no variable that is yes with probability `p`.
pub fn binary_entropy(p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return 0.0;
    }
    let q = 1.0 - p;
    -(p * libm::log2(p) + q * libm::log2(q))
}

/// Tangents to the binary entropy.
const TANGENTS: usize = 256;
/// Room for rounding in [`entropy_bound`], far above what rounding can do.
const ROUNDING: f64 = 1e-9;

/// Slope and value at 0 of the tangent in the middle of each of the equal parts of 0 to 1.
static ENTROPY_TANGENTS: LazyLock<[[f64; 2]; TANGENTS]> = LazyLock::new(|| {
    std::array::from_fn(|part| {
        let middle = (part as f64 + 0.5) / TANGENTS as f64;
        let slope = libm::log2((1.0 - middle) / middle);
        [slope, binary_entropy(middle) - slope * middle]
    })
});

/// The part of 0 to 1 that `p` is in.
fn part_of(p: f64) -> usize {
    ((p * TANGENTS as f64) as usize).min(TANGENTS - 1)
}

/// A little more than [`binary_entropy`] of a probability: entropy is concave, so its tangents
/// lie above it.
fn entropy_bound(p: f64) -> f64 {
    let [slope, start] = ENTROPY_TANGENTS[part_of(p)];
    start + slope * p + ROUNDING
}

/// Entropy of a distribution, in bits.
pub fn entropy_bits(posterior: &[f64]) -> f64 {
    let sum: f64 = posterior
        .iter()
        .filter(|&&p| p > 0.0)
        .map(|&p| p * libm::log2(p))
        .sum();
    (-sum).max(0.0)
}

/// A naive Bayes model over a few classes.
///
/// # Shapes
/// Tables are finding-major, `[findings][classes]`, so that one finding is one contiguous row.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    classes: Vec<Class>,
    log_prior: Vec<f64>,
    cost: Vec<f64>,
    theta: Vec<f64>,
    log_yes: Vec<f64>,
    log_no: Vec<f64>,
    entropy: Vec<f64>,
}

impl Scope {
    /// A scope of plain tables; class `k` is condition `k`.
    ///
    /// # Shapes
    /// `prior`: `[K]`, scaled to sum 1; `theta`: `[K][E]`, `P(e present | k)`; `cost`: `[E]`, US
    /// dollars.
    ///
    /// # Errors
    /// [`ScopeError`] when the shapes differ, a prior or cost is not positive, a probability is
    /// not strictly between 0 and 1.
    pub fn from_table(prior: &[f64], theta: &[Vec<f64>], cost: &[f64]) -> Result<Self, ScopeError> {
        let classes = (0..prior.len() as u32)
            .map(|k| Class::Condition(ConditionIx(k)))
            .collect();
        Self::build(classes, prior, theta, cost.to_vec(), None)
    }

    /// Every condition is a class.
    ///
    /// `noise` is the probability that an answer is flipped; with it the belief uses
    /// `theta (1 - 2 noise) + noise`.
    ///
    /// # Errors
    /// [`ScopeError::Range`] when `noise` is outside 0 (inclusive) to 0.5 (exclusive).
    pub fn generalist(knowledge: &Knowledge, noise: Option<f64>) -> Result<Self, ScopeError> {
        let groups = (0..knowledge.conditions().len() as u32)
            .map(|d| (Class::Condition(ConditionIx(d)), vec![ConditionIx(d)]))
            .collect();
        Self::grouped(knowledge, groups, noise)
    }

    /// The conditions of one speciality, in order, then one class for all others where there are
    /// others. See [`Scope::generalist`] for `noise`.
    ///
    /// # Errors
    /// [`ScopeError`] when there is no such speciality or `noise` is out of range.
    pub fn specialist(
        knowledge: &Knowledge,
        speciality: SpecialityIx,
        noise: Option<f64>,
    ) -> Result<Self, ScopeError> {
        let count = knowledge.specialities().len();
        if speciality.index() >= count {
            return Err(ScopeError::Speciality {
                got: speciality.0,
                count,
            });
        }
        let own = |d: ConditionIx| knowledge.condition(d).speciality == speciality;
        Self::covering(knowledge, own, noise)
    }

    /// The conditions that are covered, in order, then one class for all others where there are
    /// others. See [`Scope::generalist`] for `noise`.
    ///
    /// # Errors
    /// [`ScopeError::Range`] when `noise` is out of range.
    pub fn covering(
        knowledge: &Knowledge,
        covers: impl Fn(ConditionIx) -> bool,
        noise: Option<f64>,
    ) -> Result<Self, ScopeError> {
        let (own, other): (Vec<_>, Vec<_>) = (0..knowledge.conditions().len() as u32)
            .map(ConditionIx)
            .partition(|&d| covers(d));
        let mut groups: Vec<_> = own
            .into_iter()
            .map(|d| (Class::Condition(d), vec![d]))
            .collect();
        if !other.is_empty() {
            groups.push((Class::Other, other));
        }
        Self::grouped(knowledge, groups, noise)
    }

    /// One class for each speciality that has conditions. See [`Scope::generalist`] for `noise`.
    ///
    /// # Errors
    /// [`ScopeError::Range`] when `noise` is out of range.
    pub fn coarse(knowledge: &Knowledge, noise: Option<f64>) -> Result<Self, ScopeError> {
        let groups = (0..knowledge.specialities().len() as u32)
            .map(SpecialityIx)
            .map(|s| {
                let members = (0..knowledge.conditions().len() as u32)
                    .map(ConditionIx)
                    .filter(|&d| knowledge.condition(d).speciality == s)
                    .collect::<Vec<_>>();
                (Class::Speciality(s), members)
            })
            .filter(|(_, members)| !members.is_empty())
            .collect();
        Self::grouped(knowledge, groups, noise)
    }

    /// Classes that stand for groups of conditions: prior mass and prior-weighted mean likelihood.
    fn grouped(
        knowledge: &Knowledge,
        groups: Vec<(Class, Vec<ConditionIx>)>,
        noise: Option<f64>,
    ) -> Result<Self, ScopeError> {
        let findings = knowledge.findings().len();
        let mut priors = Vec::with_capacity(groups.len());
        let mut theta = Vec::with_capacity(groups.len());
        let mut classes = Vec::with_capacity(groups.len());
        for (class, members) in groups {
            let mass: f64 = members.iter().map(|&d| knowledge.condition(d).prior).sum();
            let mut mean = vec![0.0; findings];
            for &d in &members {
                let weight = knowledge.condition(d).prior / mass;
                for (m, p) in mean.iter_mut().zip(knowledge.row(d)) {
                    *m += weight * p;
                }
            }
            priors.push(mass);
            theta.push(mean);
            classes.push(class);
        }
        let cost = knowledge.findings().iter().map(|f| f.cost).collect();
        Self::build(classes, &priors, &theta, cost, noise)
    }

    fn build(
        classes: Vec<Class>,
        prior: &[f64],
        theta: &[Vec<f64>],
        cost: Vec<f64>,
        noise: Option<f64>,
    ) -> Result<Self, ScopeError> {
        let flip = noise.unwrap_or(0.0);
        check((0.0..0.5).contains(&flip), "noise", "0 to below 0.5", flip)?;
        shape("classes of theta", prior.len(), theta.len())?;
        for &p in prior {
            check(p.is_finite() && p > 0.0, "prior", "above 0", p)?;
        }
        for &c in &cost {
            check(c.is_finite() && c > 0.0, "cost", "above 0", c)?;
        }
        for row in theta {
            shape("findings of theta", cost.len(), row.len())?;
            for &p in row {
                check(p > 0.0 && p < 1.0, "theta", "strictly between 0 and 1", p)?;
            }
        }
        let total: f64 = prior.iter().sum();
        let table: Vec<f64> = (0..cost.len())
            .flat_map(|e| theta.iter().map(move |row| row[e]))
            .map(|p| p * (1.0 - 2.0 * flip) + flip)
            .collect();
        Ok(Self {
            classes,
            log_prior: prior.iter().map(|p| libm::log(p / total)).collect(),
            cost,
            log_yes: table.iter().map(|&p| libm::log(p)).collect(),
            log_no: table.iter().map(|&p| libm::log(1.0 - p)).collect(),
            entropy: table.iter().map(|&p| binary_entropy(p)).collect(),
            theta: table,
        })
    }

    /// The classes, in the order of every posterior.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// Number of findings.
    pub fn finding_count(&self) -> usize {
        self.cost.len()
    }

    /// Probability of each class, given the answers. Unknown answers (`None`) and findings that
    /// the scope does not have say nothing.
    ///
    /// # Shapes
    /// As many values as [`Scope::classes`]; they sum to 1.
    pub fn posterior(
        &self,
        findings: impl IntoIterator<Item = (FindingIx, Option<bool>)>,
    ) -> Vec<f64> {
        let mut posterior = Vec::new();
        self.posterior_into(findings, &mut posterior);
        posterior
    }

    /// [`Scope::posterior`] into `log`, whose content is replaced.
    pub fn posterior_into(
        &self,
        findings: impl IntoIterator<Item = (FindingIx, Option<bool>)>,
        log: &mut Vec<f64>,
    ) {
        log.clear();
        log.extend_from_slice(&self.log_prior);
        for (e, present) in findings {
            let Some(present) = present else { continue };
            let table = if present { &self.log_yes } else { &self.log_no };
            let Some(row) = self.row(table, e) else {
                continue;
            };
            for (l, add) in log.iter_mut().zip(row) {
                *l += add;
            }
        }
        let most = log.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut total = 0.0;
        for l in log.iter_mut() {
            *l = libm::exp(*l - most);
            total += *l;
        }
        for l in log.iter_mut() {
            *l /= total;
        }
    }

    /// Probability that the answer to `e` is yes; `None` when the scope has no such finding.
    pub fn p_yes(&self, posterior: &[f64], e: FindingIx) -> Option<f64> {
        let theta = self.row(&self.theta, e)?;
        Some(weighted_sum(posterior, theta))
    }

    /// Expected information gain of one finding in bits; `None` when the scope has no such
    /// finding.
    pub fn gain(&self, posterior: &[f64], e: FindingIx) -> Option<f64> {
        let theta = self.row(&self.theta, e)?;
        let entropy = self.row(&self.entropy, e)?;
        Some(gain_of(posterior, theta, entropy))
    }

    /// Expected information gain of every finding in bits, answered ones too; replaces `out`.
    pub fn gains(&self, posterior: &[f64], out: &mut Vec<f64>) {
        out.clear();
        let k = self.classes.len().max(1);
        out.extend(
            self.theta
                .chunks_exact(k)
                .zip(self.entropy.chunks_exact(k))
                .map(|(theta, entropy)| gain_of(posterior, theta, entropy)),
        );
    }

    /// The open finding with the greatest objective and its gain in bits; the lowest index wins
    /// ties. `closed[e]` marks findings that must not be asked; those beyond its end are open.
    pub fn best_question(
        &self,
        posterior: &[f64],
        closed: &[bool],
        objective: Objective,
    ) -> Option<(FindingIx, f64)> {
        let mut best: Option<(FindingIx, f64, f64)> = None;
        for e in self.open(closed) {
            let per = match objective {
                Objective::Gain => 1.0,
                Objective::GainPerCost => self.cost[e.index()],
            };
            let too_small = |most: f64| best.is_some_and(|(_, _, value)| most / per < value);
            let Some(gain) = self.gain_unless(posterior, e, too_small) else {
                continue;
            };
            let value = gain / per;
            if best.is_none_or(|(_, _, most)| value > most) {
                best = Some((e, gain, value));
            }
        }
        best.map(|(e, gain, _)| (e, gain))
    }

    /// Whether the gain of an open finding is `enough`, which must hold for every gain above one
    /// for which it holds. Stops at the first such finding. `closed` as in
    /// [`Scope::best_question`].
    pub fn any_gain(
        &self,
        posterior: &[f64],
        closed: &[bool],
        enough: impl Fn(f64) -> bool,
    ) -> bool {
        self.open(closed).any(|e| {
            self.gain_unless(posterior, e, |most| !enough(most))
                .is_some_and(&enough)
        })
    }

    fn open<'a>(&self, closed: &'a [bool]) -> impl Iterator<Item = FindingIx> + 'a {
        (0..self.cost.len())
            .filter(|&e| !closed.get(e).copied().unwrap_or(false))
            .map(|e| FindingIx(e as u32))
    }

    /// The gain of a finding, or `None` when an upper bound of it is `too_small` already. Most
    /// findings are far from the best, and the bounds need no logarithm.
    fn gain_unless(
        &self,
        posterior: &[f64],
        e: FindingIx,
        too_small: impl Fn(f64) -> bool,
    ) -> Option<f64> {
        let p = weighted_sum(posterior, self.row(&self.theta, e)?);
        let most = entropy_bound(p);
        if too_small(most) {
            return None;
        }
        let within = weighted_sum(posterior, self.row(&self.entropy, e)?);
        if too_small(most - within) {
            return None;
        }
        Some((binary_entropy(p) - within).max(0.0))
    }

    fn row<'a>(&self, table: &'a [f64], e: FindingIx) -> Option<&'a [f64]> {
        let k = self.classes.len();
        let start = e.index().checked_mul(k)?;
        table.get(start..start.checked_add(k)?)
    }
}

fn gain_of(posterior: &[f64], theta: &[f64], entropy: &[f64]) -> f64 {
    let p = weighted_sum(posterior, theta);
    (binary_entropy(p) - weighted_sum(posterior, entropy)).max(0.0)
}

/// `sum b x`, in four partial sums of fixed order so that the loop can be vectorised.
fn weighted_sum(b: &[f64], x: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (b_chunks, b_rest) = b.as_chunks::<4>();
    let (x_chunks, x_rest) = x.as_chunks::<4>();
    for (b, x) in b_chunks.iter().zip(x_chunks) {
        for i in 0..4 {
            sums[i] += b[i] * x[i];
        }
    }
    for (i, (b, x)) in b_rest.iter().zip(x_rest).enumerate() {
        sums[i] += b * x;
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

fn check(
    holds: bool,
    what: &'static str,
    expected: &'static str,
    got: f64,
) -> Result<(), ScopeError> {
    if holds {
        Ok(())
    } else {
        Err(ScopeError::Range {
            what,
            expected,
            got,
        })
    }
}

fn shape(what: &'static str, expected: usize, got: usize) -> Result<(), ScopeError> {
    if expected == got {
        Ok(())
    } else {
        Err(ScopeError::Shape {
            what,
            expected,
            got,
        })
    }
}

#[cfg(test)]
#[path = "belief_tests.rs"]
mod tests;
