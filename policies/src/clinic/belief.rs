//! Belief over conditions: posterior, entropy and expected information gain of every finding.
//!
//! A [`Scope`] is the model of one clinician: all conditions, the conditions of one speciality
//! and one class for everything else, or one class for each speciality. Logarithms are taken
//! once, when the scope is made.
//!
//! Source: DynamiCare card, section 8.

use rounds_environments::clinic::knowledge::{ConditionIx, FindingIx, Knowledge, SpecialityIx};

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
        let (own, other): (Vec<_>, Vec<_>) = (0..knowledge.conditions().len() as u32)
            .map(ConditionIx)
            .partition(|&d| knowledge.condition(d).speciality == speciality);
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
        let mut log = self.log_prior.clone();
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
        for l in &mut log {
            *l = libm::exp(*l - most);
            total += *l;
        }
        for l in &mut log {
            *l /= total;
        }
        log
    }

    /// Probability that the answer to `e` is yes; `None` when the scope has no such finding.
    pub fn p_yes(&self, posterior: &[f64], e: FindingIx) -> Option<f64> {
        let theta = self.row(&self.theta, e)?;
        Some(two_sums(posterior, theta, theta).0)
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
        let mut gains = Vec::with_capacity(self.cost.len());
        self.gains(posterior, &mut gains);
        self.best_of(&gains, closed, objective)
    }

    /// As [`Scope::best_question`], for gains that are already known.
    pub fn best_of(
        &self,
        gains: &[f64],
        closed: &[bool],
        objective: Objective,
    ) -> Option<(FindingIx, f64)> {
        let mut best: Option<(usize, f64)> = None;
        for (e, (&gain, &cost)) in gains.iter().zip(&self.cost).enumerate() {
            if closed.get(e).copied().unwrap_or(false) {
                continue;
            }
            let value = match objective {
                Objective::Gain => gain,
                Objective::GainPerCost => gain / cost,
            };
            if best.is_none_or(|(_, most)| value > most) {
                best = Some((e, value));
            }
        }
        best.map(|(e, _)| (FindingIx(e as u32), gains[e]))
    }

    fn row<'a>(&self, table: &'a [f64], e: FindingIx) -> Option<&'a [f64]> {
        let k = self.classes.len();
        let start = e.index().checked_mul(k)?;
        table.get(start..start.checked_add(k)?)
    }
}

fn gain_of(posterior: &[f64], theta: &[f64], entropy: &[f64]) -> f64 {
    let (p, within) = two_sums(posterior, theta, entropy);
    (binary_entropy(p) - within).max(0.0)
}

/// `(sum b x, sum b y)`, in four partial sums of fixed order so that the loop can be vectorised.
fn two_sums(b: &[f64], x: &[f64], y: &[f64]) -> (f64, f64) {
    let (mut sx, mut sy) = ([0.0; 4], [0.0; 4]);
    let (b_chunks, b_rest) = b.as_chunks::<4>();
    let (x_chunks, x_rest) = x.as_chunks::<4>();
    let (y_chunks, y_rest) = y.as_chunks::<4>();
    for ((b, x), y) in b_chunks.iter().zip(x_chunks).zip(y_chunks) {
        for i in 0..4 {
            sx[i] += b[i] * x[i];
            sy[i] += b[i] * y[i];
        }
    }
    for (i, ((b, x), y)) in b_rest.iter().zip(x_rest).zip(y_rest).enumerate() {
        sx[i] += b * x;
        sy[i] += b * y;
    }
    (
        (sx[0] + sx[1]) + (sx[2] + sx[3]),
        (sy[0] + sy[1]) + (sy[2] + sy[3]),
    )
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
