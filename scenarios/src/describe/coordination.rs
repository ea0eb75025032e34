//! Scenarios of coordination in words and as facts.

use serde_json::{Value, json};

use super::arms::{changed, hard_limits};
use super::choosers::{all_bare, bare, methods};
use super::family::{family_facts, interactions, paired};
use super::words::{counted, file_name, listed, percent};
use crate::coordination::CoordinationScore;
use crate::schema::{
    Arm, ConfigurationSpec, CoordinationFamily, Family, GraphSpecKind, InformationSpec, MotionSpec,
    RegretSpec, ScenarioSet, ScoreSpec, WorldSpec,
};
use crate::statistics::estimate::LEVEL;

/// The paragraphs of a methods section on `set`, with the episodes of each arm and the data it read.
pub fn coordination_methods(
    set: &ScenarioSet,
    base: &CoordinationFamily,
    arms: &[(u32, Value)],
) -> String {
    let rounds = set.scenario.limits.rounds;
    let mut simulation = vec![format!(
        "Agents that coordinate online were simulated with Rounds {}, a deterministic multi-agent \
         simulator, under the scenario \u{201c}{}\u{201d}.",
        env!("CARGO_PKG_VERSION"),
        set.scenario.name
    )];
    simulation.extend(world(&base.environment.world));
    simulation.push(format!(
        "An episode had {}; all agents acted before the objective of the round was revealed to them.",
        counted(rounds, "round")
    ));
    simulation.extend(hard_limits(&set.scenario.limits.hard));
    simulation.push(graphs(base));
    let mut paragraphs = vec![
        simulation,
        methods(set, &base.policies, base.environment.regret),
        design(set, arms),
    ];
    paragraphs.push(statistics(set, base));
    paragraphs.push(sources(set, arms));
    let paragraphs: Vec<String> = paragraphs.iter().map(|part| part.join(" ")).collect();
    format!("{}\n", paragraphs.join("\n\n"))
}

/// What `set` does, as JSON (`rounds.description/1`). Files are named without their folders.
pub fn coordination_facts(
    set: &ScenarioSet,
    base: &CoordinationFamily,
    arms: &[(u32, Value)],
) -> Value {
    let resolved = |arm: &Arm| match &arm.scenario.family {
        Family::Coordination(family) => settings(family, arm),
        _ => Value::Null,
    };
    let own = json!({
        "environment": environment(base),
        "policy": base.policy,
        "policies": all_bare(&base.policies),
        "limits": set.scenario.limits,
    });
    let statistics = paired(set, "episode", &CoordinationScore);
    family_facts(set, arms, resolved, own, statistics)
}

fn settings(family: &CoordinationFamily, arm: &Arm) -> Value {
    json!({
        "environment": environment(family),
        "policy": family.policy,
        "method": family.policies.get(&family.policy).map(bare),
        "limits": arm.scenario.limits,
    })
}

/// The environment without the folders of its files.
fn environment(family: &CoordinationFamily) -> Value {
    let mut value = json!(family.environment);
    if let WorldSpec::Objective { file } = &family.environment.world {
        value["world"]["file"] = json!(file_name(file));
    }
    let files = family.environment.configurations.iter();
    for (number, file) in files.map(|one| &one.graph.file).enumerate() {
        if let Some(file) = file {
            value["configurations"][number]["file"] = json!(file_name(file));
        }
    }
    value
}

fn world(world: &WorldSpec) -> Vec<String> {
    match world {
        WorldSpec::Tracking {
            motion,
            score,
            epsilon,
            covered_within,
            target_speeds: [slow, fast],
            flee_within,
            flee_seconds,
            flee_speed,
            ..
        } => vec![
            format!(
                "{} tracked {} in the plane. {}",
                counted(motion.agents, "agent"),
                counted(motion.targets, "target"),
                moves(motion)
            ),
            match score {
                ScoreSpec::Bounded => {
                    "The objective was the sum over the targets of 1/(1 + d), with d the \
                                       distance of the nearest agent."
                        .to_owned()
                }
                ScoreSpec::Reciprocal => format!(
                    "The objective was the sum over the targets of 1/(d + {epsilon}), with d the distance of \
                     the nearest agent."
                ),
            },
            format!(
                "Targets moved at {slow} to {fast} units a second; adversarial ones fled at {flee_speed} for \
                 {flee_seconds} s from an agent nearer than {flee_within}. A target counted as covered within \
                 {covered_within}."
            ),
        ],
        WorldSpec::Ekf {
            motion,
            objective,
            drift,
            range_noise: [noise, slope],
            bearing_noise,
            ..
        } => vec![
            format!(
                "{} estimated the places of {} by extended Kalman filters. {}",
                counted(motion.agents, "agent"),
                counted(motion.targets, "target"),
                moves(motion)
            ),
            match objective {
                InformationSpec::AOptimal => {
                    "The objective was what the measurements of a round took off the \
                                              traces of the covariances (A-optimality)."
                        .to_owned()
                }
                InformationSpec::LogDet => {
                    "The objective was what the measurements of a round took off the \
                                            log-determinants of the covariances (D-optimality)."
                        .to_owned()
                }
            },
            format!(
                "Targets drifted by a standard deviation of {drift} a round in each direction; ranges had a \
                 standard deviation of {noise} + {slope} d, bearings of {bearing_noise} rad."
            ),
        ],
        WorldSpec::Coverage {
            agents,
            actions,
            cells,
            sensing_radius,
            reach,
        } => vec![format!(
            "{} covered a unit square of {cells} by {cells} weighted cells, each from one of {} within {reach} \
             of its home and as far as {sensing_radius}. The objective was the weight covered, the same in \
             every round.",
            counted(*agents, "agent"),
            counted(*actions, "place"),
        )],
        WorldSpec::Objective { file } => vec![format!(
            "The objective was the set function of the file \u{201c}{}\u{201d}, the same in every round.",
            file_name(file)
        )],
    }
}

fn moves(motion: &MotionSpec) -> String {
    let speeds: Vec<String> = motion.speeds.iter().map(f64::to_string).collect();
    format!(
        "In a round of {} s each agent chose one of {} and a speed of {} units a second; all started in a disc \
         of radius {}.",
        motion.dt,
        counted(motion.headings, "direction"),
        speeds.join(", "),
        motion.start_radius
    )
}

fn graphs(base: &CoordinationFamily) -> String {
    let all = &base.environment.configurations;
    let moving = matches!(base.environment.world, WorldSpec::Tracking { .. });
    let told: Vec<String> = all.iter().map(|one| graph(one, moving)).collect();
    let edges = match base.environment.allow_disconnected {
        true => "; graphs could be disconnected",
        false => "",
    };
    format!(
        "Agents communicated over {}, with Metropolis weights{edges}.",
        listed(&told)
    )
}

fn graph(one: &ConfigurationSpec, moving: bool) -> String {
    let mut text = match one.graph.kind {
        GraphSpecKind::ErdosRenyi => format!(
            "an Erd\u{151}s\u{2013}R\u{e9}nyi graph of mean degree {}",
            one.graph.mean_degree
        ),
        GraphSpecKind::Edges | GraphSpecKind::Weights => {
            let file = one.graph.file.as_deref().map(file_name).unwrap_or_default();
            format!("the graph of the file \u{201c}{file}\u{201d}")
        }
        kind => format!("a {} graph", kind.as_str()),
    };
    if moving {
        let [random, adversarial, polyline] = one.mix;
        text.push_str(&format!(
            " (random, adversarial and polyline targets {random}:{adversarial}:{polyline})"
        ));
    }
    text
}

/// How many episodes there were, and what arms changed.
pub(super) fn design(set: &ScenarioSet, arms: &[(u32, Value)]) -> Vec<String> {
    let episodes = arms.first().map_or(0, |(episodes, _)| *episodes);
    let mut out = vec![format!(
        "{} were played with the seed {}.",
        counted(episodes, "episode"),
        set.scenario.seed.0
    )];
    if set.arms.len() > 1 {
        out.push(format!(
            "{} were compared in the same worlds; what is said above holds where an arm does not say otherwise.",
            counted(set.arms.len() as u64, "arm")
        ));
        out.extend(set.arms.iter().map(changed));
    }
    out
}

fn statistics(set: &ScenarioSet, base: &CoordinationFamily) -> Vec<String> {
    let beside = match base.environment.regret {
        RegretSpec::None => "beside secondary metrics",
        _ => "beside the regret and other secondary metrics",
    };
    let mut out = vec![format!(
        "Metrics were computed from the event log alone; the primary one was the average utility of a round, \
         {beside}. Means are given with {} confidence intervals over episodes: the bootstrap-t with 999 \
         resamples with 8 to 100 episodes, and otherwise the t interval.",
        percent(LEVEL)
    )];
    if set.arms.len() > 1 {
        out.push(
            "Arms were compared episode by episode: t intervals of the paired differences, and exact sign-flip \
             tests where at most 14 episodes differed and paired t tests otherwise. p-values were corrected for \
             multiple comparisons by the method of Holm."
                .to_owned(),
        );
    }
    out.extend(interactions(set));
    out
}

fn sources(set: &ScenarioSet, arms: &[(u32, Value)]) -> Vec<String> {
    let mut out = vec![format!(
        "Software: Rounds {}. The resolved settings have the SHA-256 hash {}.",
        env!("CARGO_PKG_VERSION"),
        set.hash
    )];
    let hash = arms
        .first()
        .and_then(|(_, data)| data["objective"].as_str());
    out.extend(hash.map(|hash| format!("SHA-256 hash of the objective: {hash}.")));
    out
}
