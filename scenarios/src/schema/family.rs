//! The family of agents that a scenario is of: its environment, its agents and their policies.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    clinic::{Answers, ClinicSpec, read_clinic},
    clinic_day::{ClinicDaySpec, read_clinic_day},
    coordination::{CoordinationSpec, WorldKind, read_coordination},
    diagnostics::{Problem, ProblemKind},
    document::Data,
    method::{CoordinationPolicy, read_methods},
    model::ModelSpec,
    policy::{PolicySpec, read_policies},
    reader::TableReader,
    team::{Protocol, TeamSpec, read_reference, read_team},
    trajectory::{
        BedPolicies, BedsSpec, ControlKind, TrajectoryFamily, TrajectoryPolicySpec,
        read_trajectory, require_data,
    },
    typed::place_of,
    values::choice,
};

choice! {
    /// Kinds of environment.
    enum EnvironmentKind {
        /// The clinic.
        Clinic = "clinic",
        /// A day of the clinic.
        ClinicDay = "clinic-day",
        /// Agents that track targets by nearness.
        Tracking = "tracking",
        /// Agents that track targets by extended Kalman filters.
        Ekf = "ekf",
        /// Agents that cover an area.
        Coverage = "coverage",
        /// Agents under a set function of somebody's own.
        Objective = "objective",
        /// A pole on a cart.
        CartPole = "cart-pole",
        /// A pendulum with a weak motor.
        Pendulum = "pendulum",
        /// A car in a valley.
        MountainCar = "mountain-car",
        /// A ball in a maze.
        PointMaze = "point-maze",
        /// A point mass in the plane.
        PointMass = "point-mass",
        /// An unstable patient.
        Stabilise = "stabilise",
        /// A body that hops on one leg.
        Hopper = "hopper",
        /// A body that runs on two legs.
        HalfCheetah = "half-cheetah",
        /// A body that walks on two legs.
        Walker2d = "walker2d",
        /// A pole that a cart balances.
        InvertedPendulum = "inverted-pendulum",
    }
}

/// Agents that coordinate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoordinationFamily {
    /// The environment.
    pub environment: CoordinationSpec,
    /// Policy of the agents, a name in `policies`.
    pub policy: String,
    /// Policies by name.
    pub policies: BTreeMap<String, CoordinationPolicy>,
}

/// Days of a clinic, whose staff coordinates.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClinicDayFamily {
    /// The environment.
    pub environment: ClinicDaySpec,
    /// Policy of the staff, a name in `policies`.
    pub policy: String,
    /// Policies by name.
    pub policies: BTreeMap<String, CoordinationPolicy>,
    /// Who gives doses at the beds, where patients deteriorate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beds: Option<BedsSpec>,
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

impl ClinicFamily {
    /// The policies that decide for members of the team, each once, with their names.
    pub fn used(&self) -> impl Iterator<Item = (&str, &PolicySpec)> {
        let names: BTreeSet<&String> = self.team.policies().collect();
        names
            .into_iter()
            .filter_map(|name| Some((name.as_str(), self.policies.get(name)?)))
    }
}

/// The family of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Family {
    /// Visits of a clinic.
    Clinic(Box<ClinicFamily>),
    /// Agents that coordinate.
    Coordination(Box<CoordinationFamily>),
    /// Days of a clinic.
    ClinicDay(Box<ClinicDayFamily>),
    /// Agents of a control environment.
    Trajectory(Box<TrajectoryFamily>),
}

/// Rounds of a team by default, as published.
const TEAM_ROUNDS: u32 = 10;
/// Turns of the doctor of a consultation by default, as published.
const CONSULTATION_TURNS: u32 = 20;
/// Most trainings of a model.
const MOST_TRAININGS: u32 = 1000;
/// Rounds of coordination by default.
const COORDINATION_ROUNDS: u32 = 600;

impl Family {
    /// Whether somebody at the terminal decides.
    pub(super) fn asks_a_person(&self) -> bool {
        let Self::Clinic(clinic) = self else {
            return false;
        };
        clinic.environment.patient == Answers::Human
            || clinic
                .used()
                .any(|(_, policy)| matches!(policy, PolicySpec::Human))
    }

    /// Whether a policy of the team asks a language model.
    pub fn speaks(&self) -> bool {
        match self {
            Self::Clinic(clinic) => clinic
                .used()
                .any(|(_, policy)| matches!(policy, PolicySpec::Language(_))),
            Self::Coordination(_) | Self::ClinicDay(_) | Self::Trajectory(_) => {
                !self.speaking_models().is_empty()
            }
        }
    }

    /// Names of the models that speak in it.
    pub(super) fn speaking_models(&self) -> BTreeSet<&str> {
        let clinic = match self {
            Self::Clinic(clinic) => clinic,
            Self::Coordination(family) => return coordinated(&family.policies, &family.policy),
            Self::ClinicDay(family) => return coordinated(&family.policies, &family.policy),
            Self::Trajectory(family) => {
                return match family.used() {
                    Some(TrajectoryPolicySpec::Language(spec)) => {
                        BTreeSet::from([spec.speaker.model.as_str()])
                    }
                    _ => BTreeSet::new(),
                };
            }
        };
        let policies = clinic.used().filter_map(|(_, policy)| match policy {
            PolicySpec::Language(spec) => Some(spec.speaker.model.as_str()),
            _ => None,
        });
        let patient = match &clinic.environment.patient {
            Answers::Language(spec) => Some(spec.speaker.model.as_str()),
            Answers::Record | Answers::Human => None,
        };
        policies
            .chain(clinic.team.moderator.as_deref())
            .chain(patient)
            .collect()
    }

    /// Rounds of an episode where the scenario sets no limit; for a day the most ticks of any.
    pub(super) fn default_rounds(&self) -> u32 {
        let clinic = match self {
            Self::Clinic(clinic) => clinic,
            Self::Coordination(_) => return COORDINATION_ROUNDS,
            Self::ClinicDay(day) => return day.environment.most_ticks(),
            Self::Trajectory(family) => return family.environment.step_limit(),
        };
        match clinic.team.protocol {
            Protocol::AgentClinic => CONSULTATION_TURNS,
            Protocol::DynamiCare => TEAM_ROUNDS,
        }
    }
}

/// The model that this policy asks, where it asks one.
fn coordinated<'a>(
    policies: &'a BTreeMap<String, CoordinationPolicy>,
    policy: &str,
) -> BTreeSet<&'a str> {
    let model = policies.get(policy).and_then(CoordinationPolicy::model);
    model.into_iter().collect()
}

/// Reads `[environment]`, `[policies]` and `[agents]`; models that policies name must be among
/// `names`, and of the kind that the policy asks for in `models`.
pub(super) fn read_family(
    root: &mut TableReader<'_>,
    names: &[&str],
    models: &BTreeMap<String, ModelSpec>,
) -> Option<Family> {
    // One that could not be read may be of either kind.
    let of = |trained: bool| -> Vec<&str> {
        let fits = |name: &&str| match models.get(*name) {
            Some(model) => matches!(model, ModelSpec::Trajectory(_)) == trained,
            None => true,
        };
        names.iter().copied().filter(fits).collect()
    };
    let (trained, speaking) = (of(true), of(false));
    let models = &speaking[..];
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
    let Some((kind, mut table)) = kind else {
        for key in ["policies", "agents"] {
            root.entry(key);
        }
        return None;
    };
    if let EnvironmentKind::ClinicDay = kind {
        let environment = read_clinic_day(table);
        let mut beds = BedPolicies::default();
        let (names, policies) =
            read_methods(root, models, |name, table| beds.take(name, table, &trained));
        let stable = environment.as_ref().is_some_and(|day| !day.deteriorates());
        let data = root.table("data");
        let (policy, at_beds) = read_day_agents(root, &names, &beds);
        if stable {
            refuse_doses(root);
        } else if let Some((name, _)) = at_beds.as_ref().filter(|(name, _)| beds.is_learnt(name)) {
            require_data(root, name, "ward");
            if environment
                .as_ref()
                .is_some_and(ClinicDaySpec::nobody_deteriorates)
            {
                refuse_learning(root, name);
            }
        }
        // Who asks a model is not asked on days before the test.
        let mut sent = names.clone();
        sent.retain(|name| {
            policies
                .get(*name)
                .is_none_or(|policy| policy.model().is_none())
        });
        let beds = beds.finish(at_beds, data, &sent);
        return Some(Family::ClinicDay(Box::new(ClinicDayFamily {
            environment: environment?,
            policy: policy?,
            policies,
            beds: beds?,
        })));
    }
    let control = match kind {
        EnvironmentKind::CartPole => Some(ControlKind::CartPole),
        EnvironmentKind::Pendulum => Some(ControlKind::Pendulum),
        EnvironmentKind::MountainCar => Some(ControlKind::MountainCar),
        EnvironmentKind::PointMaze => Some(ControlKind::PointMaze),
        EnvironmentKind::PointMass => Some(ControlKind::PointMass),
        EnvironmentKind::Stabilise => Some(ControlKind::Stabilise),
        EnvironmentKind::Hopper => Some(ControlKind::Hopper),
        EnvironmentKind::HalfCheetah => Some(ControlKind::HalfCheetah),
        EnvironmentKind::Walker2d => Some(ControlKind::Walker2d),
        EnvironmentKind::InvertedPendulum => Some(ControlKind::InvertedPendulum),
        _ => None,
    };
    if let Some(control) = control {
        let family = read_trajectory(root, &mut table, control, (models, &trained), read_agents);
        return family.map(|family| Family::Trajectory(Box::new(family)));
    }
    let world = match kind {
        EnvironmentKind::Tracking => Some(WorldKind::Tracking),
        EnvironmentKind::Ekf => Some(WorldKind::Ekf),
        EnvironmentKind::Coverage => Some(WorldKind::Coverage),
        EnvironmentKind::Objective => Some(WorldKind::Objective),
        _ => None,
    };
    if let Some(world) = world {
        let environment = read_coordination(table, world);
        let (names, policies) = read_methods(root, models, |_, table| Some(table));
        let policy = read_agents(root, &names);
        return Some(Family::Coordination(Box::new(CoordinationFamily {
            environment: environment?,
            policy: policy?,
            policies,
        })));
    }
    let environment = read_clinic(table, models);
    let (policy_names, policies) = read_policies(root, models);
    let team = read_team(root, &policy_names, models);
    Some(Family::Clinic(Box::new(ClinicFamily {
        environment: environment?,
        team: team?,
        policies,
    })))
}

/// Notes what is of use only where patients deteriorate.
fn refuse_doses(root: &TableReader<'_>) {
    for (path, what) in [("agents.beds", "gives doses"), ("data", "is of doses")] {
        let (table, key) = path.rsplit_once('.').unwrap_or(("", path));
        let within = match root.content().get(table).map(|entry| &entry.value.data) {
            Some(Data::Table(inner)) => inner,
            Some(_) => continue,
            None => root.content(),
        };
        if let Some(entry) = within.get(key) {
            let problem = Problem::at(
                &entry.key,
                ProblemKind::NotAllowed,
                format!("`{path}` {what}, which nobody needs"),
                "no patient of this day deteriorates",
            );
            root.note(problem.help("say which share does: `environment.deteriorating = 0.5`"));
        }
    }
}

/// Notes a model at the beds that can learn from nobody.
fn refuse_learning(root: &TableReader<'_>, name: &str) {
    let place = place_of(root.content(), &format!("policies.{name}.model"));
    let problem = Problem::at(
        place.as_ref().unwrap_or_else(|| root.place()),
        ProblemKind::NotAllowed,
        format!("`policies.{name}` learns from patients who deteriorate, and nobody does"),
        "a model that learns",
    );
    root.note(problem.help(
        "say which share does in at least one configuration: `deteriorating = 0.5`, or give doses by a policy that does not learn",
    ));
}

/// Reads `[agents]` of agents that coordinate: the policy of the team.
fn read_agents(root: &mut TableReader<'_>, policies: &[&str]) -> Option<String> {
    let mut agents = agents_of(root)?;
    let team = read_team_policy(&mut agents, policies, &[]);
    agents.finish();
    team
}

/// Reads `[agents]` of a clinic day: the policies of the staff and of the beds.
fn read_day_agents(
    root: &mut TableReader<'_>,
    staff: &[&str],
    beds: &BedPolicies,
) -> (Option<String>, Option<(String, u32)>) {
    let Some(mut agents) = agents_of(root) else {
        return (None, None);
    };
    let team = read_team_policy(&mut agents, staff, &beds.names());
    let at_beds = agents.table("beds").and_then(|mut table| {
        let policy = read_policy_of(&mut table, &beds.names(), staff, "gives no doses");
        let trainings = table.small("trainings", 1, MOST_TRAININGS, 1);
        table.finish();
        policy.map(|policy| (policy, trainings))
    });
    agents.finish();
    (team, at_beds)
}

fn agents_of<'a>(root: &mut TableReader<'a>) -> Option<TableReader<'a>> {
    let agents = root.table("agents");
    if agents.is_none() && root.entry("agents").is_none() {
        root.missing("agents", "[agents.team] with a policy");
    }
    agents
}

/// Reads the policy of the team, one of `policies`; `others` are those of somebody else.
fn read_team_policy(
    agents: &mut TableReader<'_>,
    policies: &[&str],
    others: &[&str],
) -> Option<String> {
    let team = agents.table("team");
    if team.is_none() && agents.entry("team").is_none() {
        agents.missing("team", "[agents.team] with a policy");
    }
    let mut team = team?;
    let policy = read_policy_of(&mut team, policies, others, "sends no staff");
    team.finish();
    policy
}

/// Reads `policy`, one of `policies`; one of `others` is told apart from one that there is not.
fn read_policy_of(
    table: &mut TableReader<'_>,
    policies: &[&str],
    others: &[&str],
    why: &str,
) -> Option<String> {
    let entry = table.entry("policy");
    let (Some(entry), Some(name)) = (entry, table.string("policy")) else {
        return read_reference(table, "policy", "policies", policies);
    };
    if !others.contains(&name.as_str()) {
        return read_reference(table, "policy", "policies", policies);
    }
    let problem = Problem::at(
        &entry.value.origin,
        ProblemKind::UnknownName,
        format!("`{}` names `{name}`, which {why}", table.name("policy")),
        "another kind of policy",
    );
    table.note(problem.suggest(&name, "policies", policies));
    None
}
