//! Scenarios of control environments.

use std::collections::BTreeMap;

use serde::Serialize;

use super::data::{OfflineSpec, read_data};
use super::environment::{ControlKind, ControlSpec, read_control};
use super::policy::{TrajectoryPolicySpec, read_policy, require_data};
use crate::schema::diagnostics::{Problem, ProblemKind};
use crate::schema::document::Data;
use crate::schema::reader::TableReader;
use crate::schema::typed::place_of;

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

/// Whether a model names a file of weights; what that needs, the file says.
fn has_weights(root: &TableReader<'_>, model: &str) -> bool {
    let models = root.content().get("models").map(|entry| &entry.value.data);
    let Some(Data::Table(models)) = models else {
        return false;
    };
    let model = models.get(model).map(|entry| &entry.value.data);
    matches!(model, Some(Data::Table(model)) if model.contains_key("weights"))
}

/// Notes that the policy `name` gives doses where nobody takes one.
fn refuse_doses(root: &TableReader<'_>, name: &str) {
    let place = place_of(root.content(), &format!("policies.{name}.kind"));
    let problem = Problem::at(
        place.as_ref().unwrap_or_else(|| root.place()),
        ProblemKind::NotAllowed,
        format!("`policies.{name}` gives doses, which this environment does not take"),
        "a policy for patients",
    );
    root.note(problem.help("doses are for `kind = \"stabilise\"`"));
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
    let used = policy.as_ref().and_then(|name| policies.get(name));
    if let (Some(name), Some(TrajectoryPolicySpec::Learned { model, .. })) = (&policy, used)
        && !has_weights(root, model)
    {
        require_data(root, name, "levels");
    }
    if let (Some(name), Some(used), Some(environment)) = (&policy, used, &environment)
        && used.gives_doses()
        && !matches!(environment, ControlSpec::Stabilise(_))
    {
        refuse_doses(root, name);
    }
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
