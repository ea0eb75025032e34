//! The `[agents.team]` table.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    diagnostics::{Problem, ProblemKind},
    document::Data,
    reader::TableReader,
    values::{FRACTION, Fault, POSITIVE_FRACTION, choice, string},
};

choice! {
    /// How the team of doctors is made up.
    pub enum TeamKind {
        /// Specialists join and leave between rounds.
        Dynamic = "dynamic",
        /// The specialists named at the start stay to the end.
        Static = "static",
        /// One specialist, the same to the end.
        SoloFixed = "solo-fixed",
        /// One specialist at a time, who may be replaced.
        SoloReplaceable = "solo-replaceable",
        /// Every specialist there is.
        All = "all",
        /// One generalist.
        Generalist = "generalist",
    }
}

choice! {
    /// How a visit goes.
    pub enum Protocol {
        /// A team of specialists that changes its own composition.
        DynamiCare = "dynamicare",
        /// One doctor in free text, a patient, a measurement side and a moderator.
        AgentClinic = "agentclinic",
    }
}

choice! {
    /// What the measurement side of a consultation says of a test that the chart does not have.
    pub enum MissingTest {
        /// That its readings are normal.
        Normal = "normal",
        /// That it is not available.
        NotAvailable = "not_available",
    }
}

/// The team of doctors.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TeamSpec {
    /// How a visit goes. In `agentclinic` there is one doctor, and what follows on the make-up of
    /// a team, its votes and its lists does not apply.
    pub protocol: Protocol,
    /// What is said of a missing test, in `agentclinic`.
    pub missing_test: MissingTest,
    /// Model that compares the diagnosis with the truth, in `agentclinic`, a name in
    /// [`Scenario::models`](super::Scenario::models); without one, names and codes are compared.
    pub moderator: Option<String>,
    /// How it is made up.
    pub kind: TeamKind,
    /// Policy of its members, a name in [`ClinicFamily::policies`](super::ClinicFamily::policies).
    pub policy: String,
    /// Policies of single members in place of that, by the name of their speciality; `general
    /// practitioner` is who does triage and coordinates.
    pub members: BTreeMap<String, String>,
    /// Most members at one time, at least 1.
    pub max_members: u32,
    /// Specialists named at the start.
    pub triage: u32,
    /// Share of the members that must agree, above 0 and at most 1.
    pub agree_threshold: f64,
    /// Length of each list of diagnoses, 1 to 10.
    pub list_length: u32,
    /// Level of confidence, 1 to 5, at which a solo doctor stops.
    pub solo_stop_level: u32,
    /// Probability of a specialty's diseases from which its specialist is called, 0 to 1.
    pub add_at: f64,
    /// Probability of a specialty's diseases below which its specialist leaves, 0 to 1.
    pub remove_below: f64,
}

impl TeamSpec {
    /// Names of the policies of all members; some more than once.
    pub fn policies(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.policy).chain(self.members.values())
    }
}

/// Reads `[agents]`; the team's policy must be one of `policies`, its moderator
/// one of `models`.
pub(crate) fn read_team(
    root: &mut TableReader<'_>,
    policies: &[&str],
    models: &[&str],
) -> Option<TeamSpec> {
    let Some(mut agents) = root.table("agents") else {
        if root.entry("agents").is_none() {
            root.missing("agents", "[agents.team] with a policy");
        }
        return None;
    };
    let team = match agents.table("team") {
        Some(table) => read_members(table, policies, models),
        None => {
            if agents.entry("team").is_none() {
                agents.missing("team", "[agents.team] with a policy");
            }
            None
        }
    };
    agents.finish();
    team
}

fn read_members(
    mut table: TableReader<'_>,
    policies: &[&str],
    models: &[&str],
) -> Option<TeamSpec> {
    let protocol = table.choice("protocol").unwrap_or(Protocol::DynamiCare);
    let missing_test = table.choice("missing_test").unwrap_or(MissingTest::Normal);
    let moderator = table
        .entry("moderator")
        .and_then(|_| read_reference(&mut table, "moderator", "models", models));
    let kind = table.choice("kind").unwrap_or(TeamKind::Dynamic);
    let policy = read_reference(&mut table, "policy", "policies", policies);
    let members = read_cast(&mut table, policies, protocol);
    let max_members = table.small("max_members", 1, 1000, 5);
    let triage = table.small("triage", 1, 1000, 2.min(max_members));
    if let Some(entry) = table.entry("triage").filter(|_| triage > max_members) {
        table.note(Problem::at(
            &entry.value.origin,
            ProblemKind::Conflict,
            format!("`{}` is more than the team holds", table.name("triage")),
            format!("expected at most `max_members`, which is {max_members}, got {triage}"),
        ));
    }
    let add_at = table.number("add_at", FRACTION, 0.10);
    let remove_below = table.number("remove_below", FRACTION, 0.02_f64.min(add_at));
    if let Some(entry) = table
        .entry("remove_below")
        .filter(|_| remove_below > add_at)
    {
        table.note(Problem::at(
            &entry.value.origin,
            ProblemKind::Conflict,
            format!("`{}` is above `add_at`", table.name("remove_below")),
            format!("expected at most {add_at:?}, got {remove_below:?}"),
        ));
    }
    let team = TeamSpec {
        protocol,
        missing_test,
        moderator,
        kind,
        policy: policy.unwrap_or_default(),
        members,
        max_members,
        triage,
        agree_threshold: table.number("agree_threshold", POSITIVE_FRACTION, 0.5),
        list_length: table.small("list_length", 1, 10, 10),
        solo_stop_level: table.small("solo_stop_level", 1, 5, 4),
        add_at,
        remove_below,
    };
    table.finish();
    Some(team)
}

/// Reads `[agents.team.members]`.
fn read_cast(
    table: &mut TableReader<'_>,
    policies: &[&str],
    protocol: Protocol,
) -> BTreeMap<String, String> {
    let Some(entry) = table.entry("members") else {
        return BTreeMap::new();
    };
    if protocol == Protocol::AgentClinic {
        table.note(Problem::at(
            &entry.key,
            ProblemKind::NotAllowed,
            format!(
                "`{}` means nothing with this protocol",
                table.name("members")
            ),
            "there is one doctor",
        ));
    }
    let Data::Table(content) = &entry.value.data else {
        table.note(
            Fault::wrong_type("a table of specialities and policies")
                .at(&entry.value, &table.name("members")),
        );
        return BTreeMap::new();
    };
    let mut members = BTreeMap::new();
    for (member, entry) in content {
        let name = format!("{}.{}", table.name("members"), super::write::key(member));
        match string(&entry.value) {
            Ok(policy) if policies.contains(&policy.as_str()) => {
                members.insert(member.clone(), policy);
            }
            Ok(policy) => {
                let problem = Problem::at(
                    &entry.value.origin,
                    ProblemKind::UnknownName,
                    format!("`{name}` names `{policy}`, which is not declared"),
                    format!("no table `[policies.{policy}]`"),
                );
                table.note(problem.suggest(&policy, "policies", policies));
            }
            Err(fault) => table.note(fault.at(&entry.value, &name)),
        }
    }
    members
}

/// Reads a name that must be one of `declared` in the tables `[section.NAME]`.
pub(crate) fn read_reference(
    table: &mut TableReader<'_>,
    key: &'static str,
    section: &str,
    declared: &[&str],
) -> Option<String> {
    let Some(entry) = table.entry(key) else {
        table.missing(
            key,
            &format!("{key} = \"NAME\"` and a table `[{section}.NAME]"),
        );
        return None;
    };
    let name = table.string(key)?;
    if declared.contains(&name.as_str()) {
        return Some(name);
    }
    let problem = Problem::at(
        &entry.value.origin,
        ProblemKind::UnknownName,
        format!(
            "`{}` names `{name}`, which is not declared",
            table.name(key)
        ),
        format!("no table `[{section}.{name}]`"),
    );
    table.note(problem.suggest(&name, section, declared));
    None
}
