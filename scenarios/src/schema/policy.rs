//! The tables `[policies.NAME]` and `[models.NAME]`.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Serialize;

use super::{
    diagnostics::{Problem, ProblemKind},
    moves::read_moves,
    paths::PathKind,
    patients::Part,
    process::{ProcessSpec, read_process},
    reader::TableReader,
    team::read_reference,
    values::{FRACTION, Fault, NOT_NEGATIVE, POSITIVE_FRACTION, choice, integer, items, string},
};

choice! {
    /// Kinds of policy.
    enum PolicyKind {
        /// Decides by a knowledge base.
        Knowledge = "knowledge",
        /// Replays a script.
        Scripted = "scripted",
        /// Asks a model.
        Model = "model",
        /// Asks a program of somebody's own.
        Process = "process",
        /// Asks the person at the terminal.
        Human = "human",
        /// Follows a written plan.
        Plan = "plan",
    }
}

choice! {
    /// How the next question is chosen.
    pub enum Questions {
        /// The one that is expected to tell most.
        Gain = "gain",
        /// The one that is expected to tell most for its cost.
        GainPerCost = "gain-per-cost",
        /// Any.
        Random = "random",
        /// In a fixed order.
        Fixed = "fixed",
        /// None is asked.
        None = "none",
        /// Every one is asked.
        All = "all",
    }
}

/// Records that a knowledge base is learned from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LearnedSpec {
    /// Folder of the records.
    pub records: PathBuf,
    /// Which of them; by default the part to learn from.
    pub part: Part,
}

/// A policy that decides by a knowledge base.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KnowledgeSpec {
    /// How questions are chosen.
    pub questions: Questions,
    /// Probability of the first diagnosis at which questions end, above 0 and at most 1.
    pub stop_at: f64,
    /// Least expected gain of a question that is still asked, at least 0.
    ///
    /// # Units
    /// Those of the policy's gain.
    pub min_gain: f64,
    /// Whether answers are weighed by the noise of the environment.
    pub noise_aware: bool,
    /// Probability of the first diagnosis below which the patient is referred, 0 to 1.
    pub refer_below: f64,
    /// How often the introduction counts in the belief, 1 to 10; above 1 it is a bias.
    pub anchoring: u32,
    /// A file of the bias that the doctors have.
    pub behaviour: Option<PathBuf>,
    /// Records to learn the knowledge from, in place of the environment's own.
    pub learned: Option<LearnedSpec>,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PolicySpec {
    /// Decides by a knowledge base.
    Knowledge(KnowledgeSpec),
    /// Replays the script of a model.
    Scripted {
        /// A name in [`Scenario::models`](super::Scenario::models).
        model: String,
        /// A file of the bias that the doctors are told to have.
        behaviour: Option<PathBuf>,
    },
    /// Asks a model.
    Model {
        /// A name in [`Scenario::models`](super::Scenario::models).
        model: String,
        /// A file of the bias that the doctors are told to have.
        behaviour: Option<PathBuf>,
    },
    /// Asks a program of somebody's own.
    Process(ProcessSpec),
    /// Asks the person at the terminal.
    Human,
    /// Follows a written plan.
    Plan {
        /// The moves, such as `ask fever`, `order ct`, `diagnose A; B` or `refer WHOM`.
        moves: Vec<String>,
    },
}

choice! {
    /// Kinds of model.
    enum ModelKind {
        /// Says what a script says.
        Scripted = "scripted",
        /// Says what was said in an earlier run.
        Replay = "replay",
    }
}

/// A model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ModelSpec {
    /// Says what a script says: a file, or replies written in the scenario.
    Scripted {
        /// The file, unless `replies` are given.
        script: Option<PathBuf>,
        /// The replies in order, when no `script` is given.
        replies: Vec<String>,
        /// Shortest and longest time of a reply, in milliseconds.
        delay_ms: [u64; 2],
    },
    /// Says what was said in an earlier run.
    Replay {
        /// The file of calls of that run.
        calls: PathBuf,
    },
}

/// Reads `[policies]`; models named there must be among `models`.
pub(crate) fn read_policies<'a>(
    root: &mut TableReader<'a>,
    models: &[&str],
) -> (Vec<&'a str>, BTreeMap<String, PolicySpec>) {
    let mut names = Vec::new();
    let mut policies = BTreeMap::new();
    for (name, table) in root.named_tables("policies") {
        names.push(name);
        if let Some(policy) = read_policy(table, models) {
            policies.insert(name.to_owned(), policy);
        }
    }
    (names, policies)
}

fn read_policy(mut table: TableReader<'_>, models: &[&str]) -> Option<PolicySpec> {
    if table.entry("kind").is_none() {
        table.missing("kind", "kind = \"knowledge\"");
        return None;
    }
    let policy = match table.choice("kind")? {
        PolicyKind::Knowledge => Some(PolicySpec::Knowledge(KnowledgeSpec {
            questions: table.choice("questions").unwrap_or(Questions::Gain),
            stop_at: table.number("stop_at", POSITIVE_FRACTION, 0.9),
            min_gain: table.number("min_gain", NOT_NEGATIVE, 1e-6),
            noise_aware: table.boolean("noise_aware", false),
            refer_below: table.number("refer_below", FRACTION, 0.0),
            anchoring: table.small("anchoring", 1, 10, 1),
            behaviour: table.path("behaviour", PathKind::File),
            learned: read_learned(&mut table),
        })),
        PolicyKind::Scripted => {
            let behaviour = table.path("behaviour", PathKind::File);
            read_reference(&mut table, "model", "models", models)
                .map(|model| PolicySpec::Scripted { model, behaviour })
        }
        PolicyKind::Model => {
            let behaviour = table.path("behaviour", PathKind::File);
            read_reference(&mut table, "model", "models", models)
                .map(|model| PolicySpec::Model { model, behaviour })
        }
        PolicyKind::Process => read_process(&mut table).map(PolicySpec::Process),
        PolicyKind::Human => Some(PolicySpec::Human),
        PolicyKind::Plan => {
            if table.entry("moves").is_none() {
                table.missing("moves", "moves = [\"ask fever\", \"diagnose Influenza\"]");
            }
            let moves = read_moves(&mut table, "moves");
            Some(PolicySpec::Plan { moves })
        }
    };
    table.finish();
    policy
}

fn read_learned(policy: &mut TableReader<'_>) -> Option<LearnedSpec> {
    let mut table = policy.table("learned")?;
    if table.entry("records").is_none() {
        table.missing("records", "records = \"FOLDER\"");
    }
    let records = table.path("records", PathKind::Folder);
    let part = table.choice("part").unwrap_or(Part::Train);
    table.finish();
    Some(LearnedSpec {
        records: records?,
        part,
    })
}

/// Reads `[models]`.
pub(crate) fn read_models<'a>(
    root: &mut TableReader<'a>,
) -> (Vec<&'a str>, BTreeMap<String, ModelSpec>) {
    let mut names = Vec::new();
    let mut models = BTreeMap::new();
    for (name, table) in root.named_tables("models") {
        names.push(name);
        if let Some(model) = read_model(table) {
            models.insert(name.to_owned(), model);
        }
    }
    (names, models)
}

fn read_model(mut table: TableReader<'_>) -> Option<ModelSpec> {
    if table.entry("kind").is_none() {
        table.missing("kind", "kind = \"scripted\"");
        return None;
    }
    let model = match table.choice("kind")? {
        ModelKind::Scripted => read_script(&mut table),
        ModelKind::Replay => {
            if table.entry("calls").is_none() {
                table.missing("calls", "calls = \"calls.jsonl\"");
            }
            let calls = table.path("calls", PathKind::File);
            calls.map(|calls| ModelSpec::Replay { calls })
        }
    };
    table.finish();
    model
}

fn read_script(table: &mut TableReader<'_>) -> Option<ModelSpec> {
    let script = table.path("script", PathKind::File);
    let replies = table.get("replies", |node| {
        let replies = items(node)?.iter().map(string);
        let replies: Result<Vec<String>, Fault> = replies.collect();
        replies.map_err(|_| Fault::wrong_type("an array of strings"))
    });
    let delay_ms = table.get("delay_ms", |node| {
        const WORDS: &str = "two integers [least, most] in milliseconds";
        let [low, high] = items(node).map_err(|_| Fault::wrong_type(WORDS))? else {
            return Err(Fault::wrong_type(WORDS));
        };
        let delay = [integer(low, 0, u64::MAX)?, integer(high, 0, u64::MAX)?];
        if delay[0] <= delay[1] {
            Ok(delay)
        } else {
            Err(Fault::new(
                ProblemKind::OutOfRange,
                "[least, most] in this order",
            ))
        }
    });
    match (table.entry("script"), table.entry("replies")) {
        (Some(_), Some(replies)) => table.note(
            Problem::at(
                &replies.key,
                ProblemKind::Conflict,
                format!("`{}` is beside `script`", table.name("replies")),
                "a second source of replies",
            )
            .help("keep one of `script` and `replies`"),
        ),
        (None, None) => table.missing("script", "script = \"FILE\"` or `replies = [\"…\"]"),
        _ => {}
    }
    Some(ModelSpec::Scripted {
        script,
        replies: replies.unwrap_or_default(),
        delay_ms: delay_ms.unwrap_or([0, 0]),
    })
}
