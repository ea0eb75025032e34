//! The tables `[policies.NAME]` of control environments.

use rounds_policies::trajectory::CollectError;
use rounds_policies::trajectory::doses::{FixedDose, HandTuned, StepProtocol};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::data::told;
use crate::schema::diagnostics::{Problem, ProblemKind};
use crate::schema::player::{PlayerSpec, read_player};
use crate::schema::reader::TableReader;
use crate::schema::typed::{place_of, typed};
use crate::schema::values::{FRACTION, Fault, NOT_NEGATIVE, Range, choice, items, number};

choice! {
    /// Kinds of policy.
    enum PolicyKind {
        /// Acts evenly over all that can be done.
        Random = "random",
        /// The scripted expert of the environment.
        Expert = "expert",
        /// Gives doses by the lines of a written protocol.
        StepProtocol = "step-protocol",
        /// Gives doses by index and slope.
        HandTuned = "hand-tuned",
        /// Gives the same dose always.
        FixedDose = "fixed-dose",
        /// Does what a trained model says.
        Learned = "learned",
        /// Asks a language model.
        Language = "language",
    }
}

/// A policy of agents of a control environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum TrajectoryPolicySpec {
    /// Acts evenly over all that can be done.
    Random,
    /// The scripted expert of the environment.
    Expert {
        /// Share of actions drawn evenly, 0 to 1.
        random: f64,
        /// Deviation of the noise of its own actions.
        noise: f64,
    },
    /// Gives doses by the lines of a written protocol.
    StepProtocol(StepProtocol),
    /// Gives doses by index and slope.
    HandTuned(HandTuned),
    /// Gives the same dose always.
    FixedDose(FixedDose),
    /// Does what a trained model says.
    Learned {
        /// Name of the model.
        model: String,
        /// The return that is wanted, where the model aims at one.
        target: TargetSpec,
        /// Whether rewards come only at the end: the wanted return then stays as it is.
        delayed: bool,
    },
    /// Asks a language model.
    #[serde(untagged)]
    Language(PlayerSpec),
}

impl TrajectoryPolicySpec {
    /// Whether what it does is to give doses to a patient.
    pub(super) fn gives_doses(&self) -> bool {
        matches!(
            self,
            Self::StepProtocol(_) | Self::HandTuned(_) | Self::FixedDose(_)
        )
    }
}

/// The return that is wanted of an episode.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetSpec {
    /// This return.
    Return(f64),
    /// The return with this normalised score.
    Score(f64),
    /// The best of some scores, tried in episodes of their own.
    Choose {
        /// The scores.
        scores: Vec<f64>,
        /// Episodes that each is tried in.
        rollouts: u32,
    },
}

/// Scores that are tried where nothing is written.
const SCORES: [f64; 4] = [60.0, 80.0, 100.0, 120.0];
/// Episodes that each is tried in.
const ROLLOUTS: u32 = 20;

/// Reads a policy; models that it names must be among `speaking`, or `trained` where it is learnt.
pub(super) fn read_policy(
    mut table: TableReader<'_>,
    speaking: &[&str],
    trained: &[&str],
) -> Option<TrajectoryPolicySpec> {
    if table.entry("kind").is_none() {
        table.missing("kind", "kind = \"expert\"");
        return None;
    }
    let kind = table.choice("kind")?;
    let policy = match kind {
        PolicyKind::Random => Some(TrajectoryPolicySpec::Random),
        PolicyKind::Expert => Some(TrajectoryPolicySpec::Expert {
            random: table.number("random", FRACTION, 0.0),
            noise: table.number("noise", NOT_NEGATIVE, 0.0),
        }),
        PolicyKind::StepProtocol => {
            return dose(&table, StepProtocol::validate).map(TrajectoryPolicySpec::StepProtocol);
        }
        PolicyKind::HandTuned => {
            return dose(&table, HandTuned::validate).map(TrajectoryPolicySpec::HandTuned);
        }
        PolicyKind::FixedDose => {
            return dose(&table, FixedDose::validate).map(TrajectoryPolicySpec::FixedDose);
        }
        PolicyKind::Learned => read_learned(&mut table, trained),
        PolicyKind::Language => {
            read_player(&mut table, speaking).map(TrajectoryPolicySpec::Language)
        }
    };
    table.finish();
    policy
}

fn dose<T: Default + Serialize + DeserializeOwned>(
    table: &TableReader<'_>,
    validate: impl Fn(&T) -> Result<(), CollectError>,
) -> Option<T> {
    typed(table, &T::default(), &["kind"], |config| {
        validate(config).map_err(told)
    })
}

fn read_learned(table: &mut TableReader<'_>, trained: &[&str]) -> Option<TrajectoryPolicySpec> {
    if table.entry("model").is_none() {
        table.missing("model", "model = \"dt\"");
    }
    let model = table.string("model");
    if let (Some(name), Some(entry)) = (&model, table.entry("model"))
        && !trained.contains(&name.as_str())
    {
        let problem = Problem::at(
            &entry.value.origin,
            ProblemKind::UnknownName,
            format!("`{}` is no trajectory model", table.name("model")),
            format!("got {name:?}"),
        );
        table.note(problem.suggest(name, "trajectory models", trained));
    }
    let target = read_target(table);
    let delayed = table.boolean("delayed", false);
    Some(TrajectoryPolicySpec::Learned {
        model: model?,
        target: target?,
        delayed,
    })
}

/// Notes that the policy `name`, which is learnt, has nothing to learn from where there is no `[data]`.
pub(in crate::schema) fn require_data(root: &mut TableReader<'_>, name: &str, kind: &str) {
    if root.entry("data").is_some() {
        return;
    }
    let place = place_of(root.content(), &format!("policies.{name}.model"));
    let problem = Problem::at(
        place.as_ref().unwrap_or_else(|| root.place()),
        ProblemKind::MissingKey,
        format!("`policies.{name}` learns from `[data]`, which is missing"),
        "a model that learns",
    );
    root.note(problem.help(format!("add a table `[data]` with `kind = {kind:?}`")));
}

fn read_target(table: &mut TableReader<'_>) -> Option<TargetSpec> {
    const WORDS: &str = "an array of numbers, at least one";
    let keys = ["target_return", "target_score", "choose_scores"];
    let written: Vec<_> = keys.iter().filter_map(|key| table.entry(key)).collect();
    if let [_, second, ..] = written[..] {
        table.note(
            Problem::at(
                &second.key,
                ProblemKind::Conflict,
                "more than one target",
                "a second target",
            )
            .help("keep one of `target_return`, `target_score` and `choose_scores`"),
        );
        return None;
    }
    const FINITE: Range = Range {
        allows: f64::is_finite,
        words: "a finite number",
    };
    let finite = |node| number(node, FINITE);
    let rollouts = table.small("rollouts", 1, 100_000, ROLLOUTS);
    if table.entry("target_return").is_some() {
        return table.get("target_return", finite).map(TargetSpec::Return);
    }
    if table.entry("target_score").is_some() {
        return table.get("target_score", finite).map(TargetSpec::Score);
    }
    let scores = match table.entry("choose_scores") {
        None => SCORES.to_vec(),
        Some(_) => table.get("choose_scores", |node| {
            let scores: Result<Vec<f64>, Fault> = items(node)?.iter().map(finite).collect();
            let scores = scores.map_err(|_| Fault::wrong_type(WORDS))?;
            match scores.is_empty() {
                true => Err(Fault::wrong_type(WORDS)),
                false => Ok(scores),
            }
        })?,
    };
    Some(TargetSpec::Choose { scores, rollouts })
}
