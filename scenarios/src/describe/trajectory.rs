//! Scenarios of control environments, in words and as facts.

use rounds_models::trajectory::Architecture;
use serde_json::{Map, Value, json};

use super::facts::model;
use super::family::{better, family_facts, interactions};
use super::words::{counted, file_name};
use crate::run::Score;
use crate::schema::{
    Arm, ControlSpec, DataSource, Family, LearnerSpec, ModelSpec, OfflineSpec, ScenarioSet,
    TargetSpec, TrajectoryFamily, TrajectoryPolicySpec,
};
use crate::statistics::estimate::LEVEL;
use crate::trajectory::TrajectoryScore;

/// A methods section on `set`; `arms` are the episodes of each arm and its data.
pub fn trajectory_methods(
    set: &ScenarioSet,
    base: &TrajectoryFamily,
    arms: &[(u32, Value)],
) -> String {
    let episodes = arms.first().map_or(0, |(episodes, _)| *episodes);
    let repeats = set.scenario.repeats.max(1);
    let mut agents = vec![format!(
        "Agents in {} were simulated with Rounds {} under the scenario \u{201c}{}\u{201d}, {} of at most {} in \
         each arm.",
        environment(&base.environment),
        env!("CARGO_PKG_VERSION"),
        set.scenario.name,
        counted(u64::from(episodes), "episode"),
        counted(u64::from(set.scenario.limits.rounds), "step"),
    )];
    if let Some(data) = &base.data {
        agents.push(format!("Models learned offline from {}.", source(data)));
    }
    let told = set.arms.iter().filter_map(|arm| {
        let Family::Trajectory(family) = &arm.scenario.family else {
            return None;
        };
        let policy = policy(family.used()?, &arm.scenario.models);
        Some(format!("\u{201c}{}\u{201d}, {policy}", arm.name))
    });
    let told: Vec<String> = told.collect();
    agents.push(format!("The arms were: {}.", told.join("; ")));
    let mut statistics = vec![
        "Scores are normalised: the return of chance counts as 0 and that of the reference as 100."
            .to_owned(),
    ];
    statistics.push(match repeats {
        1 => format!("Means are given with {:.0} % confidence intervals over episodes.", 100.0 * LEVEL),
        many => format!(
            "Each model was trained {many} times with other seeds, and every training played the same starts. Means are \
             given with {:.0} % confidence intervals over trainings, and interquartile means of trainings with \
             percentile bootstrap intervals.",
            100.0 * LEVEL
        ),
    });
    if set.arms.len() > 1 {
        statistics.push(
            "Arms were compared in pairs, and p-values were corrected by the method of Holm."
                .to_owned(),
        );
    }
    statistics.extend(interactions(set));
    format!("{}\n\n{}\n", agents.join(" "), statistics.join(" "))
}

fn environment(spec: &ControlSpec) -> &'static str {
    match spec {
        ControlSpec::CartPole(_) => "the cart-pole",
        ControlSpec::Pendulum(_) => "the pendulum",
        ControlSpec::MountainCar(_) => "the continuous mountain car",
        ControlSpec::PointMaze(_) => "a point maze",
        ControlSpec::PointMass(_) => "the linear-quadratic point mass",
        ControlSpec::Stabilise(_) => "the stabilisation of a simulated unstable patient",
        ControlSpec::Hopper(_) => "Hopper, simulated by MuJoCo",
        ControlSpec::HalfCheetah(_) => "HalfCheetah, simulated by MuJoCo",
        ControlSpec::Walker2d(_) => "Walker2d, simulated by MuJoCo",
        ControlSpec::InvertedPendulum(_) => "the inverted pendulum, simulated by MuJoCo",
    }
}

fn source(data: &OfflineSpec) -> String {
    match &data.source {
        DataSource::File { path } => format!("the episodes of {}", file_name(path)),
        DataSource::Mixture(mixture) => {
            let parts = mixture.parts.iter();
            let parts: Vec<String> = parts
                .map(|part| {
                    format!(
                        "{} with {:.0} % random actions",
                        part.episodes,
                        100.0 * part.random
                    )
                })
                .collect();
            format!("episodes of the scripted expert ({})", parts.join(", "))
        }
        DataSource::Levels { level, config } => format!(
            "{} of the level {level} of the scripted expert",
            counted(u64::from(config.episodes), "episode")
        ),
        DataSource::Ars(ars) => format!(
            "episodes of the level {} of a linear policy found by augmented random search in {} steps",
            ars.level, ars.search.steps
        ),
    }
}

/// A policy in words.
pub(super) fn policy(
    spec: &TrajectoryPolicySpec,
    models: &std::collections::BTreeMap<String, ModelSpec>,
) -> String {
    match spec {
        TrajectoryPolicySpec::Random => "uniformly random actions".to_owned(),
        TrajectoryPolicySpec::Expert { random, .. } if *random > 0.0 => {
            format!(
                "the scripted expert with {:.0} % random actions",
                100.0 * random
            )
        }
        TrajectoryPolicySpec::Expert { .. } => "the scripted expert".to_owned(),
        TrajectoryPolicySpec::StepProtocol(_) => "doses by a written protocol".to_owned(),
        TrajectoryPolicySpec::HandTuned(_) => "doses by a hand-tuned controller".to_owned(),
        TrajectoryPolicySpec::FixedDose(_) => "a fixed dose".to_owned(),
        TrajectoryPolicySpec::Language(spec) => {
            format!("the language model \u{201c}{}\u{201d}", spec.speaker.model)
        }
        TrajectoryPolicySpec::Learned { model, target, .. } => {
            let Some(ModelSpec::Trajectory(learner)) = models.get(model) else {
                return format!("the model \u{201c}{model}\u{201d}");
            };
            learned(learner, target)
        }
    }
}

fn learned(learner: &LearnerSpec, target: &TargetSpec) -> String {
    let name = match learner.model.architecture {
        Architecture::Dt => "a Decision Transformer",
        Architecture::Gdt => "a Graph Decision Transformer",
        Architecture::GdtPlus => "a Graph Decision Transformer with coarse tokens",
        Architecture::Dc => "a Decision ConvFormer",
        Architecture::Bc => "behaviour cloning by a perceptron",
    };
    let share = match learner.training.data.pct_traj {
        share if share < 1.0 => format!(" of the best {:.0} % of the steps", 100.0 * share),
        _ => String::new(),
    };
    let aim = match (learner.model.architecture, target) {
        (Architecture::Bc, _) => String::new(),
        (_, TargetSpec::Return(wanted)) => format!(", asked for a return of {wanted}"),
        (_, TargetSpec::Score(wanted)) => format!(", asked for a score of {wanted}"),
        (_, TargetSpec::Choose { scores, rollouts }) => format!(
            ", asked for the best of {} scores in {rollouts} episodes of their own",
            scores.len()
        ),
    };
    format!(
        "{name}{share} trained for {} steps{aim}",
        learner.training.steps
    )
}

/// What `set` does, as JSON (`rounds.description/1`). Files are named without their folders.
pub fn trajectory_facts(
    set: &ScenarioSet,
    base: &TrajectoryFamily,
    arms: &[(u32, Value)],
) -> Value {
    let resolved = |arm: &Arm| match &arm.scenario.family {
        Family::Trajectory(family) => json!({
            "environment": family.environment,
            "policy": family.policy,
            "method": family.used().map(bare),
        }),
        _ => Value::Null,
    };
    let score = TrajectoryScore {
        trainings: set.scenario.repeats.max(1),
    };
    let models = set.scenario.models.iter();
    let models: Map<String, Value> = models
        .map(|(name, spec)| (name.clone(), model(spec)))
        .collect();
    let settings = json!({
        "environment": base.environment,
        "data": base.data.as_ref().map(offline),
        "policy": base.policy,
        "models": models,
    });
    let statistics = json!({
        "unit": if score.trainings > 1 { "training" } else { "episode" },
        "metrics": score.order(),
        "better": better(score.decisive().iter().copied()),
        "level": LEVEL,
        "correction": (set.arms.len() > 1).then_some("Holm"),
    });
    family_facts(set, arms, resolved, settings, statistics)
}

/// A policy without the folders of its files.
pub(super) fn bare(spec: &TrajectoryPolicySpec) -> Value {
    let mut value = json!(spec);
    if let TrajectoryPolicySpec::Language(spec) = spec {
        value["prompts"] = json!(spec.speaker.prompts.as_deref().map(file_name));
    }
    value
}

/// The data without the folders of their files.
fn offline(spec: &OfflineSpec) -> Value {
    let mut value = json!(spec);
    value["keep"] = json!(spec.keep.as_deref().map(file_name));
    if let DataSource::File { path } = &spec.source {
        value["path"] = json!(file_name(path));
    }
    value
}
