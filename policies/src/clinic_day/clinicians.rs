//! The staff's knowledge: one scope for each specialist, and one over all conditions.

use rounds_environments::clinic::day::{ACUITIES, Staff};
use rounds_environments::clinic::knowledge::{ConditionIx, FindingIx, Knowledge};
use serde::{Deserialize, Serialize};

use crate::clinic::belief::{QuestionSearch, Scope, ScopeError};

/// How the staff works at a bed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BedsideConfig {
    /// Posterior of the first condition over all knowledge at which the visit is diagnosed.
    pub stop_at: f64,
    /// Smallest expected gain, in bits, for which a question is worth asking.
    pub min_gain: f64,
    /// Weight of a bed by the acuity of its patient, 1 (most urgent) to 5.
    pub acuity_weights: [f64; ACUITIES as usize],
}

impl Default for BedsideConfig {
    /// Weights fall from 5 to 1, which is inferred.
    fn default() -> Self {
        Self {
            stop_at: 0.9,
            min_gain: 1e-3,
            acuity_weights: [5.0, 4.0, 3.0, 2.0, 1.0],
        }
    }
}

/// Why the staff cannot work.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BedsideError {
    /// A setting is outside its range.
    #[error("{key}: expected {expected}, got {got}")]
    Range {
        /// The setting.
        key: &'static str,
        /// Its range.
        expected: &'static str,
        /// The value given.
        got: f64,
    },
    /// A belief could not be made from the knowledge base.
    #[error(transparent)]
    Scope(#[from] ScopeError),
}

impl BedsideConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`BedsideError::Range`] naming the first setting that is out of range.
    pub fn validate(&self) -> Result<(), BedsideError> {
        let check = |holds, key, expected, got| match holds {
            true => Ok(()),
            false => Err(BedsideError::Range { key, expected, got }),
        };
        let stop = self.stop_at;
        check(
            stop > 0.0 && stop <= 1.0,
            "stop_at",
            "above 0 and at most 1",
            stop,
        )?;
        let gain = self.min_gain;
        check((0.0..=1.0).contains(&gain), "min_gain", "0 to 1 bit", gain)?;
        for got in self.acuity_weights {
            let holds = got.is_finite() && got >= 0.0;
            check(holds, "acuity_weights", "numbers of at least 0", got)?;
        }
        Ok(())
    }
}

/// What the staff knows and how it works; made once for a run.
#[derive(Debug, Clone)]
pub struct Clinicians {
    config: BedsideConfig,
    /// Scopes of which no two are alike.
    scopes: Vec<(Scope, QuestionSearch)>,
    scope_of: Vec<usize>,
    all: Scope,
    /// Findings below each finding that can only be there where it is.
    below: Vec<Vec<FindingIx>>,
}

impl Clinicians {
    /// The clinicians of `staff`.
    ///
    /// # Errors
    /// [`BedsideError`] when a setting is out of range or a scope cannot be made.
    pub fn new(
        knowledge: &Knowledge,
        staff: &Staff,
        config: BedsideConfig,
    ) -> Result<Self, BedsideError> {
        config.validate()?;
        let mut sets: Vec<Vec<ConditionIx>> = Vec::new();
        let mut scopes = Vec::new();
        let mut scope_of = Vec::new();
        for specialist in 0..staff.names().len() {
            let own: Vec<ConditionIx> = staff.covered(specialist).collect();
            let at = match sets.iter().position(|set| *set == own) {
                Some(at) => at,
                None => {
                    let covers = |d: ConditionIx| own.binary_search(&d).is_ok();
                    let scope = Scope::covering(knowledge, covers, None)?;
                    let search = QuestionSearch::new(&scope, config.min_gain);
                    scopes.push((scope, search));
                    sets.push(own);
                    scopes.len() - 1
                }
            };
            scope_of.push(at);
        }
        let mut below = vec![Vec::new(); knowledge.findings().len()];
        for (e, finding) in knowledge.findings().iter().enumerate() {
            let mut parent = finding.parent;
            while let Some(p) = parent {
                below[p.index()].push(FindingIx(e as u32));
                parent = knowledge.finding(p).parent;
            }
        }
        Ok(Self {
            config,
            scopes,
            scope_of,
            all: Scope::generalist(knowledge, None)?,
            below,
        })
    }

    /// How they work.
    pub fn config(&self) -> &BedsideConfig {
        &self.config
    }

    /// Number of specialists.
    pub fn count(&self) -> usize {
        self.scope_of.len()
    }

    /// Number of scopes of which no two are alike.
    pub fn scopes(&self) -> usize {
        self.scopes.len()
    }

    pub(super) fn scope_of(&self, specialist: usize) -> Option<usize> {
        self.scope_of.get(specialist).copied()
    }

    pub(super) fn scope(&self, at: usize) -> &(Scope, QuestionSearch) {
        &self.scopes[at]
    }

    /// The model over all conditions; its class `k` is condition `k`.
    pub(super) fn all(&self) -> &Scope {
        &self.all
    }

    /// Findings that are absent where this one is.
    pub(super) fn below(&self, finding: FindingIx) -> &[FindingIx] {
        self.below.get(finding.index()).map_or(&[], Vec::as_slice)
    }
}
