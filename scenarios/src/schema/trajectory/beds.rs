//! Who gives doses at the beds of a clinic day, and what models for them learn from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::policy::{TrajectoryPolicySpec, read_policy};
use crate::schema::diagnostics::{Problem, ProblemKind};
use crate::schema::document::Data;
use crate::schema::reader::TableReader;
use crate::schema::typed::typed;
use crate::schema::values::choice;

choice! {
    /// Where episodes at the beds come from.
    enum WardKind {
        /// Days of the ward itself.
        Ward = "ward",
    }
}

/// Kinds of policy that give doses.
const KINDS: [&str; 4] = ["step-protocol", "hand-tuned", "fixed-dose", "learned"];

/// Who gives doses at the beds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BedsSpec {
    /// Policy of the agents at the beds, a name in `policies`; nobody gives any where it is missing.
    pub policy: Option<String>,
    /// How often a model at the beds is trained, each time with another seed; days go through the trainings in turn.
    pub trainings: u32,
    /// Policies that give doses, by name.
    pub policies: BTreeMap<String, TrajectoryPolicySpec>,
    /// The days that models learn from.
    pub data: Option<WardDataSpec>,
}

/// Days of the ward before the test, whose logs models learn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WardDataSpec {
    /// Who gives doses on them: names in `policies`, none of which learns.
    pub policies: Vec<String>,
    /// Who sends the staff to the beds on them, a name in `policies`.
    pub assignment: String,
    /// Days of each of the policies in each configuration.
    pub days: u32,
    /// Seed of these days; one that no test has where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Default for WardDataSpec {
    fn default() -> Self {
        Self {
            policies: Vec::new(),
            assignment: String::new(),
            days: 4,
            seed: None,
        }
    }
}

/// Policies that give doses, while they are read.
#[derive(Debug, Default)]
pub(in crate::schema) struct BedPolicies {
    names: Vec<String>,
    policies: BTreeMap<String, TrajectoryPolicySpec>,
}

impl BedPolicies {
    /// Takes a policy that gives doses; others are given back.
    pub(in crate::schema) fn take<'a>(
        &mut self,
        name: &str,
        table: TableReader<'a>,
        trained: &[&str],
    ) -> Option<TableReader<'a>> {
        let kind = table.content().get("kind").map(|entry| &entry.value.data);
        if !matches!(kind, Some(Data::String(kind)) if KINDS.contains(&kind.as_str())) {
            return Some(table);
        }
        self.names.push(name.to_owned());
        if let Some(policy) = read_policy(table, &[], trained) {
            self.policies.insert(name.to_owned(), policy);
        }
        None
    }

    /// Names of those that were taken.
    pub(in crate::schema) fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// Whether a model learns to be this policy.
    pub(in crate::schema) fn is_learnt(&self, name: &str) -> bool {
        let policy = self.policies.get(name);
        matches!(policy, Some(TrajectoryPolicySpec::Learned { .. }))
    }

    /// What was read, with the policy of the beds and the table `[data]`; `None` where that cannot be read.
    pub(in crate::schema) fn finish(
        self,
        policy: Option<(String, u32)>,
        data: Option<TableReader<'_>>,
        staff: &[&str],
    ) -> Option<Option<BedsSpec>> {
        let data = match data {
            Some(table) => Some(self.read_data(table, staff)?),
            None => None,
        };
        let (policy, trainings) = match policy {
            Some((policy, trainings)) => (Some(policy), trainings),
            None => (None, 1),
        };
        if policy.is_none() && self.names.is_empty() && data.is_none() {
            return Some(None);
        }
        Some(Some(BedsSpec {
            policy,
            trainings,
            policies: self.policies,
            data,
        }))
    }

    fn read_data(&self, mut table: TableReader<'_>, staff: &[&str]) -> Option<WardDataSpec> {
        if table.entry("kind").is_none() {
            table.missing("kind", "kind = \"ward\"");
        }
        let WardKind::Ward = table.choice("kind")?;
        let spec = typed(&table, &WardDataSpec::default(), &["kind"], |spec| {
            if spec.days == 0 || spec.days > 10_000 {
                let why = format!("expected 1 to 10000 days, got {}", spec.days);
                return Err(("days".to_owned(), why));
            }
            match spec.policies.is_empty() {
                true => {
                    let why = "expected at least one policy that gives doses".to_owned();
                    Err(("policies".to_owned(), why))
                }
                false => Ok(()),
            }
        })?;
        // One that could not be read was told already.
        let mut scripted = self.names();
        scripted.retain(|name| !self.is_learnt(name));
        let policies = spec
            .policies
            .iter()
            .map(|name| ("policies", name, &scripted[..]));
        for (key, name, known) in policies.chain([("assignment", &spec.assignment, staff)]) {
            if !known.contains(&name.as_str()) {
                let place = table.place_of(key).unwrap_or_else(|| table.place());
                let problem = Problem::at(
                    place,
                    ProblemKind::UnknownName,
                    format!("`{}` names no policy that serves here", table.name(key)),
                    format!("got {name:?}"),
                );
                table.note(problem.suggest(name, "policies", known));
            }
        }
        Some(spec)
    }
}
