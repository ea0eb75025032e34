//! The family of agents that a scenario is of: its environment, its agents and their policies.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    clinic::{Answers, ClinicSpec, read_clinic},
    policy::{PolicySpec, read_policies},
    reader::TableReader,
    team::{Protocol, TeamSpec, read_team},
    values::choice,
};

choice! {
    /// Kinds of environment.
    enum EnvironmentKind {
        /// The clinic.
        Clinic = "clinic",
    }
}

/// Visits of a clinic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClinicFamily {
    /// The environment.
    pub environment: ClinicSpec,
    /// The team of doctors.
    pub team: TeamSpec,
    /// Policies by name.
    pub policies: BTreeMap<String, PolicySpec>,
}

/// The family of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Family {
    /// Visits of a clinic.
    Clinic(ClinicFamily),
}

/// Rounds of a team by default, as published.
const TEAM_ROUNDS: u32 = 10;
/// Turns of the doctor of a consultation by default, as published.
const CONSULTATION_TURNS: u32 = 20;

impl Family {
    /// Whether somebody at the terminal decides.
    pub(super) fn asks_a_person(&self) -> bool {
        let Self::Clinic(clinic) = self;
        let policy = clinic.policies.get(&clinic.team.policy);
        clinic.environment.patient == Answers::Human || matches!(policy, Some(PolicySpec::Human))
    }

    /// Rounds of an episode where the scenario sets no limit.
    pub(super) fn default_rounds(&self) -> u32 {
        let Self::Clinic(clinic) = self;
        match clinic.team.protocol {
            Protocol::AgentClinic => CONSULTATION_TURNS,
            Protocol::DynamiCare => TEAM_ROUNDS,
        }
    }
}

/// Reads `[environment]`, `[policies]` and `[agents]`; models that policies name must be among
/// `models`.
pub(super) fn read_family(root: &mut TableReader<'_>, models: &[&str]) -> Option<Family> {
    let environment = root.table("environment");
    let kind = match environment {
        Some(mut table) => match table.entry("kind") {
            Some(_) => table
                .choice::<EnvironmentKind>("kind")
                .map(|kind| (kind, table)),
            None => {
                table.missing("kind", "kind = \"clinic\"");
                None
            }
        },
        None => {
            if root.entry("environment").is_none() {
                root.missing("environment", "[environment] with kind = \"clinic\"");
            }
            None
        }
    };
    // The other keys belong to the kind: without it, none of them can be judged.
    let Some((EnvironmentKind::Clinic, table)) = kind else {
        for key in ["policies", "agents"] {
            root.entry(key);
        }
        return None;
    };
    let environment = read_clinic(table);
    let (policy_names, policies) = read_policies(root, models);
    let team = read_team(root, &policy_names, models);
    Some(Family::Clinic(ClinicFamily {
        environment: environment?,
        team: team?,
        policies,
    }))
}
