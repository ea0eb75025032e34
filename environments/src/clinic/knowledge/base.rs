//! The knowledge base as the clinicians and the simulated patients use it.

use serde::{Deserialize, Serialize};

use crate::clinic::dialogue::Target;
use crate::nearest::nearest;

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The position as an array index.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index! {
    /// Position of a condition in its knowledge base.
    ConditionIx
}
index! {
    /// Position of a finding in its knowledge base.
    FindingIx
}
index! {
    /// Position of a speciality in its knowledge base.
    SpecialityIx
}

/// What sort of thing a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// What the patient feels.
    Symptom,
    /// History, habits, exposures, drugs.
    Antecedent,
    /// What an examination shows.
    Sign,
    /// The result of a laboratory test or of imaging.
    Test,
}

/// How a finding is read off a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// A laboratory item has an abnormal value.
    AbnormalLab(Target),
    /// A word occurs in a text section.
    Word {
        /// Section that is searched.
        section: String,
        /// The word, lower case.
        word: String,
    },
    /// A drug was taken before the visit.
    Drug(String),
}

/// A condition that can be diagnosed.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Unique name.
    pub name: String,
    /// Speciality that treats it.
    pub speciality: SpecialityIx,
    /// 1 (most severe) to 5.
    pub severity: u8,
    /// Probability before anything is known; all priors sum to 1.
    pub prior: f64,
    /// Codes, dots removed; may be empty.
    pub codes: Vec<String>,
}

/// Something that can be asked or tested.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Unique id.
    pub id: String,
    /// Short name for people.
    pub name: String,
    /// What sort of thing it is.
    pub kind: FindingKind,
    /// The question in words.
    pub question: String,
    /// Finding that must be present for this one to be present.
    pub parent: Option<FindingIx>,
    /// Simulated cost of asking, in US dollars; positive.
    pub cost: f64,
    /// Minutes until the answer is there.
    pub turnaround_min: f64,
    /// How it is read off a record, if it can be.
    pub probe: Option<Probe>,
}

/// Why a knowledge base was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KnowledgeError {
    /// The file could not be read.
    #[error("{path}: cannot be read: {why}")]
    Io {
        /// The file.
        path: String,
        /// The system's words.
        why: String,
    },
    /// A line or entry of a file is wrong.
    #[error("{path}{}: {why}", line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Invalid {
        /// The file, or the name of the base.
        path: String,
        /// Line of the file, from 1, where it is known.
        line: Option<u64>,
        /// What is wrong and what was expected.
        why: String,
    },
}

/// A knowledge base: diseases `d` with priors, findings `e`, and `theta = P(e present | d)`.
///
/// # Shapes
/// `theta` is row-major `[conditions][findings]`, each value within
/// [`Knowledge::THETA_MIN`]`..=`[`Knowledge::THETA_MAX`].
///
/// # Source
/// DynamiCare card, section 8.
#[derive(Debug, Clone, PartialEq)]
pub struct Knowledge {
    name: String,
    specialities: Vec<String>,
    conditions: Vec<Condition>,
    findings: Vec<Finding>,
    theta: Vec<f64>,
}

impl Knowledge {
    /// Smallest probability of a finding.
    pub const THETA_MIN: f64 = 0.005;
    /// Greatest probability of a finding.
    pub const THETA_MAX: f64 = 0.995;

    /// Checks and builds a knowledge base. Priors are scaled to sum 1, probabilities clipped to
    /// the permitted range.
    ///
    /// # Errors
    /// [`KnowledgeError::Invalid`] naming the entry: nothing to diagnose or to ask, two entries
    /// of one name, a probability outside 0..=1, a prior or cost that is not positive, a wrong
    /// reference, a cycle of parents.
    pub fn new(
        name: impl Into<String>,
        specialities: Vec<String>,
        mut conditions: Vec<Condition>,
        findings: Vec<Finding>,
        mut theta: Vec<f64>,
    ) -> Result<Self, KnowledgeError> {
        let name = name.into();
        let bad = |why: String| KnowledgeError::Invalid {
            path: name.clone(),
            line: None,
            why,
        };
        if conditions.is_empty() || findings.is_empty() {
            return Err(bad(
                "expected at least one condition and one finding".to_owned()
            ));
        }
        unique(specialities.iter().map(String::as_str))
            .map_err(|n| bad(format!("speciality {n:?} is there twice")))?;
        unique(conditions.iter().map(|c| c.name.as_str()))
            .map_err(|n| bad(format!("condition {n:?} is there twice")))?;
        unique(findings.iter().map(|f| f.id.as_str()))
            .map_err(|n| bad(format!("finding {n:?} is there twice")))?;
        if theta.len() != conditions.len() * findings.len() {
            return Err(bad(format!(
                "expected {} probabilities, got {}",
                conditions.len() * findings.len(),
                theta.len()
            )));
        }
        for condition in &conditions {
            if !(condition.prior.is_finite() && condition.prior > 0.0) {
                return Err(bad(format!(
                    "{:?}: prior must be above 0, got {}",
                    condition.name, condition.prior
                )));
            }
            if !(1..=5).contains(&condition.severity) {
                return Err(bad(format!(
                    "{:?}: severity must be 1 to 5, got {}",
                    condition.name, condition.severity
                )));
            }
            if condition.speciality.index() >= specialities.len() {
                return Err(bad(format!("{:?}: no such speciality", condition.name)));
            }
        }
        for (ix, finding) in findings.iter().enumerate() {
            if !(finding.cost.is_finite() && finding.cost > 0.0) {
                return Err(bad(format!(
                    "{:?}: cost must be above 0, got {}",
                    finding.id, finding.cost
                )));
            }
            if !(finding.turnaround_min.is_finite() && finding.turnaround_min >= 0.0) {
                return Err(bad(format!(
                    "{:?}: turnaround must be 0 or more minutes",
                    finding.id
                )));
            }
            let mut steps = 0;
            let mut at = finding.parent;
            while let Some(parent) = at {
                steps += 1;
                if parent.index() >= findings.len() {
                    return Err(bad(format!("{:?}: no such parent", finding.id)));
                }
                if parent.index() == ix || steps > findings.len() {
                    return Err(bad(format!("{:?}: its parents form a cycle", finding.id)));
                }
                at = findings[parent.index()].parent;
            }
        }
        for (d, condition) in conditions.iter().enumerate() {
            for (e, finding) in findings.iter().enumerate() {
                let p = &mut theta[d * findings.len() + e];
                if !(0.0..=1.0).contains(p) {
                    return Err(bad(format!(
                        "{:?}, {:?}: a probability must be within 0 and 1, got {p}",
                        condition.name, finding.id
                    )));
                }
                *p = p.clamp(Self::THETA_MIN, Self::THETA_MAX);
            }
        }
        let total: f64 = conditions.iter().map(|c| c.prior).sum();
        for condition in &mut conditions {
            condition.prior /= total;
        }
        Ok(Self {
            name,
            specialities,
            conditions,
            findings,
            theta,
        })
    }

    /// The same base with the priors of some conditions multiplied.
    ///
    /// # Errors
    /// [`KnowledgeError`] for a condition that the base does not have, or a factor that is not
    /// positive.
    pub fn with_priors(&self, factors: &[(String, f64)]) -> Result<Self, KnowledgeError> {
        let bad = |why: String| KnowledgeError::Invalid {
            path: self.name.clone(),
            line: None,
            why,
        };
        let mut changed = self.clone();
        for (name, factor) in factors {
            let names = self.conditions.iter().map(|c| c.name.as_str());
            let near = nearest(name, names).map(|near| format!("; did you mean {near:?}?"));
            let d = self
                .find_condition(name)
                .ok_or_else(|| bad(format!("no condition {name:?}{}", near.unwrap_or_default())))?;
            if !(factor.is_finite() && *factor > 0.0) {
                return Err(bad(format!(
                    "{name:?}: a factor must be above 0, got {factor}"
                )));
            }
            changed.conditions[d.index()].prior *= factor;
        }
        let total: f64 = changed.conditions.iter().map(|c| c.prior).sum();
        for condition in &mut changed.conditions {
            condition.prior /= total;
        }
        Ok(changed)
    }

    /// Name of the base.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names of the specialities.
    pub fn specialities(&self) -> &[String] {
        &self.specialities
    }

    /// The conditions.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The findings.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// One condition.
    pub fn condition(&self, d: ConditionIx) -> &Condition {
        &self.conditions[d.index()]
    }

    /// One finding.
    pub fn finding(&self, e: FindingIx) -> &Finding {
        &self.findings[e.index()]
    }

    /// `P(e present | d)`, clipped.
    pub fn theta(&self, d: ConditionIx, e: FindingIx) -> f64 {
        self.theta[d.index() * self.findings.len() + e.index()]
    }

    /// All probabilities of one condition, in the order of the findings.
    pub fn row(&self, d: ConditionIx) -> &[f64] {
        let n = self.findings.len();
        &self.theta[d.index() * n..(d.index() + 1) * n]
    }

    /// Finding with this id.
    pub fn find_finding(&self, id: &str) -> Option<FindingIx> {
        self.findings
            .iter()
            .position(|f| f.id == id)
            .map(|ix| FindingIx(ix as u32))
    }

    /// Condition with this name.
    pub fn find_condition(&self, name: &str) -> Option<ConditionIx> {
        self.conditions
            .iter()
            .position(|c| c.name == name)
            .map(|ix| ConditionIx(ix as u32))
    }

    /// Speciality with this name.
    pub fn find_speciality(&self, name: &str) -> Option<SpecialityIx> {
        self.specialities
            .iter()
            .position(|s| s == name)
            .map(|ix| SpecialityIx(ix as u32))
    }
}

fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), &'a str> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(name);
        }
    }
    Ok(())
}
