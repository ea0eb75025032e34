//! What is known of every finding.

use rounds_environments::clinic::knowledge::{FindingIx, Knowledge};

use crate::clinic::task::DoctorView;
use crate::policy::PolicyError;

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
    pub(super) fn read(knowledge: &Knowledge, view: &DoctorView) -> Result<Self, PolicyError> {
        let findings = knowledge.findings();
        let mut known = vec![None; findings.len()];
        let mut closed = vec![false; findings.len()];
        for (e, present) in view.findings() {
            let (Some(slot), Some(shut)) = (known.get_mut(e.index()), closed.get_mut(e.index()))
            else {
                return Err(PolicyError::Failed(format!(
                    "finding {} does not exist: {} has {}",
                    e.0,
                    knowledge.name(),
                    findings.len()
                )));
            };
            *shut = true;
            *slot = slot.or(present);
        }
        for (e, shut) in closed.iter_mut().enumerate() {
            let mut parent = findings[e].parent;
            while let (false, Some(p)) = (*shut, parent) {
                *shut = known[p.index()] == Some(false);
                parent = findings[p.index()].parent;
            }
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
