//! Memory that passes use again, so that the system need not hand out new pages for each.

use std::sync::{Mutex, PoisonError};

/// Room for what the layers of a pass compute; nothing in it outlives the pass.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) normed: Vec<f32>,
    pub(super) qkv: Vec<f32>,
    pub(super) attended: Vec<f32>,
    pub(super) branch: Vec<f32>,
    pub(super) gates: Vec<f32>,
    pub(super) inner: Vec<f32>,
}

/// Workspaces that no pass uses at the moment.
#[derive(Debug, Default)]
pub(super) struct Workspaces(Mutex<Vec<Workspace>>);

impl Workspaces {
    /// One that was used before, or a new one.
    pub(super) fn take(&self) -> Workspace {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop().unwrap_or_default()
    }

    /// Gives one back.
    pub(super) fn put(&self, workspace: Workspace) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(workspace);
    }
}
