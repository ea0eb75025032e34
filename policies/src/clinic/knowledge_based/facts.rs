//! What is known of every finding.

use rounds_environments::clinic::knowledge::{FindingIx, Knowledge};

use crate::clinic::task::DoctorView;
use crate::policy::PolicyError;

/// Findings that have ancestors: pairs of a finding and one of its ancestors.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ancestors(Vec<(FindingIx, FindingIx)>);

impl Ancestors {
    /// The ancestors of all findings of `knowledge`.
    pub(super) fn new(knowledge: &Knowledge) -> Self {
        let findings = knowledge.findings();
        let mut pairs = Vec::new();
        for (e, finding) in findings.iter().enumerate() {
            let mut parent = finding.parent;
            while let Some(p) = parent {
                pairs.push((FindingIx(e as u32), p));
                parent = findings[p.index()].parent;
            }
        }
        Self(pairs)
    }
}

/// State of all findings after the introduction and the exchanges.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Facts {
    known: Vec<Option<bool>>,
    closed: Vec<bool>,
}

impl Facts {
    /// Reads a view. A finding that occurs more than once counts once, with its first known
    /// answer. A finding is closed when it was asked or revealed, or when a parent is absent.
    ///
    /// # Errors
    /// [`PolicyError::Failed`] when the view names a finding that the base does not have.
    pub(super) fn read(
        knowledge: &Knowledge,
        ancestors: &Ancestors,
        view: &DoctorView,
    ) -> Result<Self, PolicyError> {
        let count = knowledge.findings().len();
        let mut known = vec![None; count];
        let mut closed = vec![false; count];
        for (e, present) in view.findings() {
            let (Some(slot), Some(shut)) = (known.get_mut(e.index()), closed.get_mut(e.index()))
            else {
                return Err(PolicyError::Failed(format!(
                    "finding {} does not exist: {} has {count}",
                    e.0,
                    knowledge.name()
                )));
            };
            *shut = true;
            *slot = slot.or(present);
        }
        for (e, ancestor) in &ancestors.0 {
            closed[e.index()] |= known[ancestor.index()] == Some(false);
        }
        Ok(Self { known, closed })
    }

    /// Known answers, in index order.
    pub(super) fn known(&self) -> impl Iterator<Item = (FindingIx, Option<bool>)> + '_ {
        self.known
            .iter()
            .enumerate()
            .filter(|(_, present)| present.is_some())
            .map(|(e, &present)| (FindingIx(e as u32), present))
    }

    /// Which findings must not be asked.
    pub(super) fn closed(&self) -> &[bool] {
        &self.closed
    }

    /// Findings that may be asked, in index order.
    pub(super) fn open(&self) -> impl Iterator<Item = FindingIx> + '_ {
        self.closed
            .iter()
            .enumerate()
            .filter(|&(_, &shut)| !shut)
            .map(|(e, _)| FindingIx(e as u32))
    }
}
