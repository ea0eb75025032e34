//! Scenarios of control environments.

use std::collections::BTreeMap;

use serde::Serialize;

use super::data::{OfflineSpec, read_data};
use super::environment::{ControlKind, ControlSpec, read_control};
use super::policy::{TrajectoryPolicySpec, read_policy};
use crate::schema::reader::TableReader;

/// Agents of control environments.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrajectoryFamily {
    /// The environment.
    pub environment: ControlSpec,
    /// The episodes that models learn from.
    pub data: Option<OfflineSpec>,
    /// Policy of the agents, a name in `policies`.
    pub policy: String,
    /// Policies by name.
    pub policies: BTreeMap<String, TrajectoryPolicySpec>,
}

impl TrajectoryFamily {
    /// The policy of the agents.
    pub fn used(&self) -> Option<&TrajectoryPolicySpec> {
        self.policies.get(&self.policy)
    }
}

/// Reads `[data]` and `[policies]` beside an environment; `policy` is read with the names of policies.
pub(in crate::schema) fn read_trajectory(
    root: &mut TableReader<'_>,
    environment: &mut TableReader<'_>,
    kind: ControlKind,
    (speaking, trained): (&[&str], &[&str]),
    policy: impl FnOnce(&mut TableReader<'_>, &[&str]) -> Option<String>,
) -> Option<TrajectoryFamily> {
    let environment = read_control(environment, kind);
    let data = root.table("data").map(|table| read_data(table, kind));
    let mut names = Vec::new();
    let mut policies = BTreeMap::new();
    for (name, table) in root.named_tables("policies") {
        names.push(name);
        if let Some(policy) = read_policy(table, speaking, trained) {
            policies.insert(name.to_owned(), policy);
        }
    }
    let policy = policy(root, &names);
    Some(TrajectoryFamily {
        environment: environment?,
        data: match data {
            Some(read) => Some(read?),
            None => None,
        },
        policy: policy?,
        policies,
    })
}
