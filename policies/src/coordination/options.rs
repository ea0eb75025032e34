//! Settings of the methods.
//!
//! Step sizes are given as `eta0`, the step being `eta0 / sqrt(T)`.
//!
//! # Source
//! MA-OC card, section 8.3: defaults tuned for the bounded tracking benchmark; the paper's are not
//! known.

use rounds_environments::coordination::Class;
use serde::{Deserialize, Serialize};

use super::coordinator::CoordinationError;
use super::spl::SurrogateStep;

/// Most levels and most sets of a batch.
const MOST: u32 = 10_000;
/// Most forecasters: rates halve from one to the next.
const MOST_EXPERTS: u32 = 64;

/// What the weight `e^(rho (z - 1))` of the surrogate gradient is made from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum SurrogateWeight {
    /// `rho` itself, at least 0; 1 for submodular objectives.
    Rho(f64),
    /// The DR ratio of an alpha-weakly DR-submodular objective, in (0, 1].
    Alpha(f64),
    /// `phi = beta (1 - gamma) + gamma^2` of the submodularity ratios of a weakly submodular objective.
    Phi {
        /// Lower ratio, in (0, 1].
        gamma: f64,
        /// Upper ratio, at least 1.
        beta: f64,
    },
}

impl SurrogateWeight {
    /// `rho`.
    pub fn rho(self) -> f64 {
        match self {
            Self::Rho(rho) => rho,
            Self::Alpha(alpha) => alpha,
            Self::Phi { gamma, beta } => beta * (1.0 - gamma) + gamma * gamma,
        }
    }
}

/// Settings of MA-SPL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplOptions {
    /// Step size times `sqrt(T)`.
    pub eta0: f64,
    /// Weight of the surrogate. Where not set: 1, or alpha where the objective has a known one.
    pub weight: Option<SurrogateWeight>,
    /// Whether `ell / e` is added to the gradient. Where not set: for submodular objectives whose
    /// weight is 1.
    pub curvature_boost: Option<bool>,
    /// Sets that a gradient is averaged over.
    pub batch: u32,
    /// Whether an agent's own block is not averaged with what neighbours last heard of it.
    pub own_block_authoritative: bool,
    /// Whether gradients are divided by the agent's largest singleton marginal.
    pub normalise: bool,
    /// Whether gradients are divided by the mass of the weight, so that the step does not depend on
    /// `rho`.
    pub normalise_mass: bool,
}

impl Default for SplOptions {
    fn default() -> Self {
        Self {
            eta0: 100.0,
            weight: None,
            curvature_boost: None,
            batch: 1,
            own_block_authoritative: false,
            normalise: false,
            normalise_mass: false,
        }
    }
}

/// When the meta-actions of MA-MPL reach everybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flooding {
    /// In the same round, by as many hops as the graph is wide.
    #[default]
    WithinRound,
    /// One hop a round; feedback is used when all have heard of it.
    Delayed,
}

/// Settings of MA-MPL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MplOptions {
    /// Step size times `sqrt(T)`.
    pub eta0: f64,
    /// Linear maximisers of an agent, `L`. Where not set: `ceil(sqrt T)`.
    pub levels: Option<u32>,
    /// Whether gradients are weighted for submodular objectives. Where not set: for those alone.
    pub distorted: Option<bool>,
    /// Sets that a gradient is averaged over.
    pub batch: u32,
    /// When meta-actions reach everybody.
    pub flooding: Flooding,
    /// Whether gradients are divided by the agent's largest singleton marginal.
    pub normalise: bool,
}

impl Default for MplOptions {
    fn default() -> Self {
        Self {
            eta0: 300.0,
            levels: None,
            distorted: None,
            batch: 1,
            flooding: Flooding::WithinRound,
            normalise: false,
        }
    }
}

/// Settings of MA-OSMA.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OsmaOptions {
    /// Step size times `sqrt(T)`.
    pub eta0: f64,
    /// Curvature that the method assumes, in (0, 1]; 1 is safe.
    pub curvature: f64,
    /// Sets that a gradient is averaged over.
    pub batch: u32,
    /// Whether gradients are divided by the agent's largest singleton marginal.
    pub normalise: bool,
}

impl Default for OsmaOptions {
    fn default() -> Self {
        Self {
            eta0: 1000.0,
            curvature: 1.0,
            batch: 1,
            normalise: false,
        }
    }
}

/// Settings of MA-OSEA.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OseaOptions {
    /// Step size times `sqrt(T)`.
    pub eta0: f64,
    /// Curvature that the method assumes, in (0, 1]; 1 is safe.
    pub curvature: f64,
    /// Share of the uniform policy. Where not set: `1/T`.
    pub mix: Option<f64>,
    /// Sets that a gradient is averaged over.
    pub batch: u32,
    /// Whether gradients are divided by the agent's largest singleton marginal.
    pub normalise: bool,
}

impl Default for OseaOptions {
    fn default() -> Self {
        Self {
            eta0: 10_000.0,
            curvature: 1.0,
            mix: None,
            batch: 1,
            normalise: false,
        }
    }
}

/// Settings of OSG.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OsgOptions {
    /// Forecasters of an agent, `J`. Where not set: `ceil(log2 T)`.
    pub experts: Option<u32>,
}

/// Settings of bandit OSG.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BanditOsgOptions {
    /// Forecasters of an agent, `J`. Where not set: `ceil(ln T)`.
    pub experts: Option<u32>,
    /// Factor of all rates, `C`; 1 or 4 in the authors' programs.
    pub rate: f64,
    /// Own marginal that counts as a reward of 1. Where not set: the largest that the agent has
    /// seen so far.
    pub reward_scale: Option<f64>,
}

impl Default for BanditOsgOptions {
    fn default() -> Self {
        Self {
            experts: None,
            rate: 1.0,
            reward_scale: None,
        }
    }
}

/// Settings of taking turns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RotaOptions {
    /// Rounds that an action is kept.
    pub period: u32,
    /// Whether agents begin at even distances, agent `i` of `n` at `i / n` of its actions, rather than
    /// one action after the other.
    pub spread: bool,
}

impl Default for RotaOptions {
    fn default() -> Self {
        Self {
            period: 1,
            spread: false,
        }
    }
}

impl SplOptions {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`CoordinationError::Setting`] naming the first that cannot be.
    pub fn validate(&self) -> Result<(), CoordinationError> {
        positive("eta0", self.eta0)?;
        batch(self.batch)?;
        match self.weight {
            None => Ok(()),
            Some(SurrogateWeight::Rho(rho)) => check(
                "rho",
                rho.is_finite() && rho >= 0.0,
                "a number of at least 0",
                rho,
            ),
            Some(SurrogateWeight::Alpha(alpha)) => share("alpha", alpha),
            Some(SurrogateWeight::Phi { gamma, beta }) => {
                share("gamma", gamma)?;
                let holds = beta.is_finite() && beta >= 1.0;
                check("beta", holds, "a number of at least 1", beta)
            }
        }
    }
}

impl SplOptions {
    /// The step for objectives of `class`, `root` being `sqrt(T)`. That the weight is 1 where nothing
    /// is known is inferred.
    pub(super) fn step(&self, class: Class, root: f64) -> SurrogateStep {
        let weight = self.weight.unwrap_or(match class {
            Class::WeaklyDr { alpha: Some(alpha) } => SurrogateWeight::Alpha(alpha),
            _ => SurrogateWeight::Rho(1.0),
        });
        let rho = weight.rho();
        let boost = class == Class::Submodular && rho == 1.0;
        SurrogateStep {
            eta: self.eta0 / root,
            rho,
            curvature_boost: self.curvature_boost.unwrap_or(boost),
            normalise: self.normalise,
            normalise_mass: self.normalise_mass,
            own_block_authoritative: self.own_block_authoritative,
        }
    }
}

impl MplOptions {
    /// `L` in an episode of `horizon` rounds.
    pub(super) fn levels(&self, horizon: u32) -> usize {
        let root = horizon.isqrt();
        let ceiling = root + u32::from(root * root < horizon);
        self.levels.unwrap_or(ceiling) as usize
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`CoordinationError::Setting`] naming the first that cannot be.
    pub fn validate(&self) -> Result<(), CoordinationError> {
        positive("eta0", self.eta0)?;
        batch(self.batch)?;
        let levels = self.levels.unwrap_or(1);
        check("levels", (1..=MOST).contains(&levels), "1 to 10000", levels)
    }
}

impl OsmaOptions {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`CoordinationError::Setting`] naming the first that cannot be.
    pub fn validate(&self) -> Result<(), CoordinationError> {
        positive("eta0", self.eta0)?;
        share("curvature", self.curvature)?;
        batch(self.batch)
    }
}

impl OseaOptions {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`CoordinationError::Setting`] naming the first that cannot be.
    pub fn validate(&self) -> Result<(), CoordinationError> {
        positive("eta0", self.eta0)?;
        share("curvature", self.curvature)?;
        batch(self.batch)?;
        let mix = self.mix.unwrap_or(0.0);
        check("mix", (0.0..=1.0).contains(&mix), "0 to 1", mix)
    }
}

impl OsgOptions {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`CoordinationError::Setting`] naming the first that cannot be.
    pub fn validate(&self) -> Result<(), CoordinationError> {
        experts(self.experts)
    }
}

impl BanditOsgOptions {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`CoordinationError::Setting`] naming the first that cannot be.
    pub fn validate(&self) -> Result<(), CoordinationError> {
        experts(self.experts)?;
        positive("rate", self.rate)?;
        positive("reward_scale", self.reward_scale.unwrap_or(1.0))
    }
}

impl RotaOptions {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`CoordinationError::Setting`] naming the first that cannot be.
    pub fn validate(&self) -> Result<(), CoordinationError> {
        check("period", self.period >= 1, "at least 1", self.period)
    }
}

pub(super) fn check(
    key: &'static str,
    holds: bool,
    expected: &'static str,
    got: impl ToString,
) -> Result<(), CoordinationError> {
    if holds {
        return Ok(());
    }
    let got = got.to_string();
    Err(CoordinationError::Setting { key, expected, got })
}

fn positive(key: &'static str, got: f64) -> Result<(), CoordinationError> {
    check(key, got.is_finite() && got > 0.0, "a number above 0", got)
}

fn share(key: &'static str, got: f64) -> Result<(), CoordinationError> {
    check(key, got > 0.0 && got <= 1.0, "above 0 and at most 1", got)
}

fn batch(got: u32) -> Result<(), CoordinationError> {
    check("batch", (1..=MOST).contains(&got), "1 to 10000", got)
}

fn experts(got: Option<u32>) -> Result<(), CoordinationError> {
    let got = got.unwrap_or(1);
    check("experts", (1..=MOST_EXPERTS).contains(&got), "1 to 64", got)
}
