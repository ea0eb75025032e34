//! The tables `[policies.NAME]`.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Serialize;

use super::{
    language::{LanguageSpec, read_language},
    moves::read_moves,
    paths::PathKind,
    patients::Part,
    process::{ProcessSpec, read_process},
    reader::TableReader,
    values::{FRACTION, NOT_NEGATIVE, POSITIVE_FRACTION, choice},
};

choice! {
    /// Kinds of policy.
    enum PolicyKind {
        /// Decides by a knowledge base.
        Knowledge = "knowledge",
        /// Asks a language model.
        Language = "language",
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
    /// Asks a language model.
    Language(LanguageSpec),
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
        PolicyKind::Language => read_language(&mut table, models).map(PolicySpec::Language),
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
